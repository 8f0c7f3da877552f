"""Every statement is checked against the posterior that it comes from, and no person reads what is no number."""

import json
import re

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bayeskisl.curves import Finding, check
from bayeskisl.decision import decide, decision_summary, load_decision, predict
from bayeskisl.decision.caveat import Caveat, ranked
from bayeskisl.decision.verdict import verdict_on
from bayeskisl.errors import GateError, InputError, at_the_command_line, way
from bayeskisl.reporting import describe_decision
from bayeskisl.reporting.text import answer, headline
from tests.decision.hand_made import FAILED, SIZES, TOKENS, HandMadeFit, MixedFit, amount_curves, mixed_curves

SWEEPS = {
    "crosses": (62, 125, 250, 500, 1000, 2000),
    "all kept": (31, 62, 80),
    "all lost": (4_000, 8_000),
    "one level": (250,),
}
few = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def quick(made, params=98_304, **options):
    return decide(made, params, **{"sensitivity": False, **options})


def codes(decision):
    return [caveat.code for caveat in decision.caveats]


@st.composite
def sweeps(draw):
    """A fit whose posterior and data need not agree, as where a prior decides."""
    if draw(st.booleans()):
        curves = amount_curves(levels=SWEEPS[draw(st.sampled_from(sorted(SWEEPS)))])
        return HandMadeFit(curves=curves, exponent_sd=draw(st.sampled_from([0.05, 0.5])))
    halves = {"infused": draw(st.floats(20, 20_000)), "background": draw(st.floats(5, 20_000))}
    ratios = draw(st.sampled_from([(0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97), (0.3, 0.5), (0.05, 0.1), (0.9, 0.95)]))
    axis = draw(st.sampled_from(["ratio", "dose", "frequency"]))
    return MixedFit(curves=mixed_curves(axis, ratios=ratios, halves=halves), halves=halves)


@given(sweeps(), st.sampled_from([13_824, 50_000, 2_457_600]), st.sampled_from([0.02, 0.1, 0.4]))
@few
def test_a_bound_is_borne_out_by_the_draws_at_the_target(fit, made, params, risk):
    decision = quick(made, params, risk=risk)
    choice, data = decision.choice, decision.data
    by_laws = "laws_apart" in codes(decision)
    if not decision.is_least:
        if choice.at_least is not None:
            assert float((data.admissible < choice.at_least).mean()) <= risk
        if choice.at_most is not None and not by_laws and "none_admissible" not in codes(decision):
            assert float((data.admissible > choice.at_most).mean()) <= risk
    elif choice.at_most is not None and not by_laws:
        assert float((data.sufficient > choice.at_most).mean()) <= risk
    if decision.advised is not None:
        assert decision.risk_at(decision.advised) <= risk + 1e-9


# of whose draws a few need more than all of the budget: fewer than the interval leaves out
_RARELY_TOO_MUCH = {"infused": 4784.0, "background": 5.0}


@given(made=sweeps(), params=st.sampled_from([13_824, 98_304]), risk=st.sampled_from([0.02, 0.4]))
@example(
    made=MixedFit(curves=mixed_curves("ratio", halves=_RARELY_TOO_MUCH), halves=_RARELY_TOO_MUCH),
    params=98_304,
    risk=0.02,
)
@few
def test_every_output_takes_one_number_and_none_is_no_number(fit, made, params, risk):
    decision = quick(made, params, risk=risk)
    said = describe_decision(decision)
    assert not re.search(r"\bnan\b|\bNone\b|infuse at least|no bound facts", said)
    assert headline(decision) in answer(decision)
    assert answer(decision) in said
    summary = decision_summary(decision)
    json.dumps(summary, allow_nan=False)
    assert summary["choice"]["advised"] == decision.advised
    assert len(decision.warnings) <= 3
    assert summary["verdict"] == decision.verdict.to_dict()
    shown = {caveat.message for caveat in (*decision.warnings, *decision.further)}
    elsewhere = {decision.verdict.because, *decision.choice.reasons, *decision.optimum.reasons, *decision.extrapolated}
    others = [each for each in decision.caveats if each.concerns != "target"]
    assert {each.message for each in others if each.code != "ratio_above_one"} <= shown | elsewhere
    assert all("no mixture of the budget" in said for each in others if each.code == "ratio_above_one")


