"""Numbers of seeds and checkpoints in words: ``seed_2``, ``checkpoint-600``, ``final``."""

import re
from collections.abc import Sequence

import numpy as np

from bayeskisl.arrays import BoolArray, FloatArray
from bayeskisl.curves.tables.quantities import read_quantity

__all__ = ["checkpoints_in_words", "seeds_in_words"]

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ= "
_STEPS = [
    re.compile(rf"(?<![a-z])(?:{word})s?[ =_:-]*(\d+(?:\.\d+)?(?:[kmb](?![a-z0-9]))?)", re.IGNORECASE)
    for word in ("step", "iter(?:ation)?", "checkpoint|ckpt", "epoch")
]
_FINAL = ("final", "last", "end", "Final", "Last")  # the checkpoint behind all others
_DONE = re.compile(r"\d+\s*/\s*\d+")


def seeds_in_words(names: Sequence[str | None]) -> tuple[FloatArray, BoolArray]:
    """Numbers at the end of names of seeds, or, where one has none, their order; and a mask without any."""
    read = list(map(_last_number, names))
    if any(value is None and name is not None for value, name in zip(read, names, strict=True)):
        order = {name: float(at) for at, name in enumerate(dict.fromkeys(filter(None, names)))}
        read = [order.get(name or "") for name in names]
    return _as_array(read, names)


def checkpoints_in_words(paths: Sequence[str | None]) -> tuple[FloatArray, BoolArray]:
    """Numbers of steps in names of checkpoints, of which ``final`` is behind all others; and a mask of unread names."""
    names = list(map(_without_folders, paths))
    read = _steps_in(names) or list(map(_last_number, names))
    last = max((value for value in read if value is not None), default=0.0) + 1
    steps = [last if value is None and name in _FINAL else value for value, name in zip(read, names, strict=True)]
    return _as_array(steps, names)


def _as_array(read: Sequence[float | None], names: Sequence[str | None]) -> tuple[FloatArray, BoolArray]:
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
