"""The load: the number of distinct facts a run trains on, which reduces the effect of each exposure.

A law that knows the load writes the fall in effective exposures e (L / L_0)^-effect, L infused and background facts
together. An effect of 0 says that a fact needs its exposures whatever else is learned; an effect of 1 that they are
shared out among the facts, as they are where capacity binds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayeskisl.arrays import FloatArray

__all__ = ["Load", "effective_log_exposures", "on_axis_stretch"]

Array = Any  # of NumPy, PyTensor or JAX


@dataclass(frozen=True)
class Load:
    """Loads of runs and cells.

    Thresholds are sampled at the load of their own cell's half-point, steepness and the scatter of runs along the
    sweep's axis: the counts pin them there, whatever the effect of the load, which otherwise is known in products only.

    Parameters
    ----------
    reference : float
        See `bayeskisl.curves.reference_load`.
    of_run : numpy.ndarray
        Log of each run's load over the reference, shape ``(run,)``.
    ahead : numpy.ndarray
        Log of each run's load over that at its cell's half-point, shape ``(run, group)``.
    at_half : numpy.ndarray
        Log of the load at a cell's half-point over the reference, shape ``(cell, group)``.
    share : numpy.ndarray
        Share of load, rather than exposures, in the axis at a cell's half-point, in [0, 1], shape ``(cell, group)``: 0
        where the load stays the same, 1 where exposures do.
    typical_share : numpy.ndarray
        Mean over the cells, shape ``(group,)``.
    counts : numpy.ndarray
        1 for groups that feel the load, 0 for others, shape ``(group,)``; other groups have `ahead`, `at_half` and
        `share` of 0.
    """

    reference: float
    of_run: FloatArray
    ahead: FloatArray
    at_half: FloatArray
    share: FloatArray
    typical_share: FloatArray
    counts: FloatArray


def effective_log_exposures(log_exposures: FloatArray, load: Load | None, named: Mapping[Any, Any]) -> FloatArray:
    """Effective log exposures: those at the reference load with the same effect as those of the runs.

    Parameters
    ----------
    log_exposures : numpy.ndarray
        Shape ``(run, group)``.
    load : Load or None
        None of a law that does not know it.
    named : mapping
        With ``load_effect``, shape ``(..., group)``, 0 for groups that do not feel the load.

    Returns
    -------
    numpy.ndarray
        Shape ``(..., run, group)``, or ``(run, group)`` where there is no load.
    """
    if load is None:
        return log_exposures
    return log_exposures - np.asarray(named["load_effect"])[..., None, :] * load.of_run[:, None]


def on_axis_stretch(effect: Array, share: FloatArray) -> Array:
    """Return the step of effective log exposures per step along the axis, for effects and shares ``(..., group)``."""
    return 1 - share + effect * share
