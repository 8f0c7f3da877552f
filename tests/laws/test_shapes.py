import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayeskisl.laws.shapes import SHAPES, retention

EVERY_SHAPE = pytest.mark.parametrize("shape", SHAPES.values(), ids=lambda shape: shape.name)


@EVERY_SHAPE
def test_half_is_kept_at_the_half_point(shape):
    assert shape.kept(0.0, np) == 0.5


@EVERY_SHAPE
def test_more_exposures_never_keep_less(shape):
    kept = shape.kept(np.linspace(-100, 100, 2001), np)
    assert np.all(np.diff(kept) >= 0)
    assert 0 < kept[0] < 1e-20
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


def test_retention_lies_halfway_between_floor_and_ceiling_at_critical_exposures():
    assert retention(SHAPES["logistic"], np.log(80), np.log(80), 5.0, 0.1, 0.9) == pytest.approx(0.5)
