from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayeskisl.axes import AXES
from bayeskisl.decision import KeptFacts
from bayeskisl.decision.choices import Gains, chance_constrained_choice, least_sufficient
from bayeskisl.decision.fall import Fall
from bayeskisl.decision.planned_model import PlannedModel
from bayeskisl.decision.prospect import Prospect
from bayeskisl.knowledge.guessing import kept
from bayeskisl.laws.falls import LOGISTIC, SMOOTH_BREAK

TARGET = PlannedModel(98_304, 1_843_200, AXES["amount"], "infused", {"ratio": 0.5, "tokens_per_fact": 6.0})


def falls(steepness, collapse=2_000.0, floor=1 / 4096, ceiling=0.99):
    steepness, collapse = np.atleast_1d(steepness), np.atleast_1d(collapse)
    steepness, log_threshold = np.broadcast_arrays(steepness.astype(float), TARGET.log_exposures(collapse))
    same = np.ones_like(steepness)
    return Fall(log_threshold, steepness, floor * same, ceiling * same, LOGISTIC.with_values())


@given(facts=st.floats(1, 1e12), guessing=st.floats(0, 0.99))
def test_guessing_alone_keeps_nothing(facts, guessing):
    assert kept(facts, guessing, guessing) == 0


@given(facts=st.floats(1, 1e9), guessing=st.floats(0, 0.9))
def test_perfect_recall_keeps_everything(facts, guessing):
    assert kept(facts, 1.0, guessing) == pytest.approx(facts)


def gains(fall, low=None, high=None):
    low, high = low or TARGET.range[0], high or TARGET.range[1]
    return Gains(Prospect(TARGET, {"infused": fall}), KeptFacts(), low, high)


@given(st.floats(1, 1e15))
def test_facts_never_seen_keep_nothing_however_many(facts):
    assert gains(falls([8.0], floor=0.3)).mean(np.array([facts]))[0] <= 2_000


def test_half_is_kept_at_the_collapse_point():
    fall = falls([3.0, 8.0], [500.0, 2_000.0])
    assert fall.share_of_ceiling(fall.log_threshold)[[0, 1], [0, 1]] == pytest.approx([0.5, 0.5])


@given(steepness=st.floats(2, 60), collapse=st.floats(2, 2e4))
def test_optimum_equals_closed_form(steepness, collapse):
    found = gains(falls(steepness, collapse)).optima().place
    assert found == pytest.approx(collapse * (steepness - 1) ** (-1 / steepness), rel=1e-6)


@given(asymmetry=st.floats(0.05, 50), steepness=st.floats(0.05, 100))
def test_optimum_where_the_share_is_too_small_for_a_number(asymmetry, steepness):
    one = np.array([1.0])
    fall = Fall(0 * one, steepness * one, 0 * one, one, SMOOTH_BREAK.with_values(asymmetry * one))
    with np.errstate(all="raise", under="ignore"):
        (at,) = fall.log_exposures_at_optimum()
    # far below the half-point d log S / d log exposures is k s b, with b the rate of the break; above 1 there is a root
    rate = 1 / (2 * asymmetry * (1 - 0.5 ** (1 / asymmetry)))
    if steepness * asymmetry * rate > 1.001:
        assert steepness * fall.shape.log_slope(steepness * at * one)[0] == pytest.approx(1, rel=1e-6)
    elif steepness * asymmetry * rate < 0.999:
        assert at == -np.inf


@pytest.mark.parametrize("steepness", [0.2, 0.99, 1.0])
def test_no_interior_optimum_is_infinite_not_a_number_of_the_range(steepness):
    found = gains(falls(steepness)).optima()
    assert np.isinf(found.place)
    assert found.side == 1


@pytest.mark.parametrize("steepness", [1.5, 4.0, 12.0])
def test_a_longer_range_moves_no_optimum(steepness):
    fall = falls([steepness, 1.1 * steepness], 300.0)
    short, long = gains(fall, 20.0, 5e3), gains(fall)
    assert short.optima().place == pytest.approx(long.optima().place, rel=1e-6)
    assert short.best_mean().place == pytest.approx(long.best_mean().place, rel=1e-6)


