"""Intervals of draws, and measured half-points that an interval may hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from bayeskisl.arrays import FloatArray

__all__ = [
    "HITS",
    "OPPOSITE",
    "Bound",
    "HalfPoint",
    "Interval",
    "Outcome",
    "grid_quantiles",
    "interval",
    "interval_name",
    "interval_score",
    "quantiles",
]

Bound = Literal["", "at least", "at most"]
Outcome = Literal["hit", "miss", "undecided"]

# A bound of exposures as a bound of the infusion, where infusion takes exposures away.
OPPOSITE: dict[Bound, Bound] = {"": "", "at least": "at most", "at most": "at least"}
# An outcome as a truth value, null in JSON where it is undecided.
HITS: dict[Outcome, bool | None] = {"hit": True, "miss": False, "undecided": None}


class Interval(NamedTuple):
    """A median with both ends of an equal-tailed interval."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class HalfPoint:
    """A measured half-point: the place at which half of what is known at best is retained.

    Parameters
    ----------
    median, low, high : float
        Posterior median and equal-tailed interval; for a bound, the bound twice, and the open end.
    bound : {"", "at least", "at most"}
        Whether the runs lie on both sides of it, or show only on which side of the bound it lies.
    """

    median: float
    low: float
    high: float
    bound: Bound = ""

    def outcome(self, predicted: Interval) -> Outcome:
        """Whether a predicted interval holds the half-point; a bound can only be missed."""
        if not self.bound:
            return "hit" if predicted.low <= self.median <= predicted.high else "miss"
        missed = predicted.high < self.median if self.bound == "at least" else predicted.low > self.median
        return "miss" if missed else "undecided"


def quantiles(draws: FloatArray, probabilities: FloatArray | Sequence[float], axis: int | None = None) -> FloatArray:
    """Quantiles that are themselves draws, so that infinite draws are allowed."""
    return np.quantile(draws, probabilities, axis=axis, method="inverted_cdf")


def grid_quantiles(places: FloatArray, mass: FloatArray, at: FloatArray | Sequence[float]) -> FloatArray:
    """Quantiles of a distribution on a grid, even between its nodes.

    Parameters
    ----------
    places, mass : numpy.ndarray
        Nodes and the probability of each, shape ``(node,)``.
    at : array
        Probabilities.
    """
    # the masses are cumulated to the middle of each
    return np.interp(at, np.cumsum(mass) - mass / 2, places)


def interval(draws: FloatArray, ci_prob: float) -> Interval:
    """Median and both ends of the equal-tailed interval of probability `ci_prob`."""
    tail = (1 - ci_prob) / 2
    median, low, high = quantiles(np.asarray(draws).ravel(), [0.5, tail, 1 - tail])
    return Interval(float(median), float(low), float(high))


def interval_name(ci_prob: float) -> str:
    """Return the name of an interval in tables and JSON: ``eti90``."""
    return f"eti{100 * ci_prob:g}"


def interval_score(low: float, high: float, truth: float, ci_prob: float) -> float:
    """Interval score: width plus 2 / (1 - ci_prob) times the distance of a miss; lower is better.

    Gneiting & Raftery 2007, doi:10.1198/016214506000001437. A single number is an interval of width zero.
    """
    missed = max(low - truth, 0.0) + max(truth - high, 0.0)
    return high - low + 2 / (1 - ci_prob) * missed
