"""Maxima of many curves at once, by search along one line."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bayeskisl.arrays import FloatArray, IntArray

__all__ = ["FINE", "NODES", "ROUNDS", "Maximum", "maximise"]

# A grid finds the highest hill, and each further round keeps 2 of 16 steps of its bracket: the place is then known
# to a hundred-millionth of the range.
NODES, FINE, ROUNDS = 257, 17, 7


@dataclass(frozen=True)
class Maximum:
    """Maxima of curves.

    Parameters
    ----------
    place, value : numpy.ndarray
        Place and value of the maximum, shape ``(curve,)``.
    side : numpy.ndarray
        0 for a maximum inside the range, -1 and 1 for one at its lower and upper end.
    """

    place: FloatArray
    value: FloatArray
    side: IntArray


def maximise(curves: Callable[[FloatArray], FloatArray], low: float, high: float) -> Maximum:
    """Maximise every curve over [low, high].

    Parameters
    ----------
    curves : callable
        Takes places of shape ``(1, point)``, and later ``(curve, point)``, and gives values ``(curve, point)``.
    low, high : float
        The range.
    """
    nodes = np.linspace(low, high, NODES)
    found = curves(nodes[None, :])
    best = found.argmax(axis=1)
    value = found.max(axis=1)
    start, end = nodes[np.maximum(best - 1, 0)], nodes[np.minimum(best + 1, NODES - 1)]
    place = nodes[best]
    for _ in range(ROUNDS):
        places = start[:, None] + (end - start)[:, None] * np.linspace(0, 1, FINE)
        found = curves(places)
        best = found.argmax(axis=1)
        rows = np.arange(len(best))
        better = found[rows, best] >= value
        place = np.where(better, places[rows, best], place)
        value = np.where(better, found[rows, best], value)
        start = places[rows, np.maximum(best - 1, 0)]
        end = places[rows, np.minimum(best + 1, FINE - 1)]
    near = 1e-6 * (high - low)
    side = np.where(place >= high - near, 1, np.where(place <= low + near, -1, 0))
    return Maximum(place, value, side)
