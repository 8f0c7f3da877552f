"""What a public function is given in place of a fit, curves or an answer is named in one sentence, with the remedy."""

import inspect
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import bayeskisl as bk
from bayeskisl.arguments import in_words, kind_of, require_share
from bayeskisl.card import card, escaped
from bayeskisl.decision import Answer
from bayeskisl.design.budgets import read_budget
from bayeskisl.errors import InputError
from bayeskisl.kinds import CURVES, DECISION, FIT
from bayeskisl.quantities import as_number
from bayeskisl.reporting import describe_decision
from bayeskisl.sweeping.run import SweepResult

# Names of the arguments that are a fit, curves, or what was made of them.
TAKEN = {
    "fit", "fits", "curves", "decision", "prediction", "plan", "result", "thing", "fit_or_curves", "figure", "frame",
    "design", "transforms",
}  # fmt: skip
# Functions whose first argument is a law.
BEHIND = {"simulate": ("power",), "prior_predictive": ("power",), "plot_prior_predictive": ("power",)}
OPTIONS = {
    "decide": {"params": 98_304},
    "predict": {"params": 98_304},
    "plan": {"params": 98_304, "budget": "30s"},
    "candidate_runs": {"params": 98_304},
    "decision_table": {"targets": [98_304]},
    "verify": {"curves": None},
    "save_curves": {"path": "curves.nc"},
    "export": {"path": "table.csv"},
}
# Functions that also read a file by its name.
READ = {"fit", "fit_many", "backtest", "replay", "prior_predictive", "decision_table"}
LOADERS = ["load_curves", "load_decision", "load_fit", "load_law"]
# Functions of what no file holds.
UNSAVED = {"plot_backtest", "plot_calibration", "interactive", "plot_replay"}


def takes(function):
    return not isinstance(function, type | str) and bool(TAKEN & {*inspect.signature(function).parameters})


FUNCTIONS = [name for name in bk.__all__ if takes(getattr(bk, name))]
WRONG = {
    "a number": 3,
    "a truth value": True,
    "a frame": pd.DataFrame({"params": [1]}),
    "an array": np.zeros(3),
    "a mapping": {1: 2},
    "a class": bk.Fit,
    "nothing": None,
}


@pytest.fixture(autouse=True)
def in_an_empty_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def called(name, given):
    return getattr(bk, name)(*BEHIND.get(name, ()), given, **OPTIONS.get(name, {}))


@pytest.mark.parametrize("what", WRONG)
@pytest.mark.parametrize("name", [*FUNCTIONS, *LOADERS])
def test_what_is_something_else_is_refused_in_one_sentence(name, what):
    with pytest.raises(InputError, match=r"expected .*, got ") as refused:
        called(name, WRONG[what])
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name not in READ])
def test_a_name_is_refused_with_the_call_that_loads_it(name):
    with pytest.raises(InputError, match=r"expected .*, got 'desk-four'") as refused:
        called(name, "desk-four")
    assert name in UNSAVED or 'load it with `bk.load_fit("desk-four")`' in str(refused.value)


@pytest.fixture(scope="module")
def fit():
    return bk.load_fit("desk-four")


@pytest.fixture(scope="module")
def curves():
    return bk.load_curves("desk-amount")


@pytest.fixture(scope="module")
def decision(fit):
    return bk.decide(fit, 98_304, sensitivity=False)


def test_kinds_are_those_of_the_objects(fit, curves, decision):
    assert [kind_of(each) for each in (fit, curves, decision)] == [FIT, CURVES, DECISION]
    assert kind_of(xr.Dataset()) == ""
    assert [in_words(each) for each in (np.zeros(2), [1], None, "a")] == ["an ndarray", "a list", "None", "'a'"]


def test_each_remedy_is_about_what_came(fit, curves, decision):
    said = {
        "pass the fit that it was made from": lambda: bk.decide(decision, 98_304),
        "fit the curves with `bk.fit`": lambda: bk.predict(curves, 98_304),
        "pass its curves, `fit.curves`": lambda: bk.check(fit),
        "decide with `bk.decide": lambda: bk.plot_decision(fit),
        "pass the decision itself": lambda: bk.plot_risk(decision.data),
        "make curves of it with `bk.curves_from_table`": lambda: bk.fit(pd.DataFrame({"params": [1]})),
        'load it with `bk.curves_from_table."runs.csv".`, and fit': lambda: bk.regime("runs.csv"),
        'load it with `bk.load_curves."desk-amount".`, and fit': lambda: bk.regime("desk-amount"),
        "pass each by itself, `bk.join_curves": lambda: bk.join_curves([curves, curves]),
        "use it as it is": lambda: bk.load_fit(fit),
        "name the page as `out=`": lambda: bk.report(fit, "page.html"),
        "compare it with curves": lambda: bk.plot_decision(decision, decision),
        "write {.params": lambda: bk.curves_from_table(pd.DataFrame({"params": [1]}), ["params=params"]),
        "a function of the outcomes": lambda: bk.Criterion(utility="facts"),
        "even for one": lambda: bk.decision_table(fit, "7B"),
    }
    for remedy, mistake in said.items():
        with pytest.raises(InputError, match=remedy):
            mistake()


