"""Order of exposures: the window of every exposure, uniform over training or spaced, in blocks of windows.

An order is asked for one block of windows after the other, so that billions of exposures need the memory of one block.
"""

from typing import Protocol

import numpy as np

from bayeskisl.arrays import IntArray
from bayeskisl.errors import InputError

__all__ = ["Order", "Spaced", "Uniform", "equal_counts"]

_MOST = 10**9  # exposures that NumPy draws without replacement


class Order(Protocol):
    """The exposures of some facts over the windows of a run."""

    def block(self, first: int, last: int) -> tuple[IntArray, IntArray]:
        """Return facts due in windows `first` to `last` - 1, and the window of each, ascending.

        Blocks are asked for in order, without gaps.
        """


def equal_counts(facts: int, exposures: int, rng: np.random.Generator) -> IntArray:
    """Exposures of each fact, which differ by at most one, shape ``(fact,)``."""
    counts = np.full(facts, exposures // facts)
    counts[rng.permutation(facts)[: exposures % facts]] += 1
    return counts


class Uniform:
    """Every order of all exposures is equally probable; every window gets nearly the same number.

    Parameters
    ----------
    counts : numpy.ndarray
        Exposures of each fact, shape ``(fact,)``.
    windows : int
    rng : numpy.random.Generator

    Raises
    ------
    InputError
        If there are more exposures than can be drawn without replacement.
    """

    def __init__(self, counts: IntArray, windows: int, rng: np.random.Generator) -> None:
        self._left, self._windows, self._rng = counts.copy(), windows, rng
        self._exposures = int(counts.sum())
        if self._exposures >= _MOST:
            raise InputError(f"fewer than {_MOST:,} exposures in one run", f"{self._exposures:,}", "tokens",
                             "export smaller budgets, or a spaced order")  # fmt: skip

    def block(self, first: int, last: int) -> tuple[IntArray, IntArray]:
        begin, end = (min(-(-w * self._exposures // self._windows), self._exposures) for w in (first, last))
        taken = self._rng.multivariate_hypergeometric(self._left, end - begin, method="marginals")
        self._left -= taken
        facts = self._rng.permutation(np.repeat(np.arange(len(taken)), taken))
        return facts, np.arange(begin, end) * self._windows // max(self._exposures, 1)


class Spaced:
    """Exposures of one fact are a fixed number of windows apart; the position of the first one is uniform.

    Parameters
    ----------
    counts : numpy.ndarray
        Exposures of each fact, shape ``(fact,)``.
    windows : int
    interval : int
        Windows from one exposure of a fact to its next.
    rng : numpy.random.Generator

    Raises
    ------
    InputError
        If a fact's exposures do not fit into the windows at this interval.
    """

    def __init__(self, counts: IntArray, windows: int, interval: int, rng: np.random.Generator) -> None:
        self._counts, self._interval, self._rng = counts, interval, rng
        room = windows - (counts - 1).clip(min=0) * interval
        if (room < 1).any():
            most = max(1, (windows - 1) // max(int(counts.max()) - 1, 1))
            raise InputError(f"at most {most:,} sequences from one exposure of a fact to its next, as each is seen "
                             f"{counts.max():,} times in {windows:,} sequences", f"{interval:,}", "spacing",
                             "shorten the interval")  # fmt: skip
        self._begins = rng.integers(room)

    def block(self, first: int, last: int) -> tuple[IntArray, IntArray]:
        before, until = (np.clip(-(-(w - self._begins) // self._interval), 0, self._counts) for w in (first, last))
        due = until - before
        facts = np.repeat(np.arange(len(due)), due)
        which = np.repeat(before, due) + np.arange(len(facts)) - np.repeat(due.cumsum() - due, due)
        windows = self._begins[facts] + self._interval * which
        mixed = self._rng.permutation(len(facts))
        mixed = mixed[np.argsort(windows[mixed], kind="stable")]
        return facts[mixed], windows[mixed]
