"""Curves from a table that names neither exposures nor a budget: what a decision may say, and what it may not."""

import json
from dataclasses import replace

import pytest
from matplotlib.text import Text

from bayeskisl.axes import AXES
from bayeskisl.curves.cells import cell_table, with_cells_in_words
from bayeskisl.decision import decide, decision_table, measure_collapse, verification_summary, verify
from bayeskisl.decision.planned_model import planned_model
from bayeskisl.design import Costs, plan
from bayeskisl.errors import InputError
from bayeskisl.reporting import describe_decision, plot_decision
from bayeskisl.reporting.text import decision_rows, limit_doubt
from bayeskisl.target import Target
from tests.decision.hand_made import amount_curves

INVENTED = json.dumps(["tokens_per_fact", "ratio", "tokens"])


@pytest.fixture
def relative(fit):
    return replace(fit, curves=fit.curves.assign_attrs(exposure_scale="relative", import_invented=INVENTED))


def test_no_output_states_a_budget_that_an_import_assumed(relative):
    decision = decide(relative, 98_304, sensitivity=False)
    verification = verify(decision, amount_curves((98_304,), (1000, 2000, 4000)))
    for said in (repr(verification), verification._repr_html_(), repr(decision), decision._repr_html_()):
        assert "98,304 parameters" in said
        assert "tokens" not in said
    assert "tokens" in verification_summary(verification)["assumed"]
    (row,) = decision_rows(decision_table(relative, [98_304], sensitivity=False))[1:]
    assert row[1] == "not known"
    cells = with_cells_in_words(cell_table(relative.curves)[0], relative.curves)["cell"].values
    assert not any("tokens" in name for name in cells)


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


def test_a_table_of_the_target_is_verified_although_its_import_assumed_other_values(relative):
    decision = decide(relative, 98_304, sensitivity=False)
    runs = amount_curves((98_304,), (1000, 1400, 2000, 2800, 4000))
    other = {"tokens_per_fact": 3 * runs["tokens_per_fact"], "exposures": runs["exposures"] / 3}
    found = verify(decision, runs.assign_coords(other))
    assert found.measured.median == pytest.approx(measure_collapse(runs).median, rel=1e-6)


def test_work_of_assumed_tokens_is_no_cost(relative):
    told = Costs.of_table({"params": [3_456, 24_576], "tokens": [1e9, 1e9], "hours": [0.1, 0.5]})
    for costs, budget in ((None, "1e15flop"), (Costs.on_device("h100"), "1h"), (told, "1h")):
        with pytest.raises(InputError, match="runs whose tokens are known, for costs by tokens, got tokens that the"):
            plan(relative, 98_304, budget=budget, costs=costs)


def test_exposures_without_a_unit_are_neither_drawn_nor_told(fit, relative):
    known, unknown = (decide(each, 98_304, sensitivity=False) for each in (fit, relative))
    drawn = [{text.get_text() for text in plot_decision(each).findobj(Text)} for each in (known, unknown)]
    assert ["mean exposures of one fact" in texts for texts in drawn] == [True, False]
    assert (known.about.exposures_are_known, unknown.about.exposures_are_known) == (True, False)
    split = {"learning": {"probability": 0.6}, "minimum": {"probability": 0.4}}
    assert limit_doubt(split, known=True) == limit_doubt({"learning": {"probability": 1.0}}, known=False) == []
    (doubt,) = limit_doubt(split, known=False)
    assert doubt.startswith("the exposures of a fact are not known")