@given(sweeps())
@few
def test_what_takes_from_an_answer_says_what_mends_it(fit, made):
    decision = quick(made)
    for caveat in decision.caveats:
        if not caveat.is_note:
            assert caveat.remedy or caveat.buy, caveat.code
    assert (decision.verdict.grade == "good") == all(caveat.is_note for caveat in decision.caveats)


def test_collapse_of_every_small_size_is_no_bound_for_a_large_one(fit):
    """The truth at 143 times the smallest size lies far above the lowest level of the smallest model."""
    made = HandMadeFit(curves=amount_curves(levels=(4_000, 8_000)))
    large = quick(made, 143 * SIZES[0])
    assert "never_kept" in codes(large)
    assert large.choice.is_bound
    assert large.choice.at_most is None or float((large.data.admissible > large.choice.at_most).mean()) <= 0.1
    assert large.verdict.grade == "not usable"
    assert "below 4,000" in large.verdict.buy


def test_one_size_is_refused_or_labelled_and_its_own_size_is_neither(fit):
    made = HandMadeFit(curves=amount_curves(sizes=SIZES[:1]))
    with pytest.raises(InputError, match=r"params: expected the only size of the sweep, 6,144.*prior_driven=True"):
        quick(made, 10 * SIZES[0])
    labelled = quick(made, 10 * SIZES[0], prior_driven=True)
    assert labelled.verdict.grade == "not usable"
    assert labelled.verdict.rule == "prior_driven_target"
    assert "second size" in labelled.verdict.buy
    assert labelled.extrapolated
    assert describe_decision(labelled).startswith("verdict: NOT USABLE, since every run had one value of size")
    assert quick(made, SIZES[0]).extrapolated == []
    with pytest.raises(InputError, match="only size"):
        predict(made, 10 * SIZES[0])


def test_an_untried_budget_is_the_first_line(fit):
    said = describe_decision(quick(fit, tokens=2 * TOKENS, prior_driven=True))
    assert said.startswith("verdict: ") or said.startswith("rests on the prior: every run had one value of tokens")
    assert quick(fit, tokens=50 * TOKENS, prior_driven=True).verdict.grade == "not usable"
    assert quick(fit, tokens=2 * TOKENS, prior_driven=True).verdict.grade == "usable with care"


def test_empty_halves_of_sentences_are_left_out(fit):
    with pytest.raises(InputError, match=r"the only value of ratio that was swept, 0\.5, got 0\.9"):
        quick(fit, hold={"ratio": 0.9})
    some = quick(HandMadeFit(steepness=1.1, steepness_log_sd=0.1))
    (caveat,) = [each for each in some.caveats if each.code == "no_interior_optimum"]
    assert caveat.message == "in 23 % of the draws more is always worth more; they have no best infusion"


def test_a_ratio_that_was_never_varied_is_assumed_not_to_matter(fit):
    decision = quick(fit, hold={"ratio": 0.9999}, prior_driven=True)
    (caveat,) = [each for each in decision.caveats if each.code == "prior_driven_target"]
    assert "ratio is assumed not to matter beyond the exposures, and the interval does not" in caveat.message
    assert "rests on the prior" not in caveat.message
    assert caveat.buy.endswith("with ratio of 0.9999")


def test_every_law_with_a_weight_is_compared(fit, monkeypatch):
    """With many laws the floor of their weights is low, and the warning stays."""
    import bayeskisl.inference

    ours = bayeskisl.inference.extrapolate

    def far_apart(fit, params, tokens, *, law, **options):
        draws = ours(fit, params, tokens, law=law, **options)
        return draws.assign(log_critical_exposures=draws.log_critical_exposures - (law == "power"))

    monkeypatch.setattr(bayeskisl.inference, "extrapolate", far_apart)
    light = quick(HandMadeFit(weights={"collapse": 0.96, "power": 0.04}))
    assert "laws_apart" in codes(light)
    assert light.choice.is_bound


