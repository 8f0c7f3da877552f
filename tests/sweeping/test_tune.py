"""The stage that finds learning rates: deterministic, resumable, part of the sweep's folder."""

import json
import math

import pytest

from bayeskisl.curves import build_curves
from bayeskisl.errors import InputError
from bayeskisl.sweeping import run_sweep
from bayeskisl.sweeping.tune import _mean_nats, best_rate
from tests.sweeping.tiny import loaded, specification

SPEC = specification(widths=[8, 16], tables="""
[tune]
rates = [1e-3, 1e-2, 1e-1]
tokens = 7_680
levels = 8
""")  # fmt: skip


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    return loaded(tmp_path_factory.mktemp("spec"), SPEC)


@pytest.fixture(scope="module")
def result(spec, tmp_path_factory):
    return run_sweep(spec, tmp_path_factory.mktemp("out"), workers=1)


def rates_of(folder):
    return {int(width): found for width, found in json.loads((folder / "tune.json").read_text()).items()}


def test_every_width_is_trained_with_the_rate_that_was_found(spec, result):
    found = rates_of(result.folder)
    assert set(found) == {8, 16}
    curves = build_curves(result.folder.parent)
    of_size = {768: 8, 3072: 16}
    assert curves.sizes["run"] == 4, "runs of the stage itself are not part of the curves"
    for params, rate in zip(curves.params.values, curves.learning_rate.values, strict=True):
        assert rate == found[of_size[params]]["learning_rate"]


def test_the_best_rate_has_the_least_cross_entropy(result):
    for found in rates_of(result.folder).values():
        assert len(found["nats"]) == 3
        least = min(found["nats"], key=found["nats"].get)
        assert abs(math.log(found["learning_rate"] / float(least))) <= math.log(10) / 2


def test_a_second_call_trains_nothing_and_finds_the_same(spec, result):
    before = (result.folder / "tune.json").read_bytes()
    again = run_sweep(spec, result.folder.parent, workers=1)
    assert (again.trained, again.reused) == (0, 4)
    assert (result.folder / "tune.json").read_bytes() == before


def test_choices_do_not_judge_a_rate():
    class Folder:
        def lines(self, run):
            return [{"kind": "probe", "tokens_seen": 1, "probed": 2, "answer_nats": nats, **rate}
                    for nats, rate in ((6.0, {}), (100.0, {"guessing": 0.25}))]  # fmt: skip

    assert _mean_nats(Folder(), (None,)) == 3.0


@pytest.mark.parametrize(
    ("nats", "rate", "at_the_end"),
    [
        ({1.0: 3.0, 2.0: 1.0, 4.0: 3.0}, 2.0, False),  # symmetric in the log: the middle
        ({1.0: 3.0, 2.0: 1.0, 4.0: 1.0}, 2 * math.sqrt(2), False),  # as good as its neighbour: between them
        ({1.0: 3.0, 2.0: 1.0, 4.0: math.inf}, 2.0, False),  # diverged beyond: the best that was seen
        ({1.0: 1.0, 2.0: 2.0, 4.0: 3.0}, 1.0, True),
        ({1.0: 3.0, 2.0: 2.0, 4.0: 1.0}, 4.0, True),
    ],
)
def test_the_parabola_through_three_rates(nats, rate, at_the_end):
    found = best_rate(nats)
    assert found.learning_rate == pytest.approx(rate, rel=5e-3)
    assert found.at_the_end == at_the_end


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("tokens = 7_680\n", "", "expected a key 'tune.tokens', got none"),
        ("7_680", "7_681", r"\[tune\]: expected tokens in whole steps of 192, got 7681"),
        ("levels = [4, 16]", "levels = [4, 16]\nlearning_rates = 1e-2", "expected .tune. or learning_rates, got both"),
        ("rates =", "rate =", "table 'tune' to be among rates, .*, got 'rate'; the nearest is 'rates'"),
    ],
)
def test_bad_stages_are_refused(tmp_path, old, new, message):
    assert old in SPEC
    with pytest.raises(InputError, match=message):
        loaded(tmp_path, SPEC.replace(old, new))
