import numpy as np
import pytest

from bayeskisl.inference.curve_of_size import CurveOfSize, coefficients_at
from bayeskisl.laws import LimitsLaw, load_law

SIZES = np.geomspace(6144.0, 98304.0, 5)
VALUES = np.stack([SIZES, 1e5 / SIZES], axis=1)


def curve_of(name, rough):
    law = LimitsLaw.of(load_law(name), ("params",), VALUES)
    return CurveOfSize(law.design(VALUES), law.mean, law.sd, 0 * law.sd, rough[:, None], np.zeros((len(SIZES), 1)))


@pytest.mark.parametrize("name", ["limits", "saturating", "softmin"])
def test_sampled_coordinates_have_the_prior_of_the_coefficients(name):
    """The density of the coordinates is that of independent normals, with the law file's moments, times |root|."""
    curve = curve_of(name, np.log(300.0) - 0.7 * np.log(SIZES / SIZES[0]))
    known, rng = curve.given(np.ones(len(SIZES), dtype=bool)), np.random.default_rng(0)
    free = curve.sd > 0
    for z in rng.standard_normal((20, len(curve.mean))):
        density = []

        def normal(name, mean, sd, z=z, density=density):
            value = z[int(name.split("_")[1])]
            density.append(-0.5 * ((value - mean) / sd) ** 2 - np.log(sd))
            return np.full(1, value)

        found = coefficients_at(normal, len(curve.mean), None, known, np)[..., 0]
        prior = -0.5 * ((found - curve.mean) / np.where(free, curve.sd, 1.0)) ** 2 - np.log(
            np.where(free, curve.sd, 1.0)
        )
        jacobian = np.log(np.diag(known.root[..., 0]))[free].sum()
        alone = -0.5 * z[~free] ** 2
        assert np.sum(density) == pytest.approx(prior[free].sum() + jacobian + alone.sum())


def test_coordinates_are_centred_on_coefficients_that_fit_the_rough_values():
    curve = curve_of("limits", np.log(300.0) - 0.7 * np.log(SIZES / SIZES[0]))
    known = curve.given(np.ones(len(SIZES), dtype=bool))
    law = LimitsLaw.of(load_law("limits"), ("params",), VALUES)
    line = law.log_critical_exposures(known.start[:, 0], VALUES)
    np.testing.assert_allclose(line, curve.rough[:, 0], atol=0.05)


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
    assert law.log_critical_exposures(known.start[..., 0], VALUES) == pytest.approx(line, abs=0.15)
    normal = np.random.default_rng(0).standard_normal((500, len(law.mean)))
    members = known.start[..., 0] + normal @ known.root[..., 0].T
    off = law.log_critical_exposures(members, VALUES) - line
    assert np.median(np.abs(off)) < 0.3
    spread = law.sd[0]  # of the level under the prior
    assert members[:, 0].std() < spread / 2
