"""Columns, texts and options as they are typed, in SQL, in a shell and in Python."""

import re
from collections.abc import Collection

from bayeskisl.errors import way

__all__ = ["as_sql", "column_named", "in_shell", "map_option", "option", "quoted", "where_option"]

_PLAIN = re.compile(r"[\w=.,:/%+-]+")
_NUMBERS, _LISTS = ("probed", "guessing"), ("ignore", "by")
_SPECIAL = re.compile(r'([\\"$`])')


def quoted(column: str) -> str:
    """Return a column's name quoted for SQL."""
    return '"' + column.replace('"', '""') + '"'


def as_sql(text: str) -> str:
    """Return a text quoted for SQL."""
    return "'" + text.replace("'", "''") + "'"


def column_named(source: object, columns: Collection[str]) -> str | None:
    """Return the column that a source is by itself, with or without double quotes; None for anything else."""
    if not isinstance(source, str):
        return None
    bare = source[1:-1].replace('""', '"')
    return next((name for name in (source, bare) if name in columns and source in (name, quoted(name))), None)


def in_shell(text: str) -> str:
    """Return an argument as it is typed in a shell: in quotes unless its characters are plain."""
    if _PLAIN.fullmatch(text):
        return text
    return f"'{text}'" if _SPECIAL.search(text) and "'" not in text else '"' + _SPECIAL.sub(r"\\\1", text) + '"'


def option(name: str, *values: str) -> str:
    """Return an option of an import with its values: as it is typed in a shell, or as a keyword in Python."""
    flag = f"--{name.replace('_', '-')}"
    return way(_keyword(name, values), " ".join(f"{flag} {in_shell(value)}" for value in values) or flag)


def _keyword(name: str, values: tuple[str, ...]) -> str:
    if not values:
        return f"{name}=True"
    if name in _LISTS:
        return f"{name}={list(values)}"
    return f"{name}={values[0] if name in _NUMBERS else repr(values[0])}"


def map_option(field: str, source: str) -> str:
    """Return the option that maps a field to a source, as it is typed in a shell or in Python."""
    return way(f"mapping={ {field: source}!r}", f"--map {in_shell(f'{field}={source}')}")


def where_option(column: str, condition: str) -> str:
    """Return the option that selects rows by a condition on a column, such as ``= 3``."""
    return option("where", f"{column if column.isidentifier() else quoted(column)} {condition}")
