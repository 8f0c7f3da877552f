"""A posterior that fails its gate for want of draws is sampled once more, longer."""

import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from bayeskisl.errors import GateError
from bayeskisl.inference import fit
from bayeskisl.inference.gate import Gate
from bayeskisl.inference.settings import Settings
from bayeskisl.laws import load_law
from tests.decision.hand_made import FAILED, PASSED, amount_curves

SHORT = {"rivals": (), "draws": 60, "tune": 150, "chains": 4, "seed": 3, "throw": False}


def test_a_failed_gate_is_sampled_again_and_longer(curves):
    said: list[str] = []
    once = fit(curves, **SHORT, retry=False)
    again = fit(curves, **SHORT, progress=said.append)
    assert once.gate.wants_draws
    assert sum("sampling it again" in each for each in said) == 1
    assert again.posterior.sizes == once.posterior.sizes
    assert again.tree["sample_stats"].sizes["draw"] == SHORT["draws"]
    assert not np.array_equal(again.posterior["tau"], once.posterior["tau"])


def test_a_preview_is_not_sampled_again(curves):
    said: list[str] = []
    fit(curves, rivals=(), method="preview", progress=said.append)
    assert not any("again" in each for each in said)


def test_a_table_that_is_upside_down_is_not_sampled_again():
    curves = amount_curves()
    said: list[str] = []
    upside_down = curves.assign(recalled=curves.probed - curves.recalled)
    with pytest.raises(GateError, match="Retention of 'infused' rises along the axis") as refused:
        fit(upside_down, **{**SHORT, "draws": 20, "tune": 20, "throw": True}, progress=said.append)
    assert not any("again" in each for each in said)
    assert "try more draws" not in str(refused.value)


WITH_CARE = replace(PASSED, shortfalls=("bulk ESS of tau is 300",))


@pytest.mark.parametrize(
    ("first", "longer", "kept"),
    [
        (WITH_CARE, FAILED, "first"),
        (WITH_CARE, WITH_CARE, "longer"),
        (WITH_CARE, PASSED, "longer"),
        (FAILED, WITH_CARE, "longer"),
        (FAILED, FAILED, "longer"),
    ],
)
def test_the_better_of_two_samplings_is_kept(first, longer, kept, monkeypatch):
    module = sys.modules["bayeskisl.inference.fit"]
    gates = {"first": first, "longer": longer}
    found = {name: SimpleNamespace(gate=gate, sampled=None) for name, gate in gates.items()}
    waiting = list(found.values())
    monkeypatch.setattr(module, "sample_model", lambda *_: None)
    monkeypatch.setattr(module, "halves_of", lambda *_: None)
    monkeypatch.setattr(module, "_judged", lambda *_: waiting.pop(0))
    posterior = module._posterior_of(amount_curves(), load_law("power"), Settings(retry=True), light=False)
    assert posterior is found[kept]
    assert not waiting


@pytest.mark.parametrize(
    ("gate", "little"),
    [
        (replace(PASSED, ess_tail=250.0), True),
        (replace(PASSED, ess_tail=150.0), False),
        (replace(PASSED, ess_bulk=np.nan), False),
        (replace(FAILED, ess_bulk=900.0, ess_tail=900.0), False),
    ],
)
def test_as_many_draws_again_are_made_where_they_promise_to_suffice(gate, little):
    assert gate.lacks_little is little


@pytest.mark.parametrize(
    ("passed", "correlation", "wants"),
    [(True, 0.1, False), (False, 0.1, True), (False, 0.9, False), (False, np.nan, True)],
)
def test_no_number_of_draws_mends_a_shape(passed, correlation, wants):
    gate = Gate(passed, (), 1.02, 300.0, 300.0, 0.0, correlation, 0.001, 20.0)
    assert gate.wants_draws is wants
