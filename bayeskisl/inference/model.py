"""The PyMC model: what is sampled, and nothing that can be computed from it afterwards."""

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from bayeskisl import schema
from bayeskisl.inference.data import ModelData, prepare
from bayeskisl.laws import Law
from bayeskisl.laws.shapes import retention

__all__ = ["build_model", "freedom", "model_inputs", "model_of", "run_scale", "structure"]

Array = Any  # of NumPy or PyTensor

_RUN, _GROUP, _CELL = schema.RUN, schema.GROUP, schema.CELL

# names of priors that enter as (log median, log sd), in the order of the law file
_LOG_NORMAL = ("tau", "sigma_run", "steepness_scatter", "lapse_scatter", "concentration")


def build_model(curves: xr.Dataset, law: Law) -> pm.Model:
    """The model of `law` for validated retention curves.

    The free variables, with dims:

    ``log_critical_exposures_offset (cell, group)``
        log e50 less a rough reading of the counts (data ``rough_threshold``), under its marginal Gaussian
        N(X m, tau^2 I + X V X'): the law's coefficients are integrated out, and drawn afterwards from their exact
        conditional by `bayeskisl.inference.coefficients`.
    ``tau, sigma_run, concentration, floor_excess (group)``
        Size scatter, run scatter, beta-binomial concentration, recall above guessing.
    ``steepness_intercept, steepness_exponent, steepness_scatter (group)``, ``steepness_z (cell, group)``
        log k = intercept + exponent log(N / reference) + scatter z.
    ``lapse_intercept, lapse_scatter (group)``, ``lapse_z (cell, group)``
        logit(lapse) = intercept + scatter z; ceiling = 1 - lapse (1 - floor).
    ``run_place (run, group)``
        Where the run's own half-point lies, see below.

    A run in the middle of its fall pins its own half-point, a saturated one says nothing of it. So each half-point
    t ~ N(log e50, sigma_run) is sampled partly centred, after its data's information: ``freedom`` (run, group) is 0 for
    t itself, 1 for (t - log e50) / sigma_run (Papaspiliopoulos, Roberts & Skold 2007, doi:10.1214/088342307000000014).
    All-free sampling halves the effective draws of sigma_run and diverges on real sweeps.

    Counts, exposures, the law's line and all priors are ``pm.Data``: see `model_inputs`.
    """
    return model_of(prepare(curves, law), law)


def model_of(data: ModelData, law: Law) -> pm.Model:
    """As `build_model`, from prepared data."""
    inputs = model_inputs(data, law)
    with pm.Model(coords=dict(data.labels)) as model:
        given = {name: pm.Data(name, value, dims=_dims(name)) for name, value in inputs.items()}
        positive = {
            name: pm.LogNormal(name, given[f"prior_{name}"][0], given[f"prior_{name}"][1], dims=_GROUP)
            for name in _LOG_NORMAL
        }
        normal = {
            name: pm.Normal(name, given[f"prior_{name}"][0], given[f"prior_{name}"][1], dims=_GROUP)
            for name in ("steepness_intercept", "steepness_exponent", "lapse_intercept")
        }
        excess = (
            0.0
            if law.priors.floor_excess.tied
            else pm.Beta("floor_excess", 1.0, given["prior_floor_excess"], dims=_GROUP)
        )
        threshold = given["rough_threshold"] + _threshold_offset(given, positive["tau"])
        log_steepness = (
            normal["steepness_intercept"]
            + normal["steepness_exponent"] * given["log_size"][:, None]
            + positive["steepness_scatter"] * pm.Normal("steepness_z", dims=(_CELL, _GROUP))
        )
        lapse = pm.math.sigmoid(
            normal["lapse_intercept"] + positive["lapse_scatter"] * pm.Normal("lapse_z", dims=(_CELL, _GROUP))
        )
        floor = given["guessing"] + (1 - given["guessing"]) * excess
        ceiling = 1 - lapse * (1 - floor)
        cell = given["cell_of_run"]
        run_threshold = _run_threshold(given, threshold[cell], positive["sigma_run"])
        recall = retention(
            law.curve,
            given["log_exposures"],
            run_threshold,
            pt.exp(log_steepness)[cell],
            floor,
            ceiling[cell],
            xp=pt,
        )
        concentration = positive["concentration"]
        # probed = 0 contributes exactly nothing: the beta-binomial of no trials has log density 0 and gradient 0
        pm.BetaBinomial(
            "counts",
            alpha=recall * concentration,
            beta=(1 - recall) * concentration,
            n=given["probed"],
            observed=given["recalled"],
            dims=(_RUN, _GROUP),
        )
    return model


