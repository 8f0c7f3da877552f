"""Conversion of draws into intervals."""

from collections.abc import Sequence

import numpy as np

from bayeskisl.arrays import FloatArray

__all__ = ["interval", "interval_name", "interval_score", "quantiles"]


def quantiles(draws: FloatArray, probabilities: FloatArray | Sequence[float], axis: int | None = None) -> FloatArray:
    """Quantiles that are themselves draws, so that infinite draws are allowed."""
    return np.quantile(draws, probabilities, axis=axis, method="inverted_cdf")


def interval(draws: FloatArray, ci_prob: float) -> tuple[float, float, float]:
    """Median and both ends of the equal-tailed interval of probability `ci_prob`."""
    tail = (1 - ci_prob) / 2
    median, low, high = quantiles(np.asarray(draws).ravel(), [0.5, tail, 1 - tail])
    return float(median), float(low), float(high)


def interval_name(ci_prob: float) -> str:
    """Return the name of an interval in tables and JSON: ``eti90``."""
    return f"eti{100 * ci_prob:g}"


def interval_score(low: float, high: float, truth: float, ci_prob: float) -> float:
    """Interval score: width plus 2 / (1 - ci_prob) times the distance of a miss; lower is better.

    Gneiting & Raftery 2007, doi:10.1198/016214506000001437. A single number is an interval of width zero.
    """
    missed = max(low - truth, 0.0) + max(truth - high, 0.0)
    return high - low + 2 / (1 - ci_prob) * missed
