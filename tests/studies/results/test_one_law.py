"""Critical exposures of one experiment, predicted from another whose law is known."""

import json
from pathlib import Path

import numpy as np
import pytest

from bayeskisl.inference import fit, simulate
from studies.results.one_law import ALONE, FROM_DOSE, WITH_LOAD, from_amount, from_dose, transfer
from studies.results.one_law_page import one_law_page

ROOT = Path(__file__).parents[3]
SIZES = [3_456, 6_144, 13_824, 24_576, 55_296]
TRUTH = {"intercept": np.log(100), "exponent": 0.7, "tau": 0.02, "sigma_run": 0.05,
         "steepness_intercept": np.log(6), "steepness_exponent": 0.0, "steepness_scatter": 0.02, "asymmetry": 1.0,
         "lapse_intercept": -6.0, "lapse_scatter": 0.1, "floor_excess": 0.001, "concentration": 1000.0}  # fmt: skip
BACKGROUND = {"background_facts": 250, "background_share": 0.8, "groups": ("infused", "background")}


@pytest.fixture(scope="module")
def ratio():
    levels = [0.01, 0.03, 0.06, 0.12, 0.25, 0.5, 0.7, 0.8, 0.9, 0.95]
    design = {"axis": "ratio", "params": SIZES, "facts": 250, "ratio": levels, "tokens": 614_400, "seeds": 1}
    return simulate("power", design | BACKGROUND, TRUTH, seed=5)


@pytest.fixture(scope="module")
def amount():
    """Budgets do nothing to critical exposures: nothing but exposures counts."""
    design = {
        "params": SIZES[:4],
        "facts": [60, 120, 250, 500, 1000, 2000, 4000],
        "tokens": [307_200, 614_400],
        "seeds": 1,
    }
    # of the same half-point at every size, though the intercept is that of the design's mean size
    intercept = TRUTH["intercept"] + 0.7 * (np.mean(np.log(SIZES)) - np.mean(np.log(SIZES[:4])))
    return simulate("power", design, TRUTH | {"intercept": intercept, "exponent": np.array([0.7, 0.0])}, seed=4)


def test_exposures_alone_predict_another_experiment_where_nothing_else_counts(amount, ratio):
    known = fit(amount, "power", rivals=(), draws=200, tune=300, chains=2, retry=False, throw=False)
    rows = list(transfer(ratio, "simulated", from_amount(known)))
    assert {row["group"] for row in rows} == {"infused", "background"}
    assert sum(row["hit"][ALONE] for row in rows) >= 0.7 * len(rows)
    assert all(row["load"] == 500 for row in rows)
    for row in rows:  # budgets do nothing, so neither does the load
        assert row["predicted"][WITH_LOAD]["median"] == pytest.approx(row["predicted"][ALONE]["median"], rel=0.2)


def test_a_dose_predicts_at_the_load_that_is_asked_for():
    levels = [0.1, 0.3, 0.5, 0.7, 0.9]
    design = {"axis": "dose", "params": SIZES, "exposures": 100.0, "ratio": levels, "tokens": 614_400, "seeds": 1}
    dose = simulate("common", design | BACKGROUND, TRUTH | {"load_effect": 0.5}, seed=6)
    known = fit(dose, "common", rivals=(), draws=20, tune=50, chains=2, retry=False, throw=False)
    predict = from_dose(known)[FROM_DOSE]
    few, many = (np.log(predict("infused", 13_824.0, 614_400.0, load)) for load in (500.0, 2_000.0))
    effect = known.posterior["load_effect"].sel(group="infused").values.ravel()
    np.testing.assert_allclose(many - few, effect * np.log(4), rtol=1e-6)


def test_the_page_that_ships_is_made_from_its_findings():
    found = json.loads((ROOT / "data" / "results" / "one-law.json").read_text())
    assert (ROOT / "docs" / "results" / "one-law.md").read_text() == one_law_page(found)
