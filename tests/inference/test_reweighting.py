from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from bayeskisl.inference.reweighting import weakened

CHAINS, DRAWS = 4, 4_000
RNG = np.random.default_rng(11)


def conjugate(information, prior_sd=1.0):
    """Mean and sd of a normal mean with prior N(0, prior_sd) and likelihood N(1, 1 / information)."""
    precision = information + prior_sd**-2
    return information / precision, precision**-0.5


def fit_of(information, **log_priors):
    draws = RNG.normal(*conjugate(information), (CHAINS, DRAWS))
    of_draws = ("chain", "draw")
    groups = {
        "posterior": xr.Dataset({"x": (of_draws, draws)}, {"chain": range(CHAINS), "draw": range(DRAWS)}),
        "log_prior": xr.Dataset({"x": (of_draws, stats.norm.logpdf(draws)), **log_priors}),
        "observed_data": xr.Dataset(),
        "constant_data": xr.Dataset(),
    }
    return SimpleNamespace(tree=xr.DataTree.from_dict(groups), weights={"law": 1.0}, law=SimpleNamespace(name="law"))


@pytest.mark.parametrize("information", [0.3, 1.0, 30.0])
def test_half_the_power_of_a_normal_prior_is_the_posterior_under_twice_its_variance(information):
    found, k = weakened(fit_of(information), 0.5, 2_000)
    draws = found.tree["posterior"]["x"].values
    mean, sd = conjugate(information, np.sqrt(2))
    assert draws.shape == (1, 2_000)
    assert draws.mean() == pytest.approx(mean, abs=0.06 * sd)
    assert draws.std() == pytest.approx(sd, rel=0.05)
    assert k < 0.7


def test_without_data_the_weights_fail_where_a_width_is_doubled():
    """Pareto k is 1 - power: weights whose variance is infinite are known for what they are."""
    fit = fit_of(1e-9)
    assert weakened(fit, 0.5, 100)[1] < 0.7 < weakened(fit, 0.1, 100)[1]


def test_the_prior_of_recall_above_guessing_stays():
    plain = fit_of(1.0)
    noise = (("chain", "draw"), RNG.normal(size=(CHAINS, DRAWS)))
    plain.tree["log_prior"] = plain.tree["log_prior"].to_dataset().assign(floor_excess=noise)
    others = weakened(plain, 0.5, 500)[0].tree["posterior"].to_dataset()
    plain.tree["log_prior"] = plain.tree["log_prior"].to_dataset()[["x"]]
    xr.testing.assert_identical(others, weakened(plain, 0.5, 500)[0].tree["posterior"].to_dataset())


def test_a_fit_without_log_densities_cannot_be_weighted():
    fit = fit_of(1.0)
    del fit.tree["log_prior"]
    assert weakened(fit, 0.5, 100) is None
