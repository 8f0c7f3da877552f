"""A run scatter that varies with size, where a law has a prior of it."""

import json

import numpy as np
import pytest
import xarray as xr

from bayeskisl.decision import predict
from bayeskisl.design import plan
from bayeskisl.errors import InputError
from bayeskisl.inference import fit, simulate
from bayeskisl.inference.data import prepare
from bayeskisl.inference.extrapolate import extrapolate
from bayeskisl.inference.run_scatter import run_scatter
from bayeskisl.laws import load_law

DESIGN = {"params": [6_144, 13_824, 24_576, 55_296], "facts": [60, 95, 150, 240, 380, 600, 950, 1500]}
TRUTH = {
    "intercept": 4.8, "exponent": 0.7, "curvature": 0.1, "tau": 0.05, "sigma_run": 0.12, "sigma_run_exponent": -0.7,
    "steepness_intercept": 1.8, "asymmetry": 1.0, "concentration": 800.0,
    "guess_concentration": 1e5,
}  # fmt: skip


@pytest.fixture(scope="module")
def law():
    plain = load_law("collapse").to_dict()
    plain["priors"]["sigma_run_exponent"] = {"mean": 0.0, "sd": 0.5}
    return type(load_law("collapse")).model_validate(plain)


def test_it_is_a_power_of_size_and_one_number_without_an_exponent():
    named = {"sigma_run": np.array([[0.1]]), "sigma_run_exponent": np.array([[-0.5]])}
    np.testing.assert_allclose(run_scatter(named, np.log([1.0, 4.0]))[0, :, 0], [0.1, 0.05])
    del named["sigma_run_exponent"]
    np.testing.assert_allclose(run_scatter(named, np.log([1.0, 4.0]))[0, :, 0], [0.1, 0.1])


def test_runs_of_larger_models_scatter_as_the_law_says(law):
    many = {**DESIGN, "facts": [250] * 2, "seeds": 200}
    curves = simulate(law, many, TRUTH, seed=1)
    data = prepare(curves, law)
    truth = truth_of(curves)
    effects = truth["run_effect"].values[:, 0]
    for cell in range(data.shape[2]):
        expected = 0.12 * np.exp(-0.7 * data.log_size[cell])
        assert effects[data.cell_of_run == cell].std() == pytest.approx(expected, rel=0.15)


def truth_of(curves):
    return xr.Dataset.from_dict(json.loads(curves.attrs["truth"]))


@pytest.fixture(scope="module")
def fitted(law):
    return fit(simulate(law, {**DESIGN, "seeds": 3}, TRUTH, seed=2), law, rivals=(), draws=600, tune=400)


def test_truth_is_recovered(fitted):
    assert fitted.gate.passed
    summary = fitted.summary()
    assert summary.loc["sigma_run_exponent[infused]", "covered"]
    assert summary.loc["sigma_run[infused]", "covered"]
    assert (fitted.posterior["sigma_run_exponent"] < 0).mean() > 0.9


def test_a_larger_target_scatters_less(fitted):
    effects = [extrapolate(fitted, params, 1_843_200)["run_effect"] for params in (6_144, 393_216)]
    small, large = (float(each.std()) for each in effects)
    assert large < 0.5 * small
    assert predict(fitted, 393_216).attrs["params"] == 393_216


def test_such_a_law_is_not_planned_with(fitted):
    with pytest.raises(InputError, match="of one run scatter for all sizes"):
        plan(fitted, 393_216, budget="1e16flop")


def test_laws_without_it_keep_their_hash_and_their_model(law):
    plain = load_law("collapse")
    assert "sigma_run_exponent" not in plain.to_dict()["priors"]
    assert plain.sha256 != law.sha256
    assert type(law).model_validate(law.to_dict()) == law
