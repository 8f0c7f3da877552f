import numpy as np
import pytest
import xarray as xr
from scipy import stats

from bayeskisl.inference.sensitivity import SENSITIVE, _of_groups, sensitivity

RNG = np.random.default_rng(6)


@pytest.mark.parametrize("groups", [1, 2, 3])
def test_pooled_prior_is_an_equicorrelated_normal(groups):
    values, pooling = RNG.normal(2, 3, (6, groups)), 0.75 if groups > 1 else 0.0
    covariance = 9 * ((1 - pooling) * np.eye(groups) + pooling)
    exact = stats.multivariate_normal.logpdf(values, np.full(groups, 2.0), covariance)
    ours = _of_groups(values, 2.0, 3.0, pooling)
    np.testing.assert_allclose(ours - ours[0], np.atleast_1d(exact - exact[0]), atol=1e-12)


@pytest.mark.parametrize(("information", "driven"), [(0.0, True), (1.0, True), (400.0, False)])
def test_what_the_data_do_not_say_moves_with_its_prior(information, driven):
    """A normal mean, prior N(0, 1), likelihood N(1, 1 / information): both pull where they weigh alike."""
    mean, sd = information / (1 + information), (1 + information) ** -0.5
    draws = RNG.normal(mean, sd, (4, 2000))
    posterior = xr.Dataset({"x": (("chain", "draw"), draws)})
    prior = xr.Dataset({"prior of x": (("chain", "draw"), stats.norm.logpdf(draws))})
    table = sensitivity(posterior, prior, ("x",))
    assert (table.loc["x", "all"] > SENSITIVE) == driven
    assert table.loc["x", "all"] == pytest.approx(table.loc["x", "prior of x"])


def test_a_fit_says_what_is_prior(fitted):
    table = fitted.sensitivity()
    assert {"tau", "exponent params", "curvature params", "all"} <= set(table.columns)
    of_tau = table.loc["tau[infused]"]
    assert of_tau["tau"] > SENSITIVE > of_tau["concentration"]
    collapse = table[table.index.str.startswith("collapse[")]
    assert (collapse["all"] < SENSITIVE).all()


def test_arviz_reads_it(fitted):
    az = pytest.importorskip("arviz")
    ours = fitted.sensitivity().loc["tau[infused]", "tau"]
    theirs = az.psense(fitted.tree, var_names=["tau"], group="prior", group_var_names=["tau"])
    assert ours == pytest.approx(float(np.asarray(theirs["tau"]).squeeze()), rel=1e-6)
