import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayeskisl.laws.shapes import SHAPES, _broken, retention

FALLING = [shape for shape in SHAPES.values() if shape.falls]
EVERY_SHAPE = pytest.mark.parametrize("shape", FALLING, ids=lambda shape: shape.name)


@EVERY_SHAPE
def test_half_is_kept_at_the_half_point(shape):
    assert shape.kept(0.0, np) == pytest.approx(0.5)
    assert shape.slope(0.0, np) == pytest.approx(0.25)


@EVERY_SHAPE
def test_more_exposures_never_keep_less(shape):
    kept = shape.kept(np.linspace(-100, 100, 2001), np)
    assert np.all(np.diff(kept) >= 0)
    assert 0 < kept[0] < 1e-15
    assert kept[-1] == pytest.approx(1)


@EVERY_SHAPE
@given(share=st.floats(1e-6, 1 - 1e-6))
def test_inverse_round_trips(shape, share):
    assert shape.kept(shape.inverse(share), np) == pytest.approx(share, rel=1e-9)


@EVERY_SHAPE
def test_slope_is_the_derivative(shape):
    x, h = np.linspace(-8, 8, 33), 1e-6
    by_difference = (shape.kept(x + h, np) - shape.kept(x - h, np)) / (2 * h)
    np.testing.assert_allclose(shape.slope(x, np), by_difference, rtol=1e-6, atol=1e-10)


@EVERY_SHAPE
def test_pytensor_computes_the_same(shape):
    pt = pytest.importorskip("pytensor.tensor")
    x = np.linspace(-70, 70, 15)
    np.testing.assert_allclose(shape.kept(pt.as_tensor(x), pt).eval(), shape.kept(x, np), rtol=1e-12)


def test_break_is_a_power_of_exposures_below_and_turns_sooner_above():
    shape = SHAPES["break"]
    slopes = np.diff(np.log(shape.kept(np.array([-9.0, -8.0, -7.0]), np)))
    assert slopes[0] == pytest.approx(slopes[1], rel=1e-3)
    assert shape.inverse(0.9) < SHAPES["logistic"].inverse(0.9)
    assert shape.inverse(0.1) < SHAPES["logistic"].inverse(0.1)


def test_a_bend_of_one_is_the_logistic():
    x = np.linspace(-20, 20, 41)
    np.testing.assert_allclose(_broken(1.0).kept(x, np), SHAPES["logistic"].kept(x, np), rtol=1e-12)


def test_nothing_is_lost_under_the_null():
    np.testing.assert_array_equal(SHAPES["none"].kept(np.array([-50.0, 0, 50]), np), 1.0)
    assert SHAPES["none"].inverse(0.9) == -np.inf


def test_retention_lies_halfway_between_floor_and_ceiling_at_critical_exposures():
    assert retention(SHAPES["logistic"], np.log(80), np.log(80), 5.0, 0.1, 0.9) == pytest.approx(0.5)
