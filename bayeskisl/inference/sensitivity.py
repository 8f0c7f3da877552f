"""Sensitivity of conclusions to the prior: power-scaling (Kallioinen et al. 2024, arXiv:2107.14054)."""

import numpy as np
import pandas as pd
import xarray as xr
from arviz_stats.base import array_stats

from bayeskisl.arrays import FloatArray
from bayeskisl.inference.gate import scalars
from bayeskisl.inference.model import Model
from bayeskisl.inference.without_jax import without_lazy_jax

__all__ = ["SENSITIVE", "log_priors", "sensitivity"]

# Change of a quantity's distribution, as a distance that is 1 between distributions apart, per doubling of the prior's
# weight; above it the authors of the method, whose step of one hundredth this is, take a closer look.
SENSITIVE, _STEP = 0.05, 0.01


def log_priors(named: dict[str, FloatArray], model: Model) -> dict[str, FloatArray]:
    """Log prior density of every draw up to a constant, by the law's priors, shapes ``(chain, draw)``.

    Of what the law's file names: scatters of sizes and runs count, the single sizes' and runs' places do not.
    """
    data, law = model.data, model.law
    pooling = law.pooling if data.shape[1] > 1 else 0.0
    found = {}
    for name in (*law.positive, *law.unbounded):
        values = named[name][..., data.load.counts > 0] if name == "load_effect" and data.load else named[name]
        values = values if name in law.unbounded else np.log(values)
        mean, sd = model.given.prior[name]
        found[name] = _of_groups(values, mean, sd, pooling)
    if not law.priors.floor_excess.tied:
        found["floor_excess"] = ((law.priors.floor_excess.b - 1) * np.log1p(-named["floor_excess"])).sum(axis=-1)
    steepness, size_law = model.lines.steepness, data.size_law
    whole = np.hypot(steepness.sd, steepness.common_sd)
    for name, mean, sd in zip(("steepness_intercept", "steepness_exponent"), steepness.mean, whole, strict=True):
        if sd > 0:
            found[name] = _of_groups(named[name], mean, sd, pooling)
    coefficients = size_law.coefficients_of(named)
    for at, name in enumerate(size_law.columns):
        if size_law.sd[at] > 0:
            found[name] = _of_groups(coefficients[..., at], size_law.mean[at], size_law.sd[at], pooling)
    return found


def sensitivity(posterior: xr.Dataset, log_prior: xr.Dataset, names: tuple[str, ...]) -> pd.DataFrame:
    """Power-scaling sensitivity of every scalar of some variables to each prior, and to all of them together.

    Parameters
    ----------
    posterior : xarray.Dataset
        Named quantities.
    log_prior : xarray.Dataset
        See `log_priors`.

    Returns
    -------
    pandas.DataFrame
        A row per scalar that varies and has an end in every draw, a column per prior and ``all``; above `SENSITIVE`
        the prior has a say in the conclusion.
    """
    priors = {str(name): values.transpose("chain", "draw").values for name, values in log_prior.data_vars.items()}
    priors["all"] = np.sum(list(priors.values()), axis=0)
    weights = {name: [_weights(values, alpha) for alpha in (1 - _STEP, 1 + _STEP)] for name, values in priors.items()}
    rows = {
        label: {name: _distance(draws, *pair) for name, pair in weights.items()}
        for label, draws in scalars(posterior, names)
        if np.isfinite(draws).all() and np.ptp(draws) > 0
    }
    return pd.DataFrame(rows).T


def _weights(log_prior: FloatArray, alpha: float) -> FloatArray:
    """Importance weights of the draws under the prior raised to the power `alpha`, ``(chain, draw)``."""
    with without_lazy_jax():
        log_weights = np.asarray(array_stats.power_scale_lw(log_prior, alpha=alpha, axis=(0, 1)))
    log_weights = log_weights.reshape(log_prior.shape)
    return np.exp(log_weights - log_weights.max())


def _distance(draws: FloatArray, lower: FloatArray, upper: FloatArray) -> float:
    return float(array_stats.power_scale_sense(draws, lower, upper, lower_alpha=1 - _STEP, upper_alpha=1 + _STEP))


def _of_groups(values: FloatArray, mean: float, sd: float, pooling: float) -> FloatArray:
    """log density of values ``(..., group)`` that are normal and correlate by `pooling`, up to a constant."""
    standard = (values - mean) / sd
    groups = standard.shape[-1]
    alike = pooling / (1 + (groups - 1) * pooling) * standard.sum(axis=-1) ** 2
    return -0.5 * ((standard**2).sum(axis=-1) - alike) / (1 - pooling)
