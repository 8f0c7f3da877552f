"""Correlation between the groups of a run, by canonical partial correlations.

Those of i and j given all groups before j are free of each other in (-1, 1), whatever the number of groups
(Lewandowski, Kurowicka & Joe 2009, doi:10.1016/j.jmva.2009.04.008), so that no correlation matrix is out of reach:
unlike one common correlation, which would tie held-out templates to the background as much as to the infused facts.
Under the LKJ prior each is a Beta variable, which every back end has. Functions take the array namespace `xp`.
"""

from typing import Any

import numpy as np

__all__ = ["beta_shapes", "correlated", "correlated_normal_log_density", "correlation_root", "correlations", "pairs",
           "partial_correlations"]  # fmt: skip

Array = Any  # of NumPy, PyTensor or JAX

# LKJ(2): a correlation of two groups has density 3/4 (1 - c^2), which keeps off the ends where effects coincide.
_LKJ = 2.0
_LOG_ROOT_TWO_PI = 0.5 * np.log(2 * np.pi)


def pairs(groups: int) -> list[tuple[int, int]]:
    """Pairs (i, j) of groups, j < i, in the order of their partial correlations, given the j groups before j."""
    return [(i, j) for i in range(groups) for j in range(i)]


def beta_shapes(groups: int) -> np.ndarray:
    """a of the Beta(a, a) prior of (1 + partial correlation) / 2, shape ``(pair,)``."""
    return np.array([_LKJ + (groups - 2 - before) / 2 for _, before in pairs(groups)])


def partial_correlations(correlation: float, groups: int) -> np.ndarray:
    """Of groups that all correlate alike: c / (1 + j c); shape ``(pair,)``."""
    return np.array([correlation / (1 + before * correlation) for _, before in pairs(groups)])


def correlation_root(partial: Array, groups: int, xp: Any) -> list[list[Array]]:
    """Rows of the lower triangular root L of the correlation matrix L L'; `partial` has shape ``(..., pair)``."""
    rows, at = [], 0
    for i in range(groups):
        row, left = [], 1.0
        for _ in range(i):
            row.append(partial[..., at] * left**0.5)
            left, at = left * (1 - partial[..., at] ** 2), at + 1
        rows.append([*row, left**0.5])
    return rows


def correlations(partial: np.ndarray, groups: int) -> np.ndarray:
    """The correlation of each pair, shape ``(..., pair)``."""
    root = correlation_root(partial, groups, np)
    each = [sum(root[i][k] * root[j][k] for k in range(j + 1)) for i, j in pairs(groups)]
    return np.stack(each, axis=-1) if each else partial


def correlated(noise: np.ndarray, correlation: np.ndarray) -> np.ndarray:
    """Standard normals ``(..., run, group)`` made to correlate over groups; `correlation` is ``(..., pair)``."""
    groups = noise.shape[-1]
    matrix = np.broadcast_to(np.eye(groups), (*correlation.shape[:-1], groups, groups)).copy()
    for at, (i, j) in enumerate(pairs(groups)):
        matrix[..., i, j] = matrix[..., j, i] = correlation[..., at]
    return noise @ np.swapaxes(np.linalg.cholesky(matrix), -1, -2)


def correlated_normal_log_density(
    value: Array, mean: Array, scale: Array, partial: Array, groups: int, xp: Any
) -> Array:
    """log density of ``mean + scale * correlated(z)``, z standard normal, summed.

    Parameters
    ----------
    value, mean, scale : array
        Shape ``(run, group)``.
    partial : array
        Shape ``(pair,)``.
    """
    standard, root = (value - mean) / scale, correlation_root(partial, groups, xp)
    white = []
    for i in range(groups):
        explained = sum(root[i][j] * white[j] for j in range(i))
        white.append((standard[:, i] - explained) / root[i][i])
    per_run = sum(0.5 * column**2 for column in white) + sum(xp.log(root[i][i]) for i in range(1, groups))
    return -xp.sum(per_run) - xp.sum(xp.log(scale) + _LOG_ROOT_TWO_PI)
