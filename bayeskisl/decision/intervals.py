"""One home for how draws become an interval."""

from collections.abc import Sequence

import numpy as np

from bayeskisl.arrays import FloatArray

__all__ = ["interval", "interval_name", "interval_score", "quantiles"]


def quantiles(draws: FloatArray, probabilities: FloatArray | Sequence[float], axis: int | None = None) -> FloatArray:
    """Quantiles that are draws themselves, so that a draw without a finite value (infinity) is one as good as any."""
    return np.quantile(draws, probabilities, axis=axis, method="inverted_cdf")


def interval(draws: FloatArray, ci_prob: float) -> tuple[float, float, float]:
    """Median, and both ends of the equal-tailed interval that holds `ci_prob` of the draws."""
    tail = (1 - ci_prob) / 2
    median, low, high = quantiles(np.asarray(draws).ravel(), [0.5, tail, 1 - tail])
    return float(median), float(low), float(high)


def interval_name(ci_prob: float) -> str:
    """Return the name of an interval in tables and JSON: ``eti90``."""
    return f"eti{100 * ci_prob:g}"


def interval_score(low: float, high: float, truth: float, ci_prob: float) -> float:
    """Width, and a penalty of 2 / (1 - ci_prob) times the distance by which the interval misses; lower is better.

    Gneiting & Raftery 2007, doi:10.1198/016214506000001437. A single number is an interval of width zero.
    """
    missed = max(low - truth, 0.0) + max(truth - high, 0.0)
    return high - low + 2 / (1 - ci_prob) * missed
