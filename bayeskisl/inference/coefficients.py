"""Coefficients of the size law given the thresholds: exact, since the law is linear and its priors are normal."""

import numpy as np

from bayeskisl.arrays import FloatArray

__all__ = ["conditional_moments", "draw_coefficients"]


def conditional_moments(
    thresholds: FloatArray, tau: FloatArray, design: FloatArray, mean: FloatArray, sd: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Mean and a square root of the covariance of the coefficients given log e50.

    With coefficients m + s b, b ~ N(0, I), and thresholds N(X (m + s b), tau^2 I): whitening by s leaves a covariance
    (I + A'A / tau^2)^-1 of b, A = X s, which one decomposition A'A = W diag(d) W' solves for every draw of tau; an s of
    zero leaves its coefficient at its mean.

    Parameters
    ----------
    thresholds : numpy.ndarray
        log e50, shape ``(..., cell)``.
    tau : numpy.ndarray
        Size scatter, shape ``(...)``.
    design : numpy.ndarray
        X, shape ``(cell, column)``.
    mean, sd : numpy.ndarray
        Priors of the coefficients, shape ``(column,)``; the mean may differ between draws, ``(..., column)``.

    Returns
    -------
    centre : numpy.ndarray
        Shape ``(..., column)``.
    root : numpy.ndarray
        Shape ``(..., column, column)``; the covariance is ``root @ root.T``.
    """
    whitened = design * sd
    strengths, axes = np.linalg.eigh(whitened.T @ whitened)
    shrink = 1 / (1 + np.maximum(strengths, 0) / tau[..., None] ** 2)  # (..., column)
    along = ((thresholds - mean @ design.T) @ whitened @ axes) / tau[..., None] ** 2
    centre = mean + sd * ((shrink * along) @ axes.T)
    root = sd[:, None] * axes * np.sqrt(shrink)[..., None, :]
    return centre, root


def draw_coefficients(
    thresholds: FloatArray,
    tau: FloatArray,
    design: FloatArray,
    mean: FloatArray,
    sd: FloatArray,
    rng: np.random.Generator,
) -> FloatArray:
    """Draw the coefficients once per draw of the thresholds; arguments as for `conditional_moments`.

    Returns
    -------
    numpy.ndarray
        Shape ``(..., column)``.
    """
    centre, root = conditional_moments(thresholds, tau, design, mean, sd)
    return centre + (root @ rng.standard_normal((*centre.shape, 1)))[..., 0]
