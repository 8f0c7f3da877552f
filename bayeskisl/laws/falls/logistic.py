"""The logistic fall: symmetric in log exposures."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bayeskisl.laws.falls.fall import FARTHEST, Array, Fall

__all__ = ["LOGISTIC", "Logistic"]


@dataclass(frozen=True)
class Logistic(Fall):
    """S(x) = 1 / (1 + exp(-x))."""

    name: str = "logistic"
    title: str = "symmetric in log exposures"

    def share(self, x: Array, own: tuple[Array, ...], xp: Any = np) -> Array:
        """See `Fall.share`."""
        return 1 / (1 + xp.exp(-xp.clip(x, -FARTHEST, FARTHEST)))

    def log_slope(self, x: Array, own: tuple[Array, ...], xp: Any = np) -> Array:
        """1 - S."""
        # as the share of -x, which stays exact where nearly everything is kept
        return self.share(-x, own, xp)

    def inverse(self, share: Array, own: tuple[Array, ...], xp: Any = np) -> Array:
        """Log odds of the share."""
        return xp.log(share) - xp.log(1 - share)


LOGISTIC = Logistic()
