"""The model of a law for given curves: what is sampled, and nothing that can be computed from it afterwards."""

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from bayeskisl.inference.data import ModelData, prepare
from bayeskisl.inference.definition import LOG_NORMAL
from bayeskisl.inference.freedom import freedoms
from bayeskisl.inference.lines import Line
from bayeskisl.laws import Law

if TYPE_CHECKING:
    import pymc as pm

__all__ = ["build_model", "lines_of", "model_inputs", "model_of", "structure"]


def build_model(curves: xr.Dataset, law: Law) -> "pm.Model":
    """The model of `law` for validated retention curves.

    Its free variables, with dims:

    ``tau, sigma_run, concentration, floor_excess (group)``
        Size scatter, run scatter, beta-binomial concentration, recall above guessing.
    ``steepness_scatter, lapse_intercept, lapse_scatter (group)``, ``lapse_z (cell, group)``
        logit(lapse) = intercept + scatter z; ceiling = 1 - lapse (1 - floor).
    ``threshold_place, steepness_place (cell, group)``
        log critical exposures and log steepness along their laws, whose coefficients are integrated out, in the
        coordinates of `bayeskisl.inference.lines`.
    ``run_place (run, group)``
        Each run's own half-point t ~ N(log critical exposures, sigma_run), in coordinates between t and
        (t - log critical exposures) / sigma_run, see `bayeskisl.inference.freedom`.

    Counts, exposures, laws and priors are ``pm.Data``, see `model_inputs`, so that compiled code is used again.
    """
    return model_of(prepare(curves, law), law)


def model_of(data: ModelData, law: Law) -> "pm.Model":
    """As `build_model`, from prepared data."""
    from bayeskisl.inference.with_pymc import pymc_model

    return pymc_model(model_inputs(data, law), data.labels, law)


def lines_of(data: ModelData, law: Law) -> dict[str, Line]:
    """The two linear laws over cells: of log critical exposures, and of log steepness on log size."""
    size_law, priors, free = data.size_law, law.priors, freedoms(data, law)
    on_size = np.stack([np.ones_like(data.log_size), data.log_size], axis=1)
    mean = np.array([priors.steepness.log_median, priors.steepness_exponent.mean])
    sd = np.array([priors.steepness.log_sd, priors.steepness_exponent.sd])
    typical = np.tile((on_size @ mean)[:, None], (1, data.shape[1]))
    threshold_design = size_law.design_matrix(data.covariates)
    return {
        "threshold": Line(threshold_design, size_law.mean, size_law.sd, data.rough_threshold, free.threshold),
        "steepness": Line(on_size, mean, sd, np.where(data.is_real[:, None], typical, 0.0), free.steepness),
    }


def model_inputs(data: ModelData, law: Law) -> dict[str, np.ndarray]:
    """What the model is given: any law of the same `structure` and any data of the same shape fit in."""
    priors = law.priors
    lines = {
        f"{name}_{part}": value
        for name, line in lines_of(data, law).items()
        for part, value in line.inputs(data.is_real).items()
    }
    log_normal = {name: getattr(priors, name) for name in LOG_NORMAL}
    return {
        "recalled": data.recalled,
        "probed": data.probed,
        "log_exposures": data.log_exposures,
        "guessing": data.guessing,
        "cell_of_run": data.cell_of_run,
        "run_freedom": freedoms(data, law).run,
        **lines,
        **{f"prior_{name}": np.array([prior.log_median, prior.log_sd]) for name, prior in log_normal.items()},
        "prior_lapse_intercept": np.array([_logit(priors.lapse.median), priors.lapse.log_sd]),
        **({} if priors.floor_excess.tied else {"prior_floor_excess": np.array(priors.floor_excess.b)}),
    }


def structure(law: Law) -> tuple:
    """What of a law is compiled into the model; laws that agree in it share compiled code."""
    return law.shape, law.priors.floor_excess.tied


def _logit(probability: float) -> float:
    return float(np.log(probability) - np.log1p(-probability))
