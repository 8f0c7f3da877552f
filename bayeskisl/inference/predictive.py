"""Predicted counts."""

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arrays import IntArray
from bayeskisl.inference.data import ModelData
from bayeskisl.inference.load import effective_log_exposures
from bayeskisl.inference.pointwise import log_thresholds
from bayeskisl.inference.run_counts import precision
from bayeskisl.inference.run_effects import fresh_effects
from bayeskisl.inference.run_scatter import run_scatter
from bayeskisl.laws import Law

__all__ = ["draw_counts"]


def draw_counts(
    named: xr.Dataset, data: ModelData, law: Law, rng: np.random.Generator, fresh: bool = True
) -> dict[str, IntArray]:
    """Draw recalled facts of runs at the places of the data, ``(chain, draw, run, group)``.

    Parameters
    ----------
    named : xarray.Dataset
        Named quantities of a posterior or prior of `law`.
    fresh : bool
        With fresh run effects, as replicates of the runs would have (those of the fitted runs reproduce the counts
        whatever the law), or with the run effects in `named`.
    """
    own = named["run_effect"].values
    scatter = run_scatter(named, data.log_size[data.cell_of_run])
    effect = scatter * fresh_effects(named, own.shape, rng) if fresh else own
    shape = law.fall.of(named).map(lambda of_group: of_group.values[..., None, :])
    floor = named["floor"].values[..., data.cell_of_run, :]
    chance = shape.retention(
        effective_log_exposures(data.log_exposures, data.load, named) - effect,
        log_thresholds(named, law)[..., data.cell_of_run, :],
        named["steepness"].values[..., data.cell_of_run, :],
        floor,
        named["ceiling"].values[..., data.cell_of_run, :],
    )
    known, guessed = (named[name].values[..., None, :] for name in ("concentration", "guess_concentration"))
    concentration = precision(chance, floor, known, guessed)
    # numpy's beta needs positive shapes, and a share of 0 or 1 is what the smallest of them give
    shapes = np.maximum(chance * concentration, 1e-12), np.maximum((1 - chance) * concentration, 1e-12)
    return {schema.RECALLED: rng.binomial(data.probed, rng.beta(*shapes)).astype(np.int32)}
