"""The model in PyMC."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from bayeskisl.arrays import FloatArray
from bayeskisl.inference.definition import Array, define, marginal_line
from bayeskisl.inference.densities import normal_of_log_density, rotated_normal_log_density
from bayeskisl.inference.given import Given, GivenLine
from bayeskisl.laws import Law

__all__ = ["pymc_model"]


def pymc_model(given: Given, labels: Mapping[str, Sequence[Any]], law: Law) -> pm.Model:
    """Return the model of `law` in PyMC.

    Parameters
    ----------
    given : Given
        Its arrays become ``pm.Data``, under the names of `Given.flat`.
    labels : mapping
        Names along each dim.
    law : Law
        Fall and structure; its priors are among what is given.
    """
    with pm.Model(coords=dict(labels)) as model:
        as_data = given.map(lambda name, value, dims: pm.Data(name, value, dims=dims))
        define(_PyMC({dim: len(names) for dim, names in labels.items()}), as_data, law)
    return model


class _PyMC:
    xp = pt

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self.sizes = sizes

    def normal(self, name: str, mean: Array, sd: Array, dims: tuple[str, ...]) -> Array:
        return pm.Normal(name, mean, sd, dims=dims)

    def normal_of(
        self, name: str, mean: Array, sd: Array, of: Callable[[Array], tuple[Array, Array]], dims: tuple[str, ...]
    ) -> Array:
        coordinate = pm.Flat(name, dims=dims)
        value, slope = of(coordinate)
        pm.Potential(f"{name}_density", normal_of_log_density(value, slope, mean, sd, pt))
        return value

    def log_normal(self, name: str, log_mean: Array, log_sd: Array, dims: tuple[str, ...]) -> Array:
        return pm.LogNormal(name, log_mean, log_sd, dims=dims)

    def beta(self, name: str, a: Array, b: Array, dims: tuple[str, ...]) -> Array:
        return pm.Beta(name, a, b, dims=dims)

    def rotated_normal(self, name: str, mean: Array, rotation: Array, scale: Array, dims: tuple[str, ...]) -> Array:
        return pm.CustomDist(
            name,
            mean,
            rotation,
            scale,
            logp=partial(rotated_normal_log_density, xp=pt),
            random=_draw_rotated_normal,
            signature="(c,g),(c,c),(c,g)->(c,g)",
            dims=dims,
        )

    def line(
        self, name: str, line: GivenLine, common: Array | None, scatter: Array, shift: Array, unit: Array
    ) -> Array:
        return marginal_line(self, name, line, common, scatter, shift, unit)

    def deterministic(self, name: str, value: Any, dims: tuple[str, ...]) -> Any:
        return value  # not part of the density; `bayeskisl.inference.with_numpy.replay` computes it from the draws

    def beta_binomial(
        self, name: str, chance: Array, concentration: Array, trials: Array, observed: Array, dims: tuple[str, ...]
    ) -> None:
        shapes = {"alpha": chance * concentration, "beta": (1 - chance) * concentration}
        pm.BetaBinomial(name, **shapes, n=trials, observed=observed, dims=dims)


def _draw_rotated_normal(
    mean: FloatArray,
    rotation: FloatArray,
    scale: FloatArray,
    rng: np.random.Generator,
    size: tuple[int, ...] | None = None,
) -> FloatArray:
    return rotation @ (mean + scale * rng.standard_normal(np.shape(scale)))
