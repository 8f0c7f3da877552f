import numpy as np
import pytest

from bayeskisl.inference.correlation import (
    beta_shapes,
    correlated,
    correlations,
    pairs,
    partial_correlations,
    positive_definite,
)

RNG = np.random.default_rng(4)
EVERY_NUMBER = pytest.mark.parametrize("groups", [1, 2, 3, 4])


def matrix_of(correlation, groups):
    matrix = np.eye(groups)
    for value, (i, j) in zip(correlation, pairs(groups), strict=True):
        matrix[i, j] = matrix[j, i] = value
    return matrix


@EVERY_NUMBER
def test_correlations_that_hold_together_stay_and_others_are_scaled_down(groups):
    possible = np.array(correlations(RNG.uniform(-0.5, 0.5, len(pairs(groups))), groups))
    np.testing.assert_allclose(positive_definite(possible, groups), possible)
    impossible = np.resize([0.95, -0.95], len(pairs(groups)))
    found = positive_definite(impossible, groups)
    assert np.linalg.eigvalsh(matrix_of(found, groups))[0] > 9e-4
    assert np.ptp(found / impossible) < 1e-9 if groups > 1 else not len(found)


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
