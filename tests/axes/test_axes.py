"""What holds on every axis: a new one is tested by being registered."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayeskisl import schema
from bayeskisl.axes import AXES, LoadEffect, axis_named
from bayeskisl.errors import InputError

HELD = {"tokens": 1_843_200, "tokens_per_fact": 6, "ratio": 0.5, "facts": 150, "exposures": 400.0,
        "background_facts": 150, "background_share": 0.3}  # fmt: skip
LOAD = LoadEffect(0.5, 300)
MOVING = [(name, group) for name, axis in AXES.items() for group in schema.GROUPS if axis.moves(group)]
LOADED = [(name, group) for name, axis in AXES.items() for group in schema.GROUPS if axis.moves(group, knows_load=True)]
STILL = [(name, group) for name in AXES for group in schema.GROUPS if (name, group) not in MOVING]


def place_on(axis, share):
    """A value inside the axis's range, by its share of the way on the line."""
    low, high = (axis.to_line(end) for end in axis.range(HELD))
    return float(axis.from_line(low + share * (high - low)))


@pytest.mark.parametrize(("name", "group"), MOVING)
@given(share=st.floats(0.01, 0.99))
def test_value_and_exposures_are_inverse(name, group, share):
    axis = AXES[name]
    value = place_on(axis, share)
    assert axis.value(axis.exposures(value, group, HELD), group, HELD) == pytest.approx(value, rel=1e-7)


@pytest.mark.parametrize(("name", "group"), LOADED)
def test_what_an_axis_holds_places_every_group_of_a_sweep_with_a_background(name, group):
    axis, value = AXES[name], place_on(AXES[name], 0.5)
    held = {each: HELD[each] for each in (schema.TOKENS, *axis.held(background=True))}
    exposures = axis.exposures(value, group, held, LOAD)
    assert axis.value(exposures, group, held, LOAD) == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize(("name", "group"), LOADED)
@pytest.mark.parametrize("load", [None, LOAD])
def test_no_infusion_gives_exposures_without_end(name, group, load):
    """Such are asked for where a level lies above the ceiling."""
    axis, exposures = AXES[name], np.array([100.0, np.inf])
    found = axis.value(exposures, group, HELD, load)
    direction = axis.moves(group, knows_load=load is not None)
    if direction < 0:
        assert found[1] <= max(found[0], 0)
        assert found[1] <= axis.range(HELD)[0]
    elif direction > 0:
        assert found[1] >= found[0]


@pytest.mark.parametrize(("name", "group"), LOADED)
@given(share=st.floats(0.01, 0.99), effect=st.floats(0.05, 2), reference=st.floats(10, 1e4))
def test_value_and_effective_exposures_are_inverse(name, group, share, effect, reference):
    axis, load = AXES[name], LoadEffect(effect, reference)
    value = place_on(axis, share)
    found = axis.value(axis.exposures(value, group, HELD, load), group, HELD, load)
    assert found == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("group", schema.GROUPS)
@pytest.mark.parametrize("axis", AXES.values(), ids=str)
@given(share=st.floats(0.05, 0.95))
def test_direction_is_that_of_exposures_with_and_without_a_load(axis, group, share):
    value = place_on(axis, share)
    for load in (None, LOAD):
        below, above = (axis.exposures(value * step, group, HELD, load) for step in (1 - 1e-4, 1 + 1e-4))
        slope = (above - below) / above
        assert np.sign(slope) * (abs(slope) > 1e-12) == axis.moves(group, load is not None)


@pytest.mark.parametrize("axis", AXES.values(), ids=str)
@given(share=st.floats(0.0, 1.0))
def test_a_place_obeys_the_identity(axis, share):
    value = place_on(axis, share)
    place = axis.place(np.array([value]), HELD)
    infused = place[schema.RATIO] * HELD["tokens"]
    taught = place[schema.FACTS] * place[schema.EXPOSURES] * HELD["tokens_per_fact"]
    assert np.allclose(infused, taught, rtol=1e-12)
    assert axis.values({**HELD, **place}) == pytest.approx(value, rel=1e-12)
    assert place[schema.EXPOSURES] == pytest.approx(axis.exposures(value, schema.INFUSED, HELD))


