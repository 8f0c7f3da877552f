"""Generated cases at the doors: accepted rightly, or refused in one sentence. The full bar is `studies.hostile`."""

import os

import pytest

from studies.hostile import DOORS
from studies.hostile_input.door import try_cases

SEED = 20_261_128
# As many times as many generated cases, for who has the time.
EXAMPLES = int(os.environ.get("BAYESKISL_EXAMPLES", "1"))

at_each_door = pytest.mark.parametrize("door", DOORS.values(), ids=lambda door: door.name)


@at_each_door
def test_a_few_cases_break_nothing(door):
    outcomes = try_cases(door, SEED, count=15)
    assert sum(outcomes.values()) >= 15


# The library reads 7 ms a variable, so that a decision takes 0.3 s and a fit 0.8 s: they get as much time as others.
CASES = {"decisions": 60, "fits": 40}


@pytest.mark.slow
@at_each_door
def test_many_cases_break_nothing(door):
    outcomes = try_cases(door, SEED + 1, count=CASES.get(door.name, 200) * EXAMPLES)
    assert outcomes["accepted"]
    assert outcomes["refused"]
