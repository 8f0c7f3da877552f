from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from bayeskisl.inference.curve_of_size import Bent, CurveOfSize, coefficients_at
from bayeskisl.inference.densities import normal_of_log_density
from bayeskisl.laws import LimitsLaw, load_law

SIZES = np.geomspace(6144.0, 98304.0, 5)
VALUES = np.stack([SIZES, 1e5 / SIZES], axis=1)


def curve_of(name, rough):
    law = LimitsLaw.of(load_law(name), ("params",), VALUES)
    return CurveOfSize(law.design(VALUES), law.mean, law.sd, 0 * law.sd, rough[:, None], np.full((len(SIZES), 1), 1e4))


def at(known, coordinates):
    return Bent(known.wall[..., 0], known.slope[..., 0], known.bend[..., 0]).at(coordinates, np)[0]


@pytest.mark.parametrize("name", ["limits", "saturating", "softmin"])
def test_sampled_coordinates_have_the_prior_of_the_coefficients(name):
    """The density of the coordinates is that of independent normals, with the law file's moments, times |dc / dz|."""
    curve = curve_of(name, np.log(300.0) - 0.7 * np.log(SIZES / SIZES[0]))
    known, rng = curve.given(np.ones(len(SIZES), dtype=bool)), np.random.default_rng(0)
    free = np.flatnonzero(curve.sd > 0)

    def coefficients(z):
        density = []

        def normal_of(name, mean, sd, of):
            value, slope = of(z[:, None])
            density.append(normal_of_log_density(value, slope, mean, sd, np).sum())
            return value

        return coefficients_at(normal_of, len(z), None, known, np)[..., 0], sum(density)

    for z in rng.standard_normal((20, len(curve.mean))):
        found, density = coefficients(z)
        steps = 1e-5 * np.eye(len(z))[free]
        jacobian = [(coefficients(z + step)[0] - coefficients(z - step)[0])[free] / 2e-5 for step in steps]
        alone = np.delete(z, free)
        expected = stats.norm.logpdf(found, curve.mean, np.where(curve.sd > 0, curve.sd, 1.0))[free].sum()
        expected += np.linalg.slogdet(jacobian)[1] + stats.norm.logpdf(alone).sum()
        assert density == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("free", [0, 1])
def test_few_free_coefficients_have_coordinates_too(free):
    curve = curve_of("saturating", np.full(len(SIZES), 5.0))
    sd = np.where(np.arange(len(curve.sd)) < free, curve.sd, 0.0)
    known = replace(curve, sd=sd).given(np.ones(len(SIZES), dtype=bool))
    assert np.isfinite(known.start).all()
    assert known.root[0, 0, 0] > 0
    np.testing.assert_array_equal(known.root[1:, 1:, 0], np.eye(len(sd) - 1))


def test_a_coordinate_has_the_scale_of_the_prior_on_one_side_of_a_wall_and_that_of_the_wall_on_the_other():
    below, above = Bent(3.0, 1.3, 1.2), Bent(3.0, 1.3, -1.2)
    far, near = below.at(np.array([-50.0, 50.0]), np)[1]
    assert (far, near) == pytest.approx((2.5, 0.1), abs=0.01)
    assert above.at(np.array([-50.0, 50.0]), np)[1] == pytest.approx((near, far))
    assert below.at(np.array([50.0]), np)[0] == pytest.approx(3.0 + 0.1 * 50.0, abs=0.1), "narrow from the wall on"


@pytest.mark.parametrize("bend", [-1.2, 0.0, 1.2])
def test_coordinates_of_coefficients(bend):
    bent, coordinates = Bent(3.0, 1.3, bend), np.linspace(-20.0, 20.0, 41)
    values, slopes = bent.at(coordinates, np)
    np.testing.assert_allclose(bent.inverse(values), coordinates, atol=1e-9)
    np.testing.assert_allclose(slopes, (bent.at(coordinates + 1e-6, np)[0] - values) / 1e-6, rtol=1e-4)


def test_limits_have_their_walls_where_they_would_bind():
    """The minimum at the lowest rough half-point; the bits where a size holds most of them."""
    line = np.log(300.0) - 0.7 * np.log(SIZES / SIZES[0])
    curve = curve_of("limits", line)
    known = curve.given(np.ones(len(SIZES), dtype=bool))
    assert known.wall[[-3, -2], 0] == pytest.approx([line.min(), (np.log(VALUES[:, 1]) - line).max()])
    assert (known.bend[[-3, -2], 0] > 0).tolist() == [True, False]
    assert not known.bend[:-3].any()


def test_coordinates_are_centred_about_coefficients_that_fit_the_rough_values():
    curve = curve_of("limits", np.log(300.0) - 0.7 * np.log(SIZES / SIZES[0]))
    known = curve.given(np.ones(len(SIZES), dtype=bool))
    law = LimitsLaw.of(load_law("limits"), ("params",), VALUES)
    line = law.log_critical_exposures(at(known, known.start[:, 0]), VALUES)
    np.testing.assert_allclose(line, curve.rough[:, 0], atol=0.1)


def two_more(of_cells):
    return np.pad(of_cells, [(0, 2), *[(0, 0)] * (of_cells.ndim - 1)])


def test_cells_of_padding_do_not_move_the_coordinates():
    curve = curve_of("limits", np.log(300.0) - 0.7 * np.log(SIZES / SIZES[0]))
    padded = CurveOfSize(
        curve.design.map(two_more), curve.mean, curve.sd, curve.common_sd, two_more(curve.rough),
        two_more(curve.information),
    )  # fmt: skip
    whole, more = curve.given(np.ones(5, dtype=bool)), padded.given(np.arange(7) < 5)
    np.testing.assert_allclose(more.start, whole.start)
    np.testing.assert_allclose(more.root, whole.root)


def test_likely_values_give_the_posterior_of_the_coefficients():
    """Rough values, here far off, are not read then."""
    law = LimitsLaw.of(load_law("limits"), ("params",), VALUES)
    line = np.log(300.0) - 0.7 * np.log(SIZES / SIZES[0])
    rough, information = np.zeros((len(SIZES), 1)), np.full((len(SIZES), 1), 1e4)
    curve = CurveOfSize(law.design(VALUES), law.mean, law.sd, 0 * law.sd, rough, information, line[:, None])
    known = curve.given(np.ones(len(SIZES), dtype=bool))
    assert law.log_critical_exposures(at(known, known.start[..., 0]), VALUES) == pytest.approx(line, abs=0.15)
    normal = np.random.default_rng(0).standard_normal((500, len(law.mean)))
    members = at(known, known.start[..., 0] + normal @ known.root[..., 0].T)
    off = law.log_critical_exposures(members, VALUES) - line
    assert np.median(np.abs(off)) < 0.3
    spread = law.sd[0]  # of the level under the prior
    assert members[:, 0].std() < spread / 2
