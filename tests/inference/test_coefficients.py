import numpy as np

from bayeskisl.inference.coefficients import conditional_moments, draw_coefficients

RNG = np.random.default_rng(2)
DESIGN = RNG.normal(size=(5, 3))
MEAN, SD = np.array([4.0, 0.7, 0.0]), np.array([1.5, 0.4, 0.1])
THRESHOLDS, TAU = RNG.normal(5, 1, size=(2, 6, 5)), RNG.uniform(0.05, 0.5, size=(2, 6))


def test_moments_equal_the_textbook_formula():
    centre, root = conditional_moments(THRESHOLDS, TAU, DESIGN, MEAN, SD)
    for place in np.ndindex(TAU.shape):
        precision = np.diag(SD**-2) + DESIGN.T @ DESIGN / TAU[place] ** 2
        textbook = np.linalg.solve(precision, MEAN / SD**2 + DESIGN.T @ THRESHOLDS[place] / TAU[place] ** 2)
        np.testing.assert_allclose(centre[place], textbook, rtol=1e-9)
        np.testing.assert_allclose(root[place] @ root[place].T, np.linalg.inv(precision), rtol=1e-8, atol=1e-12)


def test_no_spread_fixes_a_coefficient_and_equals_dropping_its_column():
    fixed = np.array([*SD[:2], 0.0])
    centre, root = conditional_moments(THRESHOLDS, TAU, DESIGN, MEAN, fixed)
    np.testing.assert_array_equal(centre[..., 2], MEAN[2])
    np.testing.assert_array_equal(root[..., 2, :], 0.0)
    without, _ = conditional_moments(THRESHOLDS - MEAN[2] * DESIGN[:, 2], TAU, DESIGN[:, :2], MEAN[:2], SD[:2])
    np.testing.assert_allclose(centre[..., :2], without, rtol=1e-9)


def test_draws_have_those_moments():
    many = 20_000
    draws = draw_coefficients(
        np.tile(THRESHOLDS[0, 0], (many, 1)), np.full(many, TAU[0, 0]), DESIGN, MEAN, SD, np.random.default_rng(0)
    )
    centre, root = conditional_moments(THRESHOLDS[0, 0], TAU[0, 0], DESIGN, MEAN, SD)
    np.testing.assert_allclose(draws.mean(0), centre, atol=5 * SD.max() / np.sqrt(many))
    np.testing.assert_allclose(np.cov(draws.T), root @ root.T, rtol=0.1, atol=1e-4)
