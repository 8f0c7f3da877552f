"""The null law's fall: nothing is ever lost, at any exposures."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bayeskisl.laws.falls.fall import Array
from bayeskisl.laws.falls.logistic import Logistic

__all__ = ["NO_FALL", "NoFall"]


@dataclass(frozen=True)
class NoFall(Logistic):
    """S(x) = 1. It has no half-point; its `inverse` is the logistic's and only sets where thresholds are sampled."""

    name: str = "none"
    title: str = "nothing is ever lost"
    loses: bool = False

    def share(self, x: Array, own: tuple[Array, ...], xp: Any = np) -> Array:
        """Return one for every x."""
        return xp.ones_like(x)

    def log_slope(self, x: Array, own: tuple[Array, ...], xp: Any = np) -> Array:
        """Return zero for every x."""
        return xp.zeros_like(x)


NO_FALL = NoFall()
