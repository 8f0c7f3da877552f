from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp

from bayeskisl.inference.left_out_cells import CellLikelihood, expected_by_the_others
from bayeskisl.inference.lines import Line

RNG = np.random.default_rng(3)
CELLS, DRAWS = 6, 5
DESIGN = np.stack([np.ones(CELLS), np.linspace(-1, 1, CELLS), np.linspace(-1, 1, CELLS) ** 2], axis=1)
LINE = Line(
    DESIGN, np.array([5.0, -0.7, 0.1]), np.array([1.5, 0.4, 0.1]), np.zeros(3), np.zeros((CELLS, 1)), np.zeros(1), 0.15
)
TAU, THRESHOLDS = RNG.uniform(0.05, 0.4, DRAWS), RNG.normal(5, 1, (DRAWS, CELLS))


def test_what_the_others_expect_is_the_textbook_conditional():
    mean, sd = expected_by_the_others(THRESHOLDS, TAU, DESIGN, LINE.mean, LINE.sd)
    for draw, cell in np.ndindex(DRAWS, CELLS):
        covariance = TAU[draw] ** 2 * np.eye(CELLS) + (DESIGN * LINE.sd**2) @ DESIGN.T
        rest = np.delete(np.arange(CELLS), cell)
        pull = np.linalg.solve(covariance[np.ix_(rest, rest)], covariance[rest, cell])
        prior = DESIGN @ LINE.mean
        assert mean[draw, cell] == pytest.approx(prior[cell] + pull @ (THRESHOLDS[draw, rest] - prior[rest]))
        assert sd[draw, cell] ** 2 == pytest.approx(covariance[cell, cell] - pull @ covariance[rest, cell])


def likelihood_of(log_height, low=3.0, high=7.0, bins=300):
    edges = np.linspace(low, high, bins + 1)
    return CellLikelihood(edges, log_height((edges[:-1] + edges[1:]) / 2))


@pytest.mark.parametrize(("mean", "sd"), [(5.0, 0.3), (4.6, 0.1), (5.2, 2.0), (8.0, 0.8)])
def test_a_pinned_threshold_is_a_normal_convolution(mean, sd):
    measured = likelihood_of(lambda x: stats.norm.logpdf(x, 5.0, 0.05), low=4.6, high=5.4)
    ours = measured.log_expectation(np.array([mean]), np.array([sd]))[0]
    exact = stats.norm.logpdf(mean, 5.0, np.hypot(sd, 0.05))
    assert ours == pytest.approx(exact, abs=0.02)


def test_a_bound_is_a_probability():
    """Any threshold below 5 explains the cell alike: the density is the law's probability of lying there."""
    bound = likelihood_of(lambda x: np.where(x < 5, 0.0, -1000.0))
    mean, sd = np.array([4.0, 5.0, 5.4, -30.0, 9.0]), np.array([0.3, 1.0, 0.1, 2.0, 0.2])
    np.testing.assert_allclose(bound.log_expectation(mean, sd), stats.norm.logcdf(5, mean, sd), rtol=0.02, atol=0.02)


def test_a_law_without_a_fall_has_the_height_of_the_lowest_thresholds():
    measured = likelihood_of(lambda x: -x)
    found = measured.log_expectation(np.array([-np.inf, 5.0]), np.array([0.1, 0.1]))
    assert found[0] == measured.log_height[0]
    assert found[1] == pytest.approx(-5, abs=0.02)


def test_a_bend_that_the_data_have_is_seen_by_cells_and_not_by_runs(bent_likelihoods):
    """Thresholds of a bent law, measured well: leaving cells out costs a straight line several nats."""
    score = {}
    for name, spread in {"bent": 0.2, "straight": 1e-9}.items():
        line = replace(LINE, mean=np.array([5.0, -0.7, 0.0]), sd=np.array([1.5, 0.4, spread]))
        scores = []
        for tau in (0.03, 0.06, 0.12, 0.24):  # a uniform prior on four scatters
            mean, sd = expected_by_the_others(bent_likelihoods[None], np.array([tau]), line.design, line.mean, line.sd)
            scores.append(stats.norm.logpdf(bent_likelihoods, mean[0], sd[0]))
        score[name] = logsumexp(scores, axis=0).sum()
    assert score["bent"] - score["straight"] > 3


@pytest.fixture
def bent_likelihoods():
    return DESIGN @ np.array([5.0, -0.7, 0.25]) + RNG.normal(0, 0.03, CELLS)
