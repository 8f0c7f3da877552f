"""Along a frequency without background facts nothing falls: answers are about the onset."""

import numpy as np
import pytest

from bayeskisl.axes import AXES
from bayeskisl.decision import (
    decide,
    decision_summary,
    decision_table,
    load_decision,
    load_prediction,
    predict,
    prediction_summary,
    save_prediction,
)
from bayeskisl.errors import InputError
from bayeskisl.inference.simulate import design_curves
from bayeskisl.reporting import describe_decision, describe_prediction, plot_decision
from bayeskisl.reporting.brief import brief
from bayeskisl.reporting.numbers import three_digits
from bayeskisl.reporting.text import chosen, decision_rows
from tests.decision.hand_made import SIZES, TOKENS, HandMadeFit, MixedFit, law_line, mixed_curves

REPEATS = [1.0, 10.0, 100.0, 1000.0]


def repeated(tokens=TOKENS):
    return design_curves(params=list(SIZES), facts=100, axis="frequency", exposures=REPEATS, tokens=tokens)


@pytest.fixture
def ahead(fit):
    return predict(HandMadeFit(curves=repeated()), 98_304)


def test_the_onset_is_the_frequency_of_the_critical_exposures(ahead):
    assert "collapse" not in ahead
    assert np.allclose(ahead["onset"], ahead["critical_exposures"] * 6 / TOKENS * 1e6)
    assert np.median(ahead["onset"]) == pytest.approx(np.exp(law_line(98_304)) * 6 / TOKENS * 1e6, rel=0.1)
    assert (ahead["sufficient"] > ahead["onset"]).all()
    assert np.allclose(ahead["onset_by_law"].sel(law="collapse").median(), ahead["onset"].median(), rtol=0.1)


def test_a_summary_says_how_much_is_enough(ahead):
    found = prediction_summary(ahead)
    enough = found["sufficient"]
    assert enough["median"] < enough["at_risk"] <= enough["eti90"][1]
    assert np.mean(ahead["sufficient"].values <= enough["at_risk"]) == pytest.approx(0.9, abs=0.01)
    text = describe_prediction(ahead)
    exposures = AXES["frequency"].exposures(enough["at_risk"], "infused", {"tokens": TOKENS, "tokens_per_fact": 6,
                                                                           "facts": 100})  # fmt: skip
    assert "predicted for a new run, parts per million" in text
    assert "  onset of infused facts, half is learned  " in text
    assert f"{exposures:.3g} exposures of a fact, there is a risk of 10 % that a new run keeps less" in text


def test_a_prediction_of_an_onset_is_saved(ahead, tmp_path):
    again = load_prediction(save_prediction(ahead, tmp_path / "ahead.nc"))
    assert again.identical(ahead)


@pytest.fixture
def repeats(fit):
    """Runs that cross their half-points; one that never does makes the choice a bound."""
    curves = repeated()
    share = 1 / (1 + np.exp(-8 * (np.log(curves.exposures) - law_line(curves.params))))
    curves["recalled"] = (("run", "group"), np.round(share * 100).astype(int).values[:, None])
    return HandMadeFit(curves=curves)


def test_the_choice_is_the_least_that_is_enough_at_its_risk(repeats):
    choices = []
    for risk in (0.05, 0.1, 0.3):
        decision = decide(repeats, 98_304, risk=risk, sensitivity=False)
        choice = decision.choice.value
        choices.append(choice)
        assert decision.is_least
        assert decision.risk_at(choice) == pytest.approx(risk, abs=0.01)
        grid, risks = decision.data["infusion"].values, decision.data["shortfall_risk"].values
        assert np.interp(choice, grid, risks) == pytest.approx(risk, abs=0.02)
        assert (np.diff(risks) <= 0).all()
    assert choices == sorted(choices, reverse=True), "the less risk, the more repeats"


def test_the_least_is_said_drawn_saved_and_put_in_a_table(repeats, tmp_path):
    decision = decide(repeats, 98_304, sensitivity=False)
    text = describe_decision(decision)
    assert text.startswith("recommended: at least ")
    assert "keeping less than 90 % of" in text
    exposures = decision.choice.value / 1e6 * TOKENS / 6
    assert f"the recommendation gives {three_digits(exposures, up=True)} exposures of a fact" in text
    assert float(chosen(decision).replace(",", "")) >= decision.choice.value
    again = load_decision(decision.save(tmp_path / "decision.nc"))
    assert again.data.identical(decision.data)
    assert decision_summary(again)["onset"]["median"] > 0
    assert len(plot_decision(decision).axes) >= 3
    head, row = decision_rows(decision_table(repeats, [98_304]))
    assert "onset" in head
    assert len(row) == len(head)


