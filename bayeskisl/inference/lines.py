"""Values of cells along a linear law whose coefficients are integrated out.

Values y = X (m + s b) + scatter eps, with b and eps standard normal, are N(X m, scatter^2 I + X S^2 X'). One
decomposition X S^2 X' = Q diag(v) Q' serves every scatter. The coefficients are drawn afterwards from their exact
conditional, see `bayeskisl.inference.coefficients`; sampled beside y they form ridges that stall the sampler.

Several groups have coefficients m + s_0 b_0 + s b_g: what they have in common, b_0, is sampled, and given it they are
apart, so that each group's scatter may be its own and the decomposition still serves.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bayeskisl.arrays import BoolArray, FloatArray
from bayeskisl.inference.given import GivenLine

__all__ = ["Line", "line_mean", "place_distribution", "values_at"]

Array = Any  # of NumPy or PyTensor


@dataclass(frozen=True)
class Line:
    """Prior of the values, and their sampling coordinates.

    Parameters
    ----------
    design : numpy.ndarray
        X, shape ``(cell, column)``.
    mean, sd : numpy.ndarray
        m and s, priors of the coefficients, shape ``(column,)``; s of what a group has for itself.
    common_sd : numpy.ndarray
        s_0, of what groups have in common, shape ``(column,)``; zero for a single group.
    rough : numpy.ndarray
        Where sampling starts, shape ``(cell, group)``.
    information : numpy.ndarray
        Information of the data about a typical value, shape ``(group,)``. It decides how much of the prior is left
        along each axis, and so whether places there are the values themselves, which suits data that pin them, or
        standard normals, which suits data that do not; the posterior is the same.
    scatter : float
        A typical one.
    """

    design: FloatArray
    mean: FloatArray
    sd: FloatArray
    common_sd: FloatArray
    rough: FloatArray
    information: FloatArray
    scatter: float

    def given(self, is_real: BoolArray) -> GivenLine:
        """Return the inputs of `values_at` and `place_distribution`; padded cells are independent N(0, 1)."""
        real = np.flatnonzero(is_real)
        variance, rotation = np.ones(len(is_real)), np.eye(len(is_real))
        spread = self.design[real] * self.sd
        eigenvalues, axes = np.linalg.eigh(spread @ spread.T)
        variance[real], rotation[np.ix_(real, real)] = np.maximum(eigenvalues, 0.0), axes
        return GivenLine(
            mean=np.where(is_real, self.design @ self.mean, 0.0),
            common=np.where(is_real[:, None], self.design * self.common_sd, 0.0),
            rotation=rotation,
            variance=variance,
            own_scatter=is_real.astype(float),
            rough=self.rough,
            freedom=np.where(is_real[:, None], 1 / (1 + self.information * (variance[:, None] + self.scatter**2)), 1.0),
        )

    def mean_given(self, common: FloatArray | None) -> FloatArray:
        """m + s_0 b_0 given b_0, ``(..., column)``: each group's prior mean; m for a single group."""
        return self.mean if common is None else self.mean + self.common_sd * common


def line_mean(common: Array | None, line: GivenLine) -> Array:
    """X (m + s_0 b_0), (cell, 1), given b_0, (column,); None for a single group, which has no common part."""
    mean = line.mean if common is None else line.mean + common @ line.common.T
    return mean[..., None]


def values_at(place: Array, mean: Array, scatter: Array, unit: Array, line: GivenLine, xp: Any) -> Array:
    """Values (cell, group) at the sampled coordinate `place`, (cell, group), given `line_mean` and `scatter`.

    Parameters
    ----------
    scatter : array
        About the line, (1, group).
    unit : array
        In which the data pin the values, (1, group).
    """
    centre, along = (line.rotation.T @ each for each in (mean - line.rough, place))
    stretch = unit * (_axis_scale(scatter, line, xp) / unit) ** line.freedom
    return line.rough + line.rotation @ (line.freedom * centre + stretch * along)


def place_distribution(
    mean: Array, scatter: Array, shift: Array, unit: Array, line: GivenLine, xp: Any
) -> tuple[Array, Array]:
    """Mean along each axis Q' place and its standard deviation, both (cell, group).

    Parameters
    ----------
    shift : array
        How far the values lie above their line, (cell, group). A place does not move with it where data pin the value.
    unit : array
        As for `values_at`.
    """
    scale = _axis_scale(scatter, line, xp) / unit
    off, above = (line.rotation.T @ each for each in (mean - line.rough, shift))
    centre = ((1 - line.freedom) * off + above) / unit
    return centre / scale**line.freedom, scale ** (1 - line.freedom)


def _axis_scale(scatter: Array, line: GivenLine, xp: Any) -> Array:
    return xp.sqrt(line.variance[:, None] + line.own_scatter[:, None] * scatter**2)
