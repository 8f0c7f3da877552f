"""What a public function is given in place of a fit, curves or an answer is named in one sentence, with the remedy."""

import inspect
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import bayeskisl as bk
from bayeskisl.arguments import in_words, kind_of, require_share
from bayeskisl.budgets import read_budget
from bayeskisl.card import card, escaped
from bayeskisl.decision import Answer, save_prediction
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


# Further arguments: a call of each, and the values that are right there.
RUN, COSTS, SWEEP = bk.Run(24_576, 614_400.0, 500.0), bk.Costs.of_flops(), "desk-amount"
PLAN, LOOP = {"params": 98_304, "budget": "1e12flop"}, {"params": 98_304, "until": 0.5, "budget": "1h"}
OTHER = {"nothing": None, "a number": 3, "a list": [1, 2], "a frame": pd.DataFrame({"params": ["x"]}), "a run": RUN}
POINTS = {"params": [1e8, 1e9], "facts": [100, 900]}
DOORS = {
    "Backtest": lambda fit, decision, x: bk.Backtest(x),
    "Costs.unit": lambda fit, decision, x: bk.Costs(1.0, 1.0, x, "measured"),
    "Costs.of": lambda fit, decision, x: COSTS.of(x),
    "Costs.of_records": lambda fit, decision, x: bk.Costs.of_records(x),
    "Costs.of_table": lambda fit, decision, x: bk.Costs.of_table({"params": [1]}, x),
    "Costs.measured": lambda fit, decision, x: bk.Costs.measured(x, np.ones(3), np.ones(3)),
    "Costs.on_device": lambda fit, decision, x: bk.Costs.on_device("h100", x),
    "Costs.priced": lambda fit, decision, x: bk.Costs.on_device("h100").priced(x),
    "Criterion": lambda fit, decision, x: bk.Criterion(keep_of=x),
    "Decision": lambda fit, decision, x: bk.Decision(x),
    "Decision.regret": lambda fit, decision, x: decision.regret(x),
    "Decision.risk_at": lambda fit, decision, x: decision.risk_at(x),
    "Decision.within_range": lambda fit, decision, x: decision.within_range(x),
    "Decision.save": lambda fit, decision, x: decision.save(x),
    "Fit": lambda fit, decision, x: bk.Fit(x),
    "Fit.intervals": lambda fit, decision, x: fit.intervals(x),
    "Fit.of_domain": lambda fit, decision, x: fit.of_domain(x),
    "Fit.save": lambda fit, decision, x: fit.save(x),
    "Fit.sensitivity": lambda fit, decision, x: fit.sensitivity(x),
    "Fit.summary": lambda fit, decision, x: fit.summary(x),
    "KeptFacts": lambda fit, decision, x: bk.KeptFacts(x),
    "Law": lambda fit, decision, x: bk.Law(x),
    "Law.shape": lambda fit, decision, x: bk.Law(name="mine", shape=x, priors=bk.load_law("power").priors),
    "Law.with_fall": lambda fit, decision, x: bk.load_law("power").with_fall(x),
    "Law.prior_of_fall": lambda fit, decision, x: bk.load_law("power").prior_of_fall(x),
    "Limits": lambda fit, decision, x: bk.Limits(0.5, x),
    "Machine.costs": lambda fit, decision, x: bk.Machine(costs=x),
    "Machine.workers": lambda fit, decision, x: bk.Machine(workers=x),
    "Protocol": lambda fit, decision, x: bk.Protocol(shares=x),
    "Reading.where": lambda fit, decision, x: bk.Reading(where=x),
    "Reading.ignore": lambda fit, decision, x: bk.Reading(ignore=x),
    "Reading.decimal": lambda fit, decision, x: bk.Reading(decimal=x),
    "Run": lambda fit, decision, x: bk.Run(x, 1e6, 100.0),
    "Sampler": lambda fit, decision, x: bk.Sampler(method=x),
    "Strategy": lambda fit, decision, x: bk.Strategy(planner=x),
    "Target.hold": lambda fit, decision, x: bk.Target("7B", hold=x),
    "Target.domain": lambda fit, decision, x: bk.Target("7B", domain=x),
    "Target.prior_driven": lambda fit, decision, x: bk.Target("7B", prior_driven=x),
    "bits_per_parameter": lambda fit, decision, x: bk.bits_per_parameter(fit.curves, x),
    "build_curves": lambda fit, decision, x: bk.build_curves(x),
    "candidate_runs": lambda fit, decision, x: bk.candidate_runs(fit, **PLAN, seed=x),
    "compare": lambda fit, decision, x: bk.compare(x),
    "curves_from_table": lambda fit, decision, x: bk.curves_from_table({"params": [1]}, levels=x),
    "decide": lambda fit, decision, x: bk.decide(fit, params=98_304, kind=x),
    "extrapolate_points": lambda fit, decision, x: bk.extrapolate_points(POINTS, "7B", law=x),
    "extrapolate_points.axis": lambda fit, decision, x: bk.extrapolate_points(POINTS, "7B", axis=x),
    "extrapolate_points.error": lambda fit, decision, x: bk.extrapolate_points(POINTS, "7B", error=x),
    "decision_table": lambda fit, decision, x: bk.decision_table(fit, [98_304], workers=x),
    "demo": lambda fit, decision, x: bk.demo(experiment=x),
    "estimate_sweep": lambda fit, decision, x: bk.estimate_sweep(x),
    "estimate_sweep.device": lambda fit, decision, x: bk.estimate_sweep(SWEEP, device=x),
    "explore": lambda fit, decision, x: bk.explore(fit, params=98_304, keep_of=x),
    "export": lambda fit, decision, x: bk.export(fit, x),
    "export_sweep": lambda fit, decision, x: bk.export_sweep(x, "out"),
    "export_sweep.out": lambda fit, decision, x: bk.export_sweep(SWEEP, x),
    "export_sweep.trainer": lambda fit, decision, x: bk.export_sweep(SWEEP, "out", trainer=x),
    "list_shipped": lambda fit, decision, x: bk.list_shipped(x),
    "load_sweep": lambda fit, decision, x: bk.load_sweep(x),
    "loop": lambda fit, decision, x: bk.loop(x, **LOOP, out="out"),
    "loop.out": lambda fit, decision, x: bk.loop(SWEEP, **LOOP, out=x),
    "loop.events": lambda fit, decision, x: bk.loop(SWEEP, **LOOP, out="out", events=x),
    "plan.candidates": lambda fit, decision, x: bk.plan(fit, **PLAN, candidates=x),
    "plan.pending": lambda fit, decision, x: bk.plan(fit, **PLAN, pending=x),
    "plan.costs": lambda fit, decision, x: bk.plan(fit, **PLAN, costs=x),
    "plan.seed": lambda fit, decision, x: bk.plan(fit, **PLAN, seed=x),
    "plot_collapse": lambda fit, decision, x: bk.plot_collapse(fit, x),
    "plot_decision": lambda fit, decision, x: bk.plot_decision(decision, x),
    "plot_diagnostics": lambda fit, decision, x: bk.plot_diagnostics(fit, x),
    "plot_prior_vs_posterior": lambda fit, decision, x: bk.plot_prior_vs_posterior(fit, x),
    "plot_risk": lambda fit, decision, x: bk.plot_risk(decision, dark=x),
    "prior_predictive": lambda fit, decision, x: bk.prior_predictive("power", fit.curves, seed=x),
    "read_exported": lambda fit, decision, x: bk.read_exported(x, "results"),
    "read_runs": lambda fit, decision, x: bk.read_runs(x, "wandb"),
    "read_runs.source": lambda fit, decision, x: bk.read_runs("runs", x),
    "regime": lambda fit, decision, x: bk.regime(fit, group=x),
    "replay": lambda fit, decision, x: bk.replay(fit.curves, x),
    "report": lambda fit, decision, x: bk.report(fit, out=x),
    "report.figures_dir": lambda fit, decision, x: bk.report(fit, figures_dir=x),
    "run_sweep": lambda fit, decision, x: bk.run_sweep(x, "out"),
    "run_sweep.out": lambda fit, decision, x: bk.run_sweep(SWEEP, x),
    "save_curves": lambda fit, decision, x: bk.save_curves(fit.curves, x),
    "sweep_status": lambda fit, decision, x: bk.sweep_status(x),
}
RIGHT = {
    "nothing": {
        "Costs.of_table", "Machine.costs", "Machine.workers", "Protocol", "Reading.where", "Reading.decimal",
        "Target.hold", "Target.domain", "curves_from_table", "decision_table", "loop.events", "plan.candidates",
        "plan.costs", "plot_collapse", "plot_decision", "regime", "replay", "report.figures_dir",
        "extrapolate_points.axis", "list_shipped",
    },
    "a number": {
        "Costs.priced", "Decision.regret", "Decision.risk_at", "Decision.within_range", "KeptFacts", "Limits",
        "Machine.workers", "Run", "candidate_runs", "decision_table", "plan.seed", "prior_predictive",
        "extrapolate_points.error",
    },
    "a list": {"Decision.regret", "Decision.risk_at", "Protocol"},
    "a run": {"Costs.of"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "what"), [(name, what) for name in DOORS for what in OTHER if name not in RIGHT.get(what, ())]
)
def test_a_wrong_argument_of_any_door_is_one_sentence(fit, decision, name, what):
    with pytest.raises(InputError, match=r"expected .*, got ") as refused:
        DOORS[name](fit, decision, OTHER[what])
    assert "\n" not in str(refused.value)


