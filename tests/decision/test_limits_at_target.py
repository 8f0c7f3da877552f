"""Which limit binds at a target, and what is risked where it does."""

import numpy as np
import pytest
import xarray as xr

from bayeskisl.decision.limits import limit_probabilities, risk_by_limit
from bayeskisl.laws import LIMITS

DRAWS = ("chain", "draw")


def test_probabilities_and_risks_are_shares_of_the_draws_of_laws_with_limits():
    data = xr.Dataset({"binds": (DRAWS, [[0, 0, 1, 2], [0, -1, 1, 0]])})
    assert limit_probabilities(data) == pytest.approx({"learning": 4 / 7, "minimum": 2 / 7, "capacity": 1 / 7})
    short = np.array([True, False, True, False, False, True, True, False])
    assert risk_by_limit(data, short) == {"learning": 0.25, "minimum": 1.0, "capacity": 0.0}


def test_without_limits_there_is_nothing_to_say():
    assert limit_probabilities(xr.Dataset({"binds": (DRAWS, [[-1, -1]])})) == {}
    assert limit_probabilities(xr.Dataset()) == {}
    assert risk_by_limit(xr.Dataset(), np.zeros(0, bool)) == dict.fromkeys(LIMITS)