@pytest.mark.parametrize("axis", AXES.values(), ids=str)
def test_the_range_ends_where_a_group_is_seen_once_or_one_fact_is_left(axis):
    low, high = axis.range(HELD)
    assert 0 < low < high < (1 if axis.bounded else np.inf)
    first, last = (axis.place(end, HELD) for end in (low, high))
    seen = [axis.exposures(high, group, HELD) for group in (schema.INFUSED, schema.BACKGROUND)]
    assert min(first[schema.FACTS], first[schema.EXPOSURES]) == pytest.approx(1)
    assert min(seen) == pytest.approx(1)
    assert 0 < last[schema.RATIO] < 1


@pytest.mark.parametrize("axis", AXES.values(), ids=str)
def test_without_a_background_a_fact_of_the_corpus_is_left(axis):
    alone = {**HELD, "background_facts": 0, "background_share": 0.0}
    low, high = axis.range(alone)
    assert low < high
    assert 0 < axis.ratio(high, alone) < 1


@pytest.mark.parametrize("axis", AXES.values(), ids=str)
@given(share=st.floats(0.0, 1.0))
def test_the_line_and_back(axis, share):
    value = place_on(axis, share)
    assert axis.from_line(axis.to_line(value)) == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize("axis", AXES.values(), ids=str)
def test_the_line_rises_and_has_no_ends(axis):
    values = axis.grid(*axis.range(HELD), 50)
    assert (np.diff(axis.to_line(values)) > 0).all()
    assert axis.to_line(1e-300) < -100
    assert axis.to_line(1 - 1e-16 if axis.bounded else 1e300) > 30


@pytest.mark.parametrize(("name", "group"), MOVING)
@given(exposures=st.floats(1e-3, 1e9))
def test_no_value_lies_beyond_the_end(name, group, exposures):
    axis = AXES[name]
    assert 0 <= axis.value(exposures, group, HELD) <= axis.end(HELD)


@pytest.mark.parametrize(("name", "group"), STILL)
def test_a_group_that_does_not_move_has_no_place_on_the_axis(name, group):
    assert np.isnan(AXES[name].value(100.0, group, HELD))


@pytest.mark.parametrize(("name", "group"), MOVING)
def test_an_effect_of_zero_is_no_load(name, group):
    axis = AXES[name]
    exposures = axis.exposures(place_on(axis, 0.4), group, HELD)
    alone, loaded = (axis.value(exposures, group, HELD, load) for load in (None, LoadEffect(0.0, 300)))
    assert loaded == pytest.approx(alone, rel=1e-12)


@pytest.mark.parametrize("axis", AXES.values(), ids=str)
def test_levels_are_near_what_they_stand_for_and_can_be_trained(axis):
    possible = axis.range(HELD)
    values = axis.grid(*possible, 40)[8:-8]
    for found in (axis.candidates(values, possible), np.array([axis.level(float(value)) for value in values])):
        assert found == pytest.approx(values, rel=0.35 if axis.counts_facts else 0.05, abs=0.001)
        assert ((possible[0] <= found) & (found <= possible[1])).all()


@pytest.mark.parametrize("axis", AXES.values(), ids=str)
def test_an_axis_says_what_it_holds_and_what_follows(axis):
    terms = {schema.FACTS, schema.RATIO, schema.EXPOSURES}
    assert {axis.given, axis.follows} < terms
    assert axis.given not in axis.moved | {axis.follows}
    assert set(axis.held(background=True)) >= {axis.given, schema.TOKENS_PER_FACT, schema.BACKGROUND_FACTS}
    assert all((axis.unit, axis.in_words, axis.label, axis.experiment, axis.coordinate))


