"""One object, one answer: terminal, JSON, HTML, Markdown and figures take the same numbers, and all are numbers."""

import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bayeskisl.inference
from bayeskisl.decision import decide, decision_summary
from bayeskisl.reporting import contents, describe_decision
from bayeskisl.reporting.numbers import counted, three_digits
from bayeskisl.reporting.text import chosen, domain_line, headline, limit_rows
from tests.decision.hand_made import HandMadeFit, MixedFit, amount_curves, extrapolate, mixed_curves

NO_NUMBER = re.compile(r"\b(nan|NaN|inf|None(?! required))\b")


@st.composite
def decisions(draw):
    axis = draw(st.sampled_from(["amount", "ratio", "dose", "frequency"]))
    references = ["ceiling", "facts"] if axis == "amount" else ["ceiling", "facts", "uninfused"]
    options = {
        "risk": draw(st.sampled_from([0.01, 0.1, 0.4])),
        "keep": draw(st.sampled_from([0.5, 0.9, 0.99])),
        "keep_of": draw(st.sampled_from(references)),
    }
    steep = {"steepness": draw(st.sampled_from([0.8, 8.0, 60.0]))}
    if axis == "amount":
        levels = draw(st.sampled_from([(62, 80, 100), (62, 250, 1000, 4000), (4_000, 8_000)]))
        made = HandMadeFit(curves=amount_curves(levels=levels), exponent_sd=draw(st.sampled_from([0.01, 1.0])), **steep)
        options["facts"] = draw(st.sampled_from([None, 1, 300, 50_000]))
    else:
        halves = {"infused": draw(st.sampled_from([2.0, 200.0, 9_000.0])), "background": 100.0}
        made = MixedFit(curves=mixed_curves(axis, halves=halves), halves=halves, **steep)
    return decide(made, draw(st.sampled_from([600, 98_304, 7_000_000])), sensitivity=False, **options)


@pytest.fixture(scope="module", autouse=True)
def _hand_made():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bayeskisl.inference, "extrapolate", extrapolate)
        yield


@given(decisions())
@settings(max_examples=20, deadline=None)
def test_every_output_takes_its_numbers_from_one_object_and_none_is_no_number(decision):
    found, page, printed = decision_summary(decision), contents.answer_block(decision), describe_decision(decision)
    json.dumps(found, allow_nan=False)
    words = json.dumps({name: value for name, value in page.items() if name != "verdict"})
    assert not NO_NUMBER.search(printed)
    assert not NO_NUMBER.search(words)
    if decision.advised is not None:
        assert found["choice"]["advised"] == decision.advised
        up = decision.is_least
        number = three_digits(found["choice"]["advised"], down=not up, up=up)
        assert chosen(decision) == number  # of the figures, too
        is_usable = decision.verdict.grade != "not usable"
        label = "recommended: " if is_usable else "the posterior's number, not a recommendation: "
        assert any(number in line for line in printed.splitlines() if line.startswith(label))
        assert number in (page["one_sided"] or page["sentence"])
    at_advised = decision.risk_at(decision.advised) if decision.advised is not None else None
    laws = found["choice"]["risk_by_law"]
    assert (min(laws.values()) <= at_advised <= max(laws.values())) if at_advised is not None else laws == {}
    assert page["brief"]["recommended"].lower().startswith(headline(decision).lower())
    assert len(found["warnings"]) <= 3
    assert found["warnings"] == [warning.to_dict() for warning in decision.warnings]
    assert printed.count("warning: ") == len(found["warnings"])
    no_ratio_above_one_is_given_as_sufficient(decision)


def no_ratio_above_one_is_given_as_sufficient(decision):
    found = decision_summary(decision).get("sufficient_ratio")
    lines = domain_line(decision)
    if found is None:
        return
    stated = [found["median"], *found["eti90"], found["at_risk"]]
    assert all(number is None or 0 < number <= 1 for number in stated)
    assert found["impossible"] == pytest.approx(np.mean(decision.data.sufficient_ratio.values > 1))
    assert (found["median"] is None) == (
        "no mixture of the budget is enough" in lines[0] and "sufficient" not in lines[0]
    )
    assert not any(warning.code == "ratio_above_one" for warning in decision.warnings)
    assert " 1 facts" not in lines[0]


def test_one_fact_is_no_facts():
    assert counted("1", "facts") == "1 fact"
    assert counted("2", "facts") == "2 facts"
    assert counted("1", "of the tokens") == "1 of the tokens"


def test_the_limit_that_binds_is_named_with_what_follows_and_the_risk_then():
    limits = {
        "learning": {"probability": 0.7, "risk": 0.12},
        "minimum": {"probability": 0.298, "risk": 0.05},
        "capacity": {"probability": 0.002, "risk": 0.5},
    }
    assert limit_rows(limits) == [
        ("what limits the target", "probability", "risk then"),
        ("learning: a larger model needs fewer exposures", "70 %", "12 %"),
        ("a minimum of exposures: a larger model needs as many", "30 %", "5 %"),
    ]
    assert limit_rows({"learning": {"probability": 1.0}}) == [
        ("what limits the target", "probability"),
        ("learning: a larger model needs fewer exposures", "100 %"),
    ]
    assert limit_rows({}) == []
