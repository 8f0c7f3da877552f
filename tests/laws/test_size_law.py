import numpy as np
import pytest

from bayeskisl.laws import SizeLaw, load_law

VALUES = np.array([[6144.0, 1e6], [24576.0, 2e6], [98304.0, 4e6]])


@pytest.fixture
def law():
    return SizeLaw.of(load_law("collapse"), ("params", "tokens"), VALUES)


def test_reference_is_the_geometric_mean(law):
    np.testing.assert_allclose(law.reference, [24576, 2e6])


def test_line_equals_the_formula(law):
    intercept, alpha, gamma, bend = 5.0, 0.8, 0.3, 0.1
    zn, zd = np.log(98304 / 24576), np.log(4e6 / 2e6)
    coefficients = np.array([intercept, alpha, gamma, bend, 0.0])
    expected = intercept - alpha * zn - gamma * zd + bend * zn**2 / 2
    assert law.log_critical_exposures(coefficients, VALUES[2]) == pytest.approx(expected)


def test_exponent_is_minus_the_local_slope_at_the_reference(law):
    coefficients, h = np.array([5.0, 0.8, 0.3, 0.1, 0.0]), 1e-5
    up, down = (law.log_critical_exposures(coefficients, law.reference * [np.exp(s), 1]) for s in (h, -h))
    assert -(up - down) / (2 * h) == pytest.approx(0.8)


def test_named_quantities_are_the_coefficients(law):
    coefficients = np.random.default_rng(0).normal(size=(4, 7, 5))
    np.testing.assert_array_equal(law.coefficients_of(law.named(coefficients)), coefficients)


def test_a_bend_that_is_not_in_the_law_is_fixed_at_zero():
    power = SizeLaw.of(load_law("power"), ("params",), VALUES[:, :1])
    assert (power.mean[-1], power.sd[-1]) == (0, 0)
