"""Draws of the named quantities before any data, in NumPy: for the prior group, for simulation and for tests."""

from collections.abc import Mapping

import numpy as np

from bayeskisl.inference.data import ModelData
from bayeskisl.inference.model import model_inputs
from bayeskisl.inference.posterior import coefficients_of, structural_quantities
from bayeskisl.laws import Law

__all__ = ["FREE", "draw_prior"]

_POSITIVE = ("tau", "sigma_run", "steepness_scatter", "lapse_scatter", "concentration")
_REAL = ("steepness_intercept", "steepness_exponent", "lapse_intercept")

# what may be fixed, by the names of the posterior
FREE = (*_POSITIVE, *_REAL, "floor_excess", "intercept", "exponent", "curvature")


def draw_prior(
    law: Law, data: ModelData, draws: int, rng: np.random.Generator, fixed: Mapping[str, np.ndarray] | None = None
) -> dict[str, np.ndarray]:
    """Named quantities, shapes ``(1, draws, ...)`` as in a posterior of one chain.

    Parameters
    ----------
    fixed : mapping, optional
        Values that replace draws, by the names in `FREE`; they broadcast to ``(group,)`` or ``(group, covariate)``.
    """
    fixed = fixed or {}
    runs, groups, cells = data.shape
    prior = {key.removeprefix("prior_"): value for key, value in model_inputs(data, law).items()}
    drawn = {name: rng.normal(*prior[name], size=(1, draws, groups)) for name in (*_POSITIVE, *_REAL)}
    drawn |= {name: np.exp(drawn[name]) for name in _POSITIVE}
    excess = rng.random((1, draws, groups))
    drawn["floor_excess"] = (
        0 * excess if law.priors.floor_excess.tied else 1 - excess ** (1 / law.priors.floor_excess.b)
    )
    drawn |= {name: np.broadcast_to(value, (1, draws, groups)) for name, value in fixed.items() if name in drawn}
    for name in ("steepness_z", "lapse_z"):
        drawn[name] = rng.standard_normal((1, draws, cells, groups))
    size_law = data.size_law
    coefficients = size_law.mean + size_law.sd * rng.standard_normal((1, draws, groups, len(size_law.mean)))
    intercept, exponent, curvature = size_law.split(coefficients)
    coefficients = size_law.join(
        np.broadcast_to(fixed.get("intercept", intercept), intercept.shape),
        np.broadcast_to(fixed.get("exponent", exponent), exponent.shape),
        np.broadcast_to(fixed.get("curvature", curvature), curvature.shape),
    )
    line = np.swapaxes(coefficients @ size_law.design_matrix(data.covariates).T, -1, -2)
    scatter = drawn["tau"][..., None, :] * rng.standard_normal(line.shape)
    return structural_quantities(drawn, data) | coefficients_of(coefficients, data) | {
        "critical_exposures": np.exp(line + scatter),
        "run_effect": drawn["sigma_run"][..., None, :] * rng.standard_normal((1, draws, runs, groups)),
    }  # fmt: skip
