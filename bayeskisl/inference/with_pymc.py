"""The model in PyMC."""

from collections.abc import Mapping, Sequence

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from bayeskisl.inference.definition import DIMS, Array, define
from bayeskisl.inference.densities import rotated_normal_log_density
from bayeskisl.laws import Law

__all__ = ["pymc_model"]


def pymc_model(inputs: Mapping[str, np.ndarray], labels: Mapping[str, Sequence], law: Law) -> pm.Model:
    """The model of `law`.

    Parameters
    ----------
    inputs : mapping
        From `bayeskisl.inference.model.model_inputs`; they become ``pm.Data``.
    labels : mapping
        Names along each dim.
    law : Law
        Shape and structure; its priors are among the inputs.
    """
    with pm.Model(coords=dict(labels)) as model:
        given = {name: pm.Data(name, value, dims=DIMS.get(name)) for name, value in inputs.items()}
        define(_PyMC({dim: len(names) for dim, names in labels.items()}), given, law)
    return model


class _PyMC:
    xp = pt

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self.sizes = sizes

    def normal(self, name: str, mean: Array, sd: Array, dims: tuple[str, ...]) -> Array:
        return pm.Normal(name, mean, sd, dims=dims)

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
            logp=lambda *at: rotated_normal_log_density(*at, xp=pt),
            random=_draw_rotated_normal,
            signature="(c,g),(c,c),(c,g)->(c,g)",
            dims=dims,
        )

    def beta_binomial(
        self, name: str, chance: Array, concentration: Array, trials: Array, observed: Array, dims: tuple[str, ...]
    ) -> None:
        shapes = {"alpha": chance * concentration, "beta": (1 - chance) * concentration}
        pm.BetaBinomial(name, **shapes, n=trials, observed=observed, dims=dims)


def _draw_rotated_normal(
    mean: np.ndarray,
    rotation: np.ndarray,
    scale: np.ndarray,
    rng: np.random.Generator,
    size: tuple[int, ...] | None = None,
) -> np.ndarray:
    return rotation @ (mean + scale * rng.standard_normal(np.shape(scale)))
