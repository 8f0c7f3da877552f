"""Draws of the named quantities before any data, in NumPy: for the prior group, for simulation and for tests."""

from collections.abc import Mapping

import numpy as np

from bayeskisl.inference.data import ModelData
from bayeskisl.inference.lines import Line
from bayeskisl.inference.model import lines_of, model_inputs
from bayeskisl.inference.posterior import coefficients_of, group_quantities
from bayeskisl.laws import Law

__all__ = ["FREE", "draw_prior"]

_POSITIVE = ("tau", "sigma_run", "steepness_scatter", "lapse_scatter", "concentration")

# what may be fixed, by the names of the posterior
FREE = (*_POSITIVE, "lapse_intercept", "floor_excess", "intercept", "exponent", "curvature", "steepness_intercept",
        "steepness_exponent")  # fmt: skip


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
    drawn = {name: rng.normal(*prior[name], size=(1, draws, groups)) for name in (*_POSITIVE, "lapse_intercept")}
    drawn |= {name: np.exp(drawn[name]) for name in _POSITIVE}
    chance = rng.random((1, draws, groups))
    tied = law.priors.floor_excess.tied
    drawn["floor_excess"] = 0 * chance if tied else 1 - chance ** (1 / law.priors.floor_excess.b)
    drawn |= {name: np.broadcast_to(value, (1, draws, groups)) for name, value in fixed.items() if name in drawn}
    drawn["lapse_z"] = rng.standard_normal((1, draws, cells, groups))

    lines = lines_of(data, law)
    steepness_law = _normal(lines["steepness"], (1, draws, groups), rng)
    for column, name in enumerate(("steepness_intercept", "steepness_exponent")):
        steepness_law[..., column] = fixed.get(name, steepness_law[..., column])
    parts = dict(
        zip(
            ("intercept", "exponent", "curvature"),
            data.size_law.split(_normal(lines["threshold"], (1, draws, groups), rng)),
            strict=True,
        )
    )
    coefficients = data.size_law.join(
        *(np.broadcast_to(fixed.get(name, part), part.shape) for name, part in parts.items())
    )
    return {
        **group_quantities(drawn, data),
        **coefficients_of(coefficients, data),
        "steepness_intercept": steepness_law[..., 0],
        "steepness_exponent": steepness_law[..., 1],
        "steepness": np.exp(_scattered(steepness_law, drawn["steepness_scatter"], lines["steepness"], rng)),
        "critical_exposures": np.exp(_scattered(coefficients, drawn["tau"], lines["threshold"], rng)),
        "run_effect": drawn["sigma_run"][..., None, :] * rng.standard_normal((1, draws, runs, groups)),
    }


def _normal(line: Line, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Coefficients ``(*shape, column)`` from their prior."""
    return line.mean + line.sd * rng.standard_normal((*shape, len(line.mean)))


def _scattered(coefficients: np.ndarray, scatter: np.ndarray, line: Line, rng: np.random.Generator) -> np.ndarray:
    """Values ``(..., cell, group)`` that scatter about a line."""
    along = np.swapaxes(coefficients @ line.design.T, -1, -2)
    return along + scatter[..., None, :] * rng.standard_normal(along.shape)
