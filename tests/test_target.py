"""The door of a target, and that every question takes it as an object or by its keywords."""

import inspect
import pickle
import sys
from dataclasses import FrozenInstanceError, replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import bayeskisl as bk
import bayeskisl.inference
from bayeskisl.cli.app import COMMANDS as ENTRIES
from bayeskisl.cli.app import app
from bayeskisl.cli.options import TargetOptions, TargetsOptions, grouped
from bayeskisl.decision.criterion import Criterion
from bayeskisl.decision.funnel import collapse_along_sizes
from bayeskisl.errors import InputError, at_the_command_line
from bayeskisl.keywords import from_keywords
from bayeskisl.target import Target, TargetKeywords, target_from
from bayeskisl.workflow.loop import Limits, LoopKeywords, Machine
from tests.decision.hand_made import TOKENS, HandMadeFit, amount_curves, extrapolate
from tests.design.hand_made import GaussianFit

POSITIVE = st.floats(1e-6, 1e15)
NAMES = st.sampled_from(["facts", "exposures", "tokens_per_fact", "background_facts", "depth"])
NO_SIZE = st.one_of(st.floats(max_value=0.0), st.just(float("nan")), st.just(float("inf")), st.just("many"),
                    st.none(), st.just([1]), st.just(1j))  # fmt: skip


# The door


@given(params=POSITIVE, tokens=st.none() | POSITIVE, hold=st.dictionaries(NAMES, POSITIVE))
def test_positive_numbers_are_kept_as_they_are(params, tokens, hold):
    target = Target(params, tokens, hold)
    assert (target.params, target.tokens, target.hold) == (params, tokens, hold)
    assert replace(target) == target == pickle.loads(pickle.dumps(target))
    assert hash(target) == hash(replace(target))


@given(size=NO_SIZE)
def test_what_is_no_positive_number_is_refused_by_name(size):
    with pytest.raises(InputError, match=r"^params: expected"):
        Target(size)
    with pytest.raises(InputError, match=r"^depth: expected"):
        Target(1e9, hold={"depth": size})
    if size is not None:
        with pytest.raises(InputError, match=r"^tokens: expected"):
            Target(1e9, size)


@given(share=st.floats(1.0, 1e6, exclude_min=True), name=st.sampled_from(["ratio", "background_share"]))
def test_shares_are_at_most_one(share, name):
    with pytest.raises(InputError, match=rf"^{name}: expected a share in [\[(]0, 1\]"):
        Target(1e9, hold={name: share})


def test_what_runs_may_have_may_be_held():
    """A sweep of facts alone has a ratio of 1, and one without a background has none of its facts."""
    bounds = {"ratio": 1, "background_facts": 0, "background_share": 0, "tokens_before": 0}
    assert Target(1e9, hold=bounds).hold == bounds
    for name in ("ratio", "depth"):
        with pytest.raises(InputError, match=rf"^{name}: expected a"):
            Target(1e9, hold={name: 0})


def test_numbers_as_people_write_them():
    assert Target("7B", "1.5T") == Target(7e9, 1.5e12) == Target("7 billion", "1.5 trillion tokens")
    assert Target("7B", hold={"ratio": "0.3", "facts": "10k"}).hold == {"ratio": 0.3, "facts": 10_000}
    assert Target("7B", hold={"ratio": "30%"}).hold == {"ratio": 0.3}
    with pytest.raises(InputError, match=r"^facts: expected a positive number, got '30%'"):
        Target("7B", hold={"facts": "30%"})


def test_size_and_budget_have_arguments_of_their_own():
    with at_the_command_line(), pytest.raises(InputError, match="--tokens"):
        Target(1e9, hold={"tokens": 1e12})


def test_what_is_held_has_names():
    with pytest.raises(InputError, match=r"^hold: expected names and numbers"):
        Target(1e9, hold=0.3)


def test_a_target_does_not_change_with_its_mapping():
    hold = {"ratio": 0.3}
    target = Target(1e9, hold=hold)
    hold["ratio"] = 0.9
    assert target.hold == {"ratio": 0.3}
    with pytest.raises(FrozenInstanceError):
        target.params = 1.0


# Short calls


def test_keywords_are_the_fields():
    assert set(TargetKeywords.__annotations__) == set(inspect.signature(Target).parameters)
    of_loop = {name for kind in (Target, Limits, bk.Strategy, Machine) for name in inspect.signature(kind).parameters}
    assert set(inspect.get_annotations(LoopKeywords)) | set(TargetKeywords.__annotations__) >= of_loop


def test_a_size_stands_for_a_target():
    assert target_from(98_304, {"tokens": 1e9}) == Target(98_304, 1e9) == target_from(None, {"tokens": 1e9}, 98_304)


@pytest.mark.parametrize(
    ("target", "short", "message"),
    [
        (None, {}, "the params of a Target, got none"),
        (98_304, {"params": 98_304}, "the params of a Target once"),
        (Target(98_304), {"tokens": 1e9}, "a Target or its keywords.*name 'tokens' in the Target"),
        (98_304, {"tokns": 1e9}, "'tokns'; the nearest is 'tokens'"),
    ],
)
def test_calls_that_cannot_be_are_refused(target, short, message):
    with pytest.raises(InputError, match=message):
        target_from(target, short)