def test_risk_neutral_choice_equals_brute_force():
    rng = np.random.default_rng(0)
    worth = gains(falls(np.exp(rng.normal(1.8, 0.2, 500)), np.exp(rng.normal(7.6, 0.3, 500))))
    grid = np.geomspace(100, 1e5, 20_001)
    best = grid[np.argmax(worth.mean(grid))]
    assert worth.best_mean().place[0] == pytest.approx(best, rel=1e-3)


def test_one_draw_makes_the_risk_neutral_choice_its_optimum():
    worth = gains(falls(6.0))
    assert worth.best_mean().place == pytest.approx(worth.optima().place)


def test_no_risk_neutral_choice_without_an_optimum():
    assert gains(falls([0.5, 0.9])).best_mean().side == 1


@given(st.lists(st.floats(1, 1e9), min_size=2, max_size=300), st.floats(0.01, 0.5), st.floats(1, 1.9))
def test_choice_keeps_its_risk_and_rises_with_it(admissible, risk, more):
    admissible = np.array(admissible)
    choice = chance_constrained_choice(admissible, risk)
    assert np.mean(admissible < choice) <= risk
    assert chance_constrained_choice(admissible, risk * more) >= choice


def test_infusion_and_exposures_are_inverse():
    facts = np.array([31.0, 500.0, 4e6])
    assert TARGET.infusion(TARGET.log_exposures(facts)) == pytest.approx(facts)


@given(st.lists(st.floats(1e-4, 1), min_size=2, max_size=300), st.floats(0.01, 0.5), st.floats(1, 1.9))
def test_the_least_that_suffices_holds_its_risk_and_falls_with_it(sufficient, risk, more):
    sufficient = np.array(sufficient)
    least = least_sufficient(sufficient, risk)
    assert np.mean(sufficient > least) <= risk
    assert least_sufficient(sufficient, risk * more) <= least


@pytest.mark.parametrize("axis", ["ratio", "dose"])
@given(ratio=st.floats(0.001, 0.999))
def test_a_place_obeys_the_infusion_identity(axis, ratio):
    fixed = {"facts": 150.0, "exposures": 400.0, "tokens_per_fact": 6.0, "background_facts": 150.0}
    target = PlannedModel(98_304, 1_843_200, AXES[axis], "background", {**fixed, "background_share": 0.3})
    place = target.place(np.array([ratio]))
    assert place["ratio"] * 1_843_200 == pytest.approx(place["facts"] * place["exposures"] * 6)
    assert target.from_line(target.to_line(ratio)) == pytest.approx(ratio)


@pytest.mark.parametrize(
    ("concentration", "ceiling", "share"), [(900.0, 0.97, 0.9), (20.0, 0.97, 0.9), (20.0, 0.8, 0.5)]
)
def test_a_run_holds_its_level_only_if_its_own_share_does(concentration, ceiling, share):
    """Of runs at one level, so many hold the level as facts that are beta distributed about the expected share do."""
    one, rng = np.ones(20_000), np.random.default_rng(0)
    plain = Fall(0 * one, 3 * one, 0 * one, ceiling * one, LOGISTIC.with_values())
    runs = replace(plain, concentration=concentration * one, share_effect=rng.standard_normal(one.size))
    at = np.quantile(runs.log_exposures_holding(share * one), 0.7, method="inverted_cdf")
    expected = ceiling * plain.share_of_ceiling(np.array([at]))[0, 0]
    known = rng.beta(expected * concentration, (1 - expected) * concentration, one.size)
    assert np.mean(known >= share * ceiling) == pytest.approx(0.7, abs=0.015)


def test_no_exposures_make_a_run_hold_what_its_ceiling_seldom_allows():
    one = np.ones(4)
    fall = Fall(0 * one, 3 * one, 0 * one, 0.9 * one, LOGISTIC.with_values(), 0.0, 20 * one, np.array([-3.0, 0, 3, 6]))
    found = fall.log_exposures_holding(0.97 * one)
    assert np.isinf(found[0])
    assert np.all(np.diff(found[np.isfinite(found)]) < 0)
    assert np.isinf(fall.log_exposures_holding(one)).all()
