import numpy as np
import pytest
from scipy import stats

from bayeskisl.inference.correlation import (
    beta_shapes,
    correlated,
    correlations,
    pairs,
    partial_correlations,
    triangular_root,
)
from bayeskisl.inference.definition import half_points

RNG = np.random.default_rng(4)
EVERY_NUMBER = pytest.mark.parametrize("groups", [1, 2, 3, 4])


def matrix_of(correlation, groups):
    matrix = np.eye(groups)
    for value, (i, j) in zip(correlation, pairs(groups), strict=True):
        matrix[i, j] = matrix[j, i] = value
    return matrix


@EVERY_NUMBER
def test_half_points_are_jointly_normal_whatever_is_known_and_in_which_order(groups):
    """The density of the sampled places equals the joint normal of half-points, times how places stretch them."""
    runs, partial = 5, RNG.uniform(-0.9, 0.9, len(pairs(groups)))
    place, centre, rough = RNG.normal(size=(3, runs, groups))
    sigma, information = np.exp(RNG.normal(size=groups)), np.exp(2 * RNG.normal(size=(runs, groups)))
    turns = np.stack([RNG.permutation(np.eye(groups)) for _ in range(runs)])
    log_density = []

    def place_of(turn, mean, sd):
        log_density.append(stats.norm.logpdf(place[:, turn], mean, sd))
        return place[:, turn]

    def at(places):
        return half_points(lambda turn, *_: places[:, turn], *others)

    correlation = correlations(partial, groups)
    others = (centre, sigma, correlation, rough, turns, information, np)
    points = half_points(place_of, *others)
    covariance = matrix_of(correlation, groups) * np.outer(sigma, sigma)
    for run in range(runs):
        step = 1e-6 * np.eye(groups)
        ahead, behind = (
            np.array([at(np.where(np.arange(runs)[:, None] == run, place + s * one, place))[run] for one in step])
            for s in (1, -1)
        )
        stretch = np.linalg.slogdet((ahead - behind) / 2e-6)[1]
        exact = stats.multivariate_normal.logpdf(points[run], centre[run], covariance) + stretch
        assert sum(column[run] for column in log_density) == pytest.approx(exact, rel=1e-6)


@EVERY_NUMBER
def test_the_root_is_that_of_cholesky(groups):
    correlation = matrix_of(correlations(RNG.uniform(-1, 1, len(pairs(groups))), groups), groups)
    root = triangular_root([list(correlation[i, :i]) for i in range(groups)], np)
    exact = np.linalg.cholesky(correlation)
    assert [row == pytest.approx(exact[i, : i + 1]) for i, row in enumerate(root)] == [True] * groups


@EVERY_NUMBER
@pytest.mark.parametrize("alike", [-0.2, 0.0, 0.6])
def test_groups_that_all_correlate_alike(groups, alike):
    assert correlations(partial_correlations(alike, groups), groups) == pytest.approx([alike] * len(pairs(groups)))


def test_draws_correlate():
    noise = RNG.normal(size=(1, 40_000, 3))
    wanted = np.array([0.7, -0.2, 0.1])
    found = np.corrcoef(correlated(noise, wanted[None])[0].T)
    np.testing.assert_allclose(found, matrix_of(wanted, 3), atol=0.02)


def test_two_groups_have_the_lkj_prior():
    (a,) = beta_shapes(2)
    assert a == 2
    three = 2 * RNG.beta(beta_shapes(3), beta_shapes(3), size=(20_000, 3)) - 1
    assert np.std(correlations(three, 3), axis=1) == pytest.approx(np.full(3, 6**-0.5), rel=0.03)  # Beta(2.5, 2.5)
