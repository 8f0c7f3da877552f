"""Generated cases at the doors: accepted rightly, or refused in one sentence. The full bar is `studies.hostile`."""

import pytest

from studies.hostile import DOORS, try_cases

SEED = 20_261_128


@pytest.mark.parametrize("door", DOORS.values(), ids=lambda door: door.name)
def test_a_few_cases_break_nothing(door):
    outcomes = try_cases(door, SEED, count=15)
    assert sum(outcomes.values()) >= 15


@pytest.mark.slow
@pytest.mark.parametrize("door", DOORS.values(), ids=lambda door: door.name)
def test_a_two_hundredth_of_the_bar_breaks_nothing(door):
    """A hundred of 20,000."""
    outcomes = try_cases(door, SEED + 1, count=100)
    assert outcomes["accepted"]
    assert outcomes["refused"]