def test_a_misspelt_option_is_answered_with_the_nearest(fit):
    with pytest.raises(InputError, match="'rsik'; the nearest is 'risk'"):
        bk.decide(HandMadeFit(), 98_304, rsik=0.1)
    with pytest.raises(InputError, match=r"among fit, target, .*params, .*'sensitivty'; the nearest is 'sensitivity'"):
        bk.decide(HandMadeFit(), 98_304, sensitivty=False)
    with pytest.raises(InputError, match="'progess'; the nearest is 'progress'"):
        bk.fit("desk-amount", progess=True)
    with pytest.raises(InputError, match="'drak'; the nearest is 'dark'"):
        bk.plot_collapse(fit, bk.predict(fit, 98_304), drak=True)
    with pytest.raises(InputError, match="a Criterion, got float"):
        from_keywords({}, (Criterion, 0.1))


# Every public function

ASKED = {"params": 98_304, "tokens": 2 * TOKENS, "hold": {"ratio": 0.25}, "prior_driven": True}


@pytest.fixture
def fit(monkeypatch):
    monkeypatch.setattr(bayeskisl.inference, "extrapolate", extrapolate)
    return HandMadeFit()


def lines_of(figure):
    return np.nan_to_num([point for axes in figure.axes for line in axes.get_lines() for point in line.get_xydata()])


def of_page(path):
    return path.read_text(), (path.parent / "r-figures" / "collapse.png").read_bytes()


def read_of_explorer(widget):
    answer = {name: value for name, value in widget.answer.items() if name != "milliseconds"}
    return widget.values, answer, widget.decide(sensitivity=False).choice


ANSWERS = {
    "predict": lambda fit, _, *target, **short: bk.predict(fit, *target, **short).collapse.values.tolist(),
    "decide": lambda fit, _, *target, **short: bk.decide(fit, *target, sensitivity=False, **short).choice,
    "plot_collapse": lambda fit, _, *target, **short: lines_of(
        bk.plot_collapse(fit, **({"target": target[0]} if target else {}), **short)
    ).tolist(),
    "report": lambda fit, folder, *target, **short: of_page(
        bk.report(fit, out=folder / "r.md", **({"target": target[0]} if target else {}), **short)
    ),
    "explore": lambda fit, _, *target, **short: read_of_explorer(bk.explore(fit, *target, **short)),
    "collapse_along_sizes": lambda fit, _, *target, **short: collapse_along_sizes(
        fit, [50_000, 98_304], *target, **short
    ).values.tolist(),
}


@pytest.mark.parametrize("question", ANSWERS)
def test_a_target_and_its_keywords_get_the_same_answer(question, fit, tmp_path):
    ask = ANSWERS[question]
    assert ask(fit, tmp_path, Target(**ASKED)) == ask(fit, tmp_path, **ASKED)


def test_a_table_takes_targets_and_sizes(fit):
    rest = {name: value for name, value in ASKED.items() if name not in ("params", "tokens")}
    targets = [Target(size, ASKED["tokens"], **rest) for size in (50_000, 98_304)]
    by_size = bk.decision_table(fit, ["50k", 98_304], [ASKED["tokens"]], **rest)
    assert bk.decision_table(fit, targets).equals(by_size)


def test_plans_take_targets_and_keywords():
    fit, few = GaussianFit(draws=400), {"budget": "1e14flop", "particles": 200, "batch": 1}
    asked = {"params": 98_304, "hold": {"ratio": 0.5}}
    offered = [bk.candidate_runs(fit, *target, **short, levels=2) for target, short in [((Target(**asked),), {}),
                                                                                        ((), asked)]]  # fmt: skip
    assert offered[0] == offered[1]
    first, second = (bk.plan(fit, *target, **short, **few, candidates=offered[0])
                     for target, short in [((Target(**asked),), {}), ((), asked)])  # fmt: skip
    assert first.to_dict() == second.to_dict()


class Stop(Exception):
    """Carries what a function was asked."""


def test_the_loop_takes_targets_and_keywords(monkeypatch, tmp_path):
    workflow, seen = sys.modules["bayeskisl.workflow.loop"], []

    class Turn:
        def __init__(self, number, folder, trainer, target, *rest):
            seen.append(target)

        def take(self, limits, strategy):
            seen.append((limits, strategy))
            raise Stop

    monkeypatch.setattr(workflow, "_Turn", Turn)
    monkeypatch.setattr(workflow, "run_sweep", lambda *_, **__: None)
    limits = {"until": 0.5, "budget": "1h", "largest": 5e4}
    for i, (positional, short) in enumerate(
        [((Target(**ASKED), Limits(**limits)), {}), ((), ASKED | limits), ((Target(**ASKED),), limits)]
    ):
        with pytest.raises(Stop):
            bk.loop("demo", *positional, out=tmp_path / str(i), **short)
    assert seen[0::2] == [Target(**ASKED)] * 3
    assert seen[1::2] == [(Limits(**limits), bk.Strategy(kappa=1.0))] * 3


