"""The load: the number of distinct facts a run trains on, which reduces the effect of an exposure."""

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["LoadEffect"]

Array = Any  # a float, a NumPy array or a DataArray: anything that broadcasts


@dataclass(frozen=True)
class LoadEffect:
    """Discount of an exposure by the number of distinct facts in a run: e (load / reference)^-effect.

    Parameters
    ----------
    effect : array
        Not negative; zero where the load does not count.
    reference : float
        The load, in facts, at which an exposure counts as one.
    """

    effect: Array
    reference: float

    def sel(self, **labels: Any) -> "LoadEffect":
        """Return the effect for some labels, if it is a DataArray."""
        return LoadEffect(self.effect.sel(**labels), self.reference)

    def worth(self, load: Array) -> Array:
        """Effective exposures per exposure."""
        return (load / self.reference) ** -self.effect

    def load_worth(self, worth: Array) -> Array:
        """Load at which an exposure has a given worth: the inverse of `worth`; infinite or zero without effect."""
        with np.errstate(divide="ignore", over="ignore"):
            return self.reference * np.exp(-np.log(worth) / self.effect)