def test_every_public_name_has_a_door_that_is_tested():
    tested = {*FUNCTIONS, *LOADERS, *(name.split(".")[0] for name in DOORS)}
    assert {*bk.__all__} - tested <= {"Comparison", "__version__"}  # made by `compare`


def test_a_remedy_names_what_to_write(fit):
    with pytest.raises(InputError, match=r"got None; name it, for example .result\.nc."):
        fit.save(None)
    with pytest.raises(InputError, match=r"^candidates: expected several runs, got 3; make them with"):
        bk.plan(fit, **PLAN, candidates=3)
    with pytest.raises(InputError, match=r"^ignore: expected a list of columns, got 'notes'; write \['notes'\]"):
        bk.Reading(ignore="notes")
    with pytest.raises(InputError, match=r"load a law by its name or file with `bk.load_law`"):
        bk.Law("power")


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


def test_answers_are_numbers_unless_they_are_bounds():
    assert (float(Answer(706.25)), str(Answer(706.25)), str(Answer(12_345.6))) == (706.25, "706.25", "12,345.6")
    bound = Answer(None, at_least=700.0, reasons=("the sweep ends there",))
    assert str(bound) == "at least 700"
    with pytest.raises(InputError, match=r"expected a number, got a bound \(at least 700\); read `at_least`"):
        float(bound)
    assert np.isnan(as_number(bound))