def test_what_was_never_learned_or_never_missed_is_a_bound(fit):
    curves = repeated()
    swept = AXES["frequency"].values(curves)
    for recalled, code in ((0, "never_learned"), (100, "never_ignorant")):
        made = HandMadeFit(curves=curves.assign(recalled=curves.recalled * 0 + recalled))
        decision = decide(made, 98_304, sensitivity=False)
        assert code in {edge.code for edge in decision.edges}
        assert decision.choice.is_bound
        sufficient = decision.data.sufficient
        if recalled == 0:  # the posterior, made by hand, knows that less is enough: no bound is said against it
            assert float((sufficient >= swept.max()).mean()) < 0.9
            assert decision.choice.at_least is None
            assert decision.verdict.grade == "not usable"
        else:
            assert float((sufficient <= decision.choice.at_most).mean()) >= 0.9


def test_with_a_background_the_least_and_the_most_are_of_one_frequency(fit):
    """The same runs as a ratio sweep: r = K frequency / 1e6, and so every answer."""
    of_ratio, of_frequency = (
        decide(MixedFit(curves=mixed_curves(name)), 98_304, sensitivity=False).data for name in ("ratio", "frequency")
    )
    for name in ("choice", "least_sufficient", "least", "most"):
        assert of_frequency[name].item() * 150 / 1e6 == pytest.approx(of_ratio[name].item(), rel=1e-6)


def test_beyond_what_was_swept_a_frequency_is_a_bound_as_its_ratio_is(fit):
    far, choices = 1e3 * SIZES[0], {}
    for name in ("ratio", "frequency"):
        decision = decide(MixedFit(curves=mixed_curves(name)), far, sensitivity=False)
        assert "beyond_swept" in {edge.code for edge in decision.edges}
        choices[name] = decision.choice
    assert choices["frequency"].at_least * 150 / 1e6 == pytest.approx(choices["ratio"].at_least, rel=1e-6)


def test_everything_that_is_trained_may_be_a_fact_along_an_amount(fit):
    """A ratio of one: exposures are D / (K l), and the place obeys the identity."""
    curves = design_curves(params=list(SIZES), facts=[100, 1000], ratio=1.0)
    assert np.allclose(curves.exposures, TOKENS / (curves.facts * 6))
    found = predict(HandMadeFit(curves=curves), 98_304)
    assert np.allclose(found["collapse"], TOKENS / (6 * found["critical_exposures"]))
    for axis in ("ratio", "frequency"):
        with pytest.raises(InputError, match=r"ratio in \(0, 1\)"):
            design_curves(params=list(SIZES), facts=100, ratio=[0.5, 1.0], axis=axis)


def test_a_general_loss_without_general_text_is_no_law_of_it():
    from bayeskisl.decision.general_loss import fit_loss

    curves = design_curves(params=list(SIZES), facts=[100, 1000], ratio=1.0)
    assert fit_loss(curves.assign(general_loss=("run", np.linspace(2, 3, curves.sizes["run"])))) is None


def test_the_exposures_of_an_advice_beyond_the_draws_are_its_own(fit):
    curves = design_curves(params=list(SIZES), facts=100, axis="frequency", exposures=[500.0, 1_000.0, 2_000.0])
    decision = decide(HandMadeFit(curves=curves.assign(recalled=curves.probed)), 98_304, sensitivity=False)
    assert decision.advised == pytest.approx(500 / TOKENS * 6 * 1e6)
    assert "(500 exposures of a fact)" in brief(decision)["recommended"]


def test_enough_is_enough_at_the_risk_and_of_what_was_asked(repeats):
    decision = decide(repeats, 98_304, risk=0.05, keep_of="facts", sensitivity=False)
    enough = decision_summary(decision)["sufficient"]
    assert (enough["risk"], enough["at_risk"]) == (0.05, decision.choice.value)
    assert "  enough to keep 90 % of its facts  " in describe_decision(decision)
