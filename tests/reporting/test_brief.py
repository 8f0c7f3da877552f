"""The first screen: fifty words that agree with the full answer, and a record of one page."""

import ast
import json
from pathlib import Path

import pytest

import bayeskisl
from bayeskisl.axes import AXES
from bayeskisl.curves.titles import TITLES, title_of
from bayeskisl.decision import Decision, decide
from bayeskisl.decision.caveat import _ORDER, Caveat, ranked
from bayeskisl.laws import load_law
from bayeskisl.reporting.assessment import assessment_rows
from bayeskisl.reporting.brief import brief, question
from bayeskisl.reporting.numbers import three_digits
from bayeskisl.reporting.text import describe_decision, further_line
from tests.decision.hand_made import FAILED, HandMadeFit, MixedFit, amount_curves, mixed_curves

WORDS = 70  # fifty, and room for the numbers of a bound


def asked(fit, params=98_304, **options):
    return decide(fit, params, sensitivity=False, **options)


@pytest.fixture(params=["amount", "ratio", "dose", "frequency", "bound", "far"])
def any_decision(request, fit):
    if request.param == "amount":
        return asked(fit)
    if request.param == "bound":
        return asked(HandMadeFit(curves=amount_curves(levels=(62, 80, 100))))
    if request.param == "far":
        return asked(fit, 9e9)
    return asked(MixedFit(curves=mixed_curves(request.param)))


def test_the_first_screen_is_short_and_whole_sentences(any_decision):
    said = brief(any_decision)
    assert sum(len(line.split()) for line in said.values()) <= WORDS
    for line in said.values():
        assert line[0].upper() == line[0]
        assert line.endswith(".")
        assert "nan" not in line


def test_it_names_the_number_of_the_decision(decision):
    said = brief(decision)
    assert said["recommended"] == f"At most {three_digits(decision.choice.value, down=True)} facts."
    assert said["risk"] == "10 % that a new run keeps less than 90 % of its ceiling."
    assert said["doubts"] == "A recipe other than the sweep's."
    assert question(decision) == "How many facts can a model of 98.3k parameters take?"


@pytest.mark.parametrize(
    ("likely", "risk", "is_said"), [(0.16, 0.54, True), (0.08, 0.54, False), (0.16, 0.2, False), (0.16, None, False)]
)
def test_a_less_probable_limit_at_which_the_choice_is_too_much_is_a_doubt(decision, monkeypatch, likely, risk, is_said):
    limits = {
        "learning": {"probability": 1 - likely, "risk": 0.02},
        "minimum": {"probability": likely, "risk": risk},
        "capacity": {"probability": 0.0, "risk": None},
    }
    monkeypatch.setattr(type(decision), "limits", property(lambda _: limits))
    doubt = "The target may be limited by a minimum of exposures (16 %)."
    assert (brief(decision)["doubts"] == doubt) == is_said
    said = describe_decision(decision)
    assert ("the recommendation assumes that it is not a minimum of exposures (16 %)" in said) == is_said


def test_what_could_make_it_wrong_is_the_gravest_first(fit):
    said = brief(asked(HandMadeFit(gate=FAILED), 9e9, throw=False))
    assert said["doubts"].startswith("The posterior failed its gate; ")
    assert said["next"].startswith("A size between")


def test_what_rests_on_the_prior_stands_first_and_is_said_once(fit):
    far = asked(fit, tokens=50 * 614_400, prior_driven=True)
    said = brief(far)
    assert next(iter(said)) == "rests"
    assert said["rests"].startswith("Rests on the prior: every run had one value of tokens, ")
    assert "rests" not in said["rests"][1:]
    assert "prior" not in said["doubts"]
    assert "rests" not in brief(asked(fit))


def test_the_risk_of_a_range_is_that_of_either_side(fit):
    window = brief(asked(MixedFit(curves=mixed_curves("ratio"))))
    assert "of the infused and" in window["risk"]


def test_without_a_run_to_add_the_remedy_is_said(decision, monkeypatch):
    widen = Caveat("no_collapse", "It never fell.", weight="care", remedy="Widen the levels.")
    monkeypatch.setattr(type(decision), "caveats", property(lambda _: (widen,)))
    said = brief(decision)
    assert said["next"] == "Widen the levels."
    assert said["doubts"] == "No curve fell below half, so the collapse points are guesses."


def test_the_range_is_of_the_group_that_allows_the_least(decision):
    others = {"limiting_group": "background", "other_collapses": json.dumps({"background": [30.0, 20.0, 40.0]})}
    said = brief(Decision(decision.data.assign_attrs(others)))
    assert said["range"] == "Collapse of background facts at 30 facts (90 % interval 20 to 40)."


def codes_in_the_source():
    for path in Path(bayeskisl.__file__).parent.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in ("Finding", "Caveat") and call.args:
                yield from (each.value for each in ast.walk(call.args[0]) if isinstance(each, ast.Constant))


def test_every_code_has_a_title():
    assert {*codes_in_the_source(), *_ORDER} <= TITLES.keys()
    assert title_of("of_a_later_version") == "of a later version"


def test_folded_notes_are_named_in_words():
    folded = [Caveat("edge_collapse", "It is."), Caveat("silent_levels", "They are.")]
    (line,) = further_line(folded)
    assert line.endswith("): some sizes have bounds only; some levels show nothing")
    assert [one.code for one in ranked(folded)] == ["silent_levels", "edge_collapse"]


@pytest.mark.parametrize("axis", AXES.values(), ids=lambda axis: axis.name)
def test_every_axis_has_a_question(axis):
    assert axis.question.count("{model}") == 1


def test_the_record_holds_every_prior_and_the_ratio_of_the_ends(fit, decision):
    rows = dict(assessment_rows(fit, decision))
    assert next(iter(rows)) == "question"
    stated = load_law("collapse").to_dict()["priors"]
    names = {name.replace("_", " ") for name in stated if name not in ("exponent", "curvature")}
    assert all(name in rows["priors"] for name in names)
    assert "exponent of params" in rows["priors"]
    low, high = (decision.data["critical_exposures"].quantile(q).item() for q in (0.05, 0.95))
    assert rows["ratio of the interval's ends"].startswith(three_digits(high / low))
    assert "gate passed" in rows["checks"]
    assert "3 sizes from 6.14k to 24.6k parameters" in rows["inputs"]
