import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayeskisl.curves.axis import LoadEffect, axis_exposures, axis_value, moves
from bayeskisl.errors import InputError

HELD = {"tokens": 1_843_200, "tokens_per_fact": 6, "ratio": 0.5, "facts": 150, "exposures": 400.0,
        "background_facts": 150, "background_share": 0.3}  # fmt: skip
MOVING = [("amount", "infused"), ("ratio", "infused"), ("ratio", "background"), ("dose", "background")]


@pytest.mark.parametrize(("axis", "group"), MOVING)
@given(share=st.floats(0.01, 0.99))
def test_value_and_exposures_are_inverse(axis, group, share):
    value = 10_000 * share if axis == "amount" else share
    assert axis_value(axis_exposures(value, axis, group, HELD), axis, group, HELD) == pytest.approx(value, rel=1e-9)


LOADED = [*MOVING, ("amount", "background"), ("dose", "infused")]


@pytest.mark.parametrize(("axis", "group"), LOADED)
@given(share=st.floats(0.01, 0.99), effect=st.floats(0.05, 2), reference=st.floats(10, 1e4))
def test_value_and_effective_exposures_are_inverse(axis, group, share, effect, reference):
    load = LoadEffect(effect, reference)
    value = 10_000 * share if axis == "amount" else share
    found = axis_value(axis_exposures(value, axis, group, HELD, load), axis, group, HELD, load)
    assert found == pytest.approx(value, rel=1e-7)


@pytest.mark.parametrize(("axis", "group"), LOADED)
def test_direction_is_that_of_effective_exposures(axis, group):
    load = LoadEffect(0.5, 300)
    low, high = (axis_exposures(value, axis, group, HELD, load) for value in (0.2, 0.3))
    assert np.sign(high - low) == moves(axis, group, knows_load=True)


@pytest.mark.parametrize(("axis", "group"), MOVING)
def test_an_effect_of_zero_is_no_load(axis, group):
    exposures = axis_exposures(0.4, axis, group, HELD)
    alone, loaded = (axis_value(exposures, axis, group, HELD, load) for load in (None, LoadEffect(0.0, 300)))
    assert loaded == pytest.approx(alone, rel=1e-12)


def test_at_the_reference_load_an_exposure_counts_as_one():
    """Twice the load, with an effect of one: half as much."""
    assert axis_exposures(150.0, "amount", "infused", HELD, LoadEffect(1.0, 300)) == axis_exposures(
        150.0, "amount", "infused", HELD
    )
    halved = axis_exposures(450.0, "amount", "infused", HELD, LoadEffect(1.0, 300))
    assert halved == pytest.approx(axis_exposures(450.0, "amount", "infused", HELD) / 2)


@pytest.mark.parametrize("group", ["infused", "background"])
@given(exposures=st.floats(1e-3, 1e9))
def test_ratios_stay_between_zero_and_one(group, exposures):
    assert 0 <= axis_value(exposures, "ratio", group, HELD) <= 1


@pytest.mark.parametrize(("axis", "group"), MOVING)
def test_direction_is_that_of_the_exposures(axis, group):
    low, high = (axis_exposures(value, axis, group, HELD) for value in (0.2, 0.3))
    assert np.sign(high - low) == moves(axis, group)


def test_a_group_that_does_not_move_has_no_place_on_the_axis():
    assert np.isnan(axis_value(100.0, "dose", "infused", HELD))
    assert np.isnan(axis_value(100.0, "amount", "background", HELD))


def test_unknown_axes_are_refused():
    with pytest.raises(InputError, match="amount, ratio, dose"):
        axis_value(100.0, "width", "infused", HELD)
