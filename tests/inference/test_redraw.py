"""Redrawn coefficients: the step leaves the joint distribution as it is, and finds every explanation."""

import numpy as np
import pytest
from scipy.stats import kstest

from bayeskisl.inference import simulate
from bayeskisl.inference.data import prepare
from bayeskisl.inference.model import Model
from bayeskisl.inference.redraw import _ROUNDS, Places, _Conditional, _Together, redraw_coefficients
from bayeskisl.laws import LimitsLaw, load_law

RNG = np.random.default_rng(5)
LAW = load_law("limits")


def conditional_of(sizes, critical, own_share=1.0, expected=None):
    values = np.stack([sizes, 1e5 / sizes], axis=1)
    size_law = LimitsLaw.of(LAW, ("params",), values)
    dimensions = int((size_law.sd > 0).sum()) + 1
    expected = np.zeros((len(critical), dimensions)) if expected is None else expected
    tau = LAW.priors.tau
    return _Conditional(Places(size_law, (tau.log_median, tau.log_sd)), values, critical, expected, own_share)


def joint_draws(sizes, draws, own_share=1.0):
    """Expected places, places from the prior, and critical exposures given them."""
    empty = conditional_of(sizes, np.zeros((1, len(sizes))))
    dimensions = empty.expected.shape[1]
    expected = np.sqrt(1 - own_share) * RNG.standard_normal((draws, dimensions))
    places = expected + np.sqrt(own_share) * RNG.standard_normal((draws, dimensions))
    line, tau = empty.places.line(places, empty.values)
    return expected, places, line + tau * RNG.standard_normal(line.shape)


@pytest.mark.parametrize("own_share", [1.0, 0.25], ids=["one group", "several groups"])
def test_the_joint_distribution_stays(own_share):
    """Prior draws with data of their own: afterwards places are still normal, and so are distances from the law."""
    sizes = np.geomspace(6144.0, 98304.0, 3)
    expected, places, critical = joint_draws(sizes, 1500, own_share)
    conditional = conditional_of(sizes, critical, own_share, expected)
    found, members, rng = places, None, np.random.default_rng(6)
    for _ in range(_ROUNDS):
        members = conditional.ensemble(members, rng)
        found = conditional.redrawn(found, members, rng)
    line, tau = conditional.places.line(found, conditional.values)
    own = (found - expected) / np.sqrt(own_share)
    assert (found != places).any(axis=1).mean() > 0.3
    for column in (*own.T, *((critical - line) / tau).T):
        assert kstest(column, "norm").statistic < 0.07


def test_chains_in_one_explanation_find_the_others():
    """Sizes on a straight line: learning explains them, or a capacity of their slope; chains start in the former."""
    sizes = np.geomspace(6144.0, 98304.0, 6)
    values = np.stack([sizes, 1e5 / sizes], axis=1)
    size_law = LimitsLaw.of(LAW, ("params",), values)
    one_bit = np.log(1e5 / sizes)
    critical = one_bit - np.log(2.0) + 0.01 * RNG.standard_normal((400, 6))  # two bits per parameter at each size
    stuck = np.tile(size_law.mean, (400, 1))
    stuck[:, 0] = critical.mean()
    stuck[:, -2] = np.log(8.0)
    conditional = conditional_of(sizes, critical)
    own = conditional.places.of(stuck, np.full(400, 0.05))
    rng = np.random.default_rng(7)
    found, _ = conditional.places.at(conditional.redrawn(own, conditional.ensemble(None, rng), rng))
    bits = found[:, -2]
    assert (bits < np.log(2.3)).mean() > 0.1
    assert (bits > np.log(2.3)).mean() > 0.1


def test_places_and_what_is_there_are_inverse_and_fixed_coefficients_stay():
    places = conditional_of(np.geomspace(6144.0, 98304.0, 3), np.zeros((1, 3))).places
    drawn = RNG.standard_normal((2, 300, int(places.free.sum()) + 1))
    coefficients, tau = places.at(drawn)
    np.testing.assert_allclose(places.of(coefficients, tau), drawn, atol=1e-12)
    fixed = ~places.free
    np.testing.assert_array_equal(coefficients[..., fixed], np.broadcast_to(places.law.mean[fixed], (2, 300, 1)))


@pytest.mark.parametrize("name", ["limits", "power"])
def test_nothing_is_drawn_where_the_scatter_is_fixed_or_the_law_is_linear(name):
    curves = simulate("power", {"params": [6144, 12288], "facts": [100, 1000]}, {}, seed=1)
    law = load_law(name)
    if name == "limits":
        fixed = law.priors.tau.model_copy(update={"log_sd": 0.0})
        law = law.model_copy(update={"priors": law.priors.model_copy(update={"tau": fixed})})
    assert redraw_coefficients({}, Model(prepare(curves, law), law), np.random.default_rng(0)) == {}


@pytest.mark.parametrize("groups", [1, 2, 3])
def test_a_group_given_the_others_has_the_mean_and_variance_of_their_joint_normal(groups):
    pooling = 0.75
    covariance = pooling * np.ones((groups, groups)) + (1 - pooling) * np.eye(groups)
    together, places = _Together(pooling), RNG.standard_normal((groups, 50, 1))
    for group in range(groups):
        mean, variance = together.given_others(places, group)
        others = np.delete(np.arange(groups), group)
        slopes = np.linalg.solve(covariance[np.ix_(others, others)], covariance[others, group])
        np.testing.assert_allclose(mean, np.tensordot(slopes, places[others], axes=1), atol=1e-12)
        assert variance == pytest.approx(1 - slopes @ covariance[others, group])


def test_the_common_part_of_prior_draws_is_still_standard_normal_and_correlates_as_before():
    pooling, rng = 0.75, np.random.default_rng(9)
    common = rng.standard_normal((20_000, 1))
    places = np.sqrt(pooling) * common + np.sqrt(1 - pooling) * rng.standard_normal((3, 20_000, 1))
    found = _Together(pooling).common(places, rng)
    assert kstest(found.ravel(), "norm").statistic < 0.015
    for of_group in places:
        assert np.corrcoef(found.ravel(), of_group.ravel())[0, 1] == pytest.approx(np.sqrt(pooling), abs=0.02)
