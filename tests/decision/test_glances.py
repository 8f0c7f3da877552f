"""What follows a slider says what `decide` says."""

import numpy as np
import pytest

import bayeskisl.inference
from bayeskisl.decision import KeptFacts, decide
from bayeskisl.decision.glances import Glances
from bayeskisl.errors import InputError
from tests.decision.hand_made import HandMadeFit, MixedFit, extrapolate, mixed_curves


@pytest.fixture(params=["amount", "ratio", "dose"])
def fit(request, monkeypatch):
    monkeypatch.setattr(bayeskisl.inference, "extrapolate", extrapolate, raising=False)
    return HandMadeFit() if request.param == "amount" else MixedFit(curves=mixed_curves(request.param))


@pytest.mark.parametrize("risk", [0.02, 0.1, 0.4])
def test_says_what_decide_says(fit, risk):
    glance, whole = Glances(fit).decide(98_304, risk=risk), decide(fit, 98_304, risk=risk, sensitivity=False)
    assert glance.choice == whole.choice
    assert glance.optimum.is_bound == whole.optimum.is_bound
    best, exact = (each.data["risk_neutral_choice"].item() for each in (glance, whole))
    assert best == pytest.approx(exact, rel=0.01, nan_ok=True)
    np.testing.assert_allclose(glance.near_optimal, whole.near_optimal, rtol=0.02)
    for name in ("infusion", "shortfall_risk", "collapse_risk", "mean_utility", "utility"):
        np.testing.assert_allclose(glance.data[name], whole.data[name], rtol=1e-12)
    assert glance.caveats == whole.caveats


def test_a_price_moves_the_best_mean_as_it_does_in_decide(fit):
    utility = KeptFacts(token_price=5e-5, loss_price=20.0 if "general_loss" in fit.curves else 0.0)
    glance, whole = (
        Glances(fit).decide(98_304, utility=utility),
        decide(fit, 98_304, utility=utility, sensitivity=False),
    )
    np.testing.assert_allclose(glance.data["mean_utility"], whole.data["mean_utility"], rtol=1e-9)
    best, exact = (each.data["risk_neutral_choice"].item() for each in (glance, whole))
    assert best == pytest.approx(exact, rel=0.01, nan_ok=True)
    np.testing.assert_allclose(glance.near_optimal, whole.near_optimal, rtol=0.02)


def test_fewer_draws_are_every_so_many_of_the_fit(fitted_tree):
    thinned = Glances(fitted_tree, draws=50).thinned
    all_draws, kept = fitted_tree.tree["posterior"], thinned.tree["posterior"]
    assert kept.sizes["draw"] * kept.sizes["chain"] <= 100
    np.testing.assert_array_equal(kept["tau"], all_draws["tau"].isel(draw=slice(None, None, 12)))
    assert all_draws.sizes["draw"] == 300  # the fit itself keeps all of its own


@pytest.fixture
def fitted_tree():
    from dataclasses import make_dataclass

    return make_dataclass("Handed", ["tree"])(HandMadeFit().tree)


def test_a_target_is_drawn_once(fit, monkeypatch):
    glances, asked = Glances(fit), []
    glances.look_ahead([98_304, 200_000])
    monkeypatch.setattr(bayeskisl.inference, "extrapolate", lambda *_, **__: asked.append(1))
    glances.decide(98_304, risk=0.2)
    glances.decide(200_000, risk=0.3)
    assert asked == []


def test_what_decide_refuses_is_refused(fit):
    with pytest.raises(InputError, match="only token budget"):
        Glances(fit).decide(98_304, 10_000_000)
