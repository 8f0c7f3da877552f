"""The model in NumPy, vectorised over draws: replay of the sampler's draws, and prior draws.

Both interpret the one definition, so that no arithmetic of the model is written a second time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.inference.coefficients import draw_coefficients
from bayeskisl.inference.definition import Array, define, marginal_line
from bayeskisl.inference.given import GivenLine
from bayeskisl.inference.model import Model
from bayeskisl.inference.pointwise import beta_binomial_log_density

__all__ = ["Found", "replay", "sample"]

# A scatter that is fixed at zero, in log units: next to nothing, and the coordinates of runs stay finite.
_TINY = 1e-12


@dataclass
class Found:
    """Values of the model's variables.

    Attributes
    ----------
    named : dict
        Deterministic quantities by name, ``(..., *dims)``.
    coefficients : dict
        Coefficients of the linear laws over cells, by the laws' names, ``(..., group, column)``.
    log_likelihood : numpy.ndarray or float
        Log likelihood of all counts as the sampler takes it, ``(...)``, where draws are replayed.
    """

    named: dict[str, FloatArray] = field(default_factory=dict)
    coefficients: dict[str, FloatArray] = field(default_factory=dict)
    log_likelihood: FloatArray | float = 0.0


def replay(draws: Mapping[str, FloatArray], model: Model, rng: np.random.Generator) -> Found:
    """Return the quantities of given draws of the model's free variables.

    Parameters
    ----------
    draws : mapping
        By the names of `bayeskisl.inference.model.build_model`, shapes ``(chain, draw, ...)``.
    model : Model
        Model of the draws.
    rng : numpy.random.Generator
        For the coefficients, which the model integrates out: they are drawn from their exact conditional.
    """
    say = _Replay(model, next(iter(draws.values())).shape[:2], draws, rng)
    define(say, model.given, model.law)
    return say.found


def sample(model: Model, draws: int, rng: np.random.Generator, fixed: Mapping[str, FloatArray] | None = None) -> Found:
    """Draw from the prior, shapes ``(1, draw, ...)``.

    Parameters
    ----------
    fixed : mapping, optional
        Values that replace variables and deterministic quantities, by name, and coefficients, ``{column: value}`` under
        ``threshold_coefficients`` and ``steepness_coefficients``; they broadcast to groups. Whatever
        depends on them follows from these values.
    """
    say = _Sample(model, (1, draws), rng, fixed or {})
    define(say, model.given, model.law)
    return say.found


class _Numbers:
    xp = np

    def __init__(self, model: Model, lead: tuple[int, ...], rng: np.random.Generator) -> None:
        self.model, self.lead, self.rng = model, lead, rng
        self.sizes = {dim: len(names) for dim, names in model.labels.items()}
        self.found = Found()

    def shape(self, dims: tuple[str, ...]) -> tuple[int, ...]:
        return (*self.lead, *(self.sizes[dim] for dim in dims))

    def deterministic(self, name: str, value: Array, dims: tuple[str, ...]) -> Any:
        self.found.named[name] = np.broadcast_to(value, self.shape(dims))
        return value


class _Replay(_Numbers):
    def __init__(
        self, model: Model, lead: tuple[int, ...], draws: Mapping[str, FloatArray], rng: np.random.Generator
    ) -> None:
        super().__init__(model, lead, rng)
        self.draws = draws

    def normal(self, name: str, mean: Array, sd: Array, dims: tuple[str, ...]) -> Array:
        return self.draws[name]

    def normal_of(
        self, name: str, mean: Array, sd: Array, of: Callable[[Array], tuple[Array, Array]], dims: tuple[str, ...]
    ) -> Array:
        return of(self.draws[name])[0]

    def log_normal(self, name: str, log_mean: Array, log_sd: Array, dims: tuple[str, ...]) -> Array:
        return self.draws[name]

    def beta(self, name: str, a: Array, b: Array, dims: tuple[str, ...]) -> Array:
        return self.draws[name]

    def rotated_normal(self, name: str, mean: Array, rotation: Array, scale: Array, dims: tuple[str, ...]) -> Array:
        return self.draws[name]

    def beta_binomial(
        self, name: str, chance: Array, concentration: Array, trials: Array, observed: Array, dims: tuple[str, ...]
    ) -> None:
        for run, group in np.argwhere(trials > 0):  # one by one: all together would take many times the memory
            self.found.log_likelihood = self.found.log_likelihood + beta_binomial_log_density(
                observed[run, group], trials[run, group], chance[..., run, group], concentration[..., run, group]
            )

    def line(
        self, name: str, line: GivenLine, common: Array | None, scatter: Array, shift: Array, unit: Array
    ) -> Array:
        values = marginal_line(self, name, line, common, scatter, shift, unit)
        law = self.model.lines[name]
        mean = law.mean_given(common)
        self.found.coefficients[name] = draw_coefficients(
            np.swapaxes(values - shift, -1, -2),
            scatter[..., 0, :],
            law.design,
            mean if common is None else mean[..., None, :],
            law.sd,
            self.rng,
        )
        return values


class _Sample(_Numbers):
    def __init__(self, model: Model, lead: tuple[int, ...], rng: np.random.Generator, fixed: Mapping[str, Any]) -> None:
        super().__init__(model, lead, rng)
        self.fixed = fixed

    def deterministic(self, name: str, value: Any, dims: tuple[str, ...]) -> Any:
        value = self._with_fixed_columns(value) if name == "coefficients" else self._or_fixed(name, value, dims)
        super().deterministic(name, value, dims)
        if name in self.fixed:
            self.found.named[name] = np.broadcast_to(self.fixed[name], self.shape(dims))
        return value

    def normal(self, name: str, mean: Array, sd: Array, dims: tuple[str, ...]) -> Array:
        return self._or_fixed(name, mean + sd * self.rng.standard_normal(self.shape(dims)), dims)

    def normal_of(
        self, name: str, mean: Array, sd: Array, of: Callable[[Array], tuple[Array, Array]], dims: tuple[str, ...]
    ) -> Array:
        return mean + sd * self.rng.standard_normal(self.shape(dims))

    def log_normal(self, name: str, log_mean: Array, log_sd: Array, dims: tuple[str, ...]) -> Array:
        return self._or_fixed(name, np.exp(log_mean + log_sd * self.rng.standard_normal(self.shape(dims))), dims)

    def beta(self, name: str, a: Array, b: Array, dims: tuple[str, ...]) -> Array:
        return self._or_fixed(name, self.rng.beta(a, b, size=self.shape(dims)), dims)

    def beta_binomial(
        self, name: str, chance: Array, concentration: Array, trials: Array, observed: Array, dims: tuple[str, ...]
    ) -> None:
        """Do nothing: counts are drawn elsewhere."""

    def line(
        self, name: str, line: GivenLine, common: Array | None, scatter: Array, shift: Array, unit: Array
    ) -> Array:
        law = self.model.lines[name]
        mean = law.mean_given(common)
        shape = (*self.lead, self.sizes[schema.GROUP], len(law.mean))
        drawn = (mean if common is None else mean[..., None, :]) + law.sd * self.rng.standard_normal(shape)
        for column, value in self.fixed.get(f"{name}_coefficients", {}).items():
            drawn[..., column] = value
        self.found.coefficients[name] = drawn
        along = np.swapaxes(drawn @ law.design.T, -1, -2)
        return along + shift + scatter * self.rng.standard_normal(along.shape)

    def _or_fixed(self, name: str, value: Any, dims: tuple[str, ...]) -> Any:
        if name not in self.fixed:
            return value
        fixed = np.broadcast_to(self.fixed[name], self.shape(dims))
        return np.maximum(fixed, _TINY) if name in self.model.law.positive else fixed

    def _with_fixed_columns(self, coefficients: FloatArray) -> FloatArray:
        """Coefficients (column, group) of a law whose coefficients are sampled."""
        coefficients = coefficients.copy()
        for column, value in self.fixed.get("threshold_coefficients", {}).items():
            coefficients[..., column, :] = value
        return coefficients
