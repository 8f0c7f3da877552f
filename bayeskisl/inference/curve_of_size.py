"""Values of cells about a law of size that saturates, whose coefficients are sampled: they cannot be integrated out."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bayeskisl.laws.size_law import saturated

__all__ = ["CurveOfSize", "coefficients_at", "curve_values"]

Array = Any  # of NumPy, PyTensor or JAX


@dataclass(frozen=True)
class CurveOfSize:
    """The prior of the values, and how they are best sampled; as `bayeskisl.inference.lines.Line`.

    Parameters
    ----------
    design : numpy.ndarray
        Of the falling branch, shape ``(cell, column - 2)``.
    mean, sd, common_sd : numpy.ndarray
        Priors of the coefficients, shape ``(column,)``.
    rough : numpy.ndarray
        Where sampling starts, shape ``(cell, group)``.
    freedom : numpy.ndarray
        Shape ``(group,)``.
    """

    design: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    common_sd: np.ndarray
    rough: np.ndarray
    freedom: np.ndarray

    def inputs(self, is_real: np.ndarray) -> dict[str, np.ndarray]:
        """Arrays from which `coefficients_at` and `curve_values` work; cells of padding are N(0, 1), on their own."""
        return {
            "mean": self.mean,
            "sd": self.sd,
            "common": self.common_sd,
            "design": np.where(is_real[:, None], self.design, 0.0),
            "own_scatter": is_real.astype(float),
            "rough": self.rough,
            "freedom": self.freedom,
        }


def coefficients_at(z: Array, common: Array | None, given: dict[str, Array]) -> Array:
    """Coefficients (column, group) of the standard normals z, (column, group), and what groups have in common."""
    mean = given["mean"] if common is None else given["mean"] + given["common"] * common
    return mean[..., None] + given["sd"][:, None] * z


def curve_values(coefficients: Array, given: dict[str, Array], xp: Any) -> Array:
    """The law's values (cell, group) without scatter; zero in cells of padding."""
    return given["own_scatter"][:, None] * saturated(coefficients, given["design"], xp)
