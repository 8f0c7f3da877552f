"""Columns, texts and options as they are typed, in SQL and in a shell."""

import re
from collections.abc import Collection

__all__ = ["as_sql", "column_named", "in_shell", "map_option", "quoted", "where_option"]

_PLAIN = re.compile(r"[\w=.,:/%+-]+")
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


def map_option(field: str, source: str) -> str:
    """Return the option that maps a field to a source, as it is typed in a shell."""
    return f"--map {in_shell(f'{field}={source}')}"


def where_option(column: str, condition: str) -> str:
    """Return the option that selects rows by a condition on a column, such as ``= 3``, as it is typed in a shell."""
    return "--where " + in_shell(f"{column if column.isidentifier() else quoted(column)} {condition}")
