"""The explorer without a browser: its dials, and what they show."""

import json

import numpy as np
import pytest
import xarray as xr

import bayeskisl as bk
import bayeskisl.inference
from bayeskisl.decision import Decision, decide
from bayeskisl.decision.glances import Glances
from bayeskisl.errors import GateError
from bayeskisl.reporting.dials import Explorer, _prices
from bayeskisl.target import Target
from tests.decision.conftest import fit  # noqa: F401
from tests.decision.hand_made import FAILED, SIZES, HandMadeFit, MixedFit, extrapolate, mixed_curves

pytest.importorskip("anywidget")


@pytest.fixture(scope="module")
def by_hand():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bayeskisl.inference, "extrapolate", extrapolate)
        yield


@pytest.fixture(scope="module")
def explorer(by_hand):
    return Explorer.about(Glances(HandMadeFit()), 98_304, None)


@pytest.fixture(scope="module")
def dose(by_hand):
    return Explorer.about(Glances(MixedFit(curves=mixed_curves("dose"))), None, None)


def number(text):
    return float(text.removeprefix("At most ").split()[0].replace(",", ""))


def test_dials_begin_where_asked(explorer):
    assert explorer.values(explorer.start) == {"params": 98_304, "risk": 0.1}
    assert [dial.said[dial.start] for dial in explorer.dials] == ["98.3k", "10 %"]
    assert explorer.dials[0].stops[0] == SIZES[0]
    assert explorer.dials[0].stops[-1] == pytest.approx(100 * SIZES[-1], rel=0.01)


def test_left_alone_they_begin_at_four_times_the_largest_size(fit):  # noqa: F811
    assert Explorer.about(Glances(fit), None, None).values({})["params"] == 4 * SIZES[-1]


def test_tokens_can_be_asked_only_where_something_answers(fit):  # noqa: F811
    def names(glances):
        return [dial.name for dial in Explorer.about(glances, None, None).dials]

    assert names(Glances(fit)) == ["params", "risk"]
    assert names(Glances(fit, asked=Target(98_304, prior_driven=True))) == ["params", "tokens", "risk"]


def test_prices_are_asked_where_infusion_costs_something(dose):
    assert [dial.name for dial in dose.dials] == ["params", "risk", "token_price", "loss_price"]


def test_a_place_beyond_the_ends_is_the_end(explorer):
    assert explorer.values({"risk": 10_000, "params": -5}) == {"params": SIZES[0], "risk": 0.5}


def test_what_is_shown_is_the_decision_in_words(explorer, fit):  # noqa: F811
    shown = explorer.shown(explorer.start)
    said = decide(fit, 98_304, sensitivity=False)
    assert shown["rows"][0] == ["in full", bk.reporting.text.answer(said)]
    assert shown["question"] == "How many facts can a model of 98.3k parameters take?"
    assert shown["picture"]["choice"] == said.data["choice"].item()
    json.dumps(shown, allow_nan=False)


def test_more_risk_and_more_parameters_allow_more(explorer):
    risks = [explorer.shown({"risk": place})["picture"]["choice"] for place in range(12)]
    sizes = [explorer.shown({"params": place})["picture"]["choice"] for place in (0, 5, 10)]
    assert risks == sorted(risks)
    assert sizes == sorted(sizes)
    assert risks[0] < risks[-1]


def test_a_higher_price_makes_less_the_best(dose):
    best = [dose.shown({"token_price": place})["picture"]["panels"][1]["mark"] for place in (0, 10, 20)]
    places = [mark["x"] for mark in best]
    assert places == sorted(places, reverse=True)
    assert places[-1] < places[0]


def test_the_picture_spans_every_size(explorer):
    low, high = explorer.reach
    for place in range(len(explorer.dials[0].stops)):
        assert low < explorer.shown({"params": place})["picture"]["choice"] < high


def test_the_widget_answers_every_move(fit):  # noqa: F811
    widget = bk.explore(fit, "98304")
    first = widget.answer["headline"]
    widget.places = {**widget.places, "risk": 11, "asked": 7}
    assert widget.answer["asked"] == 7
    assert widget.answer["milliseconds"] > 0
    assert number(widget.answer["headline"]) > number(first)
    assert widget.values == {"params": 98_304, "risk": 0.5}


def test_the_whole_decision_at_the_sliders(fit):  # noqa: F811
    widget = bk.explore(fit, 98_304)
    widget.places = {**widget.places, "risk": 5}
    whole = decide(fit, 98_304, risk=0.2, sensitivity=False)
    assert widget.decide(sensitivity=False).choice == whole.choice
    assert widget.decide(sensitivity=False).data.sizes["draw"] == fit.tree["posterior"].sizes["draw"]


def test_a_failed_gate_is_refused(monkeypatch):
    monkeypatch.setattr(bayeskisl.inference, "extrapolate", extrapolate)
    with pytest.raises(GateError):
        bk.explore(HandMadeFit(gate=FAILED))
    shown = bk.explore(HandMadeFit(gate=FAILED), throw=False).answer["rows"][1][1]
    assert shown.startswith("Not usable: ")
    assert "R-hat" in shown


def test_the_page_writes_text_and_never_markup():
    from bayeskisl.reporting.explorer_widget import ExplorerWidget

    script = str(ExplorerWidget._esm)
    assert "textContent" in script
    assert not [word for word in ("innerHTML", "insertAdjacentHTML", "eval(", "http://", "https://", "import ")
                if word in script.replace("http://www.w3.org/2000/svg", "")]  # fmt: skip


def test_every_number_of_the_picture_is_finite(dose):
    picture = dose.shown({"token_price": 30, "loss_price": 30})["picture"]
    lines = [line["y"] for panel in picture["panels"] for line in panel["lines"]]
    numbers = np.concatenate([picture["x"], picture["near"], *lines])
    assert np.isfinite(numbers).all()


def test_prices_end_where_the_facts_kept_are_worth_nothing(dose):
    """Facts that were asked for in two ways are counted once."""
    over = {"mean_utility": [1.0, 100.0], "mean_kept_infused": [1.0, 100.0], "mean_kept_infused_heldout": [1.0, 90.0],
            "ratio_at": [0.1, 0.5]}  # fmt: skip
    about = dose.glances.decide(98_304).data.attrs | {"axis": "ratio", "tokens": 2e6}
    data = xr.Dataset({name: ("infusion", values) for name, values in over.items()}, attrs=about)
    (dial,) = _prices(Decision(data))
    assert dial.stops[-1] == pytest.approx(100, rel=0.3)
