import json
import re
import shutil

import numpy as np
import pytest
import xarray as xr

from bayeskisl.curves import load_curves
from bayeskisl.errors import InputError
from bayeskisl.inference import Fit, build_model, extrapolate, fit, load_fit, simulate
from bayeskisl.inference.data import prepare
from bayeskisl.inference.extrapolate import _by_prior
from bayeskisl.inference.posterior import report_on_axis
from bayeskisl.laws import load_law
from bayeskisl.laws.priors import LogNormalPrior
from bayeskisl.netcdf import write_netcdf
from tests.inference.conftest import LEVELS, SIZES, TRUTH

PARAMETERS = ("intercept", "exponent", "curvature", "tau", "sigma_run", "steepness_intercept", "steepness_exponent")


@pytest.fixture(scope="session")
def saved(fitted, tmp_path_factory):
    return fitted.save(tmp_path_factory.mktemp("fit") / "fit.nc")


@pytest.mark.parametrize("name", PARAMETERS)
def test_known_parameters_are_recovered(fitted, name):
    draws = fitted.posterior[name].values.ravel()
    low, high = np.quantile(draws, [0.005, 0.995])
    assert low <= TRUTH[name] <= high


def test_every_size_is_recovered_to_a_few_percent(fitted):
    inferred = np.log(fitted.posterior["critical_exposures"])
    error = inferred.mean(("chain", "draw")) - np.log(fitted.truth["critical_exposures"])
    assert float(abs(error).max()) < 0.15
    assert 0.01 < float(inferred.std(("chain", "draw")).max()) < 0.15


def test_summary_has_truth_beside_intervals(fitted):
    table = fitted.summary()
    assert {"median", "eti90_low", "eti90_high", "r_hat", "ess_bulk", "ess_tail", "truth", "covered"} <= set(table)
    assert table["covered"].mean() > 0.6
    assert table.loc["exponent[infused, params]", "truth"] == TRUTH["exponent"]
    assert "eti50_low" in fitted.summary(ci_prob=0.5)


def test_collapse_is_critical_exposures_on_the_axis(fitted):
    posterior, curves = fitted.posterior, fitted.curves
    infused_tokens = float((curves["ratio"] * curves["tokens"] / curves["tokens_per_fact"])[0])
    np.testing.assert_allclose(posterior["collapse"] * posterior["critical_exposures"], infused_tokens, rtol=1e-12)


def test_a_flat_fall_has_its_shoulder_far_away_and_not_beyond_numbers(fitted, curves):
    flat = fitted.posterior.assign(steepness=1e-4 * fitted.posterior["steepness"])
    found = report_on_axis(flat, curves, fitted.law)["shoulder"].values
    assert np.isfinite(found).all()
    assert (found < 1e-6).all()


def test_a_tenth_is_lost_at_the_shoulder(fitted):
    posterior = fitted.posterior
    scaled = posterior["steepness"] * np.log(posterior["collapse"] / posterior["shoulder"])
    np.testing.assert_allclose(fitted.law.fall.of(fitted.posterior).share(scaled), 0.9)


def test_tree_has_every_group(fitted):
    groups = {"posterior", "sample_stats", "log_prior", "log_likelihood", "prior", "posterior_predictive",
              "observed_data", "constant_data", "rivals"}  # fmt: skip
    assert groups == set(fitted.tree.children)
    assert set(fitted.tree["rivals/power"].children) == {"posterior", "sample_stats", "log_prior", "log_likelihood"}
    np.testing.assert_array_equal(fitted.tree["rivals/power/posterior/curvature"], 0.0)


def test_weights_are_of_every_law(fitted):
    assert set(fitted.weights) == {"collapse", "power"}
    assert sum(fitted.weights.values()) == pytest.approx(1)


def test_replicates_look_like_the_runs(fitted):
    replicates = fitted.tree["posterior_predictive/recalled"]
    assert bool((replicates <= fitted.curves["probed"]).all())
    low, high = replicates.quantile([0.005, 0.995], ("chain", "draw"))
    observed = fitted.curves["recalled"]
    assert float(((low <= observed) & (observed <= high)).mean()) > 0.9


def test_saving_and_loading_changes_nothing(fresh, tmp_path):
    again = load_fit(fresh.save(tmp_path / "fit.nc"))
    assert again.tree.identical(fresh.tree)
    assert (again.law, again.gate, again.weights, again.warnings) == (
        fresh.law, fresh.gate, fresh.weights, fresh.warnings,
    )  # fmt: skip
    assert again.law.sha256 == again.tree.attrs["law_sha256"] == load_law("collapse").sha256


