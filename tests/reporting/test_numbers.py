import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayeskisl.quantities import short
from bayeskisl.reporting.numbers import percent, three_digits


@pytest.mark.parametrize(
    ("value", "text"),
    [(62, "62"), (999.9, "1k"), (1_400, "1.4k"), (98_304, "98.3k"), (7e9, "7B"), (0.05, "0.05"), (2e12, "2T")],
)
def test_short(value, text):
    assert short(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.99958, "0.99958"), (0.9986, "0.9986"), (0.95, "0.95"), (0.9144, "0.914"), (0.99999999, "1"), (0.996, "0.996"),
     (2_069.4, "2,070"), (0.31921, "0.319"), (12.34, "12.3"), (0, "0"), (999.7, "1,000"), (math.inf, "no bound"),
     (2e15, "no bound")],
)  # fmt: skip
def test_three_digits(value, text):
    assert three_digits(value) == text


@given(st.floats(1e-6, 1e12))
def test_rounding_down_never_exceeds_the_value(value):
    text = three_digits(value, down=True)
    assert float(text.replace(",", "")) <= value * (1 + 1e-9)


def test_percent():
    assert [percent(p) for p in (0.9, 0.1, 0.999, 0.025)] == ["90 %", "10 %", "99.9 %", "2.5 %"]


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.9, "90 %"), (0.999, "99.9 %"), (0.9999, "99.99 %"), (0.99995, "99.995 %"), (0.99999, "99.999 %"), (1, "100 %"),
     (0.9995, "99.95 %"), (1 - 1e-12, "100 %"), (0.0312, "3.12 %")],
)  # fmt: skip
def test_a_level_below_one_is_never_shown_as_all(share, text):
    assert percent(share) == text
