"""Summary of an import: the source of each field, with examples of cells and values."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from bayeskisl.curves.tables.expressions import parse_expression
from bayeskisl.curves.tables.fields import TEXTS, split_group
from bayeskisl.curves.tables.problems import shown
from bayeskisl.curves.tables.raw import RawTable
from bayeskisl.curves.tables.spelling import column_named
from bayeskisl.errors import InputError
from bayeskisl.quantities import short

__all__ = ["as_lines", "columns_read"]

_EXAMPLES = 3
_LINE = 80
_HEADINGS = {"source": "column", "field": "read as", "raw": "in the table", "read": "read"}


def columns_read(
    mapping: Mapping[str, str | float], recognised: Sequence[str], table: RawTable, values: Mapping[str, np.ndarray]
) -> list[dict[str, str]]:
    """One entry per field: its source, whether the user gave it, and examples of cells and values.

    Parameters
    ----------
    mapping : mapping
        Field to SQL expression or number.
    recognised : sequence of str
        Fields that the user did not map.
    table : RawTable
    values : mapping
        Field to what was read, shape ``(row,)``.
    """
    entries = []
    for field, source in mapping.items():
        rows = _distinct_rows(values[field])
        cells = [table.columns[name] for name in _columns_of(source, table)]
        raw = [" and ".join(shown(each[row]) for each in cells) for row in rows] if cells else []
        entries.append(
            {
                "source": column_named(source, table.columns)
                or (source if isinstance(source, str) else f"{_written(source, field)} (given)"),
                "field": field,
                "raw": ", ".join(raw),
                "read": ", ".join(_written(values[field][row], field) for row in rows),
                "how": "recognised" if field in recognised else "mapped",
            }
        )
    return entries


def _columns_of(source: str | float, table: RawTable) -> tuple[str, ...]:
    """Columns that an expression reads; none where it is wrong, which is among the problems."""
    try:
        return parse_expression(str(source), list(table.columns), "").columns
    except InputError:
        return ()


def _distinct_rows(values: np.ndarray) -> list[int]:
    """The first rows with distinct values."""
    seen: dict[object, int] = {}
    for row, value in enumerate(values.tolist()):
        if value is not None and value == value:
            seen.setdefault(value, row)
        if len(seen) == _EXAMPLES:
            break
    return list(seen.values())


def _written(value: object, field: str) -> str:
    if split_group(field)[0] in TEXTS or not isinstance(value, int | float | np.number):
        return str(value)
    number = float(value)
    if abs(number) >= 1e6:
        return short(number)
    return f"{number:,.0f}" if number.is_integer() else f"{number:.6g}"


def as_lines(entries: Iterable[Mapping[str, str]]) -> list[str]:
    """Format the entries as an aligned table of 80 columns."""
    rows = [[row[name] for name in _HEADINGS] for row in (_HEADINGS, *entries)]
    widths = _widths([max(len(row[i]) for row in rows) for i in range(len(_HEADINGS))])
    return [
        "  ".join(_cut(cell, width).ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _widths(natural: Sequence[int]) -> list[int]:
    """Column widths: names of fields in full; sources, cells and values share the rest of the line."""
    source, field, raw, read = natural
    rest = _LINE - 2 * (len(natural) - 1) - field
    source = min(source, rest * 2 // 5)
    read = min(read, max((rest - source) // 2, rest - source - raw))
    return [source, field, min(raw, rest - source - read), read]


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 3]}..."