def test_curves_come_back_from_the_file_alone(curves, saved):
    assert load_fit(saved).curves.identical(curves)


def short_fit(curves, **options):
    return fit(curves, "collapse", draws=50, tune=100, chains=2, retry=False, throw=False, **options)


@pytest.fixture(scope="module")
def fresh(curves):
    """A fit with a rival that has not been on disk."""
    return short_fit(curves)


def test_a_fit_says_how_many_draws_it_was_made_with(fresh):
    assert fresh.tree.attrs["draws"] == 50


def test_curves_that_were_read_from_a_file_come_back(curves, tmp_path):
    curves.to_netcdf(tmp_path / "curves.nc", engine="h5netcdf")
    read = xr.load_dataset(tmp_path / "curves.nc", engine="h5netcdf")
    assert load_fit(short_fit(read, rivals=()).save(tmp_path / "fit.nc")).curves.identical(read)


def test_arviz_reads_it(saved):
    az = pytest.importorskip("arviz")
    table = az.summary(az.from_netcdf(saved), var_names=["exponent"], ci_prob=0.9, ci_kind="eti")
    assert list(table.index) == ["exponent[infused, params]"]


@pytest.mark.filterwarnings("ignore:Estimated shape parameter of Pareto")
def test_leave_one_out_is_that_of_arviz(fitted):
    az = pytest.importorskip("arviz")
    ours = json.loads(fitted.tree.attrs["elpd_loo"])["collapse"]
    assert ours == pytest.approx(az.loo(fitted.tree).elpd, abs=0.2)


def test_missing_foreign_and_corrupt_files_are_refused(curves, fresh, tmp_path):
    saved = fresh.save(tmp_path / "fit.nc")
    with pytest.raises(InputError, match="no such file"):
        load_fit(tmp_path / "nothing.nc")
    foreign = tmp_path / "curves.nc"
    curves.to_netcdf(foreign, engine="h5netcdf")
    with pytest.raises(InputError, match=r"a fit, got retention curves; make it with `bk\.fit`"):
        load_fit(foreign)
    earlier = fresh.tree.copy()
    earlier["posterior"] = earlier["posterior"].to_dataset().drop_vars("asymmetry")
    with pytest.raises(InputError, match="one of an earlier version; fit the curves again"):
        load_fit(write_netcdf(earlier, tmp_path / "earlier.nc"))
    corrupt = shutil.copy(saved, tmp_path / "corrupt.nc")
    with open(corrupt, "r+b") as file:
        file.truncate(1000)
    with pytest.raises(InputError, match="a NetCDF file"):
        load_fit(corrupt)


def test_unknown_laws_are_refused(curves):
    with pytest.raises(InputError, match="colapse"):
        fit(curves, "colapse")


def test_guessing_must_be_one_per_group(curves):
    two = curves.copy(deep=True)
    two["guessing"][0] = 0.1
    with pytest.raises(InputError, match="one guessing rate for each group of a domain"):
        prepare(two, load_law("collapse"))


def test_the_pymc_model_is_reachable(curves):
    model = build_model(curves, load_law("collapse"))
    assert {"tau", "threshold_place", "steepness_place"} <= {variable.name for variable in model.free_RVs}


def test_a_notebook_shows_the_card(fitted):
    card = fitted._repr_html_()
    assert all(word in card for word in ("exponent of params, infused", "R-hat", "power"))
    assert "collapse point of 6,144 parameters, infused</th>" in card
    assert re.search(r">[0-9,]+ facts \([0-9,]+ to [0-9,]+\)<", card)


def test_a_new_run_scatters_more_than_the_mean(fitted):
    new, mean = (extrapolate(fitted, 98_304, 1_843_200, kind=kind) for kind in ("new_run", "mean"))
    assert new["log_critical_exposures"].dims == ("chain", "draw", "group")
    assert float(abs(mean["run_effect"]).max()) == 0
    assert float(new["run_effect"].std()) == pytest.approx(float(fitted.posterior["sigma_run"].mean()), rel=0.3)
    xr.testing.assert_identical(new["log_critical_exposures"], mean["log_critical_exposures"])


def test_a_trained_size_is_its_own_cell_s(fitted):
    """Its interval is that of its own measurement; as a new size it scatters off the law."""
    for cell, size in enumerate(SIZES):
        there = extrapolate(fitted, size, 1_843_200, kind="mean")
        own = fitted.posterior.isel(cell=cell)
        np.testing.assert_allclose(np.exp(there["log_critical_exposures"]), own["critical_exposures"])
        np.testing.assert_allclose(there["ceiling"], own["ceiling"])
        np.testing.assert_allclose(np.exp(there["log_steepness"]), own["steepness"])
        assert there.attrs["trained"] == str(fitted.posterior["cell"].values[cell])
        new = extrapolate(fitted, size, 1_843_200, kind="mean", as_new=True)
        assert float(new["log_critical_exposures"].std()) > float(there["log_critical_exposures"].std())
    assert extrapolate(fitted, 1.2 * SIZES[-1], 1_843_200).attrs["trained"] == ""


