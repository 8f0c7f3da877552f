"""What holds for every fall of the registry."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayeskisl.laws.falls import FALL_PARAMETERS, FALLS, LOGISTIC

RNG = np.random.default_rng(0)


def examples():
    """Each fall at the median of its parameters' priors, and at some draws from them."""
    for fall in FALLS.values():
        priors = [parameter.prior for parameter in fall.parameters]
        for z in [0.0, *(2 * RNG.standard_normal(3) if priors else [])]:
            own = [np.float64(prior.median * np.exp(z * prior.log_sd)) for prior in priors]
            yield pytest.param(fall.with_values(*own), id=f"{fall.name} {' '.join(f'{value:.2g}' for value in own)}")


ALL = list(examples())
EVERY_SHAPE = pytest.mark.parametrize("shape", ALL)
EVERY_FALL = pytest.mark.parametrize("shape", [each for each in ALL if each.values[0].fall.loses])


@EVERY_FALL
def test_half_is_kept_at_the_half_point_and_the_slope_there_is_a_quarter(shape):
    assert shape.share(np.float64(0)) == pytest.approx(0.5)
    assert shape.slope(np.float64(0)) == pytest.approx(0.25)
    assert shape.inverse(0.5) == pytest.approx(0, abs=1e-12)


@EVERY_FALL
def test_everything_is_lost_far_below_and_kept_far_above(shape):
    kept = shape.share(np.linspace(-100, 100, 2001))
    assert 0 <= kept[0] < 1e-4
    assert kept[-1] == pytest.approx(1)


@EVERY_FALL
@given(share=st.floats(1e-6, 1 - 1e-6))
def test_inverse_round_trips(shape, share):
    assert shape.share(shape.inverse(share)) == pytest.approx(share, rel=1e-9)


@EVERY_SHAPE
def test_more_exposures_never_keep_less(shape):
    assert np.all(np.diff(shape.share(np.linspace(-100, 100, 2001))) >= 0)


@EVERY_SHAPE
def test_slope_is_the_derivative(shape):
    x, h = np.linspace(-8, 8, 33), 1e-6
    by_difference = (shape.share(x + h) - shape.share(x - h)) / (2 * h)
    np.testing.assert_allclose(shape.slope(x), by_difference, rtol=1e-6, atol=1e-9)


@EVERY_SHAPE
def test_slope_of_the_logarithm(shape):
    x = np.linspace(-55, 8, 64)
    np.testing.assert_allclose(shape.log_slope(x) * shape.share(x), shape.slope(x), rtol=1e-12)
    assert np.all(np.diff(shape.log_slope(x)) <= 1e-12)  # it falls towards the ceiling, also where the share is 0


@EVERY_SHAPE
def test_pytensor_computes_the_same(shape):
    pt = pytest.importorskip("pytensor.tensor")
    x, share = np.linspace(-70, 70, 15), np.linspace(0.01, 0.99, 15)
    for name, at in (("share", x), ("slope", x), ("log_slope", x), ("inverse", share)):
        symbolic = getattr(shape, name)(pt.as_tensor(at), pt).eval()
        np.testing.assert_allclose(symbolic, getattr(shape, name)(at), rtol=1e-10)


@EVERY_SHAPE
@given(x=st.floats(-1e6, 1e6))
def test_nothing_overflows(shape, x):
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        assert 0 <= shape.share(np.float64(x)) <= 1
        assert np.isfinite(shape.slope(np.float64(x)))


@EVERY_SHAPE
def test_nothing_is_lost_where_no_exposures_are_critical(shape):
    assert shape.retention(np.log(80), -np.inf, 5.0, 0.1, 0.9) == pytest.approx(0.9)


def test_retention_lies_halfway_between_floor_and_ceiling_at_critical_exposures():
    assert LOGISTIC.with_values().retention(np.log(80), np.log(80), 5.0, 0.1, 0.9) == pytest.approx(0.5)


def test_no_two_falls_share_a_parameter():
    assert sum(len(fall.parameters) for fall in FALLS.values()) == len(FALL_PARAMETERS)
