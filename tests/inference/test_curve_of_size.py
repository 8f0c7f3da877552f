import numpy as np
import pytest

from bayeskisl.inference.curve_of_size import CurveOfSize, coefficients_at
from bayeskisl.laws import SizeLaw, load_law

VALUES = np.array([[6144.0], [24576.0], [98304.0]])


def size_law(name):
    return SizeLaw.of(load_law(name), ("params",), VALUES)


@pytest.mark.parametrize("name", ["saturating", "softmin"])
def test_sampled_coordinates_have_the_prior_of_the_coefficients(name):
    """Moments of 200,000 draws: independent normals with the law file's means and standard deviations."""
    law, rng, draws = size_law(name), np.random.default_rng(0), 200_000
    curve = CurveOfSize(law.design_matrix(VALUES), law.mean, law.sd, 0 * law.sd, np.zeros((3, 1)), np.zeros(1), 0.15)
    known = curve.given(np.ones(3, dtype=bool))

    def normal(name, mean, sd):
        return np.broadcast_to(mean, (draws, 1)) + sd * rng.standard_normal((draws, 1))

    found = coefficients_at(normal, len(law.mean), None, known, np)[..., 0]
    np.testing.assert_allclose(found.mean(axis=0), law.mean, atol=0.02)
    covariance = np.cov(found.T)
    np.testing.assert_allclose(covariance, np.diag(law.sd**2), atol=0.03)


@pytest.mark.parametrize("name", ["saturating", "softmin"])
def test_tangent_and_reference_are_derivatives(name):
    law, step = size_law(name), 1e-5
    at = law.mean + np.array([0.3, 0.2 * (law.sd[1] > 0), 0.5, 0.1])
    for column, exact in enumerate(law.tangent(at, VALUES).T):
        nudge = step * (np.arange(4) == column)
        up, down = (law.log_critical_exposures(at + s * nudge, VALUES) for s in (1, -1))
        np.testing.assert_allclose(exact, (up - down) / (2 * step), atol=1e-6)
    h = 1e-3
    up, mid, down = (law.log_critical_exposures(at, law.reference * np.exp(s)) for s in (h, 0, -h))
    level, exponent, curvature = law.at_reference(at)
    assert level == pytest.approx(mid)
    assert exponent[0] == pytest.approx(-(up - down) / (2 * h), rel=1e-5)
    assert curvature[0] == pytest.approx((up - 2 * mid + down) / h**2, rel=1e-4)


def test_critical_exposures_never_fall_below_their_minimum():
    law = size_law("saturating")
    huge = law.log_critical_exposures(law.mean, np.array([1e30]))
    assert huge == pytest.approx(law.mean[-2])
