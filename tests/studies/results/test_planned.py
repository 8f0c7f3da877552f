"""What a page says of a larger model is what `decide` says."""

import pytest

from bayeskisl.inference import fit, simulate
from studies.results.planned import planned, said_of
from studies.results.stages import Stages
from studies.results.text import _decision

SIZES = [6_144, 13_824, 24_576]


@pytest.fixture(scope="module")
def decision():
    design = {"params": SIZES, "facts": [60, 150, 375, 940], "tokens": 614_400, "seeds": 1}
    curves = simulate("power", design, seed=1)
    return planned(fit(curves, "power", draws=150, tune=200, chains=2, retry=False, throw=False))


def test_the_target_is_four_times_the_largest_size_at_its_budget(decision):
    assert decision.data.attrs["params"] == 4 * SIZES[-1]
    assert decision.data.attrs["tokens"] == 614_400


def test_a_kept_decision_says_the_same(decision, tmp_path):
    stages = Stages(tmp_path / "mine", {}, lambda said: None)
    kept = stages.decision("deciding", "decision", lambda: decision)
    assert said_of(kept) == said_of(decision)
    assert kept.choice == decision.choice


def test_the_page_shows_the_command_and_what_it_prints(decision):
    said = said_of(decision)
    assert any(line.startswith(("recommended: ", "the posterior's number")) for line in said["said"])
    assert said["said"][-1]
    assert any("prior variances " in line for line in said["said"])
    assert not any(line.startswith("warning: ") for line in said["said"])
    _, command, printed = _decision({"sweep": "mine", "decision": said})
    assert "--params 98304 --tokens 614400" in command
    assert printed.splitlines()[0] == "    " + said["said"][0]