@pytest.mark.parametrize(
    ("share", "said"),
    [("10%", "write 0.1 for 10 %"), (90, "write 0.9 for 90 %"), ("0.1", "got '0.1'"), (True, "got True"), (1, "got 1")],
)
def test_a_share_is_a_number_between_0_and_1(share, said):
    for ask in (lambda: bk.Criterion(risk=share), lambda: bk.Criterion(keep=share), lambda: require_share(x=share)):
        with pytest.raises(InputError, match=said):
            ask()


NUMBERS = {
    "params": lambda x: bk.Target(x),
    "tokens": lambda x: bk.Target("7B", tokens=x),
    "held": lambda x: bk.Target("7B", hold={"ratio": x}),
    "facts": lambda x: bk.Criterion(facts=x),
    "at_most": lambda x: bk.Criterion(at_most=x),
    "background_weight": lambda x: bk.KeptFacts(background_weight=x),
    "draws": lambda x: bk.Sampler(draws=x),
    "batch": lambda x: bk.Strategy(batch=x),
    "runs": lambda x: bk.Strategy(runs=x),
    "kappa": lambda x: bk.Strategy(kappa=x),
    "size": lambda x: bk.Run(x, 1e6, 100.0),
    "replicates": lambda x: bk.Run(1e6, 1e6, 100.0, x),
    "costs": lambda x: bk.Costs(x, 1e-9, "device-seconds", "measured"),
    "until": lambda x: bk.Limits(x, "1h"),
    "start": lambda x: bk.Protocol(start=x),
    "budget": read_budget,
}


@pytest.mark.parametrize("name", NUMBERS)
def test_a_truth_value_is_no_number(name):
    with pytest.raises(InputError, match=r"got '?True"):
        NUMBERS[name](True)


def test_numbers_are_numbers_of_any_library():
    assert [as_number(each) for each in (2, 2.0, np.int64(2), np.float32(2), np.array(2), xr.DataArray(2))] == [2.0] * 6
    assert all(np.isnan(as_number(each)) for each in ("2", True, np.True_, [2], np.array([2]), None, 2j))


def test_risks_are_those_of_each_infusion(decision):
    places = [500, 1000.0]
    risks = decision.risk_at(places)
    assert risks.tolist() == [decision.risk_at(place) for place in places]
    assert decision.risk_at(np.array(places)).tolist() == risks.tolist()
    assert isinstance(decision.risk_at(500), float)
    with pytest.raises(InputError, match="a sequence of numbers, got 'some'"):
        decision.risk_at("some")


def test_notebooks_show_results_as_cards(fit, curves, decision):
    verification = bk.verify(decision, curves)
    plan = bk.plan(fit, 98_304, budget="1e12flop", strategy=bk.Strategy(runs=1))
    assert "choice</th><td style='text-align:left'>710 facts at a risk of 10 %" in decision._repr_html_()
    assert "usable with care" in decision._repr_html_()
    assert "Nothing stands out." in bk.check(curves)._repr_html_()
    assert "measured collapse</th>" in verification._repr_html_()
    assert plan.verdict in plan._repr_html_()
    assert "1 trained, 2 found" in SweepResult(Path("sweeps"), 1, 2, 0)._repr_html_()


def test_a_card_shows_text_as_text():
    assert card("a", escaped([("b", "<c>"), ("d", "")])).endswith("&lt;c&gt;</td></tr></table>")


def test_the_text_of_the_command_line_is_at_hand(fit, curves, decision):
    assert bk.describe(decision) == describe_decision(decision)
    assert bk.describe(bk.verify(decision, curves)).startswith("measured collapse")
    assert "exponent" in bk.describe(bk.predict(fit, 98_304))
    assert bk.describe(curves) == "not imported from a table"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(707.0), "707 facts"),
        (Answer(None, at_least=6530.0), "at least 6,530 facts"),
        (Answer(None, at_most=6530.0), "at most 6,530 facts"),
        (Answer(None, 10.0, 20.0), "between 10 and 20 facts"),
        (Answer(None), "not known"),
    ],
)
def test_an_answer_in_words_has_its_number_and_its_direction(answer, said):
    assert answer.in_words("facts") == said


@pytest.mark.parametrize("name", ["decide", "plan", "tidy", "plot_curves"])
def test_the_tree_of_a_fit_is_no_fit(name):
    with pytest.raises(InputError, match="got the data of a fit"):
        called(name, bk.load_fit("desk-four").tree)