def model_inputs(data: ModelData, law: Law) -> dict[str, np.ndarray]:
    """Values of the model's ``pm.Data``: any law of the same `structure` and any data of the same shape fit in."""
    size_law = data.size_law
    design = size_law.design_matrix(data.covariates) * data.is_real[:, None]
    # tau^2 I + X V X' = Q (tau^2 I + diag(v)) Q' whatever tau is, so one decomposition serves every draw
    variance, rotation = np.linalg.eigh(
        (design * size_law.sd**2) @ design.T + np.diag(np.where(data.is_real, 0.0, 1.0))
    )
    own_scatter = (rotation**2 * data.is_real[:, None]).sum(axis=0)
    priors = law.priors
    log_normal = {
        f"prior_{name}": np.array([prior.log_median, prior.log_sd])
        for name, prior in {
            **{name: getattr(priors, name) for name in _LOG_NORMAL},
            "steepness_intercept": priors.steepness,
        }.items()
    }
    return {
        "recalled": data.recalled,
        "probed": data.probed,
        "log_exposures": data.log_exposures,
        "guessing": data.guessing,
        "cell_of_run": data.cell_of_run,
        "rough_threshold": data.rough_threshold,
        "log_size": data.log_size,
        "freedom": freedom(data, law),
        "line_mean": design @ size_law.mean,
        "line_rotation": rotation,
        "line_variance": np.maximum(variance, 0.0),
        "own_scatter": np.round(own_scatter),
        **log_normal,
        "prior_steepness_exponent": np.array([priors.steepness_exponent.mean, priors.steepness_exponent.sd]),
        "prior_lapse_intercept": np.array([_logit(priors.lapse.median), priors.lapse.log_sd]),
        **({} if priors.floor_excess.tied else {"prior_floor_excess": np.array(priors.floor_excess.b)}),
    }


def structure(law: Law) -> tuple:
    """What of a law is compiled into the model; laws that agree in it share compiled code."""
    return law.shape, law.priors.floor_excess.tied


def _threshold_offset(given: dict[str, pt.TensorVariable], tau: pt.TensorVariable) -> pt.TensorVariable:
    variance = given["line_variance"][:, None] + given["own_scatter"][:, None] * tau**2
    mean = given["line_mean"][:, None] - given["rough_threshold"]
    return pm.CustomDist(
        "log_critical_exposures_offset",
        mean,
        given["line_rotation"],
        variance,
        logp=_rotated_normal_logp,
        random=_rotated_normal_random,
        signature="(c,g),(c,c),(c,g)->(c,g)",
        dims=(_CELL, _GROUP),
    )


def _run_threshold(
    given: dict[str, pt.TensorVariable], threshold: pt.TensorVariable, sigma_run: pt.TensorVariable
) -> pt.TensorVariable:
    """Each run's own log half-point, N(threshold, sigma_run), dims (run, group)."""
    rough = given["rough_threshold"][given["cell_of_run"]]
    scale = run_scale(given["freedom"], sigma_run, given["prior_sigma_run"][0], pt)
    free_part = given["freedom"] * (threshold - rough)
    place = pm.Normal("run_place", (threshold - rough - free_part) / scale, sigma_run / scale, dims=(_RUN, _GROUP))
    return rough + free_part + scale * place


def _rotated_normal_logp(value, mean, rotation, variance):
    along = rotation.T @ (value - mean)
    return -0.5 * pt.sum(along**2 / variance + pt.log(2 * np.pi * variance))


def _rotated_normal_random(mean, rotation, variance, rng=None, size=None):
    return mean + rotation @ (np.sqrt(variance) * rng.standard_normal(np.shape(variance)))


def _dims(name: str) -> tuple[str, ...] | str | None:
    return {
        "recalled": (_RUN, _GROUP),
        "probed": (_RUN, _GROUP),
        "log_exposures": (_RUN, _GROUP),
        "freedom": (_RUN, _GROUP),
        "guessing": _GROUP,
        "cell_of_run": _RUN,
        "rough_threshold": (_CELL, _GROUP),
        "log_size": _CELL,
        "line_mean": _CELL,
        "own_scatter": _CELL,
        "line_variance": _CELL,
    }.get(name)


def run_scale(freedom: Array, sigma_run: Array, log_typical: Array, xp: Any) -> Array:
    """What ``run_place`` is multiplied with: sigma_run for a free run, its prior median for a pinned one."""
    typical = xp.exp(log_typical)
    return typical * (sigma_run / typical) ** freedom


def freedom(data: ModelData, law: Law) -> np.ndarray:
    """Share of the prior in what is known of each run's half-point, shape ``(run, group)``; 1 where nothing is."""
    priors = law.priors
    share = (data.recalled + 0.5) / (data.probed + 1)
    trials = data.probed / (1 + data.probed / priors.concentration.median)
    information = trials * share * (1 - share) * priors.steepness.median**2
    return 1 / (1 + information * priors.sigma_run.median**2)


def _logit(probability: float) -> float:
    return float(np.log(probability) - np.log1p(-probability))
