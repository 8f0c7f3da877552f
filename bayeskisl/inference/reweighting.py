"""A posterior under weaker priors by reweighting its draws, without sampling again."""

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from bayeskisl.arrays import FloatArray
from bayeskisl.inference.storage import path_of
from bayeskisl.inference.weights import smoothed
from bayeskisl.laws.falls import FALL_PARAMETERS
from bayeskisl.resampling import systematic

if TYPE_CHECKING:
    from bayeskisl.inference.result import Fit

__all__ = ["KEPT_PRIORS", "weakened"]

# Priors that stay: that of recall above guessing is no normal one, and with a wider asymmetry falls would be kinks.
KEPT_PRIORS = ("floor_excess", *FALL_PARAMETERS)

_GROUPS = ("observed_data", "constant_data")


def weakened(fit: "Fit", power: float, draws: int) -> "tuple[Fit, float] | None":
    """Return the fit under its priors to a power, and the largest Pareto k of the weights.

    Parameters
    ----------
    fit : Fit
    power : float
        In (0, 1). A normal prior to the power 1/2 is the normal prior of twice the variance.
    draws : int
        Draws of the result, in one chain.

    Returns
    -------
    (Fit, float) or None
        Posteriors of its laws alone, resampled by smoothed importance weights; reliable where k is at most 0.7. None
        where the fit does not hold the log density of its priors.

    Notes
    -----
    Power-scaling (Kallioinen et al. 2024, arXiv:2107.14054) with Pareto smoothed importance sampling (Vehtari et al.
    2024, arXiv:1507.02646).
    """
    from bayeskisl.inference.result import Fit

    groups = {name: fit.tree[name].to_dataset() for name in _GROUPS}
    largest = 0.0
    for law in fit.weights:
        at = path_of(law, fit.law.name)
        if f"{at}log_prior" not in fit.tree:
            return None
        weights, k = smoothed((1 - power) * _log_density(fit.tree[f"{at}log_prior"].to_dataset()))
        groups[f"{at}posterior"] = _resampled(fit.tree[f"{at}posterior"].to_dataset(), np.exp(weights), draws)
        largest = max(largest, k)
    tree = xr.DataTree.from_dict(groups)
    tree.attrs = fit.tree.attrs
    return Fit(tree), largest


def _log_density(log_prior: xr.Dataset) -> FloatArray:
    """Sum of the log densities of the weakened priors, ``(draw,)``."""
    weaker = [log_prior[name].transpose("chain", "draw") for name in log_prior if name not in KEPT_PRIORS]
    return np.sum([values.values.ravel() for values in weaker], axis=0)


def _resampled(posterior: xr.Dataset, weights: FloatArray, draws: int) -> xr.Dataset:
    """Resample draws in proportion to their weights, systematically along the cumulative weights."""
    chains, of_chain = np.divmod(systematic(weights, draws), posterior.sizes["draw"])
    picked = posterior.isel(chain=xr.DataArray(chains, dims="draw"), draw=xr.DataArray(of_chain, dims="draw"))
    return picked.drop_vars(["chain", "draw"]).expand_dims(chain=[0]).assign_coords(draw=np.arange(draws))
