"""Draws about the mode: exact for a normal, corrected by importance for what is not, and near a law's posterior."""

import numpy as np
import pytest

from bayeskisl.inference import fit, load_fit, simulate
from bayeskisl.inference.about_mode import draws_about_mode

COVARIANCE = np.array([[4.0, 1.5, 0.0], [1.5, 1.0, 0.2], [0.0, 0.2, 0.25]])
MEAN = np.array([1.0, -2.0, 0.5])


def drawn(value_and_gradient, length, count=4000, workers=2):
    return draws_about_mode(value_and_gradient, np.zeros(length), count, np.random.default_rng(1), workers)


def test_a_normal_density_gives_its_own_mean_and_covariance():
    precision = np.linalg.inv(COVARIANCE)

    def density(point):
        slope = precision @ (MEAN - point)
        return -0.5 * float((point - MEAN) @ -slope), slope

    draws = drawn(density, 3)
    np.testing.assert_allclose(draws.mean(axis=0), MEAN, atol=0.12)
    np.testing.assert_allclose(np.cov(draws.T), COVARIANCE, atol=0.3)


def test_importance_moves_a_normal_to_the_mean_of_a_skewed_density():
    def log_of_gamma(point):  # logarithms of gamma variables of shape 1: mean -0.577, mode 0, variance 1.645
        return float(np.sum(point - np.exp(point))), 1 - np.exp(point)

    draws = drawn(log_of_gamma, 2)
    np.testing.assert_allclose(draws.mean(axis=0), -0.577, atol=0.1)
    np.testing.assert_allclose(draws.var(axis=0), 1.645, atol=0.4)


def test_draws_stay_inside_the_support():
    def half_line(point):  # exponential variables
        return (float(-np.sum(point)), -np.ones(2)) if (point > 0).all() else (-np.inf, np.full(2, np.nan))

    draws = drawn(half_line, 2, count=200)
    assert draws.shape == (200, 2)
    assert (draws >= 0).all()


def test_many_dimensions_keep_many_draws():
    def heavy_tails(
        point,
    ):  # Student's t with three degrees of freedom, of which a normal in 60 dimensions knows little
        return float(-2 * np.sum(np.log1p(point**2 / 3))), -4 * point / (3 + point**2)

    draws = drawn(heavy_tails, 60, count=1000)
    assert len(np.unique(draws, axis=0)) > 100


def test_the_number_of_threads_does_not_matter():
    def density(point):
        return -0.5 * float(point @ point), -point

    np.testing.assert_array_equal(drawn(density, 3, workers=1), drawn(density, 3, workers=3))


@pytest.mark.slow
def test_a_preview_lies_near_the_posterior():
    posterior = load_fit("desk-four")
    preview = fit(posterior.curves, posterior.law, method="preview")
    for name, near, narrowest in (("critical_exposures", 0.5, 0.6), ("exponent", 0.6, 0.4), ("steepness", 0.5, 0.6)):
        rough, exact = (
            np.log(one.posterior[name])
            .transpose("chain", "draw", ...)
            .values.reshape(one.posterior.sizes["chain"] * one.posterior.sizes["draw"], -1)
            for one in (preview, posterior)
        )
        spread = exact.std(axis=0)
        np.testing.assert_allclose((np.median(rough, axis=0) - np.median(exact, axis=0)) / spread, 0, atol=near)
        width = np.ptp(np.quantile(rough, [0.05, 0.95], axis=0), axis=0) / np.ptp(
            np.quantile(exact, [0.05, 0.95], axis=0), axis=0
        )
        assert (narrowest < width).all()
        assert (width < 1.6).all()


def test_a_preview_of_many_sizes_lets_them_scatter():
    """Where many cells draw near to their law the density is highest, and no draw of the posterior lies there."""
    sizes = [float(size) for size in np.geomspace(3e3, 3e6, 24).round()]
    design = {"params": sizes, "facts": [100, 300, 1000, 3000, 10_000], "tokens": 600_000}
    preview = fit(simulate("power", design, {"tau": 0.15}, seed=1), "power", method="preview")
    assert float(preview.posterior["tau"].median()) > 0.08
