"""The model in NumPyro, for fleets of posteriors."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import jax
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist

from bayeskisl import schema
from bayeskisl.inference.definition import Array, define, marginal_line
from bayeskisl.inference.densities import normal_of_log_density, rotated_normal_log_density
from bayeskisl.inference.given import (
    COEFFICIENT,
    QUANTITY,
    Given,
    GivenCurve,
    GivenLine,
    GivenLoad,
    GivenRough,
)
from bayeskisl.laws import Law, LimitsDesign

__all__ = ["double_precision", "numpyro_model"]


def double_precision() -> AbstractContextManager[Any]:
    """Context in which JAX computes in float64, as log densities of large counts need; nothing changes outside."""
    return jax.enable_x64(True)


def numpyro_model(law: Law) -> Callable[[Given], None]:
    """Return the model of `law` as a NumPyro model of its inputs.

    Returns
    -------
    callable
        ``model(given)``: counts, exposures and priors, all of them arrays in one PyTree, so that sweeps padded to one
        shape, and laws of one structure, may be stacked and mapped over with `jax.vmap`. Trace it, and everything that
        follows, within `double_precision`.
    """

    def model(given: Given) -> None:
        given = jax.tree.map(jnp.asarray, given)
        (runs, groups), cells = given.recalled.shape, given.threshold.rough.shape[0]
        sizes = {schema.RUN: runs, schema.GROUP: groups, schema.CELL: cells}
        sizes[COEFFICIENT] = given.threshold.common.shape[-1]
        columns = given.threshold.common.shape[-1] + given.steepness.common.shape[-1]
        sizes[QUANTITY] = len(law.positive) + len(law.unbounded) + columns
        define(_NumPyro(sizes), given, law)

    return model


for _part in (Given, GivenCurve, GivenLine, GivenLoad, GivenRough, LimitsDesign):
    jax.tree_util.register_dataclass(_part)


class _NumPyro:
    xp = jnp

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self.sizes = sizes

    def normal(self, name: str, mean: Array, sd: Array, dims: tuple[str, ...]) -> Array:
        return self._sample(name, dist.Normal(mean, sd), dims)

    def normal_of(
        self, name: str, mean: Array, sd: Array, of: Callable[[Array], tuple[Array, Array]], dims: tuple[str, ...]
    ) -> Array:
        coordinate = self._sample(name, dist.ImproperUniform(dist.constraints.real, (), ()), dims)
        value, slope = of(coordinate)
        numpyro.factor(f"{name}_density", jnp.sum(normal_of_log_density(value, slope, mean, sd, jnp)))
        return value

    def log_normal(self, name: str, log_mean: Array, log_sd: Array, dims: tuple[str, ...]) -> Array:
        return self._sample(name, dist.LogNormal(log_mean, log_sd), dims)

    def beta(self, name: str, a: Array, b: Array, dims: tuple[str, ...]) -> Array:
        return self._sample(name, dist.Beta(a, b), dims)

    def rotated_normal(self, name: str, mean: Array, rotation: Array, scale: Array, dims: tuple[str, ...]) -> Array:
        return numpyro.sample(name, _RotatedNormal(mean, rotation, scale))

    def line(
        self, name: str, line: GivenLine, common: Array | None, scatter: Array, shift: Array, unit: Array
    ) -> Array:
        return marginal_line(self, name, line, common, scatter, shift, unit)

    def deterministic(self, name: str, value: Any, dims: tuple[str, ...]) -> Any:
        return value  # not part of the density; `bayeskisl.inference.with_numpy.replay` computes it from the draws

    def beta_binomial(
        self, name: str, chance: Array, concentration: Array, trials: Array, observed: Array, dims: tuple[str, ...]
    ) -> None:
        counts = dist.BetaBinomial(chance * concentration, (1 - chance) * concentration, trials)
        numpyro.sample(name, counts.to_event(len(dims)), obs=observed)

    def _sample(self, name: str, distribution: dist.Distribution, dims: tuple[str, ...]) -> Array:
        shape = tuple(self.sizes[dim] for dim in dims)
        return numpyro.sample(name, distribution.expand(shape).to_event(len(dims)))


class _RotatedNormal(dist.Distribution):
    support = dist.constraints.real_matrix
    pytree_data_fields = ("along", "rotation", "scale")

    def __init__(self, mean: Array, rotation: Array, scale: Array) -> None:
        self.along, self.rotation, self.scale = mean, rotation, scale
        super().__init__(event_shape=jnp.shape(scale))

    def log_prob(self, value: Array) -> Array:
        return rotated_normal_log_density(value, self.along, self.rotation, self.scale, jnp)

    def sample(self, key: Array, sample_shape: tuple[int, ...] = ()) -> Array:
        noise = jax.random.normal(key, (*sample_shape, *self.event_shape))
        return self.rotation @ (self.along + self.scale * noise)
