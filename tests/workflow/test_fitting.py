from types import SimpleNamespace

import pytest

from bayeskisl import inference
from bayeskisl.errors import GateError
from bayeskisl.workflow.fitting import fit_through_gate


@pytest.fixture
def asked(monkeypatch):
    """Every fit that is asked for; those of fewer than 2,000 draws fail their gate."""
    every = []

    def fit(curves, law, *, draws, tune, seed, throw=True):
        every.append((draws, tune, seed))
        passed = draws >= 2_000
        if throw and not passed:
            raise GateError("R-hat")
        return SimpleNamespace(gate=SimpleNamespace(passed=passed), draws=draws)

    monkeypatch.setattr(inference, "fit", fit)
    return every


def test_a_failed_gate_is_tried_once_more_and_longer(asked):
    assert fit_through_gate(None, "collapse", draws=1_000, seed=3).draws == 2_500
    assert asked == [(1_000, 600, 3), (2_500, 1_500, 3)]


def test_a_passed_gate_is_enough(asked):
    assert fit_through_gate(None, "collapse", draws=3_000).draws == 3_000
    assert asked == [(3_000, 600, 0)]


def test_a_second_failure_is_one(asked):
    with pytest.raises(GateError):
        fit_through_gate(None, "collapse", draws=500)
