"""Values of cells about a law of size with limits, whose coefficients are sampled, not integrated out."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from bayeskisl.arrays import BoolArray, FloatArray, IntArray
from bayeskisl.inference.given import GivenCurve
from bayeskisl.inference.tempering import MOST_DIMENSIONS, tempered_draws
from bayeskisl.laws.limits import CAPACITY, MINIMUM, SHARED, LimitsDesign, limits, soft_maximum

__all__ = ["Bent", "CurveOfSize", "coefficients_at", "curve_values"]

Array = Any  # of NumPy, PyTensor or JAX

# How far a half-point lies off the law, log units: a typical scatter of sizes, and for a rough one the error of reading
# it off the counts as well, about a tenth. They only set the coordinates.
_SCATTER, _ROUGH_ERROR = 0.08, 0.12

# How wide the wall of a limit is that comes to bind, log units: about as far as a single size lies off the law.
_NEAR = 0.1

# An ensemble that tells what known half-points say of the coefficients, and its seed: it only sets the coordinates.
_MEMBERS, _SEED = 600, 0

# Of a cell of which the data say nothing, in place of 0.
_LEAST_INFORMATION = 1e-9

# The search for the coefficients that fit the rough half-points best: starts of the learning level, steps, and the step
# of a difference.
_STARTS, _STEPS, _DIFFERENCE = (0.0, -1.0, 1.0), 60, 1e-4


@dataclass(frozen=True)
class Bent:
    """Coefficients c as functions of their coordinates u: c = wall + slope u - bend sqrt(1 + u^2).

    Far below where a limit binds, its coefficient is as uncertain as its prior says. Where the limit comes to bind, the
    data pin it to within a tenth: a wall, to which a sampler would have to adapt its steps. So the coordinate has the
    scale of the prior on one side of the wall, slope + bend, and that of the wall on the other, slope - bend. Without
    a bend both are the same.

    Parameters
    ----------
    wall, slope, bend : array
        All of one shape; abs(bend) < slope. The side of the wall is the sign of the bend: positive if below it the
        coefficient is free.
    """

    wall: Array
    slope: Array
    bend: Array

    def at(self, coordinate: Array, xp: Any) -> tuple[Array, Array]:
        """Coefficients at coordinates, and the derivative, which is positive."""
        root = xp.sqrt(1 + coordinate**2)
        return self.wall + self.slope * coordinate - self.bend * root, self.slope - self.bend * coordinate / root

    def inverse(self, coefficients: FloatArray) -> FloatArray:
        """Coordinates of coefficients."""
        off = coefficients - self.wall
        # slope u - off = bend sqrt(1 + u^2), squared
        steep = self.slope**2 - self.bend**2
        found: FloatArray = (self.slope * off + self.bend * np.sqrt(off**2 + steep)) / steep
        return found


@dataclass(frozen=True)
class CurveOfSize:
    """Prior of the values, and their sampling coordinates; interface of `bayeskisl.inference.lines.Line`.

    Parameters
    ----------
    design : LimitsDesign
        Design of the cells.
    mean, sd, common_sd : numpy.ndarray
        Priors of the coefficients, shape ``(column,)``.
    rough : numpy.ndarray
        Where sampling starts, shape ``(cell, group)``.
    information : numpy.ndarray
        Information of the data about each value, shape ``(cell, group)``.
    likely : numpy.ndarray, optional
        Values near the mode of the posterior, shape ``(cell, group)``, from which coordinates of the coefficients are
        taken; by default from the rough ones.
    """

    design: LimitsDesign
    mean: FloatArray
    sd: FloatArray
    common_sd: FloatArray
    rough: FloatArray
    information: FloatArray
    likely: FloatArray | None = None

    @cached_property
    def _prior_sd(self) -> FloatArray:
        """Prior standard deviation of a single group, ``(column,)``."""
        return np.hypot(self.sd, self.common_sd)

    def given(self, is_real: BoolArray) -> GivenCurve:
        """Return the inputs of `coefficients_at` and `curve_values`; padded cells are independent N(0, 1)."""
        cells, groups = np.flatnonzero(is_real), range(self.rough.shape[1])
        knows_more = self.likely is not None and np.sum(self._prior_sd > 0) <= MOST_DIMENSIONS
        posterior = self._likely_posterior if knows_more else self._rough_posterior
        bents = [self._bent(cells, group) for group in groups]
        found = [posterior(cells, group, bent) for group, bent in zip(groups, bents, strict=True)]
        return GivenCurve(
            mean=self.mean,
            sd=self.sd,
            is_free=(self._prior_sd > 0).astype(float),
            common=self.common_sd,
            design=self.design.map(lambda of_cells: (of_cells.T * is_real).T),
            start=np.stack([mode for mode, _ in found], axis=-1),
            root=np.stack([root for _, root in found], axis=-1),
            wall=np.stack([bent.wall for bent in bents], axis=-1),
            slope=np.stack([bent.slope for bent in bents], axis=-1),
            bend=np.stack([bent.bend for bent in bents], axis=-1),
            own_scatter=is_real.astype(float),
            rough=self.rough,
            information=np.where(is_real[:, None], self.information, 0.0),
        )

    def mean_given(self, common: FloatArray | None) -> FloatArray:
        """See `bayeskisl.inference.lines.Line.mean_given`."""
        return self.mean if common is None else self.mean + self.common_sd * common

    def _bent(self, cells: IntArray, group: int) -> "Bent":
        """Coefficients by their coordinates: bent are the minimum and the capacity."""
        values = (self.rough if self.likely is None else self.likely)[cells, group]
        columns = len(self.mean)
        wall, slope, bend = np.zeros(columns), np.ones(columns), np.zeros(columns)
        # no limit lies above the law: the minimum is at most its lowest value, bits at least those of the fullest size
        walls = {MINIMUM: (values.min(), 1.0), CAPACITY: ((self.design.one_bit[cells] - values).max(), -1.0)}
        for column, (place, side) in walls.items():
            if self._prior_sd[column] > _NEAR:
                wall[column] = place
                slope[column] = (self._prior_sd[column] + _NEAR) / 2
                bend[column] = side * (self._prior_sd[column] - _NEAR) / 2
        return Bent(wall, slope, bend)

    def _rough_posterior(self, cells: IntArray, group: int, bent: "Bent") -> tuple[FloatArray, FloatArray]:
        """Mode ``(column,)`` and a root of the covariance ``(column, column)`` of the coordinates, given rough values.

        By Levenberg and Marquardt's damped Gauss-Newton steps, from a few starts.
        """
        rough, free = self.rough[cells, group], np.flatnonzero(self._prior_sd > 0)
        design = self.design.map(lambda of_cells: of_cells[cells])

        def standardised(coordinates: FloatArray) -> FloatArray:
            coefficients = bent.at(coordinates, np)[0]
            off = (rough - _line(coefficients[:, None], design, np)[:, 0]) / _ROUGH_ERROR
            return np.concatenate([off, (coefficients - self.mean)[free] / self._prior_sd[free]])

        starts = [bent.inverse(self._from_level(rough.mean() + shift)) for shift in _STARTS]
        fits = [_least_squares(standardised, start, free) for start in starts]
        mode, normal_matrix = min(fits, key=lambda fit: float(np.sum(standardised(fit[0]) ** 2)))
        root = np.eye(len(self.mean))
        root[np.ix_(free, free)] = np.linalg.cholesky(np.linalg.inv(normal_matrix))
        return mode, root

    def _likely_posterior(self, cells: IntArray, group: int, bent: "Bent") -> tuple[FloatArray, FloatArray]:
        """Mean ``(column,)`` and a root of the covariance ``(column, column)`` of the coordinates given likely values.

        The limits may take part in several ways, which no fit at one place sees and an ensemble does.
        """
        assert self.likely is not None
        likely, free = self.likely[cells, group], np.flatnonzero(self._prior_sd > 0)
        design = self.design.map(lambda of_cells: of_cells[cells])
        variance = _SCATTER**2 + 1 / np.maximum(self.information[cells, group], _LEAST_INFORMATION)

        def at(place: FloatArray) -> FloatArray:
            """Coefficients ``(member, column)`` of places in standard deviations of the prior."""
            coefficients = np.tile(self.mean, (len(place), 1))
            coefficients[:, free] += self._prior_sd[free] * place
            return coefficients

        def log_likelihood(place: FloatArray) -> FloatArray:
            off = likely[:, None] - _line(at(place).T, design, np)
            return -0.5 * np.sum(off**2 / variance[:, None], axis=0)

        places, _ = tempered_draws(log_likelihood, len(free), _MEMBERS, np.random.default_rng(_SEED))
        members = bent.inverse(at(places))
        root = np.eye(len(self.mean))
        root[np.ix_(free, free)] = np.linalg.cholesky(np.cov(members[:, free], rowvar=False))
        return members.mean(axis=0), root

    def _from_level(self, level: float) -> FloatArray:
        start = self.mean.copy()
        start[0] = level
        return start


def _least_squares(
    residuals: Callable[[FloatArray], FloatArray], start: FloatArray, free: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Least-squares coefficients and the normal matrix at them, over the free coefficients."""
    found, damping = start, 1.0
    best = np.sum(residuals(found) ** 2)
    steps = _DIFFERENCE * np.eye(len(start))[free]
    for _ in range(_STEPS):
        jacobian = np.stack([residuals(found + step) - residuals(found - step) for step in steps], axis=1)
        jacobian /= 2 * _DIFFERENCE
        normal_matrix = jacobian.T @ jacobian
        damped = normal_matrix + damping * np.diag(np.diag(normal_matrix))
        trial = found.copy()
        trial[free] -= np.linalg.solve(damped, jacobian.T @ residuals(found))
        height = np.sum(residuals(trial) ** 2)
        found, best, damping = (trial, height, damping / 3) if height < best else (found, best, damping * 4)
    return found, normal_matrix


