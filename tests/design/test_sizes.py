"""Sizes on offer: those seen, those between, and larger ones that the budget pays for."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayeskisl.design import candidate_runs, plan
from bayeskisl.design.sizes import offered_sizes
from bayeskisl.errors import InputError
from tests.design.hand_made import GaussianFit

SEEN = np.array([70e6, 160e6, 410e6])
TOKENS = 100_000_000_000


@pytest.fixture(scope="module")
def table():
    """Three sizes of 70M to 410M, as of an imported table."""
    return GaussianFit(sizes=(70_000_000, 160_000_000, 410_000_000), tokens=(TOKENS,), sd=0.15, draws=1_000)


def test_what_the_budget_pays_for_is_offered_whatever_was_trained(table):
    offered = {run.params for run in candidate_runs(table, 7e9, budget="1e21flop", levels=2, replicates=[1])}
    assert set(SEEN) < offered
    assert max(offered) > 410e6
    assert 0.98e21 < 6 * max(offered) * TOKENS <= 1e21


def test_the_plan_spends_the_budget_on_larger_sizes(table):
    result = plan(table, 7e9, budget="1e21flop", batch=4, particles=500)
    capped = candidate_runs(table, 7e9, largest=410e6)
    small = plan(table, 7e9, budget="1e21flop", batch=4, particles=500, candidates=capped)
    assert max(run.params for run in result.runs) > 410e6
    assert result.path[-1][1] < 0.9 * small.path[-1][1]


def test_a_cap_and_a_small_budget_leave_larger_sizes_out():
    assert offered_sizes(SEEN, 7e9, largest=410e6).max() == 410e6
    assert offered_sizes(SEEN, 7e9, pays=lambda size: size <= 300e6).max() == 410e6


def test_larger_sizes_end_below_the_target_and_the_cap_is_one_of_them():
    assert offered_sizes(SEEN, 1.64e9).tolist()[-2:] == [410e6, 820e6]
    assert offered_sizes(SEEN, 7e9, largest=1_234_567_890).max() == 1_234_567_890
    assert offered_sizes(SEEN, 500e6).max() == 410e6


@given(st.floats(1.0, 1e5), st.floats(0.1, 1e5))
def test_larger_sizes_are_at_most_an_octave_apart_and_paid_for(target, money):
    sizes = offered_sizes(SEEN, target * SEEN[-1], pays=lambda size: size <= money * SEEN[-1])
    larger = sizes[sizes >= SEEN[-1] * (1 - 1e-12)]
    assert sizes.max() < target * SEEN[-1]
    assert larger.max(initial=0) <= max(money, 1) * SEEN[-1]
    assert all(after / before < 2.05 for before, after in pairwise(larger))


def test_named_sizes_are_the_only_ones_and_mean_the_trained_ones_nearby():
    seen = np.array([70_426_624.0, 162_322_944.0])
    assert offered_sizes(seen, 7e9, sizes=[70e6, 160e6, 1e9]).tolist() == [*seen, 1e9]
    assert offered_sizes(seen, 7e9, sizes=[1e9, 7e9]).tolist() == [1e9]


def test_named_sizes_that_the_budget_cannot_pay_for_stay_if_there_is_nothing_else():
    assert offered_sizes(SEEN, 7e9, sizes=[1e9], pays=lambda size: False).tolist() == [1e9]


def test_no_size_below_the_target_is_refused(table):
    with pytest.raises(InputError, match="a size below the target's 7,000,000,000"):
        candidate_runs(table, 7e9, sizes=[8e9])


def test_a_trained_target_is_refused_since_only_its_own_runs_decide(table):
    with pytest.raises(InputError, match=r"a target that was not trained.*add runs of the target itself"):
        candidate_runs(table, 410e6)


def test_a_target_below_all_sizes_is_to_be_trained_itself(table):
    with pytest.raises(InputError, match=r"above the smallest trained size, 70,000,000.*train the target itself"):
        candidate_runs(table, 30e6)
