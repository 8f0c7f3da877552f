"""A forecast on record: whole, checked, and scored like against like."""

import hashlib
import json

import numpy as np
import pytest

from bayeskisl.curves import join_curves
from bayeskisl.decision import Decision, check_record, decide, forecast_record, load_decision, verify, write_record
from bayeskisl.decision.files import checked_answer
from bayeskisl.decision.planned_model import planned_model
from bayeskisl.decision.rules import rules_at
from bayeskisl.errors import InputError
from bayeskisl.reporting import describe_decision, describe_verification
from bayeskisl.target import Target
from tests.decision.hand_made import SIZES, TOKENS, HandMadeFit, MixedFit, amount_curves, law_line, mixed_curves

LEVELS = (700, 1000, 1400, 2000, 2800, 4000)


@pytest.fixture
def decision(fit):
    return decide(fit, 98_304, sensitivity=False)


@pytest.fixture
def target_runs():
    return amount_curves((98_304,), LEVELS, rng=np.random.default_rng(0))


def test_a_third_party_can_check_and_score_it(decision, tmp_path):
    saved = decision.save(tmp_path / "decision.nc")
    record = json.loads(write_record(decision, saved).read_text())
    content = {name: value for name, value in record.items() if name != "sha256"}
    said = json.dumps(content, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(said.encode()).hexdigest() == record["sha256"]
    assert hashlib.sha256(saved.read_bytes()).hexdigest() == record["checksums"]["decision file"]
    assert record["target"]["params"] == 98_304
    quantities = record["quantities"]
    assert len(quantities) == 3
    for name, each in quantities.items():
        assert len(each["draws"]) == min(1000, decision.data.collapse.size), name
        assert each["quantiles"]["0.05"] < each["quantiles"]["0.5"] < each["quantiles"]["0.95"]
    of_cell, of_run = (
        np.std(np.log(quantities[what]["draws"]))
        for what in ("collapse of a cell, the mean of many runs", "collapse of one new run")
    )
    assert of_cell < of_run


@pytest.mark.parametrize("axis", ["ratio", "dose", "frequency"])
def test_every_axis_can_be_put_on_record(fit, axis):
    json.dumps(forecast_record(decide(MixedFit(curves=mixed_curves(axis)), 98_304, sensitivity=False)), allow_nan=False)


def test_what_was_changed_afterwards_is_refused(decision, tmp_path):
    saved = decision.save(tmp_path / "decision.nc")
    assert check_record(saved) is None
    path = write_record(decision, saved)
    assert check_record(saved)["target"]["tokens"] == TOKENS
    whole = path.read_text()
    path.write_text(whole.replace('"params": 98304.0', '"params": 98305.0'))
    with pytest.raises(InputError, match="one that was changed later"):
        check_record(saved)
    path.write_text("{")
    with pytest.raises(InputError, match="cannot be read"):
        check_record(saved)
    path.write_text(whole)
    load_decision(saved).data.assign_attrs(title="other").to_netcdf(tmp_path / "other.nc", engine="h5netcdf")
    saved.write_bytes((tmp_path / "other.nc").read_bytes())
    with pytest.raises(InputError, match="another one of that name"):
        check_record(saved)
    saved.unlink()
    with pytest.raises(InputError, match="the decision that is on record"):
        check_record(saved)


def test_the_rules_are_read_off_the_levels(decision):
    rules = json.loads(decision.data.attrs["rules"])
    exact = 0.5 * TOKENS / 6 / np.exp(law_line(98_304))
    assert rules["power_law"] == pytest.approx(exact, rel=0.2)
    largest = 0.5 * TOKENS / 6 / np.exp(law_line(SIZES[-1]))
    assert rules["proportional"] == pytest.approx(4 * largest, rel=0.2)


def test_the_rules_grow_with_size_alone_where_budgets_follow_the_sizes():
    half = {size: 0.5 * 100 * size / 6 / np.exp(law_line(size)) for size in SIZES}
    by_size = [
        amount_curves((size,), [round(half[size] * times) for times in (0.3, 0.6, 0.9, 1.3, 2, 4)], tokens=100 * size)
        for size in SIZES
    ]
    curves = join_curves(*by_size)
    target = planned_model(curves, Target(98_304, tokens=100 * 98_304))
    largest = rules_at(by_size[-1], planned_model(by_size[-1], Target(SIZES[-1])))["proportional"]
    found = rules_at(curves, target)
    assert found["proportional"] == pytest.approx(98_304 / SIZES[-1] * largest)
    assert found["power_law"] is not None


def test_no_rule_where_no_size_crosses(fit):
    made = HandMadeFit(curves=amount_curves(levels=(62, 80)))
    assert json.loads(decide(made, 98_304, sensitivity=False).data.attrs["rules"]) == {
        "proportional": None, "power_law": None,
    }  # fmt: skip
    assert rules_at.__doc__


def test_a_cell_is_scored_against_a_cell(decision, target_runs):
    found = verify(decision, target_runs)
    assert found.hit
    assert found.scores.factor == pytest.approx(1, abs=0.3)
    shifted = amount_curves((98_304,), LEVELS, log_threshold=lambda n: law_line(n) - 0.4, rng=np.random.default_rng(0))
    worse = verify(decision, shifted)
    assert worse.scores.log < found.scores.log
    assert worse.scores.interval > found.scores.interval
    assert set(found.scores.rules) == {"proportional", "power_law"}
    said = describe_verification(found)
    assert "interval score, lower is better" in said
    assert "rule: proportional to size" in said


def test_a_bound_has_no_score(decision):
    low = amount_curves((98_304,), (100, 200, 400), rng=np.random.default_rng(0))
    assert verify(decision, low).scores is None


def test_no_attribute_can_be_left_out_without_a_sentence(decision):
    whole = decision.data
    for name in whole.attrs:
        part = whole.assign_attrs()
        del part.attrs[name]
        refused = ""
        try:
            assert describe_decision(Decision(checked_answer(part, "part.nc", "decision")))
        except InputError as problem:
            refused = str(problem)
        assert name in refused or name == "content" or not refused
