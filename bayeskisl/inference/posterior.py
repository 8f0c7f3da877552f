"""Conversion of the sampler's variables to the named quantities of `schema`."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arrays import FloatArray, IntArray
from bayeskisl.axes import LoadEffect, axis_of
from bayeskisl.curves import cell_table, reference_load
from bayeskisl.curves.benchmark import of_start
from bayeskisl.inference.data import ModelData
from bayeskisl.inference.model import Model
from bayeskisl.inference.pointwise import integrate_run_effects
from bayeskisl.inference.redraw import redraw_coefficients
from bayeskisl.inference.run_effects import draw_run_effects
from bayeskisl.inference.with_numpy import Found, replay
from bayeskisl.laws import Law

__all__ = ["ON_AXIS", "Named", "load_shift", "name_quantities", "named_quantities", "report_on_axis"]

# A tenth of (ceiling - floor) is lost at the shoulder.
SHOULDER_SHARE = 0.9

# How far ahead of a half-point a shoulder is at most, log exposures: a flat fall would put it beyond all numbers.
_FARTHEST = 300.0
# A share above 0, of what is retained nowhere under extreme draws of a prior.
_NOTHING = 1e-300

ON_AXIS: tuple[str, ...] = (schema.COLLAPSE, schema.SHOULDER, schema.ONSET)


@dataclass(frozen=True)
class Named:
    """Named quantities of every draw, and what the runs say of it.

    Attributes
    ----------
    quantities : dict
        By name, ``(chain, draw, ...)``.
    log_likelihood : numpy.ndarray
        log p(counts of a run | draw) with its run effect integrated out, ``(chain, draw, run, group)``.
    sampled_log_likelihood : numpy.ndarray
        Log likelihood of all runs as the sampler takes it, which approximates the integrals, ``(chain, draw)``.
    """

    quantities: dict[str, FloatArray]
    log_likelihood: FloatArray
    sampled_log_likelihood: FloatArray

    def at(self, chosen: IntArray) -> "Named":
        """Return some of the draws, by their indices ``(chain, draw)``."""
        rows = np.arange(len(chosen))[:, None]
        return Named(
            {name: values[rows, chosen] for name, values in self.quantities.items()},
            self.log_likelihood[rows, chosen],
            self.sampled_log_likelihood[rows, chosen],
        )


def name_quantities(draws: Mapping[str, FloatArray], model: Model, rng: np.random.Generator, workers: int = 1) -> Named:
    """Return the named quantities of every draw; integrated ones are drawn given the rest.

    Parameters
    ----------
    draws : mapping
        As `bayeskisl.inference.sampling.sample_model` returns them.
    workers : int
        Threads.
    """
    found = replay(draws, model, rng)
    found.named |= redraw_coefficients(found.named, model, rng, workers)
    quantities = named_quantities(found, model.data)
    runs = integrate_run_effects(quantities, model.data, model.law, workers)
    quantities |= draw_run_effects(quantities, model, runs, rng)
    sampled = np.broadcast_to(found.log_likelihood, quantities["tau"].shape[:2])
    return Named(quantities, runs.log_likelihood, sampled)


def named_quantities(found: Found, data: ModelData) -> dict[str, FloatArray]:
    """Return the named quantities of a posterior or a prior."""
    named = dict(found.named)
    sampled = named.pop("coefficients", None)
    threshold = found.coefficients["threshold"] if sampled is None else np.swapaxes(sampled, -1, -2)
    steepness = found.coefficients["steepness"]
    on_size = {"steepness_intercept": steepness[..., 0], "steepness_exponent": steepness[..., 1]}
    return named | data.size_law.named(threshold) | on_size


def load_shift(named: Mapping[str, FloatArray], data: ModelData) -> FloatArray:
    """Return the shift of thresholds from the law at the reference load, ``(..., cell, group)``."""
    return np.zeros((1, 1)) if data.load is None else named["load_effect"][..., None, :] * data.load.at_half


def report_on_axis(named: xr.Dataset, curves: xr.Dataset, law: Law) -> xr.Dataset:
    """Add collapse point and shoulder on the user's axis to the named quantities.

    Parameters
    ----------
    named : xarray.Dataset
        With ``critical_exposures`` and ``steepness``, dims ``(chain, draw, cell, group)``, and the fall's parameters.
    curves : xarray.Dataset
        Where the runs lie.
    law : Law

    Returns
    -------
    xarray.Dataset
        With ``collapse`` and ``shoulder`` where a group's effective exposures fall along the axis, ``onset`` where they
        rise; NaN elsewhere. They are shares of the ceiling, or for a general benchmark of what it retains where the
        axis starts.
    """
    groups = [str(name) for name in named[schema.GROUP].values]
    axis, (cells, _) = axis_of(curves), cell_table(curves)
    held_fixed = {str(name): cells[name].reset_coords(drop=True) for name in cells.data_vars}
    load = LoadEffect(named["load_effect"], reference_load(curves)) if law.knows_load else None

    def on_axis(exposures: xr.DataArray, direction: int) -> xr.DataArray:
        columns = [
            axis.value(exposures.sel(group=group), group, held_fixed, load and load.sel(group=group))
            if axis.moves(group, law.knows_load) == direction and law.falls
            else exposures.sel(group=group) * np.nan
            for group in groups
        ]
        return xr.concat(columns, dim=schema.GROUP, coords="minimal", compat="override").transpose(*exposures.dims)

    fall = law.fall.of(named)
    whole = 1.0
    if (of_benchmark := xr.DataArray(of_start(curves), {schema.GROUP: curves[schema.GROUP].values})).any():
        start = np.log(axis.exposures_at_start(held_fixed, load) / named[schema.CRITICAL_EXPOSURES])
        whole = fall.share(named["steepness"] * start).where(of_benchmark, 1.0)

    def keeping(share: float) -> xr.DataArray:
        ahead = np.minimum(fall.inverse(np.maximum(share * whole, _NOTHING)) / named["steepness"], _FARTHEST)
        return named[schema.CRITICAL_EXPOSURES] * np.exp(ahead)

    reported = named.assign(
        {schema.COLLAPSE: on_axis(keeping(0.5), -1), schema.SHOULDER: on_axis(keeping(SHOULDER_SHARE), -1)}
    )
    if any(axis.moves(group) > 0 for group in groups):
        reported = reported.assign({schema.ONSET: on_axis(keeping(0.5), 1)})
    return reported