@pytest.mark.parametrize("axis", AXES.values(), ids=str)
def test_an_answer_is_about_the_group_that_can_be_harmed_or_else_taught(axis):
    for groups in (["infused"], ["background"], ["infused", "background"]):
        moving = {axis.moves(group) for group in groups} - {0}
        if not moving:
            with pytest.raises(InputError, match="can harm"):
                axis.deciding_group(groups)
            continue
        group = axis.deciding_group(groups)
        assert axis.moves(group) == min(moving)
        assert axis.half_point(group) == ("collapse" if min(moving) < 0 else "onset")


def test_frequency_is_the_tokens_of_one_fact_in_a_million():
    """400 exposures of 6 tokens in 1,843,200: 1,302 parts per million, and of 150 facts a ratio of 0.195."""
    axis = AXES["frequency"]
    place = axis.place(400 * 6 / 1_843_200 * 1e6, HELD)
    assert place[schema.EXPOSURES] == pytest.approx(400)
    assert place[schema.RATIO] == pytest.approx(150 * 400 * 6 / 1_843_200)


def test_one_frequency_is_more_exposures_in_a_larger_budget():
    axis = AXES["frequency"]
    small, large = (axis.exposures(100.0, "infused", {**HELD, "tokens": tokens}) for tokens in (1e6, 1e8))
    assert large == pytest.approx(100 * small)


def test_at_the_reference_load_an_exposure_counts_as_one():
    """Twice the load, with an effect of one: half as much."""
    amount = AXES["amount"]
    assert amount.exposures(150.0, "infused", HELD, LoadEffect(1.0, 300)) == amount.exposures(150.0, "infused", HELD)
    halved = amount.exposures(450.0, "infused", HELD, LoadEffect(1.0, 300))
    assert halved == pytest.approx(amount.exposures(450.0, "infused", HELD) / 2)


@pytest.mark.parametrize(
    ("varies", "told", "shown"),
    [
        ({"facts", "exposures"}, {"facts"}, "amount"),
        ({"ratio", "exposures"}, {"facts", "ratio"}, "ratio"),
        ({"ratio", "exposures"}, {"facts", "ratio", "exposures"}, "ratio"),
        ({"ratio", "exposures"}, {"facts", "exposures"}, "frequency"),
        ({"ratio", "facts"}, {"facts", "ratio"}, "dose"),
        ({"ratio", "facts", "exposures"}, {"facts", "ratio"}, None),
        (set(), {"facts", "ratio"}, None),
    ],
)
def test_a_table_shows_one_axis_at_most(varies, told, shown):
    found = [name for name, axis in AXES.items() if axis.shown_by(frozenset(varies), frozenset(told))]
    assert found == ([shown] if shown else [])


def test_unknown_axes_and_groups_are_refused():
    with pytest.raises(InputError, match="amount, ratio, dose, frequency"):
        axis_named("width")
    with pytest.raises(InputError, match="infused"):
        AXES["amount"].moves("foreground")


def test_what_more_infusion_cannot_harm_is_said_by_the_axis():
    assert "too much" in axis_named("ratio").nothing_to_harm(["infused"])
    assert axis_named("ratio").nothing_to_harm(["infused", "background"]) == ""
    assert axis_named("amount").nothing_to_harm(["infused"]) == ""
    assert axis_named("dose").nothing_to_harm(["infused"], knows_load=True) == ""


def test_small_ratios_keep_three_digits():
    axis = AXES["ratio"]
    assert axis.candidates(np.array([1.2345e-5, 0.98765]), (1e-7, 1 - 1e-7)) == pytest.approx(
        [1.23e-5, 0.9877], rel=1e-3
    )
    assert axis.level(1.23e-5) == 1.23e-5


def test_candidates_beyond_the_range_end_at_it():
    assert AXES["frequency"].candidates(np.array([0.0, 5.0]), (0.5, 2.0)) == pytest.approx([0.5, 2.0])


def test_numbers_of_facts_end_where_a_budget_shows_each_once():
    amount, small = AXES["amount"], {**HELD, schema.TOKENS: 1.0}
    assert amount.range(small) == (1.0, 1.0)
    assert amount.candidates(np.array([0.2, 12_345.0, 1e9]), (1.0, 20_000.0)).tolist() == [1.0, 12_300.0, 20_000.0]