def test_files_of_arrays_end_in_nc(fit, decision, curves, tmp_path):
    ahead = bk.predict(fit, 98_304)
    for save in (fit.save, decision.save, lambda path: bk.save_curves(curves, path),
                 lambda path: save_prediction(ahead, path)):  # fmt: skip
        with pytest.raises(InputError, match=r"path: expected a name that ends in .nc, got 'f.csv'"):
            save(tmp_path / "f.csv")
    assert not list(tmp_path.iterdir())


def test_the_package_offers_its_public_names():
    assert dir(bk) == sorted(bk.__all__)


def test_notebooks_show_results_as_cards(fit, curves, decision):
    verification = bk.verify(decision, curves)
    plan = bk.plan(fit, 98_304, budget="1e12flop", strategy=bk.Strategy(runs=1))
    assert "choice</th><td style='text-align:left'>at most 706 facts at a risk of 10 %" in decision._repr_html_()
    assert "usable with care" in decision._repr_html_()
    assert "Nothing stands out." in bk.check(curves)._repr_html_()
    assert "measured collapse</th>" in verification._repr_html_()
    assert plan.verdict in plan._repr_html_()
    assert "1 trained, 2 found" in SweepResult(Path("sweeps"), 1, 2, 0)._repr_html_()


def test_laws_and_sweeps_have_cards():
    law, sweep = bk.load_law("power")._repr_html_(), bk.load_sweep("desk-amount")._repr_html_()
    assert "law power" in law
    assert "capacity" in bk.load_law("limits")._repr_html_()
    assert "axis</th><td style='text-align:left'>amount" in sweep
    assert all(8 <= each.count("<tr>") <= 12 for each in (law, sweep))


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
