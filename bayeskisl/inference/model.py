"""The PyMC model: what is sampled, and nothing that can be computed from it afterwards."""

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from bayeskisl import schema
from bayeskisl.inference.data import ModelData, prepare
from bayeskisl.inference.freedom import freedoms
from bayeskisl.inference.lines import Line, place_distribution, values_at
from bayeskisl.laws import Law
from bayeskisl.laws.shapes import retention

__all__ = ["build_model", "lines_of", "model_inputs", "model_of", "run_scale", "structure"]

Array = Any  # of NumPy or PyTensor

_RUN, _GROUP, _CELL = schema.RUN, schema.GROUP, schema.CELL

# Priors that enter as the mean and standard deviation of the logarithm.
_LOG_NORMAL = ("tau", "sigma_run", "steepness_scatter", "lapse_scatter", "concentration")


def build_model(curves: xr.Dataset, law: Law) -> pm.Model:
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


def model_of(data: ModelData, law: Law) -> pm.Model:
    """As `build_model`, from prepared data."""
    inputs = model_inputs(data, law)
    with pm.Model(coords=dict(data.labels)) as model:
        given = {name: pm.Data(name, value, dims=_DIMS.get(name)) for name, value in inputs.items()}
        prior = {name.removeprefix("prior_"): value for name, value in given.items() if name.startswith("prior_")}
        tau, sigma_run, steepness_scatter, lapse_scatter, concentration = (
            pm.LogNormal(name, prior[name][0], prior[name][1], dims=_GROUP) for name in _LOG_NORMAL
        )
        lapse_intercept = pm.Normal("lapse_intercept", *_pair(prior["lapse_intercept"]), dims=_GROUP)
        tied = law.priors.floor_excess.tied
        excess = 0.0 if tied else pm.Beta("floor_excess", 1.0, prior["floor_excess"], dims=_GROUP)

        threshold = _along_line("threshold", tau, given)
        steepness = pt.exp(_along_line("steepness", steepness_scatter, given))
        lapse = pm.math.sigmoid(lapse_intercept + lapse_scatter * pm.Normal("lapse_z", dims=(_CELL, _GROUP)))
        floor = given["guessing"] + (1 - given["guessing"]) * excess
        ceiling = 1 - lapse * (1 - floor)

        cell = given["cell_of_run"]
        recall = retention(
            law.curve,
            given["log_exposures"],
            _run_threshold(threshold[cell], sigma_run, given),
            steepness[cell],
            floor,
            ceiling[cell],
            xp=pt,
        )
        # probed = 0 contributes nothing: the beta-binomial of no trials has log density 0 whatever its chance
        pm.BetaBinomial(
            "counts",
            alpha=recall * concentration,
            beta=(1 - recall) * concentration,
            n=given["probed"],
            observed=given["recalled"],
            dims=(_RUN, _GROUP),
        )
    return model


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
    """Values of the model's ``pm.Data``: any law of the same `structure` and any data of the same shape fit in."""
    priors = law.priors
    lines = {
        f"{name}_{part}": value
        for name, line in lines_of(data, law).items()
        for part, value in line.inputs(data.is_real).items()
    }
    log_normal = {name: getattr(priors, name) for name in _LOG_NORMAL}
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


def run_scale(freedom: Array, sigma_run: Array, log_typical: Array, xp: Any) -> Array:
    """What ``run_place`` is multiplied with: sigma_run for a free run, its prior median for a pinned one."""
    typical = xp.exp(log_typical)
    return typical * (sigma_run / typical) ** freedom


def _along_line(name: str, scatter: Array, given: dict[str, Array]) -> Array:
    """Values (cell, group) under the marginal Gaussian of a linear law."""
    line = {part: given[f"{name}_{part}"] for part in _LINE_DIMS}
    mean, scale = place_distribution(scatter, line, pt)
    place = pm.CustomDist(
        f"{name}_place",
        mean,
        line["rotation"],
        scale,
        logp=_rotated_normal_logp,
        random=_rotated_normal_random,
        signature="(c,g),(c,c),(c,g)->(c,g)",
        dims=(_CELL, _GROUP),
    )
    return values_at(place, scatter, line, pt)


def _rotated_normal_logp(value: Array, mean: Array, rotation: Array, scale: Array) -> Array:
    return pt.sum(-0.5 * ((rotation.T @ value - mean) / scale) ** 2 - pt.log(scale) - 0.5 * np.log(2 * np.pi))


def _rotated_normal_random(mean, rotation, scale, rng=None, size=None):
    return rotation @ (mean + scale * rng.standard_normal(np.shape(scale)))


def _run_threshold(threshold: Array, sigma_run: Array, given: dict[str, Array]) -> Array:
    """Each run's own half-point, N(threshold, sigma_run), dims (run, group)."""
    rough, free = given["threshold_rough"][given["cell_of_run"]], given["run_freedom"]
    scale = run_scale(free, sigma_run, given["prior_sigma_run"][0], pt)
    free_part = free * (threshold - rough)
    place = pm.Normal("run_place", (threshold - rough - free_part) / scale, sigma_run / scale, dims=(_RUN, _GROUP))
    return rough + free_part + scale * place


_LINE_DIMS = {
    "mean": (_CELL,),
    "rotation": None,
    "variance": (_CELL,),
    "own_scatter": (_CELL,),
    "rough": (_CELL, _GROUP),
    "freedom": (_GROUP,),
}

_DIMS = {
    "recalled": (_RUN, _GROUP),
    "probed": (_RUN, _GROUP),
    "log_exposures": (_RUN, _GROUP),
    "run_freedom": (_RUN, _GROUP),
    "guessing": (_GROUP,),
    "cell_of_run": (_RUN,),
    **{f"{name}_{part}": dims for name in ("threshold", "steepness") for part, dims in _LINE_DIMS.items()},
}


def _pair(two: Array) -> tuple[Array, Array]:
    return two[0], two[1]


def _logit(probability: float) -> float:
    return float(np.log(probability) - np.log1p(-probability))