def test_a_ratio_sweep_that_probes_the_background_alone_is_decided(fit):
    curves = mixed_curves("ratio").sel(group=["background"])

    class Alone(MixedFit):
        def draws_at(self, *place, **options):
            return super().draws_at(*place, **options).sel(group=["background"])

        @property
        def tree(self):
            whole = super().tree
            return xr.DataTree.from_dict(
                {node.path: node.to_dataset().sel(group=["background"]) for node in whole.leaves}
            )

    decision = quick(Alone(curves=curves))
    assert not decision.choice.is_bound
    assert "no_benefit" in codes(decision)
    assert "nan" not in describe_decision(decision)


def test_where_no_infusion_is_safe_no_choice_is_printed(fit):
    none = quick(fit, 1)
    assert "none_admissible" in codes(none)
    assert set(decision_summary(none)["choice"]["at_risk"].values()) == {None}
    rows = [line.split() for line in describe_decision(none).splitlines() if line.startswith("  at a risk of ")]
    assert [row[-1] for row in rows] == ["none", "none", "none"]
    assert "choice none at a risk of 10 %" in repr(none)
    assert "none at a risk of 10 %" in none._repr_html_()
    assert np.isnan(none.risk_at(np.nan))


def test_a_risk_finer_than_the_draws_is_not_claimed_without_a_word(fit):
    assert "few_draws" not in codes(quick(fit, risk=0.02))  # 600 draws
    (caveat,) = [each for each in quick(fit, risk=0.001).caveats if each.code == "few_draws"]
    assert caveat.weight == "care"
    assert "600 draws, and a risk of 0.1 % needs at least 10,000" in caveat.message


@pytest.mark.parametrize(("times", "far"), [(9.9, False), (10, True), (100, True)])
def test_ten_times_is_far(fit, times, far):
    assert ("far_extrapolation" in codes(quick(fit, times * SIZES[-1]))) == far
    assert ("far_extrapolation" in codes(quick(fit, SIZES[0] / times))) == far


@pytest.mark.parametrize(("times", "grade"), [(99, "usable with care"), (101, "not usable"), (71_208, "not usable")])
def test_an_answer_far_beyond_all_that_was_checked_is_of_no_use(fit, times, grade):
    decision = quick(fit, times * SIZES[-1])
    (caveat,) = [each for each in decision.caveats if each.code == "far_extrapolation"]
    assert decision.verdict.grade == grade
    assert ("Do not use this number for a training run." in caveat.message) == (grade == "not usable")
    assert caveat.message.startswith(f"the target is {times:,} times the largest ")


def test_the_end_at_one_exposure_is_said(fit):
    never = quick(HandMadeFit(steepness=40.0, curves=amount_curves(levels=(31, 62))), 5e12)
    assert never.choice.is_bound
    assert {"one_exposure", "below_one_exposure"} <= set(codes(never))


@pytest.mark.parametrize(
    ("code", "severity", "grade"),
    [("wrong_way", "serious", "not usable"), ("no_signal", "serious", "not usable"),
     ("turns_back", "warning", "good"), ("outlying_rows", "warning", "usable with care"),
     ("few_sizes", "serious", "usable with care"), ("prior_sensitive", "note", "good")],
)  # fmt: skip
def test_what_the_data_say_about_themselves_grades_the_answer(fit, code, severity, grade):
    made = HandMadeFit(warnings=(Finding(code, severity, "It is so.", "Mend it."),))
    assert quick(made, 2 * SIZES[-1]).verdict.grade == grade


