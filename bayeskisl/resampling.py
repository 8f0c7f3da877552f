"""Systematic resampling: a choice among weighted draws without more noise than it needs."""

import numpy as np

from bayeskisl.arrays import FloatArray, IntArray

__all__ = ["systematic"]


def systematic(weights: FloatArray, count: int, start: float = 0.5) -> IntArray:
    """Return `count` indices, each as often as its weight says up to rounding, in ascending order.

    Parameters
    ----------
    weights : numpy.ndarray
        Not negative, shape ``(draw,)``; they need not sum to 1.
    count : int
        Number of indices.
    start : float
        Offset of the steps along the cumulative weights, in [0, 1): random, or the middle.
    """
    edges = np.cumsum(weights)
    steps = (np.arange(count) + start) / count
    return np.minimum(np.searchsorted(edges / edges[-1], steps, side="right"), len(weights) - 1)
