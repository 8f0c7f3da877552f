"""Along a frequency without background facts nothing falls: answers are about the onset."""

import numpy as np
import pytest

from bayeskisl.axes import AXES
from bayeskisl.decision import decide, load_prediction, predict, prediction_summary, save_prediction
from bayeskisl.errors import InputError
from bayeskisl.inference.simulate import design_curves
from bayeskisl.reporting import describe_prediction
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
    assert "predicted onset of infused facts of one fresh run" in text
    assert f"{exposures:.3g} exposures of a fact, there is a risk of 10 % that one fresh run keeps less" in text


def test_a_prediction_of_an_onset_is_saved(ahead, tmp_path):
    again = load_prediction(save_prediction(ahead, tmp_path / "ahead.nc"))
    assert again.identical(ahead)


def test_how_much_is_too_much_is_refused_where_nothing_falls(fit):
    with pytest.raises(InputError, match=r"harms.* got infused along 'frequency'; ask `predict`"):
        decide(HandMadeFit(curves=repeated()), 98_304)


def test_with_a_background_the_least_and_the_most_are_of_one_frequency(fit):
    """The same runs as a ratio sweep: r = K frequency / 1e6, and so every answer."""
    of_ratio, of_frequency = (
        decide(MixedFit(curves=mixed_curves(name)), 98_304, sensitivity=False).data for name in ("ratio", "frequency")
    )
    for name in ("choice", "least_sufficient", "least", "most"):
        assert of_frequency[name].item() * 150 / 1e6 == pytest.approx(of_ratio[name].item(), rel=1e-6)


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
