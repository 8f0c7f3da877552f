"""A general benchmark as the background: a model never knows all of it."""

import numpy as np
import pytest

from bayeskisl.inference import prior_predictive
from bayeskisl.inference.data import prepare
from bayeskisl.inference.model import Model
from bayeskisl.inference.simulate import design_curves
from bayeskisl.laws import load_law

DESIGN = {
    "params": [1e8, 4e8], "axis": "ratio", "ratio": [0.1, 0.9], "facts": 500, "background_facts": 300,
    "background_share": 0.5, "groups": ("infused", "background"), "guessing": 0.25,
}  # fmt: skip


@pytest.fixture
def curves():
    return design_curves(**DESIGN)


def ceilings(curves):
    ceiling = prior_predictive("limits", curves, draws=400, seed=1)["ceiling"].isel(cell=0)
    above_guessing = (ceiling - 0.25) / 0.75
    return {str(group): np.quantile(above_guessing.sel(group=group), [0.05, 0.95]) for group in curves["group"].values}


def test_a_benchmark_may_have_a_low_ceiling_and_facts_may_not(curves):
    of_benchmark = ceilings(curves.assign_attrs(background_scale="relative"))
    assert of_benchmark["background"][0] < 0.1
    assert of_benchmark["background"][1] > 0.8
    assert of_benchmark["infused"][0] > 0.8


def test_facts_whose_number_is_known_are_no_benchmark(curves):
    assert ceilings(curves)["background"][0] > 0.8


def test_a_law_without_a_prior_for_benchmarks_has_one_for_all(curves):
    data = prepare(curves.assign_attrs(background_scale="relative"), load_law("power"))
    of_infused, of_background = Model(data, load_law("power")).given.prior["lapse_intercept"].T
    np.testing.assert_array_equal(of_infused, of_background)
