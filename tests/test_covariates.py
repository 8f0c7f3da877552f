"""A covariate of the user's own, and curves of two ratios, go through everything that asks about a target."""

import json

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

import bayeskisl as bk
from bayeskisl.cli.app import app
from bayeskisl.curves import cell_table, validate, without_covariates
from bayeskisl.decision.planned_model import planned_model
from bayeskisl.design import believe
from bayeskisl.design.runs import Cell
from bayeskisl.errors import InputError
from bayeskisl.inference.simulate import design_curves
from bayeskisl.laws import load_law
from tests.design.hand_made import PASSED

SIZES, DEPTHS, TARGET = [6_144, 13_824, 24_576], [2, 8], 98_304
BUDGET, FEW = "1e14flop", {"score": "variance", "particles": 400, "batch": 2}
SHORT = {"draws": 150, "tune": 200, "chains": 2, "rivals": (), "retry": False, "throw": False}
TRUTH = {"intercept": 5.5, "tau": 0.05, "sigma_run": 0.05, "floor_excess": 0.0, "steepness_intercept": 1.6,
         "steepness_exponent": 0.0, "steepness_scatter": 0.02}  # fmt: skip


def deep_law():
    """The power law with an exponent of depth, as a law file would give it."""
    content = load_law("power").to_dict()
    content["name"], content["covariates"] = "deep", ["params", "depth"]
    content["priors"]["exponent"] = {
        "params": content["priors"]["exponent"]["params"],
        "depth": {"mean": 0.2, "sd": 0.3},
    }
    return type(load_law("power")).model_validate(content)


def side_by_side(parts):
    """Curves of several designs, with runs of different names."""
    joined = xr.concat(parts, dim="run", data_vars="all")
    return joined.assign_coords(run=[f"run {i}" for i in range(joined.sizes["run"])])


@pytest.fixture(scope="module")
def deep_curves():
    design = side_by_side(
        [
            design_curves(params=SIZES, facts=[100, 200, 400, 800, 1600, 3200], seeds=1).assign_coords(
                depth=("run", np.full(18, depth))
            )
            for depth in DEPTHS
        ]
    )
    return bk.simulate(deep_law(), design, TRUTH | {"exponent": {"params": 0.6, "depth": 0.4}}, seed=1)


@pytest.fixture(scope="module")
def deep(deep_curves):
    return bk.fit(deep_curves.drop_attrs().assign_attrs(axis="amount"), deep_law(), **SHORT)


@pytest.fixture(scope="module")
def two_ratios():
    design = side_by_side(
        [
            design_curves(params=SIZES, facts=[100, 200, 400, 800, 1600, 3200], ratio=ratio, seeds=1)
            for ratio in (0.25, 0.5)
        ]
    )
    curves = bk.simulate("power", design, TRUTH | {"exponent": 0.6}, seed=2)
    return bk.fit(curves.drop_attrs().assign_attrs(axis="amount"), "power", **SHORT)


def everything_about(fit, folder, **hold):
    """Every answer about one target."""
    target = bk.Target(TARGET, hold=hold)
    decision = bk.decide(fit, target, sensitivity=False, throw=False)
    bk.plot_collapse(fit, target=target)
    bk.plot_collapse(fit, decision.data)
    assert bk.report(fit, out=folder / "report.md", target=target).is_file()
    return bk.predict(fit, target, throw=False), decision, bk.plan(fit, target, budget=BUDGET, throw=False, **FEW)


def test_cells_are_told_apart_by_the_covariates_of_the_law(deep):
    cells, _ = cell_table(deep.curves)
    assert cells.sizes["cell"] == len(SIZES) * len(DEPTHS)
    assert sorted(set(cells["depth"].values)) == DEPTHS
    assert all("depth=" in label for label in cells["cell"].values)


def test_the_exponent_of_depth_is_inferred(deep):
    found = deep.posterior["exponent"].sel(covariate="depth", group="infused")
    assert float(found.mean()) == pytest.approx(0.4, abs=0.15)


def test_depth_goes_through_everything(deep, tmp_path):
    ahead, decision, plan = everything_about(deep, tmp_path, depth=4)
    assert decision.held_fixed["depth"] == 4
    assert plan.target.held_fixed["depth"] == 4
    assert "exponent of depth" in bk.reporting.describe_prediction(ahead)
    deeper = bk.predict(deep, TARGET, hold={"depth": 8}, throw=False)
    exponent = deep.posterior["exponent"].sel(covariate="depth", group="infused").values
    np.testing.assert_allclose(np.log(deeper.collapse / ahead.collapse), exponent * np.log(2))


def test_a_saved_fit_keeps_the_covariates_of_its_law(deep, tmp_path):
    again = bk.load_fit(deep.save(tmp_path / "fit.nc"))
    asked = bk.Target(TARGET, hold={"depth": 4})
    ours, theirs = (bk.predict(each, asked, throw=False) for each in (deep, again))
    np.testing.assert_allclose(ours.collapse, theirs.collapse)


