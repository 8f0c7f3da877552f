import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayeskisl.decision.choices import chance_constrained_choice, mean_kept, optimum, risk_neutral_choice
from bayeskisl.decision.fall import Fall
from bayeskisl.decision.kept_knowledge import kept
from bayeskisl.decision.target import Target
from bayeskisl.laws import SHAPES

TARGET = Target(98_304, 1_843_200, "amount", "infused", {"ratio": 0.5, "tokens_per_fact": 6.0})


def falls(steepness, collapse=2_000.0, floor=1 / 4096, ceiling=0.99):
    steepness, collapse = np.atleast_1d(steepness), np.atleast_1d(collapse)
    steepness, log_threshold = np.broadcast_arrays(steepness.astype(float), TARGET.log_exposures(collapse))
    same = np.ones_like(steepness)
    return Fall(SHAPES["logistic"], log_threshold, steepness, floor * same, ceiling * same)


@given(facts=st.floats(1, 1e12), guessing=st.floats(0, 0.99))
def test_guessing_alone_keeps_nothing(facts, guessing):
    assert kept(facts, guessing, guessing) == 0


@given(facts=st.floats(1, 1e9), guessing=st.floats(0, 0.9))
def test_perfect_recall_keeps_everything(facts, guessing):
    assert kept(facts, 1.0, guessing) == pytest.approx(facts)


@given(st.floats(1, 1e15))
def test_facts_never_seen_keep_nothing_however_many(facts):
    fall = falls([8.0], floor=0.3)
    assert mean_kept(fall, TARGET, np.array([facts]))[0] <= 2_000


def test_half_is_kept_at_the_collapse_point():
    fall = falls([3.0, 8.0], [500.0, 2_000.0])
    assert fall.share_of_ceiling(fall.log_threshold)[[0, 1], [0, 1]] == pytest.approx([0.5, 0.5])


@given(steepness=st.floats(1.05, 60), collapse=st.floats(1, 1e9))
def test_optimum_equals_closed_form(steepness, collapse):
    found = optimum(falls(steepness, collapse), TARGET)
    assert found == pytest.approx(collapse * (steepness - 1) ** (-1 / steepness), rel=1e-9)


@pytest.mark.parametrize("steepness", [0.2, 0.99, 1.0])
def test_no_interior_optimum_is_infinite_not_a_number_of_the_grid(steepness):
    assert np.isinf(optimum(falls(steepness), TARGET))


@pytest.mark.parametrize("steepness", [1.5, 4.0, 12.0])
def test_optimum_is_where_a_fine_grid_has_it(steepness):
    grid = np.geomspace(20, 2e5, 200_001)
    fall = falls(steepness)
    best = grid[np.argmax(mean_kept(fall, TARGET, grid))]
    assert optimum(fall, TARGET) == pytest.approx(best, rel=1e-3)


def test_risk_neutral_choice_equals_brute_force():
    rng = np.random.default_rng(0)
    fall = falls(np.exp(rng.normal(1.8, 0.2, 500)), np.exp(rng.normal(7.6, 0.3, 500)))
    grid = np.geomspace(100, 1e5, 20_001)
    best = grid[np.argmax(mean_kept(fall, TARGET, grid))]
    assert risk_neutral_choice(fall, TARGET, optimum(fall, TARGET)) == pytest.approx(best, rel=1e-3)


def test_one_draw_makes_the_risk_neutral_choice_its_optimum():
    fall = falls(6.0)
    assert risk_neutral_choice(fall, TARGET, optimum(fall, TARGET)) == pytest.approx(optimum(fall, TARGET)[0])


def test_no_risk_neutral_choice_without_an_optimum():
    fall = falls([0.5, 0.9])
    assert np.isnan(risk_neutral_choice(fall, TARGET, optimum(fall, TARGET)))


@given(st.lists(st.floats(1, 1e9), min_size=2, max_size=300), st.floats(0.01, 0.5), st.floats(1, 1.9))
def test_choice_keeps_its_risk_and_rises_with_it(admissible, risk, more):
    admissible = np.array(admissible)
    choice = chance_constrained_choice(admissible, risk)
    assert np.mean(admissible < choice) <= risk
    assert chance_constrained_choice(admissible, risk * more) >= choice


def test_infusion_and_exposures_are_inverse():
    facts = np.array([31.0, 500.0, 4e6])
    assert TARGET.infusion(TARGET.log_exposures(facts)) == pytest.approx(facts)
