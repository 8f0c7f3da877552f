import numpy as np
import pytest
from scipy import stats

from bayeskisl.inference.correlation import (
    beta_shapes,
    correlated,
    correlated_normal_log_density,
    correlation_root,
    correlations,
    pairs,
    partial_correlations,
)

RNG = np.random.default_rng(4)
EVERY_NUMBER = pytest.mark.parametrize("groups", [1, 2, 3, 4])


def matrix_of(correlation, groups):
    matrix = np.eye(groups)
    for value, (i, j) in zip(correlation, pairs(groups), strict=True):
        matrix[i, j] = matrix[j, i] = value
    return matrix


@EVERY_NUMBER
def test_density_is_that_of_scipy(groups):
    partial = RNG.uniform(-0.9, 0.9, len(pairs(groups)))
    value, mean, scale = RNG.normal(size=(3, 5, groups))
    scale = np.exp(scale)
    covariance = matrix_of(correlations(partial, groups), groups)
    exact = sum(
        stats.multivariate_normal.logpdf(v, m, covariance * np.outer(s, s))
        for v, m, s in zip(value, mean, scale, strict=True)
    )
    assert correlated_normal_log_density(value, mean, scale, partial, groups, np) == pytest.approx(exact)


@EVERY_NUMBER
def test_rows_of_the_root_have_length_one(groups):
    root = correlation_root(RNG.uniform(-1, 1, len(pairs(groups))), groups, np)
    assert [sum(np.square(row)) for row in root] == pytest.approx(np.ones(groups))


@EVERY_NUMBER
@pytest.mark.parametrize("alike", [-0.2, 0.0, 0.6])
def test_groups_that_all_correlate_alike(groups, alike):
    np.testing.assert_allclose(correlations(partial_correlations(alike, groups), groups), alike)


def test_draws_correlate():
    noise = RNG.normal(size=(1, 40_000, 3))
    wanted = np.array([0.7, -0.2, 0.1])
    found = np.corrcoef(correlated(noise, wanted[None])[0].T)
    np.testing.assert_allclose(found, matrix_of(wanted, 3), atol=0.02)


def test_two_groups_have_the_lkj_prior():
    (a,) = beta_shapes(2)
    assert a == 2
    three = 2 * RNG.beta(beta_shapes(3), beta_shapes(3), size=(20_000, 3)) - 1
    assert correlations(three, 3).std(axis=0) == pytest.approx(np.full(3, 6**-0.5), rel=0.03)  # Beta(2.5, 2.5)
