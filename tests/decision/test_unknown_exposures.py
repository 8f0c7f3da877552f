"""Curves from a table that names neither exposures nor a budget: what a decision may say, and what it may not."""

import json
from dataclasses import replace

import pytest

from bayeskisl.axes import AXES
from bayeskisl.decision import decide
from bayeskisl.decision.planned_model import planned_model
from bayeskisl.reporting import describe_decision
from bayeskisl.target import Target

INVENTED = json.dumps(["tokens_per_fact", "ratio", "tokens"])


@pytest.fixture
def relative(fit):
    return replace(fit, curves=fit.curves.assign_attrs(exposure_scale="relative", import_invented=INVENTED))


def test_the_range_does_not_end_at_an_invented_exposure_of_one(fit, relative):
    known, unknown = (planned_model(each.curves, Target(98_304)).range for each in (fit, relative))
    assert unknown[0] == known[0] == 1
    assert unknown[1] == pytest.approx(1000 * known[1])


@pytest.mark.parametrize("axis", ["ratio", "dose", "frequency"])
def test_both_ends_of_a_share_move_out(axis):
    fixed = {"tokens": 1e9, "tokens_per_fact": 10, "facts": 1000, "exposures": 100, "ratio": 0.5,
             "background_facts": 1000, "background_share": 0.5}  # fmt: skip
    low, high = AXES[axis].range(fixed)
    lower, higher = AXES[axis].range(fixed, once=1e-3)
    assert lower == pytest.approx(low / 1000)
    assert higher > high


def test_no_tokens_and_no_sufficient_ratio_are_told(relative):
    decision = decide(relative, 98_304, sensitivity=False)
    assert "sufficient_ratio" not in decision.data
    said = describe_decision(decision)
    assert "an unknown number of tokens" in said
    assert "ratio as in the sweep, tokens per fact as in the sweep, tokens as in the sweep" in said
    assert not decision.choice.is_bound
