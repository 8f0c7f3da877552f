"""Cells as numbers, with a mask of the cells that are none."""

from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from bayeskisl.arrays import BoolArray, FloatArray
from bayeskisl.curves.tables.quantities import is_missing, read_quantity

__all__ = ["AS_NUMBERS", "number_in", "read_cells"]

AS_NUMBERS = "write them as 98304, 7B, 1.5T or 1e9"  # remedy for cells that are none

_PLAIN_KINDS = {int, float, type(None)}


def number_in(cell: Any, decimal: str = ".", parts: Callable[[str], float | None] | None = None) -> float | None:
    if isinstance(cell, str):
        value = read_quantity(cell, decimal)
        return parts(cell) if value is None and parts is not None else value
    if isinstance(cell, bool | int | float | np.number | np.bool_ | Decimal):
        try:
            return float(cell)
        except OverflowError:
            return None
    return None


def read_cells(
    cells: list[Any], read: Callable[[Any], float | None], plain: bool = True
) -> tuple[FloatArray, BoolArray]:
    """Numbers, NaN for missing ones, and a mask of unreadable cells; each distinct text is parsed once.

    With `plain`, digits with a decimal point mean what they do everywhere, and need no `read`.
    """
    known: dict[str, tuple[float, bool]] = {}
    values = _plain_numbers(cells) if plain else np.full(len(cells), np.nan)
    bad = np.zeros(len(cells), dtype=bool)
    for row in np.flatnonzero(~np.isfinite(values)).tolist():
        cell = cells[row]
        told = known.get(cell) if type(cell) is str else None
        if told is None:
            number = None if is_missing(cell) else read(cell)
            told = (np.nan, not is_missing(cell)) if number is None else (number, False)
            if type(cell) is str:
                known[cell] = told
        values[row], bad[row] = told
    return values, bad


def _plain_numbers(cells: list[Any]) -> FloatArray:
    """Fast path for numbers and texts of digits with at most one point; NaN for everything else."""
    kinds = set(map(type, cells))
    if kinds <= _PLAIN_KINDS:
        with suppress(OverflowError):  # an integer of hundreds of digits
            return np.array(cells, dtype=float)
    if kinds != {str}:
        return np.full(len(cells), np.nan)
    try:
        texts = pl.Series(cells, dtype=pl.String)
    except UnicodeEncodeError:  # half of a letter of two code units
        return np.full(len(cells), np.nan)
    plain = texts.str.contains(r"^[+-]?[0-9]+(\.[0-9]+)?$")
    numbers = texts.set(~plain, None).cast(pl.Float64, strict=False)
    return numbers.fill_null(np.nan).to_numpy().astype(float)
