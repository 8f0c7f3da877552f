"""Correlation between the groups of a run, by canonical partial correlations.

Those of i and j given all groups before j are free of each other in (-1, 1), whatever the number of groups
(Lewandowski, Kurowicka & Joe 2009, doi:10.1016/j.jmva.2009.04.008), so that no correlation matrix is out of reach:
unlike one common correlation, which would tie held-out templates to the background as much as to the infused facts.
Under the LKJ prior each is a Beta variable, which every back end has.
"""

from typing import Any

import numpy as np

from bayeskisl.arrays import FloatArray

__all__ = ["beta_shapes", "correlated", "correlations", "pairs", "partial_correlations", "positive_definite"]

Array = Any  # of NumPy, PyTensor or JAX

# LKJ(2): a correlation of two groups has density 3/4 (1 - c^2), which keeps off the ends where effects coincide.
_LKJ = 2.0

# Least eigenvalue of a correlation matrix, so that its triangular root stays accurate.
_LEAST = 1e-3


def pairs(groups: int) -> list[tuple[int, int]]:
    """Pairs (i, j) of groups, j < i, in the order of their partial correlations given the groups before j."""
    return [(i, j) for i in range(groups) for j in range(i)]


def beta_shapes(groups: int) -> FloatArray:
    """Parameter a of the Beta(a, a) prior of (1 + partial correlation) / 2, shape ``(pair,)``."""
    return np.array([_LKJ + (groups - 2 - before) / 2 for _, before in pairs(groups)])


def partial_correlations(correlation: float, groups: int) -> FloatArray:
    """Partial correlations of groups with one common correlation: c / (1 + j c); shape ``(pair,)``."""
    return np.array([correlation / (1 + before * correlation) for _, before in pairs(groups)])


def correlations(partial: Array, groups: int) -> list[Array]:
    """The correlation of each pair, ``(...)``, from partial correlations ``(..., pair)``."""
    rows, at = [], 0
    for i in range(groups):
        row, left = [], 1.0
        for _ in range(i):
            row.append(partial[..., at] * left**0.5)
            left, at = left * (1 - partial[..., at] ** 2), at + 1
        rows.append([*row, left**0.5])
    return [sum(rows[i][k] * rows[j][k] for k in range(j + 1)) for i, j in pairs(groups)]


def correlated(noise: FloatArray, correlation: FloatArray) -> FloatArray:
    """Standard normals ``(..., run, group)`` correlated over groups; `correlation` is ``(..., pair)``."""
    return noise @ np.swapaxes(np.linalg.cholesky(_matrix(correlation, noise.shape[-1])), -1, -2)


def positive_definite(correlation: FloatArray, groups: int) -> FloatArray:
    """Correlations ``(..., pair)``, scaled down jointly if their matrix is not positive definite.

    With I + t (R - I), of correlations t R, the least eigenvalue of R goes from l to 1 - t (1 - l).
    """
    least = np.linalg.eigvalsh(_matrix(correlation, groups))[..., :1]
    return correlation * np.minimum(1, (1 - _LEAST) / (1 - np.minimum(least, 0.5)))


def _matrix(correlation: FloatArray, groups: int) -> FloatArray:
    matrix = np.broadcast_to(np.eye(groups), (*correlation.shape[:-1], groups, groups)).copy()
    for at, (i, j) in enumerate(pairs(groups)):
        matrix[..., i, j] = matrix[..., j, i] = correlation[..., at]
    return matrix
