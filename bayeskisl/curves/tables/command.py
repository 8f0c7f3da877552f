"""The command that repeats an import: its options are recorded with the curves, beside their mapping."""

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from bayeskisl.curves.tables.map_files import OPTIONS
from bayeskisl.curves.tables.numbers import number_in
from bayeskisl.curves.tables.raw import RawTable
from bayeskisl.curves.tables.reading import Reading
from bayeskisl.curves.tables.spelling import in_shell

__all__ = ["RECORD", "import_command", "recorded"]

RECORD = "import_options"  # attribute of curves
_AS_FIELDS = ("probed", "guessing")  # options that are fields of the mapping, too


def recorded(table: RawTable, how: Reading, **options: Any) -> str:
    """Return the options of an import that are set and the name of its table, as JSON."""
    own = {"ignore": list(how.ignore), "by": list(how.by), "where": how.where, "metric": how.metric,
           "decimal": how.decimal, "skip_bad_rows": how.skip_bad_rows}  # fmt: skip
    given = own | options | {name: value for name, value in table.read_by.items() if value}
    told = {name: value for name, value in given.items() if value or (value == 0 and value is not False)}
    return json.dumps(told, default=number_in)


def import_command(attrs: Mapping[str, Any], table: str = "TABLE") -> str:
    """Return the command that imports a table as curves with these attributes were imported; all but ``--out``.

    Parameters
    ----------
    attrs : mapping
        Attributes of imported curves; those of earlier versions have no record of their options.
    table : str
        Words for a table whose name is not known.
    """
    options = json.loads(attrs.get(RECORD, "{}"))
    words = ["import", _quoted(options.get("table", table))]
    for name in ("results", *OPTIONS):
        words += _typed(name, options.get(name))
    told = set(_fields_of(options))
    # columns that were recognised are recognised again
    given = {each["field"] for each in json.loads(attrs.get("import_columns", "[]")) if each.get("how") == "mapped"}
    for field, source in json.loads(attrs["import_mapping"]).items():
        if field in given and field not in told:
            words += ["--map", _quoted(f"{field}={source}")]
    return " ".join(words)


def _fields_of(options: Mapping[str, Any]) -> Iterator[str]:
    """Fields of the mapping that options give, for a group where they name one."""
    for name in _AS_FIELDS:
        if name in options:
            value = options[name]
            yield from (f"{name}.{group}" for group in value) if isinstance(value, dict) else (name,)


def _typed(name: str, value: Any) -> list[str]:
    """An option as it is typed in a shell: once, or once for each of its values; nothing if it is not set."""
    option = f"--{name.replace('_', '-')}"
    if value is None or value is True:
        return [] if value is None else [option]
    if isinstance(value, dict):
        value = [f"{group}={_plain(each)}" for group, each in value.items()]
    values = value if isinstance(value, list) else [value]
    return [word for each in values for word in (option, _quoted(_plain(each)))]


def _plain(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.15g}"


def _quoted(text: str) -> str:
    return in_shell(text) if "'" in text else shlex.quote(text)
