import numpy as np
import pytest
from scipy.stats import kstest

from bayeskisl.inference.tempering import moved, tempered_draws


def peaks(places):
    """Two narrow peaks of unequal width: under the prior they hold 30 and 70 % of the posterior."""
    wide = -0.5 * np.sum(((places - 1.5) / 0.05) ** 2, axis=1) - 3 * np.log(0.05)
    narrow = -0.5 * np.sum(((places + 1.5) / 0.02) ** 2, axis=1) - 3 * np.log(0.02)
    return np.logaddexp(np.log(0.3) + wide, np.log(0.7) + narrow)


def test_each_mode_has_its_weight():
    places, _ = tempered_draws(peaks, 3, 4000, np.random.default_rng(1))
    first = places[:, 0] > 0
    assert first.mean() == pytest.approx(0.3, abs=0.05)
    assert places[first].std(axis=0) == pytest.approx(np.full(3, 0.05), rel=0.1)
    assert places[~first].std(axis=0) == pytest.approx(np.full(3, 0.02), rel=0.1)


def test_members_that_move_on_keep_the_posterior_and_leave_their_places():
    rng = np.random.default_rng(4)
    before = tempered_draws(peaks, 3, 4000, rng)
    places, heights = moved(before, peaks, rng)
    assert (places != before[0]).any(axis=1).mean() > 0.95
    assert (places[:, 0] > 0).mean() == pytest.approx((before[0][:, 0] > 0).mean(), abs=0.03)
    assert places[places[:, 0] > 0].std(axis=0) == pytest.approx(np.full(3, 0.05), rel=0.1)
    np.testing.assert_allclose(heights, peaks(places))


def test_a_normal_likelihood_gives_the_textbook_posterior():
    centre, variance = np.array([2.0, -1.0]), np.array([0.25, 4.0])

    def log_likelihood(places):
        return -0.5 * np.sum((places - centre) ** 2 / variance, axis=1)

    places, heights = tempered_draws(log_likelihood, 2, 8000, np.random.default_rng(2))
    expected = 1 / (1 + 1 / variance)
    np.testing.assert_allclose(places.var(axis=0), expected, rtol=0.08)
    np.testing.assert_allclose(places.mean(axis=0), expected * centre / variance, atol=0.05)
    np.testing.assert_allclose(heights, log_likelihood(places))


def test_no_likelihood_leaves_the_prior():
    places, _ = tempered_draws(lambda places: np.zeros(len(places)), 2, 500, np.random.default_rng(3))
    assert all(kstest(column, "norm").pvalue > 1e-3 for column in places.T)
