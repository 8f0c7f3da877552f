"""Draws of the named quantities before any data, in NumPy: for the prior group, for simulation and for tests."""

from collections.abc import Mapping

import numpy as np

from bayeskisl.inference.correlation import beta_shapes, correlated, correlations, partial_correlations
from bayeskisl.inference.data import ModelData
from bayeskisl.inference.definition import QUANTITY
from bayeskisl.inference.lines import Line
from bayeskisl.inference.model import labels_of, lines_of, model_inputs
from bayeskisl.inference.posterior import coefficients_of, common_of_lines, group_quantities
from bayeskisl.inference.run_scatter import run_scatter
from bayeskisl.laws import Law, SizeLaw

__all__ = ["FREE", "draw_prior"]

# what may be fixed, by the names of the posterior
FREE = (
    "tau", "sigma_run", "steepness_scatter", "lapse_scatter", "concentration", "asymmetry", "lapse_intercept",
    "floor_excess", "intercept", "exponent", "curvature", "steepness_intercept", "steepness_exponent",
    "run_correlation", "minimum_exposures", "sharpness", "load_effect",
    "domain_intercept", "sigma_run_exponent",
)  # fmt: skip


# coefficients of a law that saturates, of which the logarithm is drawn
_POSITIVE = ("minimum_exposures", "sharpness")


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
    shape = (1, draws, groups)
    inputs, lines = model_inputs(data, law), lines_of(data, law)
    common = rng.standard_normal((1, draws, len(labels_of(data)[QUANTITY]))) if groups > 1 else None
    pooling = law.pooling if groups > 1 else 0.0

    def of_groups(i: int, name: str) -> np.ndarray:
        mean, sd = inputs[f"prior_{name}"]
        alike = 0.0 if common is None else np.sqrt(pooling) * common[..., i, None]
        return mean + sd * (alike + np.sqrt(1 - pooling) * rng.standard_normal(shape))

    drawn = {name: of_groups(i, name) for i, name in enumerate((*law.positive, *law.unbounded))}
    drawn |= {name: np.exp(drawn[name]) for name in law.positive}
    chance = rng.random(shape)
    tied = law.priors.floor_excess.tied
    drawn["floor_excess"] = 0 * chance if tied else 1 - chance ** (1 / law.priors.floor_excess.b)
    drawn |= {name: np.broadcast_to(value, shape) for name, value in fixed.items() if name in drawn}
    drawn["lapse_z"] = rng.standard_normal((1, draws, cells, groups))
    partial = _partial(draws, groups, fixed, rng)
    if common is not None:
        drawn |= {"common": common, "run_partial": (1 + partial) / 2}

    of_lines = common_of_lines(common, lines)
    steepness_law = _coefficients(lines["steepness"], of_lines["steepness"], shape, rng)
    for column, name in enumerate(("steepness_intercept", "steepness_exponent")):
        steepness_law[..., column] = fixed.get(name, steepness_law[..., column])
    threshold_law = _coefficients(lines["threshold"], of_lines["threshold"], shape, rng)
    for name, columns in _columns(data.size_law).items():
        value = fixed.get(name, threshold_law[..., columns])
        threshold_law[..., columns] = np.log(value) if name in fixed and name in _POSITIVE else value
    noise = rng.standard_normal((1, draws, runs, groups))
    if groups > 1:
        noise = correlated(noise, np.stack(correlations(partial, groups), axis=-1))
    return {
        **group_quantities(drawn, data),
        **coefficients_of(threshold_law, data),
        "steepness_intercept": steepness_law[..., 0],
        "steepness_exponent": steepness_law[..., 1],
        "steepness": np.exp(_scattered(steepness_law @ lines["steepness"].design.T, drawn["steepness_scatter"], rng)),
        "critical_exposures": np.exp(
            _scattered(data.size_law.log_critical_exposures(threshold_law, data.covariates), drawn["tau"], rng)
        ),
        "run_effect": run_scatter(drawn, data.log_size[data.cell_of_run]) * noise,
    }


def _columns(size_law: SizeLaw) -> dict[str, int | slice]:
    """Where the named coefficients lie; in a law that saturates, intercept and exponent are of its falling branch."""
    count = len(size_law.covariates)
    last, end = 1 + count, 1 + 2 * count
    bend = dict(zip(_POSITIVE, (-2, -1), strict=True)) if size_law.saturates else {"curvature": slice(last, end)}
    own = {"domain_intercept": slice(end, None, 1 + count)} if size_law.domains else {}
    return {"intercept": 0, "exponent": slice(1, last), **bend, **own}


def _partial(draws: int, groups: int, fixed: Mapping[str, np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Partial correlations ``(1, draws, pair)`` of run effects."""
    shapes = beta_shapes(groups)
    if "run_correlation" in fixed:
        return np.broadcast_to(partial_correlations(float(fixed["run_correlation"]), groups), (1, draws, len(shapes)))
    return 2 * rng.beta(shapes, shapes, size=(1, draws, len(shapes))) - 1


def _coefficients(
    line: Line, common: np.ndarray | None, shape: tuple[int, ...], rng: np.random.Generator
) -> np.ndarray:
    """Coefficients ``(*shape, column)`` from their prior."""
    alike = 0.0 if common is None else (line.common_sd * common)[..., None, :]
    return line.mean + alike + line.sd * rng.standard_normal((*shape, len(line.mean)))


def _scattered(along: np.ndarray, scatter: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Values ``(..., cell, group)`` that scatter about those ``(..., group, cell)`` of a law."""
    along = np.swapaxes(along, -1, -2)
    return along + scatter[..., None, :] * rng.standard_normal(along.shape)