@pytest.mark.parametrize(
    ("sizes", "largest", "times", "short"),
    [(3, 9_000, 2, False), (3, 9_000, 2.1, True), (6, 23_000, 4, True), (7, 24_000, 4, False), (6, 24_576, 4, False)],
)
def test_a_short_ladder_from_tiny_models_is_no_ladder_to_a_much_larger_target(fit, sizes, largest, times, short):
    curves = amount_curves(sizes=tuple(largest // (1 + step) for step in range(sizes)))
    few = Finding("few_sizes", "serious", "They are few.", "Train more.")
    decision = quick(HandMadeFit(curves=curves, warnings=(few,)), times * largest)
    assert ("short_ladder" in codes(decision), "few_sizes" in codes(decision)) == (short, not short)
    if short:
        assert decision.verdict.rule == "short_ladder"
        assert f"only {sizes} sizes were trained" in decision.verdict.because
        held = "6 of 10" if sizes == 6 else "32 of 69"
        assert f"90 % intervals from such ladders held {held} larger sizes" in decision.verdict.because
        assert decision.verdict.buy.startswith("a size between, such as ")


def test_a_remedy_is_said_once_and_is_no_part_of_the_message(fit):
    few, sensitive = (Finding(code, severity, f"{code} is so.", f"Mend {code}.")
                      for code, severity in (("few_sizes", "serious"), ("prior_sensitive", "note")))  # fmt: skip
    decision = quick(HandMadeFit(warnings=(few, sensitive)), 2 * SIZES[-1])
    assert (decision.verdict.because, decision.verdict.remedy) == ("few_sizes is so.", "Mend few_sizes.")
    said = describe_decision(decision)
    assert said.count("to do: Mend few_sizes") == said.count("Mend few_sizes") == 1
    assert said.count("warning: prior_sensitive is so. Mend prior_sensitive.") == 1
    earlier = {"code": "few_sizes", "message": str(few), "weight": "care", "remedy": few.remedy}
    assert Caveat.from_dict(earlier) == Caveat.of_finding(few)


def test_more_draws_are_no_remedy_for_curves_that_rise(fit):
    from bayeskisl.decision.of_fit import require_gate

    curves = amount_curves()
    rising = curves.assign(recalled=curves.probed - curves.recalled)
    found = check(rising).serious[0]
    made = HandMadeFit(gate=FAILED, warnings=(found,))
    with pytest.raises(GateError, match=r"failed: Retention of 'infused' rises along the axis"):
        require_gate(made, throw=True)


def test_a_preview_is_told_apart_from_a_posterior_that_failed_its_gate(fit):
    note = Finding("preview", "serious", "This is a preview.", "Fit without `method`.")
    made = HandMadeFit(gate=FAILED, is_preview=True, warnings=(note,))
    with pytest.raises(GateError, match=r"^expected a posterior, got a preview, .*; fit without `method='preview'`"):
        quick(made)
    verdict = quick(made, throw=False).verdict
    assert (verdict.rule, verdict.remedy) == ("preview", "Fit without `method`.")


def test_a_remedy_runs_where_the_user_is():
    assert way("`a=1`", "`--a 1`") == "`a=1`"
    with at_the_command_line():
        assert way("`a=1`", "`--a 1`") == "`--a 1`"
    assert way("`a=1`", "`--a 1`") == "`a=1`"


def test_ranking_is_by_weight_then_by_what_changes_an_answer_most():
    caveats = [
        Caveat("wide", "b", weight="care"),
        Caveat("assumed_by_import", "a"),
        Caveat("gate", "c", weight="unusable"),
        Caveat("no_signal", "d", weight="unusable"),
        Caveat("wide", "b", weight="care"),
    ]
    assert [one.message for one in ranked(caveats)] == ["d", "c", "b", "a"]
    assert verdict_on(caveats).rule == "no_signal"
    assert verdict_on([]).grade == "good"


def test_a_caveat_is_read_as_it_was_written():
    caveat = Caveat("no_collapse", "It never fell.", "choice", at_least=0.0, buy="more", weight="care")
    assert Caveat.from_dict(json.loads(json.dumps(caveat.to_dict()))) == caveat
    assert Caveat.from_dict({"code": "gate", "message": "a", "since": "a later version"}) == Caveat("gate", "a")


@pytest.mark.parametrize("content", [[], "gate", {"code": "gate"}, {"code": "gate", "message": 1},
                                     {"code": "gate", "message": "a", "weight": ["care"]}])  # fmt: skip
def test_what_is_no_caveat_is_refused(content):
    with pytest.raises((TypeError, ValueError)):
        Caveat.from_dict(content)


def test_the_verdict_is_saved(fit, tmp_path):
    made = quick(HandMadeFit(curves=amount_curves(levels=(4_000, 8_000))))
    assert load_decision(made.save(tmp_path / "decision.nc")).verdict == made.verdict


def test_a_choice_has_a_regret_wherever_it_lies(fit):
    for at_most in (500, 1_000):
        regret = decision_summary(quick(fit, at_most=at_most))["choice"]["expected_regret"]["value"]
        assert np.isfinite(regret)