def test_a_depth_has_to_be_named_and_known(deep):
    with pytest.raises(InputError, match=r"one value of depth.*hold="):
        bk.predict(deep, TARGET, throw=False)
    with pytest.raises(InputError, match="the nearest is 'depth'"):
        bk.predict(deep, TARGET, hold={"dept": 4}, throw=False)
    with pytest.raises(InputError, match=r"a value of depth that was swept, 2 to 8.*prior_driven=True"):
        bk.predict(deep, TARGET, hold={"depth": 16}, throw=False)
    ahead = bk.predict(deep, TARGET, hold={"depth": 16}, prior_driven=True, throw=False)
    assert "depth" in ahead.attrs["warnings"]


def test_a_covariate_that_the_curves_lack_is_refused_with_the_nearest(deep_curves):
    misnamed = without_covariates(deep_curves).rename(depth="depths")
    with pytest.raises(InputError, match=r"run coordinates of the curves.*'depth'; the nearest is 'depths'"):
        bk.fit(misnamed, deep_law(), **SHORT)
    with pytest.raises(InputError, match="positive numbers as the covariate 'depth'"):
        bk.fit(deep_curves.assign_coords(depth=0 * deep_curves.depth), deep_law(), **SHORT)


@pytest.mark.parametrize("names", ["depth", '["dept"]', '{"depth": 1}', "[1]"])
def test_a_file_names_run_coordinates_as_its_covariates(names, deep_curves):
    with pytest.raises(InputError, match="attribute 'covariates' to"):
        validate(deep_curves.assign_attrs(covariates=names))


def test_a_covariate_that_the_axis_moves_is_refused(deep_curves):
    content = deep_law().to_dict()
    content["covariates"] = ["params", "facts"]
    content["priors"]["exponent"]["facts"] = content["priors"]["exponent"].pop("depth")
    law = type(deep_law()).model_validate(content)
    with pytest.raises(InputError, match="the axis 'amount' does not move"):
        bk.fit(deep_curves, law, **SHORT)


def test_one_depth_alone_leaves_its_exponent_to_the_prior(deep_curves):
    shallow = deep_curves.isel(run=np.flatnonzero(deep_curves.depth.values == 2))
    fit = bk.fit(shallow, deep_law(), **SHORT)
    same, deeper = (
        np.log(bk.predict(fit, TARGET, hold=hold, prior_driven=True, throw=False)["collapse"])
        for hold in ({}, {"depth": 8})
    )
    assert float(deeper.std()) > float(same.std())
    assert float((deeper - same).mean()) == pytest.approx(0.2 * np.log(4), abs=0.1)


def test_two_ratios_go_through_everything(two_ratios, tmp_path):
    ahead, decision, plan = everything_about(two_ratios, tmp_path, ratio=0.5)
    assert decision.held_fixed["ratio"] == 0.5
    half = bk.predict(two_ratios, TARGET, hold={"ratio": 0.25}, throw=False)
    np.testing.assert_allclose(half.collapse, ahead.collapse / 2)
    assert plan.runs


def test_a_plan_counts_as_trained_the_cells_of_its_own_ratio_alone(two_ratios):
    cells = [Cell(size, 1_843_200) for size in SIZES]
    for ratio, seen in {0.25: True, 0.5: True, 0.4: False}.items():
        beliefs = believe(two_ratios, bk.Target(TARGET, hold={"ratio": ratio}), cells, particles=200)
        assert [beliefs.places[cell].seen for cell in cells] == [seen] * len(cells)


def test_planned_models_keep_what_was_held(two_ratios):
    planned = planned_model(two_ratios.curves, bk.Target(TARGET, hold={"ratio": 0.25}))
    assert planned.held_fixed["ratio"] == 0.25
    assert planned.prior_driven == ()


@pytest.mark.parametrize("command", [["plan", "--params", TARGET, "--budget", BUDGET, "--batch", 1],
                                     ["report", "--out", "r.md"]])  # fmt: skip
def test_commands_take_what_is_held(command, two_ratios, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    two_ratios.tree.attrs["gates"] = json.dumps({two_ratios.law.name: PASSED.to_dict()})
    name, *options = map(str, command)
    bk.Fit(two_ratios.tree).save("fit.nc")
    unnamed = CliRunner().invoke(app, [name, "fit.nc", *options])
    assert "name the target's, as `hold={'ratio': 0.25}`" in str(unnamed.exception)
    named = CliRunner().invoke(app, [name, "fit.nc", *options, "--hold", "ratio=0.5"])
    assert named.exit_code == 0, named.exception


def test_a_back_test_knows_the_covariates_of_the_law():
    sizes = [*SIZES, 49_152]
    design = side_by_side(
        [
            design_curves(params=sizes, facts=[100, 200, 400, 800, 1600, 3200], seeds=1).assign_coords(
                depth=("run", np.full(24, depth))
            )
            for depth in DEPTHS
        ]
    )
    curves = bk.simulate(deep_law(), design, TRUTH | {"exponent": {"params": 0.6, "depth": 0.4}}, seed=3)
    found = bk.backtest(curves, deep_law(), method="preview").table
    assert found["cell"].to_list() == [f"49152p 1843200t depth={depth}" for depth in DEPTHS]
    assert found["factor"].to_numpy() == pytest.approx(1, abs=0.4)


def test_a_rival_of_other_covariates_is_refused(deep_curves):
    with pytest.raises(InputError, match="rivals of the covariates of the law"):
        bk.fit(deep_curves, deep_law(), rivals=["power"])
