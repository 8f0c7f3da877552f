"""Prior draws of the named quantities in NumPy: for the prior group, for simulation and for tests."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from bayeskisl.arrays import FloatArray
from bayeskisl.inference.model import Model
from bayeskisl.inference.posterior import named_quantities
from bayeskisl.inference.run_effects import draw_run_effects_of_prior
from bayeskisl.inference.with_numpy import sample
from bayeskisl.laws.falls import FALL_PARAMETERS

__all__ = ["FREE", "draw_prior"]

# what may be fixed, by the names of the posterior
FREE = (
    "tau", "sigma_run", "steepness_scatter", "lapse_scatter", "concentration", "guess_concentration", *FALL_PARAMETERS,
    "lapse_intercept", "floor_excess", "intercept", "exponent", "curvature", "steepness_intercept",
    "steepness_exponent", "run_correlation", "minimum_exposures", "bits_per_parameter", "turn", "sharpness",
    "load_effect", "domain_intercept", "sigma_run_exponent",
)  # fmt: skip


# coefficients of the law of steepness
_OF_STEEPNESS = ("steepness_intercept", "steepness_exponent")


def draw_prior(
    model: Model, draws: int, rng: np.random.Generator, fixed: Mapping[str, FloatArray] | None = None
) -> dict[str, FloatArray]:
    """Draw named quantities, shapes ``(1, draws, ...)`` as in a posterior of one chain.

    Parameters
    ----------
    fixed : mapping, optional
        Values that replace draws, by the names in `FREE`; they broadcast to ``(group,)`` or ``(group, covariate)``.
    """
    fixed = dict(fixed or {})
    alike = fixed.pop("run_correlation", None)
    if "load_effect" in fixed and model.data.load:
        fixed["load_effect"] = model.data.load.counts * fixed["load_effect"]
    named = named_quantities(sample(model, draws, rng, _by_variable(fixed, model)), model.data)
    return named | draw_run_effects_of_prior(named, model, rng, None if alike is None else float(alike))


def _by_variable(fixed: Mapping[str, FloatArray], model: Model) -> dict[str, Any]:
    """Return the fixed values, by the names of the model."""
    found: dict[str, Any] = dict(fixed)
    of_threshold = model.data.size_law.fixed_columns(fixed)
    of_steepness = {i: fixed[name] for i, name in enumerate(_OF_STEEPNESS) if name in fixed}
    return found | {"threshold_coefficients": of_threshold, "steepness_coefficients": of_steepness}
