"""Effects of runs, drawn after sampling: against known truths, and against the exact conditional."""

import json

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from bayeskisl.inference import simulate
from bayeskisl.inference.data import prepare
from bayeskisl.inference.model import Model
from bayeskisl.inference.pointwise import beta_binomial_log_density, integrate_run_effects
from bayeskisl.inference.run_counts import precision
from bayeskisl.inference.run_effects import draw_run_effects
from bayeskisl.laws import load_law

LAW = load_law("collapse")
DESIGN = {"params": [6144, 24_576], "facts": [125, 250, 500, 1000], "seeds": 12,
          "groups": ("infused", "infused_heldout")}  # fmt: skip
TRUTH = {"intercept": np.log(150.0), "exponent": 0.3, "tau": 0.05, "sigma_run": 0.3, "steepness_intercept": np.log(4.0),
         "concentration": 2000.0, "guess_concentration": 1e5}  # fmt: skip


def at_the_truth(correlation, draws):
    """What a posterior that knew everything but the run effects would hold, and the effects."""
    curves = simulate(LAW, DESIGN, TRUTH | {"run_correlation": correlation}, seed=4)
    truth = xr.Dataset.from_dict(json.loads(curves.attrs["truth"]))
    named = {str(k): np.broadcast_to(v.values, (1, draws, *v.shape)) for k, v in truth.items() if k != "run_effect"}
    return Model(prepare(curves, LAW), LAW), named, truth["run_effect"].values


def effects(named, model):
    runs = integrate_run_effects(named, model.data, LAW)
    return draw_run_effects(named, model, runs, np.random.default_rng(0))


def test_effects_are_recovered_and_their_intervals_hold():
    model, named, truth = at_the_truth(0.8, 400)
    drawn = effects(named, model)["run_effect"][0]
    below = (drawn < truth).mean(axis=0)
    assert np.mean((below > 0.05) & (below < 0.95)) == pytest.approx(0.9, abs=0.06)
    assert np.corrcoef(drawn.mean(axis=0).ravel(), truth.ravel())[0, 1] > 0.6


def test_an_effect_has_its_exact_conditional():
    model, named, _ = at_the_truth(0.8, 4000)
    data = model.data
    drawn = effects(named, model)["run_effect"][0, :, 5, 0] / 0.3
    one = {name: values[0, 0] for name, values in named.items()}
    z, cell = np.linspace(-5, 5, 2001), data.cell_of_run[5]
    shape = LAW.fall.of(one).map(lambda of_group: of_group[0])
    threshold = np.log(one["critical_exposures"][cell, 0])
    fall = one["steepness"][cell, 0], one["floor"][cell, 0], one["ceiling"][cell, 0]
    chance = shape.retention(data.log_exposures[5, 0] - 0.3 * z, threshold, *fall)
    counts = precision(chance, one["floor"][cell, 0], one["concentration"][0], one["guess_concentration"][0])
    log_density = beta_binomial_log_density(data.recalled[5, 0], data.probed[5, 0], chance, counts) - z**2 / 2
    density = np.exp(log_density - log_density.max())
    cumulated = np.cumsum(density) / density.sum()
    assert stats.kstest(drawn, lambda value: np.interp(value, z, cumulated)).statistic < 0.05


@pytest.mark.parametrize("correlation", [0.0, 0.9])
def test_the_correlation_of_groups_is_recovered(correlation):
    model, named, truth = at_the_truth(correlation, 400)
    drawn = effects(named, model)["run_correlation"][0, :, 0]
    low, high = np.quantile(drawn, [0.005, 0.995])
    assert low - 0.01 < np.corrcoef(truth.T)[0, 1] < high + 0.01
    assert drawn.std() < 0.2


def test_runs_that_were_not_probed_have_effects_of_the_prior():
    model, named, _ = at_the_truth(0.5, 2000)
    model.data.probed[3], model.data.recalled[3] = 0, 0
    drawn = effects(named, model)["run_effect"][0, :, 3, 0]
    assert drawn.std() == pytest.approx(0.3, rel=0.06)
