"""Simulations of several studies, made in turns, and the table beside them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from bayeskisl.errors import InputError
from bayeskisl.files import written
from studies.simulated.trials import Trials

__all__ = ["Simulate", "in_turn", "require_known", "write_table"]

Simulate = Callable[[list[int]], list[dict[str, Any]]]

# Studies take turns: whenever the hours end, all of them have about as many simulations.
_TURN = 16


def require_known(names: Sequence[str], kind: str, known: Collection[str]) -> None:
    """Refuse a name that is not known.

    Raises
    ------
    InputError
        If there is one.
    """
    for name in names:
        if name not in known:
            raise InputError(f"a {kind} among {', '.join(known)}", repr(name), f"{kind}s")


def in_turn(
    studies: Mapping[str, tuple[Trials, Simulate]],
    asked: Collection[str],
    count: int,
    tell: Callable[[str, int, int], None],
) -> list[Trials]:
    """Bring the asked studies to `count` simulations in turns, and return those that have any.

    Parameters
    ----------
    studies : dict
        By name: the finished simulations, and the function that makes those of some numbers.
    asked : collection of str
    count : int
    tell : callable
        Is told a study's name, how many simulations are finished, and how many are wanted.

    Returns
    -------
    list of Trials
        Those of studies that were not asked for too.
    """
    for reached in range(_TURN, count + _TURN, _TURN):
        for name in asked:
            trials, simulate = studies[name]
            for finished in trials.run(min(reached, count), simulate):
                tell(name, finished, count)
    return [trials for trials, _ in studies.values() if len(trials)]


def write_table(table: pl.DataFrame, path: Path) -> pl.DataFrame:
    """Write a table as CSV, and return it."""
    written(path, table.write_csv(float_precision=6))
    return table
