"""Where the counts alone put half-points, of a run and of a cell, if the fall has some steepness and asymmetry.

Pinned places are distances from there. What they say of retention then stays, whatever fall is being tried, so that
neither steepness, asymmetry nor the effect of the load has to drag hundreds of half-points along. The posterior is the
same whatever they are distances from.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from bayeskisl.inference.data import ModelData
from bayeskisl.inference.freedom import by_cell, information
from bayeskisl.laws import Law
from bayeskisl.laws.shapes import inverse_share

__all__ = ["ROUGH_PARTS", "rough_half_points", "rough_inputs", "rough_thresholds"]

Array = Any  # of NumPy, PyTensor or JAX

# Of a cell's typical run, see `rough_inputs`.
ROUGH_PARTS = ("log_exposures", "share", "ahead", "pinned")

# Of what is kept, so that half-points stay within the curve.
_LEAST_SHARE = 0.01


def rough_inputs(data: ModelData, law: Law) -> dict[str, np.ndarray]:
    """What `rough_half_points` and `rough_thresholds` work from.

    Returns
    -------
    dict of numpy.ndarray
        ``run_share``, what each run keeps above guessing, ``(run, group)``. Of a cell's typical run, the mean over its
        runs by what each says about the half-point, ``(cell, group)``: ``rough_log_exposures``, ``rough_share``,
        ``rough_ahead`` (log load over that at the half-point), and ``rough_pinned``, in [0, 1], how well it is known.
        The typical run of a cell that crosses its half-point keeps about a half, wherever the fall is steep; what
        matters are cells that do not cross.
    """
    recalled = (data.recalled + 0.5) / (data.probed + 1)
    share = np.clip((recalled - data.guessing) / (1 - data.guessing), _LEAST_SHARE, 1 - _LEAST_SHARE)
    weight = information(data, law)
    total = by_cell(weight, data)

    def mean(values: np.ndarray) -> np.ndarray:
        return by_cell(weight * values, data) / np.where(total > 0, total, 1.0)

    return {
        "run_share": share,
        "rough_log_exposures": mean(data.log_exposures),
        "rough_share": 1 / (1 + np.exp(-mean(np.log(share / (1 - share))))),
        "rough_ahead": mean(np.zeros_like(share) if data.load is None else data.load.ahead),
        "rough_pinned": 1 - 1 / (1 + total * law.priors.tau.median**2),
    }


def rough_half_points(log_exposures: Array, share: Array, steepness: Array, asymmetry: Array, xp: Any) -> Array:
    """Where a fall of this steepness and asymmetry keeps a half, if it keeps `share` at these exposures."""
    return log_exposures - inverse_share(share, asymmetry, xp) / steepness


def rough_thresholds(given: Mapping[str, Array], effect: Array, steepness: Array, asymmetry: Array, xp: Any) -> Array:
    """The half-point of each cell, ``(..., cell, group)``.

    Parameters
    ----------
    given : mapping
        With what `rough_inputs` returns, and ``threshold_rough``, which stands where the counts say little.
    effect : array
        Of the load; zero where it is not known.
    steepness, asymmetry : array
        Those being tried; broadcast to ``(..., cell, group)``.
    """
    log_exposures, share, ahead, pinned = (given[f"rough_{part}"] for part in ROUGH_PARTS)
    own = rough_half_points(log_exposures - effect * ahead, share, steepness, asymmetry, xp)
    return given["threshold_rough"] + pinned * (own - given["threshold_rough"])