def test_the_domain_of_a_target_is_chosen_first(fit):
    class Several(HandMadeFit):
        def of_domain(self, name):
            return {"law": fit}[name]

    asked = Target(98_304, hold={"ratio": 0.5}, domain="law")
    np.testing.assert_array_equal(bk.predict(Several(), asked).collapse, bk.predict(fit, 98_304).collapse)


# Every command

OPTIONS = ["--params", "98304", "--tokens", "3686400", "--hold", "ratio=0.25", "--hold", "depth=4", "--prior-driven",
           "--domain", "law"]  # fmt: skip
EXPECTED = Target(98_304, 3_686_400, {"ratio": 0.25, "depth": 4.0}, "law", True)
COMMANDS = {
    "predict": (["f.nc"], "bayeskisl.decision.predict"),
    "decide": (["f.nc"], "bayeskisl.decision.decide"),
    "plan": (["f.nc", "--budget", "1e15flop"], "bayeskisl.design.plan"),
    "compare": (["f.nc"], "bayeskisl.decision.predict"),
    "report": (["f.nc"], "bayeskisl.reporting.report"),
    "loop": (["demo", "--until", "width=1", "--budget", "1h", "--out", "o"], "bayeskisl.workflow.loop"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_that_asks_about_a_target_takes_its_options(command, monkeypatch):
    arguments, asked = COMMANDS[command]
    module, _, name = asked.rpartition(".")
    stood_for = SimpleNamespace(curves=amount_curves(), tree=SimpleNamespace(children=()))

    def stop(*given, **short):
        targets = [each for each in given if isinstance(each, Target)]
        own = {name: short[name] for name in TargetKeywords.__annotations__ if name in short}
        raise Stop(targets[0] if targets else target_from(None, own, 98_304))

    monkeypatch.setattr(f"{module}.{name}", stop)
    monkeypatch.setattr("bayeskisl.inference.load_fit", lambda path: stood_for)
    monkeypatch.setattr("bayeskisl.inference.result.load_fit_if", lambda path, judge: stood_for)
    monkeypatch.setattr("bayeskisl.inference.compare", lambda fits, **_: SimpleNamespace(fit=fits[0]))
    options = OPTIONS if command != "report" else OPTIONS[4:]
    result = CliRunner().invoke(app, [command, *arguments, *options])
    assert isinstance(result.exception, Stop), result.exception or result.output
    expected = replace(EXPECTED, tokens=None) if command == "report" else EXPECTED
    assert result.exception.args == (expected,)


def test_a_mistake_in_what_is_held_is_one_sentence_about_the_option():
    result = CliRunner().invoke(app, ["predict", "f.nc", "--params", "98304", "--hold", "ratio"])
    assert str(result.exception).startswith("--hold: expected a name and a number")


# Narrow doors


def test_no_public_function_has_more_than_ten_parameters():
    wide = {
        name: len(inspect.signature(getattr(bk, name)).parameters)
        for name in bk.__all__
        if inspect.isfunction(getattr(bk, name)) and len(inspect.signature(getattr(bk, name)).parameters) > 10
    }
    assert wide == {}


def test_no_command_has_more_than_ten_parameters():
    entries = [leaf for entry in ENTRIES for leaf in (entry.entries or (entry,))]
    commands = {entry.name: entry.load().callback for entry in entries}
    wide = {name: len(inspect.signature(inspect.unwrap(each)).parameters) for name, each in commands.items()}
    assert len(wide) > 15
    assert max(wide.values()) <= 10, wide


def test_a_group_of_options_is_one_object():
    seen = []

    @grouped
    def command(first: str, target: TargetOptions, last: int = 3) -> None:
        seen.extend([first, target.target(), last])

    assert list(inspect.signature(command).parameters)[:2] == ["first", "params"]
    command(first="a", params="7B", tokens=None, hold=["ratio=0.3"], domain=None, prior_driven=False, last=4)
    assert seen == ["a", Target(7e9, hold={"ratio": 0.3}), 4]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("20/param", 1.4e11), ("20 tokens per parameter", 1.4e11), ("0.5 /params", 3.5e9), ("1.5T", 1.5e12)],
)
def test_a_budget_may_be_counted_in_tokens_per_parameter(text, tokens):
    assert Target("7B", text).tokens == tokens


@pytest.mark.parametrize("text", ["x/param", "-3/param", "/param", "0/param", "20 % per parameter"])
def test_what_is_no_budget_is_refused(text):
    with pytest.raises(InputError, match=r"^tokens: expected"):
        Target("7B", text)


def test_every_size_has_its_own_tokens_per_parameter():
    found = TargetsOptions(params="1B,7B", tokens="20/param,1.5T").targets()
    assert [each.tokens for each in found] == [2e10, 1.5e12, 1.4e11, 1.5e12]