def test_extrapolation_follows_the_law(fitted):
    there = extrapolate(fitted, 98_304, 1_843_200, law="power")["log_critical_exposures"]
    power = fitted.tree["rivals/power/posterior"].to_dataset()
    z = np.log(98_304 / np.exp(np.log(SIZES).mean()))
    line = power["intercept"] - power["exponent"].sel(covariate="params", drop=True) * z
    off = ((there - line) / power["tau"]).values
    assert off.mean() == pytest.approx(0, abs=0.1)
    assert off.std() == pytest.approx(1, abs=0.1)


def test_extrapolation_to_an_unvaried_budget_is_labelled_and_wider(fitted):
    known, unknown = (extrapolate(fitted, 98_304, tokens) for tokens in (1_843_200, 18_432_000))
    assert known.attrs["prior_driven"] == []
    assert unknown.attrs["prior_driven"] == ["tokens"]
    assert float(unknown["log_critical_exposures"].std()) > 2 * float(known["log_critical_exposures"].std())


def test_extrapolation_takes_a_plain_tree(fitted, saved):
    tree = xr.open_datatree(saved, engine="h5netcdf")
    xr.testing.assert_identical(extrapolate(tree, 98_304, 1_843_200), extrapolate(fitted, 98_304, 1_843_200))
    tree.close()


@pytest.mark.parametrize("wrong", [{"law": "saturating"}, {"kind": "old_run"}])
def test_extrapolation_refuses(fitted, wrong):
    with pytest.raises(InputError):
        extrapolate(fitted, 98_304, 1_843_200, **wrong)


def test_simulated_truth_is_what_was_asked_for(curves):
    truth = xr.Dataset.from_dict(json.loads(curves.attrs["truth"]))
    assert all(float(truth[name].squeeze()) == pytest.approx(value) for name, value in TRUTH.items())


@pytest.mark.parametrize("unvaried", [{"tokens": -1.0}, {"depth": 0.5, "tokens": -1.0}])
def test_exponents_from_the_prior_correlate_between_groups_as_their_law_says(unvaried):
    law = load_law("power")
    exponents = law.priors.exponent | {"depth": law.priors.exponent["tokens"]}
    law = law.model_copy(update={"priors": law.priors.model_copy(update={"exponent": exponents})})
    fresh = np.random.default_rng(0).standard_normal((4, 5000, 2))
    rise = _by_prior(law, unvaried, fresh, seed=1).reshape(-1, 2)
    far = np.linalg.norm(list(unvaried.values()))
    assert np.corrcoef(rise.T)[0, 1] == pytest.approx(law.pooling, abs=0.02)
    np.testing.assert_allclose(rise.std(axis=0), far * law.priors.exponent["tokens"].sd, rtol=0.02)


def test_what_has_no_true_value_is_not_judged(fitted):
    tree = fitted.tree.copy()
    attrs = json.loads(tree["constant_data"].attrs["curves_attrs"])
    truth = fitted.truth.assign(tau=float("nan") * fitted.truth["tau"]).drop_vars("exponent")
    tree["constant_data"].attrs["curves_attrs"] = json.dumps(attrs | {"truth": json.dumps(truth.to_dict())})
    table = Fit(tree).summary()
    assert table["covered"].isna().sum() == 2
    assert table.loc[["tau[infused]", "exponent[infused, params]"], "covered"].isna().all()


def test_simulation_refuses_unknown_names():
    with pytest.raises(InputError, match="names among"):
        simulate("power", {"params": SIZES, "facts": LEVELS}, {"alpha": 1.0})
    with pytest.raises(InputError, match="names among"):
        simulate("power", {"params": SIZES, "fact": LEVELS})


def test_same_seed_same_curves():
    design = {"params": SIZES, "facts": LEVELS}
    assert simulate("power", design, seed=3).identical(simulate("power", design, seed=3))
    assert not simulate("power", design, seed=3).equals(simulate("power", design, seed=4))


def test_two_laws_of_one_name_are_refused():
    power = load_law("power")
    wider = power.priors.model_copy(update={"sigma_run": LogNormalPrior(median=0.3, log_sd=1.0)})
    with pytest.raises(InputError, match="two laws called 'power'"):
        fit(load_curves("desk-amount"), power, rivals=[power.model_copy(update={"priors": wider})])
