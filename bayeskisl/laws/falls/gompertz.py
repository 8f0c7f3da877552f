"""The Gompertz fall: a steep rise and a gentle approach to the ceiling, without a parameter of its own."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayeskisl.laws.falls.fall import Array, Fall

__all__ = ["GOMPERTZ", "Gompertz"]

# S(x) = exp(-a exp(-b x)) keeps a half at zero where exp(-a) = 1/2, so a = log 2. Its slope there is
# a b exp(-a) = b log(2) / 2, which is 1/4 where b = 1 / (2 log 2).
_A = math.log(2)
_RATE = 1 / (2 * math.log(2))

# exp(600) = 1e260 and its products with numbers of ordinary size are far from overflow, at 1.8e308.
_STEEPEST = 600.0


@dataclass(frozen=True)
class Gompertz(Fall):
    """S(x) = exp(-log(2) exp(-x / (2 log 2))): the limit of the smooth break as its asymmetry grows.

    The share kept falls doubly exponentially below the half-point, so that retention is lost at once, and approaches
    the ceiling as exp(-x / (2 log 2)), more slowly than the logistic.
    """

    name: str = "gompertz"
    title: str = "a sudden rise and a gentle turn to the ceiling"

    def share(self, x: Array, own: tuple[Array, ...], xp: Any = np) -> Array:
        """See `Fall.share`."""
        return xp.exp(-self._lost(x, xp))

    def log_slope(self, x: Array, own: tuple[Array, ...], xp: Any = np) -> Array:
        """Return b a exp(-b x)."""
        return _RATE * self._lost(x, xp)

    def inverse(self, share: Array, own: tuple[Array, ...], xp: Any = np) -> Array:
        """Return -log(-log(share) / a) / b."""
        return -xp.log(-xp.log(share) / _A) / _RATE

    def _lost(self, x: Array, xp: Any) -> Array:
        """a exp(-b x), minus the log of the retained share."""
        return _A * xp.exp(xp.clip(-_RATE * x, -_STEEPEST, _STEEPEST))


GOMPERTZ = Gompertz()
