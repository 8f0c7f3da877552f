"""Whether probability integral transforms are uniform: simultaneous bands of their empirical distribution."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.stats import binom

from bayeskisl.arrays import FloatArray

__all__ = ["Band", "band", "holm", "p_value"]

_NULL_SAMPLES = 20_000
_POINTS = 99


@dataclass(frozen=True)
class Band:
    """Where the empirical distribution of uniform values stays, as a whole, with a stated probability.

    Parameters
    ----------
    at : numpy.ndarray
        Points in (0, 1), shape ``(point,)``.
    low, high : numpy.ndarray
        Shares of the values that are at most `at`, shape ``(point,)``.
    """

    at: FloatArray
    low: FloatArray
    high: FloatArray


def p_value(values: FloatArray) -> float:
    """Probability that uniform values depart at some point as far from the diagonal as these.

    Parameters
    ----------
    values : numpy.ndarray
        Probability integral transforms, shape ``(simulation,)``.

    Notes
    -----
    The statistic is the smallest two-sided binomial tail probability of the empirical distribution over 99 points; its
    distribution under uniformity is simulated (20,000 samples), since neighbouring points depend on each other
    (Säilynoja, Bürkner & Vehtari 2022, doi:10.1007/s11222-022-10090-6). It sees the tails, which the
    Kolmogorov-Smirnov statistic does not.
    """
    null = _null_statistics(len(values))
    return float((1 + np.sum(null <= _statistics(np.asarray(values)[None])[0])) / (1 + len(null)))


def band(count: int, probability: float = 0.95) -> Band:
    """The simultaneous band of `count` uniform values."""
    tail = float(np.quantile(_null_statistics(count), 1 - probability)) / 2
    at = _points()
    low, high = binom.ppf(tail, count, at), binom.ppf(1 - tail, count, at)
    return Band(at, low / count, high / count)


def holm(p_values: dict[str, float], family_wise: float = 0.05) -> tuple[str, ...]:
    """The names that are rejected at a family-wise error rate, by Holm's step-down procedure."""
    rejected = []
    for done, (name, p) in enumerate(sorted(p_values.items(), key=lambda item: item[1])):
        if p > family_wise / (len(p_values) - done):
            break
        rejected.append(name)
    return tuple(rejected)


def _points() -> FloatArray:
    return np.arange(1, _POINTS + 1) / (_POINTS + 1)


def _statistics(values: FloatArray) -> FloatArray:
    """Smallest tail probability of each sample, shape ``(sample,)`` for values ``(sample, count)``."""
    count, at = values.shape[1], _points()
    table = np.arange(count + 1)[:, None]
    tails = 2 * np.minimum(binom.cdf(table, count, at), binom.sf(table - 1, count, at))
    at_most = np.stack([np.searchsorted(np.sort(sample), at, side="right") for sample in values])
    return tails[at_most, np.arange(_POINTS)].min(axis=1)


@lru_cache
def _null_statistics(count: int) -> FloatArray:
    return _statistics(np.random.default_rng(count).random((_NULL_SAMPLES, count)))
