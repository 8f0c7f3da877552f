import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayeskisl.laws.falls import LOGISTIC, SMOOTH_BREAK

X = np.linspace(-20, 20, 41)


def test_it_is_a_power_of_exposures_below_and_turns_sooner_above():
    shape, symmetric = SMOOTH_BREAK.with_values(0.5), LOGISTIC.with_values()
    slopes = np.diff(np.log(shape.share(np.array([-9.0, -8.0, -7.0]))))
    assert slopes[0] == pytest.approx(slopes[1], rel=1e-3)
    assert shape.inverse(0.9) < symmetric.inverse(0.9)
    assert shape.inverse(0.1) < symmetric.inverse(0.1)


def test_an_asymmetry_of_one_is_the_logistic():
    np.testing.assert_allclose(SMOOTH_BREAK.with_values(1.0).share(X), LOGISTIC.with_values().share(X), rtol=1e-12)


def test_every_draw_may_have_an_asymmetry_of_its_own():
    asymmetry, share = np.array([0.4, 1.0, 2.5]), np.array([0.2, 0.5, 0.9])
    each = [SMOOTH_BREAK.with_values(a).inverse(s) for s, a in zip(share, asymmetry, strict=True)]
    np.testing.assert_allclose(SMOOTH_BREAK.with_values(asymmetry).inverse(share), each, atol=1e-12)


@given(asymmetry=st.floats(1e-4, 1e4), x=st.floats(-1e6, 1e6))
def test_no_asymmetry_overflows(asymmetry, x):
    shape = SMOOTH_BREAK.with_values(np.float64(asymmetry))
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        assert 0 <= shape.share(x) <= 1
        assert np.isfinite(shape.slope(x))
