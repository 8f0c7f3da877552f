import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp

from bayeskisl.inference.data import prepare
from bayeskisl.inference.model import Model
from bayeskisl.inference.pointwise import beta_binomial_log_density, integrate_run_effects
from bayeskisl.inference.prior import draw_prior
from bayeskisl.inference.run_counts import precision
from bayeskisl.laws import load_law

LAW = load_law("collapse")


def by_brute_force(named, data, draw, run):
    """Rectangles on a grid far finer than any likelihood."""
    z = np.linspace(-60, 60, 40_001)
    cell = data.cell_of_run[run]
    chance = (
        LAW.fall.of(named)
        .map(lambda of_group: of_group[0, draw, 0])
        .retention(
            data.log_exposures[run, 0] - named["sigma_run"][0, draw, 0] * z,
            np.log(named["critical_exposures"][0, draw, cell, 0]),
            named["steepness"][0, draw, cell, 0],
            named["floor"][0, draw, cell, 0],
            named["ceiling"][0, draw, cell, 0],
        )
    )
    counts = precision(
        chance,
        named["floor"][0, draw, cell, 0],
        named["concentration"][0, draw, 0],
        named["guess_concentration"][0, draw, 0],
    )
    given = beta_binomial_log_density(data.recalled[run, 0], data.probed[run, 0], chance, counts)
    return logsumexp(given + stats.norm.logpdf(z)) + np.log(z[1] - z[0])


def test_density_is_that_of_scipy():
    recalled = np.array([0, 3, 250, 500])
    ours = beta_binomial_log_density(recalled, 500, 0.4, 80.0)
    np.testing.assert_allclose(ours, stats.betabinom.logpmf(recalled, 500, 0.4 * 80, 0.6 * 80), rtol=1e-9)


def test_integral_equals_brute_force_where_draws_fit_the_data(fitted):
    data = prepare(fitted.curves, LAW)
    posterior = fitted.posterior.transpose("chain", "draw", "run", "cell", "group", "covariate")
    named = {name: variable.values[:1, ::400] for name, variable in posterior.data_vars.items()}
    ours = integrate_run_effects(named, data, LAW).log_likelihood
    for draw, run in np.ndindex(ours.shape[1], ours.shape[2]):
        assert ours[0, draw, run, 0] == pytest.approx(by_brute_force(named, data, draw, run), abs=0.03)


def test_integral_equals_brute_force_for_draws_that_do_not(curves):
    data = prepare(curves, LAW)
    named = draw_prior(Model(data, LAW), 3, np.random.default_rng(4))
    ours = integrate_run_effects(named, data, LAW).log_likelihood
    errors = [
        abs(ours[0, draw, run, 0] - by_brute_force(named, data, draw, run))
        for draw, run in np.ndindex(3, data.shape[0])
    ]
    assert np.median(errors) < 1e-6
    assert np.quantile(errors, 0.95) < 0.01


def test_runs_that_were_not_probed_have_likelihood_one(curves):
    silent = curves.copy(deep=True)
    silent["recalled"][3] = 0
    silent["probed"][3] = 0
    data = prepare(silent, LAW)
    named = draw_prior(Model(data, LAW), 5, np.random.default_rng(4))
    np.testing.assert_array_equal(integrate_run_effects(named, data, LAW).log_likelihood[:, :, 3], 0.0)
