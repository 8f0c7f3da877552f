"""Draws of one fitted law for one probe group, and derived quantities of untrained cells."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from bayeskisl import schema
from bayeskisl.arrays import FloatArray, IntArray
from bayeskisl.inference.coefficients import conditional_moments
from bayeskisl.inference.fitted_law_of_size import FittedLawOfSize
from bayeskisl.inference.storage import posterior_group
from bayeskisl.laws import LawOfSize
from bayeskisl.laws.falls import Shape

if TYPE_CHECKING:
    import xarray as xr

    from bayeskisl.inference import Fit

__all__ = ["LawDraws", "Noise", "drawn"]

# Directions that a normal is made uncorrelated with, at most: those of 300 cells, in 60 MB of 8,000 particles.
_MOST = 1_000


@dataclass(frozen=True)
class LawDraws:
    """Draws of one law as particles, arrays ``(particle, ...)``; `held` contains the target's fixed quantities.

    A law with limits is taken as its tangent at the posterior mean of its coefficients, `about`. The offset of a
    tangent is one more coefficient, which is known to be 1.
    """

    group: str
    size: FittedLawOfSize
    about: FloatArray
    mean: FloatArray
    sd: FloatArray
    shape: Shape
    draws: dict[str, FloatArray]
    held: Mapping[str, float]

    @classmethod
    def of(
        cls, fit: "Fit", name: str, group: str, used: IntArray, held: Mapping[str, float], domain: str | None = None
    ) -> "LawDraws":
        """Return the draws `used` of the law of this name, for one `domain` if the fit has several."""
        posterior = posterior_group(fit.tree, name).sel(group=group, drop=True)
        flat = posterior.stack(particle=("chain", "draw")).transpose("particle", ...)
        law = fit.laws[name]
        size = FittedLawOfSize.of(fit.tree, law, domain)
        draws = {str(key): flat[key].values[used] for key in flat.data_vars}
        draws.setdefault("load_effect", np.zeros(len(used)))
        mean, sd = _own_priors(size.law, law.pooling, flat, used)
        mean, sd = np.insert(mean, mean.shape[-1], 1.0, axis=-1), np.append(sd, 0.0)
        about = size.law.coefficients_of(draws).mean(axis=0)
        return cls(group, size, about, mean, sd, law.fall.of(draws), draws, held)

    def there(self, domain: str, held: Mapping[str, float]) -> "LawDraws":
        """Return the same draws for places of another domain, and what its runs hold fixed."""
        return replace(self, size=replace(self.size, domain=domain), held=held)

    def row(self, params: float, tokens: float) -> FloatArray:
        """The design row of one place, shape ``(column,)``."""
        return self._design(self._place(params, tokens)[None])[0]

    def _place(self, params: float, tokens: float) -> FloatArray:
        return self.size.place_of({**self.held, schema.PARAMS: params, schema.TOKENS: tokens})

    def _design(self, values: FloatArray) -> FloatArray:
        """Design of the trained cells, shape ``(cell, column)``."""
        return np.column_stack(self.size.law.linear_at(self.about, values))

    @property
    def log_thresholds(self) -> FloatArray:
        """log e50 of the trained cells, ``(particle, cell)``."""
        return np.log(self.draws[schema.CRITICAL_EXPOSURES])

    def coefficient_moments(self) -> tuple[FloatArray, FloatArray]:
        """Mean and a root of the covariance of the coefficients given the thresholds."""
        design = self._design(self.size.places)
        return conditional_moments(self.log_thresholds, self.draws["tau"], design, self.mean, self.sd)

    def fresh(
        self, params: float, tokens: float, coefficients: FloatArray, noise: "Noise"
    ) -> tuple[FloatArray, FloatArray]:
        """log e50 and k of an untrained cell, ``(particle,)``."""
        size, draws = np.log(params / self.size.law.reference[0]), self.draws
        log_steepness = draws["steepness_intercept"] + draws["steepness_exponent"] * size
        return (
            coefficients @ self.row(params, tokens) + draws["tau"] * noise(),
            np.exp(log_steepness + draws["steepness_scatter"] * noise()),
        )

    def binding(self, params: float, tokens: float) -> IntArray:
        """Return the limit that binds at a place, see `LawOfSize.largest`, ``(particle,)``."""
        return self.size.law.largest(self.size.law.coefficients_of(self.draws), self._place(params, tokens))

    def typical(self, name: str) -> FloatArray:
        """Return a quantity of a typical run, the mean over the cells of the target's domain, ``(particle,)``."""
        values = self.draws[name]
        return values if values.ndim == 1 else values[:, self.size.ours].mean(axis=1)


def _own_priors(
    size_law: LawOfSize, pooling: float, draws: "xr.Dataset", used: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Prior means and standard deviations of the group's coefficients, given the common part of several groups."""
    if "common" not in draws:
        return size_law.mean, size_law.sd
    common = draws["common"].sel(quantity=list(size_law.columns)).transpose("particle", "quantity").values[used]
    return size_law.mean + np.sqrt(pooling) * size_law.sd * common, np.sqrt(1 - pooling) * size_law.sd


def drawn(centre: FloatArray, root: FloatArray, noise: "Noise") -> FloatArray:
    """Coefficients, ``(particle, column)``."""
    return centre + np.einsum("spq,sq->sp", root, np.stack([noise() for _ in range(centre.shape[1])], axis=1))


class Noise:
    """Standard normals over particles, in the sample exactly of mean zero, variance one, and uncorrelated with the
    draws and with each other: what is independent by construction adds no chance correlation to a gain.

    Few particles cannot be uncorrelated with much: from a third of their number on, later normals are free.
    """

    def __init__(self, draws: FloatArray, rng: np.random.Generator) -> None:
        self._rng = rng
        known = np.column_stack([np.ones(len(draws)), draws])
        # columns that do not vary, as a coefficient that is fixed, have no direction of their own
        directions, sizes, _ = np.linalg.svd(known, full_matrices=False)
        taken = directions[:, sizes > 1e-9 * sizes.max(initial=0.0)].T
        self._most = max(min(len(draws) // 3, _MOST), len(taken))
        self._taken = np.zeros((self._most, len(draws)))
        self._taken[: len(taken)] = taken
        self._count = len(taken)

    def __call__(self) -> FloatArray:
        """Return the next variable, shape ``(particle,)``."""
        taken, fresh = self._taken[: self._count], self._rng.standard_normal(self._taken.shape[1])
        fresh -= (taken @ fresh) @ taken
        fresh /= np.linalg.norm(fresh)
        if self._count < self._most:
            self._taken[self._count] = fresh
            self._count += 1
        return fresh * np.sqrt(len(fresh))
