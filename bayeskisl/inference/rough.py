"""Rough half-points of cells from the counts alone, for a given steepness and shape of the fall.

Pinned places are distances from there. What they say of retention then stays, whatever fall is being tried, so that
neither steepness, shape nor the effect of the load has to drag half-points along. The posterior is the
same whatever they are distances from.
"""

from typing import Any

import numpy as np

from bayeskisl.arrays import FloatArray
from bayeskisl.inference.data import ModelData
from bayeskisl.inference.freedom import by_cell, information, share_kept
from bayeskisl.inference.given import GivenRough
from bayeskisl.laws import Law
from bayeskisl.laws.falls import Shape

__all__ = ["rough_inputs", "rough_thresholds"]

Array = Any  # of NumPy, PyTensor or JAX


def rough_inputs(data: ModelData, law: Law) -> GivenRough:
    """Return the inputs of `rough_thresholds`: a typical run of each cell.

    Its values are means over the cell's runs by what each says about the half-point: log exposures, the share kept, and
    ``ahead``, the log load over that at the half-point; ``pinned``, in [0, 1], is how well the half-point is known. The
    typical run of a cell that crosses its half-point keeps about a half, wherever the fall is steep; what matters are
    cells that do not cross.
    """
    share, weight = share_kept(data), information(data, law)
    total = by_cell(weight, data)

    def mean(values: FloatArray) -> FloatArray:
        return by_cell(weight * values, data) / np.where(total > 0, total, 1.0)

    return GivenRough(
        log_exposures=mean(data.log_exposures),
        share=1 / (1 + np.exp(-mean(np.log(share / (1 - share))))),
        ahead=mean(np.zeros_like(share) if data.load is None else data.load.ahead),
        pinned=1 - 1 / (1 + total * law.priors.tau.median**2),
    )


def _half_points(log_exposures: Array, share: Array, steepness: Array, shape: Shape, xp: Any) -> Array:
    """Return the half-points of falls of this steepness and shape that retain `share` at these exposures."""
    return log_exposures - shape.inverse(share, xp) / steepness


def rough_thresholds(rough: GivenRough, start: Array, effect: Array, steepness: Array, shape: Shape, xp: Any) -> Array:
    """The half-point of each cell, ``(..., cell, group)``.

    Parameters
    ----------
    rough : GivenRough
        Typical runs.
    start : array
        Value where the counts are uninformative, ``(cell, group)``.
    effect : array
        The effect of the load; zero where it is not known.
    steepness, shape
        Trial values, which broadcast to ``(..., cell, group)``.
    """
    own = _half_points(rough.log_exposures - effect * rough.ahead, rough.share, steepness, shape, xp)
    return start + rough.pinned * (own - start)
