"""Cells as numbers, with a mask of the cells that are none."""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from bayeskisl.arrays import BoolArray, FloatArray
from bayeskisl.curves.tables.quantities import is_missing, read_quantity

__all__ = ["AS_NUMBERS", "Numbers", "checkpoints_in_words", "number_in", "read_cells", "seeds_in_words"]

Numbers = tuple[FloatArray, BoolArray]  # NaN for missing ones, and a mask of what is none; both (row,)
AS_NUMBERS = "write them as 98304, 7B, 1.5T or 1e9"  # remedy for cells that are none

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ= "
_STEPS = [
    re.compile(rf"(?<![a-z])(?:{word})s?[ =_:-]*(\d+(?:\.\d+)?(?:[kmb](?![a-z0-9]))?)", re.IGNORECASE)
    for word in ("step", "iter(?:ation)?", "checkpoint|ckpt", "epoch")
]
_FINAL = ("final", "last", "end", "Final", "Last")  # the checkpoint behind all others
_DONE = re.compile(r"\d+\s*/\s*\d+")
_PLAIN_KINDS = {int, float, type(None)}


def number_in(cell: Any, decimal: str = ".", parts: Callable[[str], float | None] | None = None) -> float | None:
    """Return the number in a cell, in parts too if a reader of parts is given; None without one."""
    if isinstance(cell, str):
        value = read_quantity(cell, decimal)
        return parts(cell) if value is None and parts is not None else value
    if isinstance(cell, bool | int | float | np.number | np.bool_ | Decimal):
        try:
            return float(cell)
        except OverflowError:
            return None
    return None


def read_cells(cells: list[Any], read: Callable[[Any], float | None], plain: bool = True) -> Numbers:
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


def seeds_in_words(names: Sequence[str | None]) -> Numbers:
    """Numbers at the end of names of seeds, or, where one has none, their order; and a mask without any."""
    read = list(map(_last_number, names))
    if any(value is None and name is not None for value, name in zip(read, names, strict=True)):
        order = {name: float(at) for at, name in enumerate(dict.fromkeys(filter(None, names)))}
        read = [order.get(name or "") for name in names]
    return _as_array(read, names)


def checkpoints_in_words(paths: Sequence[str | None]) -> Numbers:
    """Numbers of steps in names of checkpoints, of which ``final`` is behind all others; and a mask of unread names."""
    names = list(map(_without_folders, paths))
    read = _steps_in(names) or list(map(_last_number, names))
    last = max((value for value in read if value is not None), default=0.0) + 1
    steps = [last if value is None and name in _FINAL else value for value, name in zip(read, names, strict=True)]
    return _as_array(steps, names)


def _as_array(read: Sequence[float | None], names: Sequence[str | None]) -> Numbers:
    values = np.array([np.nan if value is None else value for value in read])
    return values, np.isnan(values) & np.array([name is not None for name in names])


def _last_number(name: str | None) -> float | None:
    return None if name is None else read_quantity(name.replace("_", "-").split("-")[-1].lstrip(_LETTERS))


def _steps_in(names: Sequence[str | None]) -> list[float | None] | None:
    """Numbers behind the first word for steps that all numbered names share, 1 in ``epoch_1-loss_0.35``."""
    for step in _STEPS:
        found = [None if name is None else step.search(name) for name in names]
        if all(match or not re.search(r"\d", name or "") for match, name in zip(found, names, strict=True)):
            return [None if match is None else read_quantity(match[1]) for match in found]
    return None


def _without_folders(cell: str | None) -> str | None:
    """The last part of a path that has a number; of ``1000/2000`` steps the 1,000 that are done."""
    if cell is None or "/" not in cell:
        return cell
    parts = cell.split("/")
    if _DONE.fullmatch(cell):
        return parts[0].strip()
    return next((part for part in reversed(parts) if any(sign.isdigit() for sign in part)), parts[-1])
