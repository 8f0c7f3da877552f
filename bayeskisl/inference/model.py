"""The model of a law for given curves: what is sampled, and nothing that can be computed from it afterwards."""

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.inference.correlation import beta_shapes, pairs
from bayeskisl.inference.curve_of_size import CurveOfSize
from bayeskisl.inference.data import ModelData, prepare
from bayeskisl.inference.definition import COEFFICIENT, PAIR, QUANTITY, TURN
from bayeskisl.inference.freedom import freedoms
from bayeskisl.inference.lines import Line
from bayeskisl.inference.load import on_axis_stretch
from bayeskisl.inference.rough import rough_inputs
from bayeskisl.laws import Law

if TYPE_CHECKING:
    import pymc as pm

__all__ = ["build_model", "labels_of", "lines_of", "model_inputs", "model_of", "structure"]


# What of the load the model is given.
_OF_LOAD = ("ahead", "at_half", "share", "typical_share")


def build_model(curves: xr.Dataset, law: Law) -> "pm.Model":
    """The model of `law` for validated retention curves.

    Its free variables, with dims:

    ``tau, sigma_run, asymmetry, concentration, floor_excess (group)``
        Size scatter, run scatter, asymmetry of a fall that is a break, beta-binomial concentration, recall above
        guessing.
    ``steepness_scatter, lapse_intercept, lapse_scatter (group)``, ``lapse_z (cell, group)``
        logit(lapse) = intercept + scatter z; ceiling = 1 - lapse (1 - floor).
    ``threshold_place, steepness_place (cell, group)``
        log critical exposures and log steepness along their laws, whose coefficients are integrated out, in the
        coordinates of `bayeskisl.inference.lines`.
    ``run_place_0 (run)``, one for each group, in each run's own order of them
        Each run's own half-point t ~ N(log critical exposures, sigma_run), in coordinates between t and
        (t - log critical exposures) / sigma_run, see `bayeskisl.inference.freedom`.

    In a law with a prior of it there is ``sigma_run_exponent (group)``, by which the run scatter grows with size.

    In a law that saturates the coefficients are sampled, ``branch_distance, level, slope_1, sharpness_z (group)``, see
    `bayeskisl.inference.curve_of_size`, and ``threshold_place`` is partly centred on the law.

    With several groups there are also:

    ``common (quantity)``
        What groups have in common of every prior above but ``floor_excess``, as standard normals. A quantity of a group
        is mean + sd (sqrt(pooling) common + sqrt(1 - pooling) own): its prior is that of a single group, and two groups
        correlate by the law's `pooling`.
    ``run_partial (pair)``
        Correlation between the run effects of two groups, see `bayeskisl.inference.correlation`, mapped to (0, 1).

    Counts, exposures, laws and priors are ``pm.Data``, see `model_inputs`, so that compiled code is used again.
    """
    return model_of(prepare(curves, law), law)


def model_of(data: ModelData, law: Law) -> "pm.Model":
    """As `build_model`, from prepared data."""
    from bayeskisl.inference.with_pymc import pymc_model

    return pymc_model(model_inputs(data, law), labels_of(data), law)


def lines_of(data: ModelData, law: Law) -> dict[str, Line | CurveOfSize]:
    """The two laws over cells: of log critical exposures, and of log steepness on log size."""
    size_law, priors, free = data.size_law, law.priors, freedoms(data, law)
    # of the prior's variance, what groups have in common and what each has for itself; one group has all for itself
    pooling = law.pooling if data.shape[1] > 1 else 0.0
    common, own = np.sqrt(pooling), np.sqrt(1 - pooling)
    of_load = 0.0 if data.load is None else np.log(on_axis_stretch(_typical_effect(law, data), data.load.share))
    on_size = np.stack([np.ones_like(data.log_size), data.log_size], axis=1)
    mean = np.array([priors.steepness.log_median, priors.steepness_exponent.mean])
    sd = np.array([priors.steepness.log_sd, priors.steepness_exponent.sd])
    typical = np.tile((on_size @ mean)[:, None], (1, data.shape[1]))
    threshold_design = size_law.design_matrix(data.covariates)
    return {
        "threshold": (CurveOfSize if law.saturates else Line)(
            threshold_design,
            size_law.mean,
            own * size_law.sd,
            common * size_law.sd,
            data.rough_threshold,
            free.threshold,
            priors.tau.median,
        ),
        "steepness": Line(
            on_size,
            mean,
            own * sd,
            common * sd,
            np.where(data.is_real[:, None], typical + of_load, 0.0),
            free.steepness,
            priors.steepness_scatter.median,
        ),
    }


def model_inputs(data: ModelData, law: Law) -> dict[str, np.ndarray]:
    """What the model is given: any data and law of the same `structure` fit in."""
    priors, free = law.priors, freedoms(data, law)
    lines = {
        f"{name}_{part}": value
        for name, line in lines_of(data, law).items()
        for part, value in line.inputs(data.is_real).items()
    }
    of_several = {"prior_pooling": np.array(law.pooling), "prior_run_partial": beta_shapes(data.shape[1])}
    load = {} if data.load is None else {f"load_{part}": getattr(data.load, part) for part in _OF_LOAD}
    log_normal = {name: getattr(priors, name) for name in law.positive}
    return {
        "recalled": data.recalled,
        "probed": data.probed,
        "log_exposures": data.log_exposures,
        "guessing": data.guessing,
        "cell_of_run": data.cell_of_run,
        "run_turns": free.turns,
        "run_crosses": free.crosses.astype(float),
        "typical_steepness": np.array(priors.steepness.median),
        **rough_inputs(data, law),
        **lines,
        **load,
        **{f"prior_{name}": np.array([prior.log_median, prior.log_sd]) for name, prior in log_normal.items()},
        "prior_lapse_intercept": np.array([_logit(priors.lapse.median), priors.lapse.log_sd]),
        **_of_varying_scatter(data, law),
        **(of_several if data.shape[1] > 1 else {}),
        **({} if priors.floor_excess.tied else {"prior_floor_excess": np.array(priors.floor_excess.b)}),
    }


def labels_of(data: ModelData) -> dict[str, list]:
    """Names along every dim of the model."""
    groups, columns = data.labels[schema.GROUP], data.size_law.columns
    turns = list(range(len(groups)))
    labels = {**data.labels, TURN: turns, **({COEFFICIENT: list(columns)} if data.size_law.saturates else {})}
    if len(groups) == 1:
        return labels
    quantities = [*data.positive, *data.unbounded, *columns, "steepness_intercept", "steepness_exponent"]
    return {
        **labels,
        PAIR: [f"{groups[j]} ~ {groups[i]}" for i, j in pairs(len(groups))],
        QUANTITY: quantities,
    }


def structure(data: ModelData, law: Law) -> tuple:
    """What of the data and a law is compiled into the model; what agrees in it shares compiled code."""
    columns = len(data.size_law.columns)
    return data.shape, columns, law.shape, law.priors.floor_excess.tied, law.saturates, law.knows_load, law.unbounded


def _of_varying_scatter(data: ModelData, law: Law) -> dict[str, np.ndarray]:
    """What a run scatter that varies with size needs to know."""
    prior = law.priors.sigma_run_exponent
    if prior is None:
        return {}
    return {"log_size": data.log_size, "prior_sigma_run_exponent": np.array([prior.mean, prior.sd])}


def _typical_effect(law: Law, data: ModelData) -> np.ndarray:
    """Of the load, at the median of its prior, ``(group,)``."""
    return np.full(data.shape[1], law.priors.load_effect.median)


def _logit(probability: float) -> float:
    return float(np.log(probability) - np.log1p(-probability))
