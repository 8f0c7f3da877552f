import numpy as np
import pytest

from bayeskisl import schema
from bayeskisl.errors import InputError
from bayeskisl.inference import prior_predictive, simulate
from bayeskisl.laws import load_law

DESIGN = {"params": [6_144, 24_576, 98_304], "facts": [62, 250, 1_000, 4_000], "seeds": 2}


def test_sweeps_drawn_from_the_prior_lie_in_its_intervals():
    """Over many truths a 90 % interval holds nine in ten counts, and more where counts pile up at none and all."""
    held = [float(prior_predictive("power", simulate("power", DESIGN, seed=i), draws=200).held[0]) for i in range(12)]
    assert 0.88 < np.mean(held) < 1


def test_the_probability_of_a_crossing_is_that_of_the_prior():
    law, curves = load_law("power"), simulate("power", DESIGN, seed=1)
    expected = prior_predictive(law, curves, draws=4_000)
    exposures = curves[schema.EXPOSURES].values
    for cell, critical in enumerate(expected["critical_exposures"].values[0, :, :, 0].T):
        of_cell = exposures[curves[schema.PARAMS].values == DESIGN["params"][cell]]
        inside = np.mean((critical >= of_cell.min()) & (critical <= of_cell.max()))
        assert float(expected["inside"][cell, 0]) == pytest.approx(inside)


def test_a_prior_far_from_the_runs_says_so():
    law, curves = load_law("power"), simulate("power", DESIGN, {"intercept": np.log(150.0), "tau": 0.05}, seed=2)
    far = law.priors.critical_exposures.model_copy(update={"median": 1e7, "log_sd": 0.1})
    other = law.model_copy(update={"priors": law.priors.model_copy(update={"critical_exposures": far})})
    near, away = prior_predictive(law, curves), prior_predictive(other, curves)
    assert float(near.inside.mean()) > 0.5
    assert float(away.inside.max()) == 0
    assert float(away.held.mean()) < float(near.held.mean())


def test_the_null_expects_no_crossing_and_no_loss():
    curves = simulate("power", DESIGN, {"intercept": np.log(150.0), "tau": 0.05}, seed=2)
    expected = prior_predictive("none", curves)
    assert float(expected.inside.max()) == 0
    assert np.isnan(expected["collapse"]).all()
    assert float((expected["recalled"] / curves["probed"]).median()) > 0.9


def test_an_unknown_law_is_refused():
    with pytest.raises(InputError, match="colapse"):
        prior_predictive("colapse", simulate("power", DESIGN, seed=1))
