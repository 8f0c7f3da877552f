"""The user's mapping of columns to fields, completed by the fields that columns identify."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bayeskisl import schema
from bayeskisl.curves.tables.fields import MEASURED, NUMBERS, OUTCOMES, TEXTS, split_group
from bayeskisl.curves.tables.names import says_loss
from bayeskisl.curves.tables.numbers import number_in
from bayeskisl.curves.tables.problems import Findings, shown
from bayeskisl.curves.tables.quantities import as_text, read_quantity
from bayeskisl.curves.tables.raw import RawTable
from bayeskisl.curves.tables.recognition import recognise
from bayeskisl.curves.tables.spelling import column_named, map_option, option, quoted
from bayeskisl.curves.tables.units import source_of, unit_told, unknown_unit

__all__ = ["complete_mapping", "with_options"]


def complete_mapping(
    given: Mapping[str, Any], table: RawTable, findings: Findings
) -> tuple[dict[str, str | float], list[str]]:
    """Return the user's mapping, completed by fields that columns identify.

    Parameters
    ----------
    given : mapping
        Field to column name, another field of the mapping, SQL expression, quantity such as ``"7B"``, or number.

    Returns
    -------
    mapping : dict
        Field (with its group, as in ``recalled.background``) to an SQL expression or a number.
    recognised : list of str
        The fields that were added.
    """
    mapping: dict[str, str | float] = {}
    for field in given:
        if _is_field(str(field), findings):
            mapping |= _as_sources(field, given, table, findings)
    used = {column_named(_followed(field, given, table), table.columns) for field in given if str(field) in mapping}
    known, doubtful = recognise(table.columns, taken=mapping, used=filter(None, used))
    for field, columns in doubtful.items():
        _report_doubt(field, columns, known.get(field), findings)
    _note_symbol(known, table, findings)
    if any(f"{name}.{schema.INFUSED}" in mapping for name in OUTCOMES):
        # the user says which column is measured of which group: what looks like an outcome is something else
        known = {field: source for field, source in known.items() if field not in OUTCOMES}
    full = {**known, **mapping}
    _refuse_unknown_units([name for name in table.columns if name not in used], full, findings)
    if known.get(schema.EXPOSURES, "").strip('"').lower() == "frequency":
        findings.assumed.append(f"frequency was taken as exposures of a fact; {_as_frequency(known[schema.EXPOSURES])}")
    return full, sorted(known)


def _is_field(field: str, findings: Findings) -> bool:
    """Whether the user maps a field that exists, of a group if it was measured; else it is refused."""
    name, group = split_group(field)
    if name not in (*NUMBERS, *TEXTS):
        findings.refuse(f"a field among {', '.join((*schema.GROUPS, *TEXTS, *NUMBERS))}", shown(field), "mapping")
        return False
    if group and (name not in MEASURED or group not in schema.GROUPS):
        findings.refuse(f"a measured field ({', '.join(MEASURED)}) of a group ({', '.join(schema.GROUPS)})",
                        shown(field), "mapping")  # fmt: skip
        return False
    return True


def _followed(field: str, given: Mapping[str, Any], table: RawTable) -> Any:
    """The source of a field, or the source of the field that it names, if no column has that name."""
    source, seen = given[field], set[str]()
    while isinstance(source, str) and source in given and source not in table.columns and source not in seen:
        seen.add(source)
        source = given[source]
    return source


def _as_sources(key: str, given: Mapping[str, Any], table: RawTable, findings: Findings) -> dict[str, str | float]:
    """The source of a field that the user maps, and of the fields whose columns are named after its column."""
    source, field = _followed(key, given, table), str(key)
    name, column = split_group(field)[0], column_named(source, table.columns)
    if column is None:
        return {field: _as_source(source, name)}
    if name == "accuracy" and says_loss(column):
        findings.refuse("a share of right answers", f"{shown(column)}, a loss by its name", f"mapping of {field}",
                        "map another column, or counts; or if it is an accuracy, say "
                        f"{map_option(field, f'{quoted(column)} * 1')}")  # fmt: skip
    read = quoted(column) if name in TEXTS else source_of(column, name, table.columns, mapped=True)
    if note := unit_told(column, name, read, table.columns[column]):
        findings.notes.append(note)
    return {field: read} | (_beside(column, field, given, table) if name == "accuracy" else {})


def _as_source(source: Any, field: str) -> str | float:
    """An expression as SQL, or a number."""
    if isinstance(source, bool) or not isinstance(source, str | int | float | np.number):
        return str(source)
    if not isinstance(source, str):
        number = number_in(source)
        return as_text(source) if number is None else number
    quantity = read_quantity(source)  # SQL would read 7B as 7, called B
    return source if quantity is None or field in TEXTS else quantity


def _beside(column: str, field: str, given: Mapping[str, Any], table: RawTable) -> dict[str, str | float]:
    """The denominator or standard error of a mapped accuracy, in a column of its name: ``bios n`` beside ``bios``."""
    group = split_group(field)[1]
    if any(name in given for of in (schema.PROBED, "standard_error") for name in (of, f"{of}.{group}")):
        return {}
    ends = {f"{column} n": schema.PROBED, f"{column} stderr": "standard_error"}
    return {f"{of}.{group}" if group else of: quoted(name) for name, of in ends.items() if name in table.columns}


def _report_doubt(field: str, columns: Sequence[str], source: str | None, findings: Findings) -> None:
    """Note which of several columns a field is read from, or refuse the field if nothing says which."""
    if source is None:
        findings.refused.add(split_group(field)[0])
        findings.refuse(f"one column for {field}", ", ".join(map(shown, columns)), "columns",
                        f"say which, as in {map_option(field, quoted(columns[0]))}", lacks=field)  # fmt: skip
        return
    others = ", ".join(shown(name) for name in columns if quoted(name) != source)
    said = "from the column of that name" if field in columns else "from one of several columns that say the same"
    findings.notes.append(f"{field} is read {said}; {others} could be meant, too")


def _note_symbol(known: Mapping[str, str], table: RawTable, findings: Findings) -> None:
    """Note that a column ``N`` counts what was probed."""
    symbol = next((name for name in table.columns
                   if name.strip() == "N" and known.get(schema.PROBED) == quoted(name)), None)  # fmt: skip
    if symbol is not None:
        findings.assumed.append(
            "N was taken as the number of probed facts, since it does not grow with the sizes; if it is the size, say "
            f"{map_option(schema.PARAMS, quoted(symbol))}, and if it is neither, {option('ignore', symbol)}"
        )


def _refuse_unknown_units(columns: Sequence[str], full: Mapping[str, Any], findings: Findings) -> None:
    """Refuse columns of a field that would be assumed without them, since a unit in their names is unknown."""
    for column in columns:
        field, unit = unknown_unit(column) or ("", "")
        others = (schema.RATIO, "infused_tokens") if field == schema.EXPOSURES else ()
        if not field or any(name in full for name in (field, *others)):
            continue
        times = f"say {map_option(field, f'{quoted(column)} * 1e9')}, with the unit as a number"
        remedy = _as_frequency(quoted(column)) if field == schema.EXPOSURES else times
        findings.refused.add(field)
        findings.refuse(f"a known unit of {field}", f"{shown(unit)} in {shown(column)}", "columns",
                        f"{remedy}; or leave it out with {option('ignore', column)}")  # fmt: skip


def _as_frequency(source: str) -> str:
    expression = f"{source} * TOKENS / (1e6 * TOKENS_PER_FACT)"
    return f"if it is in parts per million of the tokens, say {map_option(schema.EXPOSURES, expression)}"


def with_options(
    given: Mapping[str, Any], findings: Findings, **options: float | Mapping[str, float] | None
) -> dict[str, Any]:
    """Return the user's mapping with fields that are options, for a group where they name one."""
    told = {f"{name}.{group}" if group is not None else name: each
            for name, value in options.items()
            for group, each in (value.items() if isinstance(value, Mapping) else [(None, value)])
            if each is not None}  # fmt: skip
    for field in told:
        if field in given:
            findings.refuse(f"one {field}", "a mapping and an option", field, "leave one of them out")
    return {**given, **told}
