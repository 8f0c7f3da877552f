"""The half-point of one cell in log exposures, on which thresholds are unbounded: measured and predicted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.axes import Axis, LoadEffect
from bayeskisl.curves import reference_load
from bayeskisl.curves.benchmark import of_start
from bayeskisl.decision.fall import Fall
from bayeskisl.decision.intervals import HalfPoint, grid_quantiles
from bayeskisl.decision.measure import CellCounts, bounded
from bayeskisl.decision.prospect import fall_of

if TYPE_CHECKING:
    from bayeskisl.inference import Fit

__all__ = ["Place", "measure_half_point", "predict_half_point"]


@dataclass(frozen=True)
class Place:
    """A group of one cell, which converts its exposures into the value of the axis and back.

    Parameters
    ----------
    axis : Axis
    group : str
    held_fixed : mapping
        Covariates of the cell by their names in `schema`.
    """

    axis: Axis
    group: str
    held_fixed: Mapping[str, float]

    @property
    def direction(self) -> int:
        """Whether the group's exposures rise (1) or fall (-1) along the axis."""
        return self.axis.moves(self.group)

    def infusion(self, log_exposures: float) -> float:
        """Value of the axis at given exposures of a fact of the group; 0 or 1 if no ratio gives them."""
        with np.errstate(divide="ignore", over="ignore"):
            return float(self.axis.value(np.exp(log_exposures), self.group, self.held_fixed))

    def log_exposures(self, infusion: float) -> float:
        """The inverse of `infusion`."""
        with np.errstate(divide="ignore"):
            return float(np.log(self.axis.exposures(np.float64(infusion), self.group, self.held_fixed)))

    def counted(self, log_effective: FloatArray, load: LoadEffect) -> FloatArray:
        """Counted log exposures from effective ones, which a load of facts reduces."""
        if not np.any(load.effect):
            return log_effective
        place = (self.group, self.held_fixed)
        with np.errstate(divide="ignore"):
            return np.log(self.axis.exposures(self.axis.value(np.exp(log_effective), *place, load), *place))


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


def predict_half_point(
    fit: "Fit", place: Place, params: float, tokens: float, *, seed: int = 0
) -> tuple[FloatArray, tuple[str, ...]]:
    """Draws of the half-point of a cell of a given size and budget, with its scatter about the law.

    Parameters
    ----------
    fit : Fit
    place : Place
    params, tokens : float
        Size and budget of the cell.
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

    ahead = extrapolate(fit, params, tokens, covariates=place.held_fixed, kind="mean", seed=seed)
    return _half_points(ahead, place, fit.curves), tuple(ahead.attrs["prior_driven"])


def _half_points(ahead: xr.Dataset, place: Place, curves: xr.Dataset) -> FloatArray:
    """Log exposures at the half-points of draws of a cell, shape ``(draw,)``."""
    fall = fall_of(ahead, place.group, of_run=False)
    load = LoadEffect(fall.load_effect, reference_load(curves))
    whole = _kept_at_start(fall, place, load) if _is_benchmark(place.group, curves) else 1.0
    return place.counted(fall.log_exposures_keeping(0.5 * whole), load)


def _is_benchmark(group: str, curves: xr.Dataset) -> bool:
    """Whether the whole of a group is what it retains where the axis starts, so that half of that is its half-point."""
    return bool(of_start(curves)[curves[schema.GROUP].values == group].any())


def _kept_at_start(fall: Fall, place: Place, load: LoadEffect) -> FloatArray:
    """Share of its ceiling that a benchmark retains where the axis starts, shape ``(draw,)``."""
    exposures = place.axis.exposures_at_start(place.held_fixed, load)
    return fall.share_of_ceiling(np.reshape(np.log(exposures), (-1, 1)))[:, 0]
