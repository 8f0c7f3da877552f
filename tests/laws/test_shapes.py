import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayeskisl.laws.shapes import SYMMETRIC, inverse_share, retention, share_kept, slope_of_share

ASYMMETRIES = [SYMMETRIC, 0.05, 0.5, 1.0 + 1e-9, 3.0, 20.0]
EVERY_ASYMMETRY = pytest.mark.parametrize("asymmetry", ASYMMETRIES)


@EVERY_ASYMMETRY
def test_half_is_kept_at_the_half_point_and_the_slope_there_is_a_quarter(asymmetry):
    assert share_kept(0.0, asymmetry) == pytest.approx(0.5)
    assert slope_of_share(0.0, asymmetry) == pytest.approx(0.25)


@EVERY_ASYMMETRY
def test_more_exposures_never_keep_less(asymmetry):
    kept = share_kept(np.linspace(-100, 100, 2001), asymmetry)
    assert np.all(np.diff(kept) >= 0)
    assert 0 <= kept[0] < 1e-12
    assert kept[-1] == pytest.approx(1)


@EVERY_ASYMMETRY
@given(share=st.floats(1e-6, 1 - 1e-6))
def test_inverse_round_trips(asymmetry, share):
    assert share_kept(inverse_share(share, asymmetry), asymmetry) == pytest.approx(share, rel=1e-9)


@EVERY_ASYMMETRY
def test_slope_is_the_derivative(asymmetry):
    x, h = np.linspace(-8, 8, 33), 1e-6
    by_difference = (share_kept(x + h, asymmetry) - share_kept(x - h, asymmetry)) / (2 * h)
    np.testing.assert_allclose(slope_of_share(x, asymmetry), by_difference, rtol=1e-6, atol=1e-9)


@EVERY_ASYMMETRY
def test_pytensor_computes_the_same(asymmetry):
    pt = pytest.importorskip("pytensor.tensor")
    x = np.linspace(-70, 70, 15)
    symbolic = share_kept(pt.as_tensor(x), asymmetry, pt).eval()
    np.testing.assert_allclose(symbolic, share_kept(x, asymmetry), rtol=1e-12)


@given(asymmetry=st.floats(1e-4, 1e4), x=st.floats(-1e6, 1e6))
def test_no_asymmetry_overflows(asymmetry, x):
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        assert 0 <= share_kept(x, np.float64(asymmetry)) <= 1
        assert np.isfinite(slope_of_share(x, np.float64(asymmetry)))


def test_a_break_is_a_power_of_exposures_below_and_turns_sooner_above():
    slopes = np.diff(np.log(share_kept(np.array([-9.0, -8.0, -7.0]), 0.5)))
    assert slopes[0] == pytest.approx(slopes[1], rel=1e-3)
    assert inverse_share(0.9, 0.5) < inverse_share(0.9)
    assert inverse_share(0.1, 0.5) < inverse_share(0.1)


def test_every_draw_may_have_an_asymmetry_of_its_own():
    asymmetry, share = np.array([0.4, 1.0, 2.5]), np.array([0.2, 0.5, 0.9])
    each = [inverse_share(s, a) for s, a in zip(share, asymmetry.tolist(), strict=True)]
    np.testing.assert_allclose(inverse_share(share, asymmetry), each, atol=1e-12)


def test_an_asymmetry_of_one_is_the_logistic():
    x = np.linspace(-20, 20, 41)
    np.testing.assert_allclose(share_kept(x, np.ones(41)), 1 / (1 + np.exp(-x)), rtol=1e-12)
    np.testing.assert_allclose(share_kept(x), 1 / (1 + np.exp(-x)), rtol=1e-12)


def test_nothing_is_lost_where_no_exposures_are_critical():
    assert retention(np.log(80), -np.inf, 5.0, 0.1, 0.9, 0.5) == pytest.approx(0.9)


def test_retention_lies_halfway_between_floor_and_ceiling_at_critical_exposures():
    assert retention(np.log(80), np.log(80), 5.0, 0.1, 0.9) == pytest.approx(0.5)
