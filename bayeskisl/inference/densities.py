"""Log densities that are in no library of distributions, written once for every array namespace."""

from typing import Any

import numpy as np

from bayeskisl.arrays import FloatArray

__all__ = ["log_sum_exp", "normal_of_log_density", "rotated_normal_log_density"]

Array = Any  # of NumPy, PyTensor or JAX

_LOG_ROOT_TWO_PI = 0.5 * np.log(2 * np.pi)


def normal_of_log_density(value: Array, slope: Array, mean: Array, sd: Array, xp: Any) -> Array:
    """log density of coordinates of normal variables, which have these values and derivatives there; elementwise."""
    return -0.5 * ((value - mean) / sd) ** 2 - xp.log(sd) - _LOG_ROOT_TWO_PI + xp.log(slope)


def rotated_normal_log_density(value: Array, mean: Array, rotation: Array, scale: Array, xp: Any) -> Array:
    """log density of ``rotation @ (mean + scale z)``, z standard normal, summed.

    Parameters
    ----------
    value, mean, scale : array
        Shape ``(cell, group)``.
    rotation : array
        Orthogonal, shape ``(cell, cell)``.
    """
    return xp.sum(-0.5 * ((rotation.T @ value - mean) / scale) ** 2 - xp.log(scale) - _LOG_ROOT_TWO_PI)


def log_sum_exp(terms: FloatArray, axis: int) -> FloatArray:
    """log of the sum of exponentials. SciPy's version loads JAX by way of ArviZ, which takes a second or two."""
    top = np.max(terms, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        return np.log(np.sum(np.exp(terms - top), axis=axis)) + np.squeeze(top, axis)
