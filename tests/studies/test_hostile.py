"""Generated cases at the doors: accepted rightly, or refused in one sentence. The full bar is `studies.hostile`."""

import os

import pytest

from studies.hostile import DOORS
from studies.hostile_input.door import try_cases

SEED = 20_261_128
# As many times as many generated cases, for who has the time.
EXAMPLES = int(os.environ.get("BAYESKISL_EXAMPLES", "1"))

at_each_door = pytest.mark.parametrize("door", DOORS.values(), ids=lambda door: door.name)


# The library reads 7 ms a variable, so that a decision takes 0.3 s and a fit 0.8 s: fewer of them, few and many.
CASES = {"decisions": (10, 60), "fits": (6, 40)}
CASES_ELSEWHERE = (15, 200)


@at_each_door
def test_a_few_cases_break_nothing(door):
    few, _ = CASES.get(door.name, CASES_ELSEWHERE)
    outcomes = try_cases(door, SEED, count=few)
    assert sum(outcomes.values()) >= few


@pytest.mark.slow
@at_each_door
def test_many_cases_break_nothing(door):
    _, many = CASES.get(door.name, CASES_ELSEWHERE)
    outcomes = try_cases(door, SEED + 1, count=many * EXAMPLES)
    assert outcomes["accepted"]
    assert outcomes["refused"]
