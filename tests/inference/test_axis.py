import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayeskisl.curves.axis import axis_exposures, axis_value, moves
from bayeskisl.errors import InputError

HELD = {"tokens": 1_843_200, "tokens_per_fact": 6, "ratio": 0.5, "facts": 150, "exposures": 400.0,
        "background_facts": 150, "background_share": 0.3}  # fmt: skip
MOVING = [("amount", "infused"), ("ratio", "infused"), ("ratio", "background"), ("dose", "background")]


@pytest.mark.parametrize(("axis", "group"), MOVING)
@given(share=st.floats(0.01, 0.99))
def test_value_and_exposures_are_inverse(axis, group, share):
    value = 10_000 * share if axis == "amount" else share
    assert axis_value(axis_exposures(value, axis, group, HELD), axis, group, HELD) == pytest.approx(value, rel=1e-9)


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
