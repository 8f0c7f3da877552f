"""Description of an import: the source of each field, with examples of cells and values, and what was assumed."""

import json
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arguments import require_curves
from bayeskisl.curves.tables.expressions import parse_expression
from bayeskisl.curves.tables.fields import TEXTS, split_group
from bayeskisl.curves.tables.problems import shown
from bayeskisl.curves.tables.raw import SPREAD, RawTable
from bayeskisl.curves.tables.read_fields import Fields
from bayeskisl.curves.tables.spelling import column_named, map_option
from bayeskisl.errors import InputError
from bayeskisl.quantities import short

__all__ = ["columns_read", "describe_import"]

_NAMED = 10
_EXAMPLES = 3
_LINE = 80
_HEADINGS = {"source": "column", "field": "read as", "raw": "in the table", "read": "read"}


def columns_read(fields: Fields) -> list[dict[str, str]]:
    """One entry per field: its source, whether the user gave it, and examples of cells and values."""
    return [_entry(field, source, fields) for field, source in fields.mapping.items()]


def _entry(field: str, source: str | float, fields: Fields) -> dict[str, str]:
    values, columns = fields.values[field], fields.table.columns
    rows, cells = _distinct_rows(values), [columns[name] for name in _columns_of(source, fields.table)]
    given = source if isinstance(source, str) else f"{_written(source, field)} (given)"
    return {
        "source": column_named(source, columns) or given,
        "field": field,
        "raw": ", ".join(" and ".join(shown(each[row]) for each in cells) for row in rows) if cells else "",
        "read": ", ".join(_written(values[row], field) for row in rows),
        "how": "recognised" if field in fields.recognised else "mapped",
    }


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
    if field == schema.SEED:  # a name, and no quantity
        return f"{number:.0f}"
    if abs(number) >= 1e6:
        return short(number)
    return f"{number:,.0f}" if number.is_integer() else f"{number:.6g}"


def describe_import(curves: xr.Dataset) -> str:
    """Describe an import: fields read, recognised, derived, assumed, unused and left out.

    Parameters
    ----------
    curves : xarray.Dataset
        Result of `curves_from_table`; other curves have no description.

    Returns
    -------
    str
        Plain text, one statement per line.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> import polars as pl
    >>> table = pl.DataFrame({"params": ["1M", "1M"], "facts": [100, 400], "recalled": [98, 41], "probed": 100})
    >>> print(bk.describe_import(bk.curves_from_table(table)).splitlines()[0])
    2 runs, groups infused, axis amount
    """
    require_curves(curves)
    attrs = curves.attrs
    if "import_mapping" not in attrs:
        return "not imported from a table"
    left_out = json.loads(attrs["import_left_out"])
    unused, assumed = (json.loads(attrs[name]) for name in ("import_unused_columns", "import_assumed"))
    lines = [
        f"{curves.sizes['run']:,} runs, groups {', '.join(map(str, curves['group'].values))}, axis {attrs['axis']}",
        *_as_lines(json.loads(attrs.get("import_columns", "[]"))),
        *(f"from the table: {comment}" for comment in json.loads(attrs["import_comments"])),
        *json.loads(attrs["import_notes"]),
        *(f"assumed: {sentence}" for sentence in assumed),
    ]
    if unused:
        may_be_fields = assumed and not all(name.endswith(SPREAD) for name in unused)
        hint = (
            f" (if one of them contains a value that was assumed, map it: {map_option('FIELD', 'COLUMN')})"
            if may_be_fields
            else ""
        )
        lines.append(f"columns not used: {_some(list(map(repr, unused)), len(unused))}{hint}")
    if left_out["count"]:
        rows = [f"{place} ({reason})" for place, reason in left_out["listed"]]
        lines.append(f"left out: {left_out['count']:,} rows: {_some(rows, left_out['count'])}")
    else:
        lines.append("left out: nothing")
    return "\n".join(lines)


def _some(items: list[str], count: int) -> str:
    named = items[:_NAMED]
    return ", ".join(named) + (f" and {count - len(named):,} more" if count > len(named) else "")


def _as_lines(entries: Iterable[Mapping[str, str]]) -> list[str]:
    """Format the entries as an aligned table of 80 columns."""
    rows = [[row[name] for name in _HEADINGS] for row in (_HEADINGS, *entries)]
    widths = _widths([max(len(row[i]) for row in rows) for i in range(len(_HEADINGS))])
    return [
        "  ".join(_cut(cell, width).ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _widths(natural: Sequence[int]) -> list[int]:
    """Column widths: names of fields in full; sources have most of the rest of the line, cells and values share it."""
    source, field, raw, read = natural
    rest = _LINE - 2 * (len(natural) - 1) - field
    source = min(source, rest * 3 // 5)
    read = min(read, max((rest - source) // 2, rest - source - raw))
    return [source, field, min(raw, rest - source - read), read]


def _cut(text: str, width: int) -> str:
    """Leave out examples that the width has no room for; cut only what is alone too long."""
    if len(text) <= width:
        return text
    first, *_ = examples = text.split(", ")
    fitting = [shorter for kept in range(len(examples) - 1, 0, -1)
               if len(shorter := f"{', '.join(examples[:kept])}, ...") <= width]  # fmt: skip
    return fitting[0] if fitting else first if len(first) <= width else f"{text[: width - 3]}..."