def coefficients_at(
    normal_of: Callable[[str, Array, Array, Callable[[Array], tuple[Array, Array]]], tuple[Array, Array]],
    columns: int,
    common: Array | None,
    curve: GivenCurve,
    xp: Any,
) -> Array:
    """Coefficients (column, group), sampled in coordinates that are about standard normal at the rough values.

    The limits trade off along narrow ridges, on which a sampler crawls. So the coefficients are sampled as z, where
    c = bent(mode + L z), and L is the lower triangular root of what the rough half-points say of bent^-1(c): c_k is
    normal given the coefficients before it. See `Bent` for what is bent.

    Parameters
    ----------
    normal_of : callable
        See `bayeskisl.inference.definition.Language.normal_of`, over groups.
    columns : int
        Number of coefficients.
    common : array or None
        Common part of the groups, (column,).
    """
    mean = (curve.mean if common is None else curve.mean + curve.common * common)[..., None]
    white: list[Array] = []
    found: list[Array] = []
    for k in range(columns):
        free, prior_mean = curve.is_free[k], mean[..., k, :]
        expected = curve.start[k] + sum(curve.root[k, before] * white[before] for before in range(k))
        bent = Bent(curve.wall[k], curve.slope[k], curve.bend[k])
        of = partial(
            _coefficient, expected=expected, own=curve.root[k, k], bent=bent, free=free, mean=prior_mean, xp=xp
        )
        z, value = normal_of(f"coefficient_{k}", prior_mean, curve.sd[k] + (1 - free), of)
        white.append(z)
        found.append(free * value + (1 - free) * prior_mean)
    # side by side by sums: the gradient of a stack has no C, see `bayeskisl.inference.c_source`
    return sum(value[..., None, :] * np.eye(columns)[k][:, None] for k, value in enumerate(found))


def _coefficient(
    z: Array, *, expected: Array, own: Array, bent: Bent, free: Array, mean: Array, xp: Any
) -> tuple[Array, Array]:
    """A coefficient and its derivative. One that is fixed leaves its coordinate a standard normal about the mean."""
    value, slope = bent.at(expected + own * z, xp)
    return free * value + (1 - free) * (mean + z), free * own * slope + (1 - free)


def curve_values(coefficients: Array, curve: GivenCurve, xp: Any) -> Array:
    """The law's values (cell, group) without scatter; zero in cells of padding."""
    return curve.own_scatter[:, None] * _line(coefficients, curve.design, xp)


def _line(coefficients: Array, design: LimitsDesign, xp: Any) -> Array:
    shared = [coefficients[..., column, :][..., None, :] for column in SHARED]
    level, log_exponent = design.level @ coefficients, design.log_exponent @ coefficients
    over_groups = design.map(lambda of_cells: of_cells[:, None])
    *parts, sharpness = limits(level, log_exponent, shared, over_groups, xp)
    return soft_maximum(parts, sharpness, xp)
