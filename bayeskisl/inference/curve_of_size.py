"""Values of cells about a law of size with limits, whose coefficients are sampled, not integrated out."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bayeskisl.arrays import BoolArray, FloatArray, IntArray
from bayeskisl.inference.given import GivenCurve
from bayeskisl.inference.tempering import tempered_draws
from bayeskisl.laws.layout import Layout
from bayeskisl.laws.limits import LimitsDesign, limits, soft_maximum

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

    @property
    def _values(self) -> FloatArray:
        """Values from which coordinates are taken, ``(cell, group)``."""
        return self.rough if self.likely is None else self.likely

    @cached_property
    def _prior_sd(self) -> FloatArray:
        """Prior standard deviation of a single group, ``(column,)``."""
        return np.hypot(self.sd, self.common_sd)

    def given(self, is_real: BoolArray) -> GivenCurve:
        """Return the inputs of `coefficients_at` and `curve_values`; padded cells are independent N(0, 1)."""
        cells, groups = np.flatnonzero(is_real), range(self.rough.shape[1])
        bents = [self._bent(cells, group) for group in groups]
        found = [self._posterior(cells, group, bent) for group, bent in zip(groups, bents, strict=True)]
        return GivenCurve(
            mean=self.mean,
            sd=self.sd,
            is_free=(self._prior_sd > 0).astype(float),
            common=self.common_sd,
            design=self.design.map(lambda of_cells: (of_cells.T * is_real).T),
            start=np.stack([mean for mean, _ in found], axis=-1),
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

    def _bent(self, cells: IntArray, group: int) -> Bent:
        """Return the coefficients by their coordinates: those of the minimum and of the capacity are bent."""
        values = self._values[cells, group]
        columns = len(self.mean)
        wall, slope, bend = np.zeros(columns), np.ones(columns), np.zeros(columns)
        # no limit lies above the law: the minimum is at most its lowest value, bits at least those of the fullest size
        most_bits = (self.design.one_bit[cells] - values).max()
        walls = {Layout.minimum: (values.min(), 1.0), Layout.capacity: (most_bits, -1.0)}
        for column, (place, side) in walls.items():
            if self._prior_sd[column] > _NEAR:
                wall[column] = place
                slope[column] = (self._prior_sd[column] + _NEAR) / 2
                bend[column] = side * (self._prior_sd[column] - _NEAR) / 2
        return Bent(wall, slope, bend)

    def _posterior(self, cells: IntArray, group: int, bent: Bent) -> tuple[FloatArray, FloatArray]:
        """Mean ``(column,)`` and a root of the covariance ``(column, column)`` of the coordinates given the values.

        The limits may take part in several ways, which no fit at one place sees and an ensemble does.
        """
        values, free = self._values[cells, group], np.flatnonzero(self._prior_sd > 0)
        root = np.eye(len(self.mean))
        if not len(free):
            return bent.inverse(self.mean), root
        design = self.design.map(lambda of_cells: of_cells[cells])
        known = np.maximum(self.information[cells, group], _LEAST_INFORMATION)
        variance = _SCATTER**2 + 1 / known + (_ROUGH_ERROR**2 if self.likely is None else 0.0)

        def at(place: FloatArray) -> FloatArray:
            """Coefficients ``(member, column)`` of places in standard deviations of the prior."""
            coefficients = np.tile(self.mean, (len(place), 1))
            coefficients[:, free] += self._prior_sd[free] * place
            return coefficients

        def log_likelihood(place: FloatArray) -> FloatArray:
            off = values[:, None] - _line(at(place).T, design, np)
            return -0.5 * np.sum(off**2 / variance[:, None], axis=0)

        places, _ = tempered_draws(log_likelihood, len(free), _MEMBERS, np.random.default_rng(_SEED))
        members = bent.inverse(at(places))
        covariance = np.atleast_2d(np.cov(members[:, free], rowvar=False))
        root[np.ix_(free, free)] = np.linalg.cholesky(covariance)
        return members.mean(axis=0), root


def coefficients_at(
    normal_of: Callable[[str, Array, Array, Callable[[Array], tuple[Array, Array]]], Array],
    columns: int,
    common: Array | None,
    curve: GivenCurve,
    xp: Any,
) -> Array:
    """Coefficients (column, group), sampled in coordinates that are about standard normal under the posterior.

    The limits trade off along narrow ridges, on which a sampler crawls. So the coefficients are sampled as z, where
    c = bent(mode + L z), and L is the lower triangular root of what likely half-points say of bent^-1(c). A fixed
    coefficient leaves its coordinate a standard normal.

    Parameters
    ----------
    normal_of : callable
        See `bayeskisl.inference.definition.Language.normal_of`, over coefficients and groups.
    columns : int
        Number of coefficients.
    common : array or None
        Common part of the groups, (column,).
    """
    mean = (curve.mean if common is None else curve.mean + curve.common * common)[..., None]
    free, bent = curve.is_free[:, None], Bent(curve.wall, curve.slope, curve.bend)
    own = xp.sum(curve.root * np.eye(columns)[:, :, None], axis=1)

    def of(z: Array) -> tuple[Array, Array]:
        value, slope = bent.at(curve.start + xp.sum(curve.root * z[..., None, :, :], axis=-2), xp)
        return free * value + (1 - free) * (mean + z), free * own * slope + 1 - free

    value = normal_of("coefficient_place", mean, curve.sd[:, None] + 1 - free, of)
    return free * value + (1 - free) * mean


def curve_values(coefficients: Array, curve: GivenCurve, xp: Any) -> Array:
    """The law's values (cell, group) without scatter; zero in cells of padding."""
    return curve.own_scatter[:, None] * _line(coefficients, curve.design, xp)


def _line(coefficients: Array, design: LimitsDesign, xp: Any) -> Array:
    shared = [coefficients[..., column, :][..., None, :] for column in Layout.shared]
    level, log_exponent = design.level @ coefficients, design.log_exponent @ coefficients
    over_groups = design.map(lambda of_cells: of_cells[:, None])
    *parts, sharpness = limits(level, log_exponent, shared, over_groups, xp)
    return soft_maximum(parts, sharpness, xp)
