"""The half-point of one cell in log exposures, on which thresholds are unbounded: measured and predicted."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from bayeskisl.arrays import FloatArray
from bayeskisl.curves import reference_load
from bayeskisl.decision.measure import CellCounts, bounded
from bayeskisl.decision.planned_model import PlannedModel
from bayeskisl.decision.prospect import fall_of, whole_of
from bayeskisl.intervals import HalfPoint, grid_quantiles

if TYPE_CHECKING:
    from bayeskisl.inference import Fit

__all__ = ["measure_half_point", "predict_half_point"]


def measure_half_point(runs: xr.Dataset, group: str, *, ci_prob: float = 0.9) -> HalfPoint:
    """Measure the half-point of the one cell in `runs` from its own counts, without a law of size.

    Parameters
    ----------
    runs : xarray.Dataset
        Validated retention curves of one cell; runs that did not probe the group are left alone, and one must have.
    group : str
        A probe group.
    ci_prob : float
        Probability of the interval.
    """
    counts = CellCounts.of(runs, group)
    thresholds, probability = counts.posterior()
    if bound := counts.bound:
        return bounded(thresholds, probability, ci_prob, bound, lowest=-np.inf)
    tail = (1 - ci_prob) / 2
    low, median, high = grid_quantiles(thresholds, probability, [tail, 0.5, 1 - tail])
    return HalfPoint(float(median), float(low), float(high))


def predict_half_point(fit: "Fit", cell: PlannedModel, *, seed: int = 0) -> tuple[FloatArray, tuple[str, ...]]:
    """Draws of the half-point of a cell, with its scatter about the law.

    Parameters
    ----------
    fit : Fit
    cell : PlannedModel
        See `bayeskisl.decision.planned_model.model_of_cell`.
    seed : int
        Seed of the scatter.

    Returns
    -------
    draws : numpy.ndarray
        Log exposures, shape ``(draw,)``.
    prior_driven : tuple of str
        Covariates of the cell that the fitted runs never varied, so that only the prior says what they do.
    """
    from bayeskisl.inference import extrapolate

    ahead = extrapolate(fit, cell.params, cell.tokens, covariates=cell.held_fixed, kind="mean", seed=seed)
    there = replace(cell, reference_load=reference_load(fit.curves))
    return _half_points(ahead, there), tuple(ahead.attrs["prior_driven"])


def _half_points(ahead: xr.Dataset, cell: PlannedModel) -> FloatArray:
    """Counted log exposures at the half-points of draws of a cell, shape ``(draw,)``."""
    fall = fall_of(ahead, cell.group, of_run=False)
    effective = fall.log_exposures_keeping(0.5 * whole_of(fall, cell.group, cell))
    if not np.any(fall.load_effect):
        return effective
    with np.errstate(divide="ignore"):
        return cell.log_exposures(cell.infusion(effective, load_effect=fall.load_effect))
