"""Effects of single runs, drawn after sampling, which integrates them out.

Given a draw, effects of different runs are independent: each is drawn from its own conditional given its counts. How
the effects of one run's groups correlate does not enter the sampled likelihood; it is estimated from them afterwards.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from bayeskisl.arrays import FloatArray
from bayeskisl.inference.correlation import (
    beta_shapes,
    correlated,
    correlations,
    pairs,
    partial_correlations,
    positive_definite,
)
from bayeskisl.inference.model import Model
from bayeskisl.inference.pointwise import Integrated
from bayeskisl.inference.run_scatter import run_scatter

__all__ = ["draw_run_effects", "draw_run_effects_of_prior", "fresh_effects"]

# On Fisher's scale, a correlation of 0.995: nearer to the ends a few runs tell nothing.
_FARTHEST = 3.0

# Scoring converges quadratically where modes are near normal; after eight steps it is settled to 1e-3.
_STEPS = 8

# Share of an effect that counts know: below it a mode is nothing but rounding.
_LEAST_KNOWN = 1e-6


def draw_run_effects(
    named: Mapping[str, FloatArray], model: Model, runs: Integrated, rng: np.random.Generator
) -> dict[str, FloatArray]:
    """Draw the effects of the fitted runs, and their correlation over groups.

    An effect is drawn from the normal at the mode of its conditional, with the mode's width.

    Parameters
    ----------
    named : mapping
        The other named quantities of a posterior, ``(chain, draw, ...)``.
    model : Model
        Model of the posterior.
    runs : Integrated
        The integrals over the effects.

    Returns
    -------
    dict of numpy.ndarray
        ``run_effect (chain, draw, run, group)`` and, of several groups, ``run_correlation (chain, draw, pair)``.
    """
    data = model.data
    scatter = run_scatter(named, data.log_size)[..., data.cell_of_run, :]
    found = {"run_effect": scatter * (runs.mode + runs.width * rng.standard_normal(runs.mode.shape))}
    if data.shape[1] > 1:
        found["run_correlation"] = _correlation(runs.mode, 1 - runs.width**2, rng)
    return found


def draw_run_effects_of_prior(
    named: Mapping[str, FloatArray], model: Model, rng: np.random.Generator, correlation: float | None = None
) -> dict[str, FloatArray]:
    """Draw effects of runs without counts, as `draw_run_effects` returns them.

    Parameters
    ----------
    correlation : float, optional
        Correlation of any two groups; by default drawn from its prior.
    """
    data, lead = model.data, named["tau"].shape[:-1]
    runs, groups, _ = data.shape
    found = {}
    if groups > 1:
        shape = beta_shapes(groups)
        partial = (
            2 * rng.beta(shape, shape, size=(*lead, len(shape))) - 1
            if correlation is None
            else np.broadcast_to(partial_correlations(correlation, groups), (*lead, len(shape)))
        )
        found["run_correlation"] = np.stack(correlations(partial, groups), axis=-1)
    scatter = run_scatter(named, data.log_size)[..., data.cell_of_run, :]
    return {"run_effect": scatter * fresh_effects(found, (*lead, runs, groups), rng), **found}


def fresh_effects(named: Mapping[Any, Any], shape: tuple[int, ...], rng: np.random.Generator) -> FloatArray:
    """Run effects of new runs in units of sigma_run, ``(chain, draw, run, group)``, correlated over groups."""
    noise = rng.standard_normal(shape)
    return correlated(noise, np.asarray(named["run_correlation"])) if "run_correlation" in named else noise


def _correlation(mode: FloatArray, known: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Draws of the correlation of each pair of groups, ``(chain, draw, pair)``.

    A mode is its effect shrunk by the share R that its counts know of it, one minus the variance of its conditional.
    Modes of two groups over the roots of R are therefore standard normals that correlate by r = c sqrt(R R'), where c
    is the correlation of the effects. The posterior of c is drawn as a normal on Fisher's scale, atanh c, about its
    mode and with the information that is expected there; the law's prior has the density cosh(atanh c)^(-2 a).

    Parameters
    ----------
    mode, known : numpy.ndarray
        ``(chain, draw, run, group)``.
    """
    groups = mode.shape[-1]
    root = np.sqrt(np.maximum(known, _LEAST_KNOWN))
    prior = 2 * beta_shapes(groups).max()
    drawn = []
    for i, j in pairs(groups):
        part, one, other = root[..., i] * root[..., j], mode[..., i] / root[..., i], mode[..., j] / root[..., j]
        centre, information = _on_fishers_scale(one * other, one**2 + other**2, part, prior)
        noise = rng.standard_normal(centre.shape) / np.sqrt(information)
        drawn.append(np.tanh(np.clip(centre + noise, -_FARTHEST, _FARTHEST)))
    return positive_definite(np.stack(drawn, axis=-1), groups)


def _on_fishers_scale(
    product: FloatArray, squares: FloatArray, part: FloatArray, prior: float
) -> tuple[FloatArray, FloatArray]:
    """Mode and expected information of atanh c, ``(chain, draw)``, by Fisher scoring.

    Two standard normals x, y that correlate by r have the score ((1 + r^2) x y - r (x^2 + y^2 - 1 + r^2)) / (1 - r^2)^2
    and the information (1 + r^2) / (1 - r^2)^2 about r = part * c.

    Parameters
    ----------
    product, squares, part : numpy.ndarray
        x y, x^2 + y^2 and r / c of each run, ``(chain, draw, run)``.
    prior : float
        2 a.
    """
    found, information = np.zeros(product.shape[:-1]), np.ones(product.shape[:-1])
    for _ in range(_STEPS):
        c = np.tanh(found)
        r = part * c[..., None]
        per_run = part / (1 - r**2) ** 2
        score = (per_run * ((1 + r**2) * product - r * (squares - 1 + r**2))).sum(axis=-1) * (1 - c**2) - prior * c
        information = ((per_run * part * (1 + r**2)).sum(axis=-1) * (1 - c**2) + prior) * (1 - c**2)
        found = np.clip(found + np.clip(score / information, -1, 1), -_FARTHEST, _FARTHEST)
    return found, information
