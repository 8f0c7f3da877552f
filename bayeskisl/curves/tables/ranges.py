"""Values of fields within their ranges, and columns whose values show another unit."""

import numpy as np

from bayeskisl import schema
from bayeskisl.arrays import BoolArray, FloatArray
from bayeskisl.curves.tables.fields import FIELDS, NOTHING_INFUSED, PLANNED, SHARES, SIZES, TEXTS, Values, split_group
from bayeskisl.curves.tables.groups import probed_rows
from bayeskisl.curves.tables.problems import Findings
from bayeskisl.curves.tables.spelling import map_option

__all__ = ["within_range"]

_WHOLE = 1e-9  # relative: 0.913 x 400 is 365.20000000000005, and 0.91 x 100 is 91.00000000000001
_NOT_PLANNED = (-1, 0)  # as trainers write that they end with the data, or after epochs
_ROUNDING = 1e-9  # a rate of 1 + 2e-16 is 1


def within_range(field: str, values: Values, unread: Values, source: str | float, findings: Findings) -> np.ndarray:
    """Return the values of a field, of whose rows `unread` are refused already; others may be empty or out of range.

    Refused or empty values are NaN, or None where the field has texts.
    """
    cells, (name, group) = values[field], split_group(field)
    empty = np.array([cell is None for cell in cells], dtype=bool) if name in TEXTS else np.isnan(cells)
    if name in TEXTS or not FIELDS[name].may_be_empty:
        missing = empty & ~unread[field] & probed_rows(values, unread, group)
        fill = "fill it in, with 0 if nothing was infused" if name in NOTHING_INFUSED else "fill it in"
        findings.refuse_rows(missing, f"a value of {field}", cells.tolist(),
                             fill if missing.all() else findings.leaving_out(fill))  # fmt: skip
    if name in TEXTS:
        return cells
    cells = _without_rounding(name, cells)
    if name == PLANNED:
        cells = np.where(np.isin(cells, _NOT_PLANNED), np.nan, cells)
    outside = ~FIELDS[name].accepts(cells) & ~empty
    _refuse_outside(outside, field, cells, source, findings)
    return np.where(outside, np.nan, cells)


def _without_rounding(name: str, cells: FloatArray) -> FloatArray:
    """Remove rounding errors of arithmetic from whole numbers and shares."""
    if FIELDS[name].whole:
        whole = np.round(cells)
        with np.errstate(invalid="ignore"):  # infinity is no whole number
            near = np.abs(cells - whole) <= _WHOLE * np.maximum(1, np.abs(whole))
        return np.where(near, whole, cells)
    if name in SHARES:
        near = (np.abs(cells - 1) <= _ROUNDING) | (np.abs(cells) <= _ROUNDING) & (cells < 0)
        return np.where(near, np.round(cells), cells)
    return cells


def _refuse_outside(outside: BoolArray, field: str, cells: FloatArray, source: str | float, findings: Findings) -> None:
    """Refuse rows out of range, or the whole column if its cells show another unit.

    Its other cells would be read in the wrong unit, whether or not they are in range, so that leaving out rows is no
    way out.
    """
    name = split_group(field)[0]
    expected = f"{field} to be {FIELDS[name].expected}"
    if outside.any() and (remedy := _in_another_unit(field, cells, source)):
        findings.refused.add(name)
        findings.refuse_together(outside, expected, cells.tolist(), remedy)
        return
    are_means = name == schema.RECALLED and (outside & (cells > 0) & (cells != np.floor(cells))).any()
    rounded = f"if these are means over seeds, round them: {map_option(field, f'ROUND({source})')}"
    findings.refuse_rows(outside, expected, cells.tolist(), rounded if are_means else "")


def _in_another_unit(field: str, cells: FloatArray, source: str | float) -> str:
    """Remedy for a column whose cells show another unit, percent or billions; empty without one."""
    name, known = split_group(field)[0], cells[np.isfinite(cells)]
    written = source if isinstance(source, str) else f"{source:g}"
    if len(known) and name in SHARES and known.min() >= 0 and 1 < known.max() <= 100:
        return f"if these are percent, divide: {map_option(field, f'({written}) / 100')}"
    if len(known) and name in SIZES and known.min() > 0 and known.max() < 10_000:
        return f"if these are billions, multiply: {map_option(field, f'{written} * 1e9')}"
    return ""
