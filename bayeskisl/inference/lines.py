"""Values of cells along a linear law whose coefficients are integrated out.

Values y = X (m + s b) + scatter eps, with b and eps standard normal, are N(X m, scatter^2 I + X S^2 X'). One
decomposition X S^2 X' = Q diag(v) Q' serves every scatter. The coefficients are drawn afterwards from their exact
conditional, see `bayeskisl.inference.coefficients`; sampled beside y they form ridges that stall the sampler.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Line", "place_distribution", "values_at"]

Array = Any  # of NumPy or PyTensor


@dataclass(frozen=True)
class Line:
    """The prior of the values, and how they are best sampled.

    Parameters
    ----------
    design : numpy.ndarray
        X, shape ``(cell, column)``.
    mean, sd : numpy.ndarray
        m and s, priors of the coefficients, shape ``(column,)``.
    rough : numpy.ndarray
        Where sampling starts, shape ``(cell, group)``.
    freedom : numpy.ndarray
        How a group's values are sampled, shape ``(group,)``: 0 as themselves, which suits data that pin them, 1 as
        standard normals, which suits data that do not; the posterior is the same.
    """

    design: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    rough: np.ndarray
    freedom: np.ndarray

    def inputs(self, is_real: np.ndarray) -> dict[str, np.ndarray]:
        """Arrays from which `values_at` and `place_distribution` work; cells of padding are N(0, 1), on their own."""
        real = np.flatnonzero(is_real)
        variance, rotation = np.ones(len(is_real)), np.eye(len(is_real))
        spread = self.design[real] * self.sd
        eigenvalues, axes = np.linalg.eigh(spread @ spread.T)
        variance[real], rotation[np.ix_(real, real)] = np.maximum(eigenvalues, 0.0), axes
        return {
            "mean": np.where(is_real, self.design @ self.mean, 0.0),
            "rotation": rotation,
            "variance": variance,
            "own_scatter": is_real.astype(float),
            "rough": self.rough,
            "freedom": self.freedom,
        }


def values_at(place: Array, scatter: Array, given: dict[str, Array], xp: Any) -> Array:
    """Values (cell, group) of the sampled coordinate `place`, (cell, group), given `scatter`, (group,)."""
    centre = given["mean"][:, None] - given["rough"]
    stretch = _axis_scale(scatter, given, xp) ** given["freedom"]
    return given["rough"] + given["freedom"] * centre + given["rotation"] @ (stretch * (given["rotation"].T @ place))


def place_distribution(scatter: Array, given: dict[str, Array], xp: Any) -> tuple[Array, Array]:
    """Mean along each axis Q' place and its standard deviation, both (cell, group)."""
    scale = _axis_scale(scatter, given, xp)
    centre = given["rotation"].T @ (given["mean"][:, None] - given["rough"])
    return (1 - given["freedom"]) * centre / scale ** given["freedom"], scale ** (1 - given["freedom"])


def _axis_scale(scatter: Array, given: dict[str, Array], xp: Any) -> Array:
    return xp.sqrt(given["variance"][:, None] + given["own_scatter"][:, None] * scatter**2)
