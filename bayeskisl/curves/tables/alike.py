"""Columns that say the same of every row, and rows that are alike in all columns."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from bayeskisl import schema
from bayeskisl.arrays import IntArray
from bayeskisl.curves.tables.quantities import as_text, read_quantity

__all__ = ["first_alike", "say_the_same"]

_ROUNDED = {schema.PARAMS: 0.02, schema.TOTAL_PARAMS: 0.02}  # relative: 70M for 70,426,624
_EQUAL = 1e-6


def say_the_same(field: str, columns: Sequence[Sequence[object]]) -> bool:
    """Whether each of several columns tells the same of a field: names one-to-one, checkpoints in one order."""
    first, *others = ([as_text(cell) for cell in cells] for cells in columns)
    if not first:
        return False
    if field == schema.RUN:
        return all(len(set(first)) == len(set(cells)) == len(set(zip(first, cells, strict=True))) for cells in others)
    numbers, *more = ([read_quantity(cell) for cell in cells] for cells in (first, *others))
    return all(_are_alike(field, numbers, each) for each in more)


def _are_alike(field: str, first: Sequence[float | None], second: Sequence[float | None]) -> bool:
    pairs = {(one, other) for one, other in zip(first, second, strict=True) if one is not None and other is not None}
    if len(pairs) < len(set(zip(first, second, strict=True))):
        return False
    if field == "checkpoint":
        ordered = sorted(pairs)
        return [other for _, other in ordered] == sorted(other for _, other in pairs) and len(pairs) == len(set(first))
    return all(abs(one - other) <= _ROUNDED.get(field, _EQUAL) * max(abs(one), abs(other)) for one, other in pairs)


def first_alike(*columns: np.ndarray) -> IntArray:
    """Return for each row the first row with equal cells in all columns, ``(row,)``."""
    frame = pl.DataFrame({str(at): _series(cells) for at, cells in enumerate(columns)})
    return frame.with_row_index("row").select(pl.col("row").first().over(frame.columns)).to_series().to_numpy()


def _series(cells: np.ndarray) -> pl.Series:
    return pl.Series(cells.tolist(), dtype=pl.String) if cells.dtype == object else pl.Series(cells)
