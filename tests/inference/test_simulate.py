"""Curves with known truth."""

import pytest

from bayeskisl.errors import InputError
from bayeskisl.inference.simulate import simulate


@pytest.mark.parametrize(
    ("truth", "message"),
    [
        ({"asymmetry": 0}, "asymmetry above 0"),
        ({"tau": -0.1}, "tau 0 or above"),
        ({"floor_excess": 1.0}, "floor_excess in"),
        ({"intercept": float("nan")}, "intercept finite"),
        ({"exponent": {"tokens": 1.0}}, "exponent by params"),
        ({"exponent": "steep"}, "numbers for exponent"),
    ],
)
def test_a_truth_that_cannot_be_is_refused(truth, message):
    with pytest.raises(InputError, match=message):
        simulate("collapse", {"params": [6_144, 24_576], "facts": [100, 300]}, truth)
