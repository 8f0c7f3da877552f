"""The limit of a law that binds at a target, and the risk of a choice where it binds."""

import numpy as np
import xarray as xr

from bayeskisl.arrays import BoolArray
from bayeskisl.laws import LIMITS

__all__ = ["limit_probabilities", "risk_by_limit"]


def limit_probabilities(ahead: xr.Dataset) -> dict[str, float]:
    """Probability that each limit demands the most exposures at the target; empty without limits.

    Parameters
    ----------
    ahead : xarray.Dataset
        Result of `predict`, or the data of a decision.
    """
    binds = _binds(ahead)
    return {limit: float(np.mean(binds == place)) for place, limit in enumerate(LIMITS)} if binds.size else {}


def risk_by_limit(data: xr.Dataset, short: BoolArray) -> dict[str, float | None]:
    """Probability that a run retains too little, given the binding limit; None for a limit that never binds.

    Parameters
    ----------
    data : xarray.Dataset
        The data of a decision.
    short : numpy.ndarray
        Whether each draw keeps too little, ``(draw,)``.
    """
    binds = data["binds"].values.ravel() if "binds" in data else np.zeros(0)
    places = [np.flatnonzero(binds == place) for place in range(len(LIMITS))]
    return {limit: float(short[at].mean()) if at.size else None for limit, at in zip(LIMITS, places, strict=True)}


def _binds(ahead: xr.Dataset) -> np.ndarray:
    """Index in `LIMITS` for the draws of laws with limits."""
    binds = ahead["binds"].values.ravel() if "binds" in ahead else np.zeros(0)
    return binds[binds >= 0]
