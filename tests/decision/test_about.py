"""The record of an answer, written to attributes and read back."""

from bayeskisl.axes import AXES
from bayeskisl.decision import decide, load_decision, predict
from bayeskisl.decision.about import AboutDecision, about_of
from tests.decision.hand_made import MixedFit, mixed_curves


def test_attributes_are_read_as_they_were_written(fit, tmp_path):
    decision = decide(MixedFit(curves=mixed_curves("ratio")), 98_304, at_most=0.4, sensitivity=False)
    assert decision.about.to_attributes() == decision.data.attrs
    assert load_decision(decision.save(tmp_path / "decision.nc")).about == decision.about


def test_a_prediction_has_no_criterion(fit):
    ahead = predict(fit, 98_304)
    about = about_of(ahead)
    assert not isinstance(about, AboutDecision)
    assert about.to_attributes() == ahead.attrs
    assert about.axis is AXES["amount"]


def test_what_earlier_versions_did_not_write_has_a_default(fit):
    earlier = predict(fit, 98_304)
    for name in ("harmed", "invented", "rules", "domain"):
        del earlier.attrs[name]
    about = about_of(earlier)
    assert (about.harmed, about.invented, about.rules, about.domain) == ([], [], {}, "")
