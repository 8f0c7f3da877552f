"""Draws chosen again where the sampled likelihood is rough: exact weights, each chain for itself, in order."""

import numpy as np
import pytest

from bayeskisl.inference.corrected import chosen_by_importance
from bayeskisl.inference.posterior import Named


def drawn(log_ratio):
    """What the sampler leaves if the integrals lie so far above its likelihood."""
    chains, draws = log_ratio.shape
    index = np.arange(chains * draws, dtype=float).reshape(chains, draws)
    return Named({"index": index}, log_ratio[..., None, None] - 5.0, np.full_like(log_ratio, -5.0))


def test_draws_have_the_density_that_the_ratio_gives_them():
    rng = np.random.default_rng(1)
    sampled = rng.standard_normal((4, 5000))
    chosen, power = chosen_by_importance(drawn(0.5 * sampled), rng)  # N(0, 1) times exp(x / 2) is N(1 / 2, 1)
    found = np.take_along_axis(sampled, chosen, axis=1)
    assert power == 1.0
    assert found.mean(axis=1) == pytest.approx(np.full(4, 0.5), abs=0.08)
    assert found.var(axis=1) == pytest.approx(np.ones(4), abs=0.1)


def test_order_and_chains_stay():
    rng = np.random.default_rng(2)
    named = drawn(rng.standard_normal((3, 200)))
    chosen, _ = chosen_by_importance(named, rng)
    assert (np.diff(chosen, axis=1) >= 0).all()
    index = named.at(chosen).quantities["index"]
    assert (index // 200 == np.arange(3)[:, None]).all()
    np.testing.assert_array_equal(named.at(chosen).sampled_log_likelihood, np.full((3, 200), -5.0))


def test_no_difference_leaves_all_draws():
    chosen, power = chosen_by_importance(drawn(np.zeros((2, 50))), np.random.default_rng(3))
    np.testing.assert_array_equal(chosen, np.tile(np.arange(50), (2, 1)))
    assert power == 1.0


def test_a_ratio_that_would_leave_few_draws_counts_in_part():
    rng = np.random.default_rng(4)
    chosen, power = chosen_by_importance(drawn(2 * rng.standard_normal((4, 1000))), rng)
    assert 0.3 < power < 0.6
    assert all(len(np.unique(of_chain)) > 200 for of_chain in chosen)


def test_a_ratio_that_could_count_for_little_leaves_all_draws():
    rng = np.random.default_rng(5)
    chosen, power = chosen_by_importance(drawn(5 * rng.standard_normal((4, 1000))), rng)
    np.testing.assert_array_equal(chosen, np.tile(np.arange(1000), (4, 1)))
    assert power == 0.0
