"""Counts of a run: how they scatter, and their average over the effects that the run may have."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bayeskisl.inference.run_counts import average_over_runs, precision, precision_slope
from bayeskisl.laws.falls import FALLS, GOMPERTZ, LOGISTIC, NO_FALL, SMOOTH_BREAK

# errors of the mean that seven nodes leave at steepness times run scatter 1 and 2
SHAPES = {
    "logistic": (LOGISTIC.with_values(), 3e-5, 0.0015),
    "gompertz": (GOMPERTZ.with_values(), 2e-4, 0.004),
    "abrupt break": (SMOOTH_BREAK.with_values(0.37), 2e-4, 0.004),
    "gentle break": (SMOOTH_BREAK.with_values(2.7), 3e-5, 0.0017),
    "none": (NO_FALL.with_values(), 1e-12, 1e-12),
}


def test_every_fall_is_checked():
    assert {shape.fall for shape, *_ in SHAPES.values()} == set(FALLS.values())


@pytest.mark.parametrize("name", SHAPES)
def test_the_average_is_that_of_a_fine_grid(name):
    shape, *tolerances = SHAPES[name]
    x, z = np.linspace(-12, 12, 97), np.linspace(-8, 8, 2001)
    weight = stats.norm.pdf(z) / stats.norm.pdf(z).sum()
    of_runs = shape.map(lambda number: np.full((1, 1), number))
    for blur, tolerance in zip((1.0, 2.0), tolerances, strict=True):
        mean, variance = (each[:, 0] for each in average_over_runs(of_runs, x[:, None], np.full((len(x), 1), blur)))
        shares = shape.share(x[:, None] - blur * z)
        np.testing.assert_allclose(mean, shares @ weight, atol=tolerance)
        exact = (shares - (shares @ weight)[:, None]) ** 2 @ weight
        np.testing.assert_allclose(variance, exact, atol=3 * tolerance)


def test_without_run_scatter_nothing_is_averaged():
    mean, variance = average_over_runs(LOGISTIC.with_values(), np.array([[-3.0, 0.0, 3.0]]), np.zeros((1, 3)))
    np.testing.assert_allclose(mean[0], 1 / (1 + np.exp([3.0, 0.0, -3.0])))
    np.testing.assert_allclose(variance, 0, atol=1e-30)


@given(st.floats(1e-4, 0.5), st.floats(0.01, 0.99), st.floats(1.0, 1e6), st.floats(0.0, 1.0))
def test_counts_have_the_variance_of_beta_knowledge(floor, known, concentration, part):
    """Of recall floor + (1 - floor) K, whose mean K varies by `part` of what it can, and K about that one as a beta."""
    recall = floor + (1 - floor) * known
    of_mean = part * known * (1 - known)
    of_knowledge = of_mean + (known * (1 - known) - of_mean) / (1 + concentration)
    found = precision(recall, floor, concentration, 1e12, (1 - floor) ** 2 * of_mean)
    assert found >= 0
    variance = recall * (1 - recall) / (1 + found)
    assert variance == pytest.approx((1 - floor) ** 2 * of_knowledge, rel=1e-6, abs=4e-6 * recall * (1 - recall))


def test_the_slope_is_that_of_a_difference():
    recall, step = np.array([0.05, 0.3, 0.9]), 1e-6
    ahead, behind = (precision(recall + each, 0.04, 300.0, 90.0) for each in (step, -step))
    np.testing.assert_allclose(precision_slope(recall, 0.04, 300.0, 90.0), (ahead - behind) / (2 * step), rtol=1e-4)


def test_where_nothing_is_known_counts_scatter_as_guesses_do():
    assert precision(0.04 + 1e-9, 0.04, 10.0, 1e12) > 1e5
    assert precision(0.04 + 1e-9, 0.04, 10.0, 300.0) == pytest.approx(300, rel=0.01)
    assert precision(0.5, 0.04, 10.0, 1e12) == pytest.approx(11 * 0.5 / 0.46 - 1, rel=1e-3)
