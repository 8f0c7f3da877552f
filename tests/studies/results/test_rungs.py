"""The sanity ladder: every rung differs from the reference in what it says, and in nothing else."""

from dataclasses import asdict

import pytest

from bayeskisl.errors import InputError
from bayeskisl.shipped import shipped_folder
from studies.results.rungs import RUNG, climb, joined_rungs, load_rungs

# What may differ beside the name: the path of each changed value.
CHANGED = {
    "other-seeds": {"seeds"},
    "twice-the-steps": {"tokens", "levels"},
    "half-batch": {"ladder.training.batch"},
    "twice-the-batch": {"ladder.training.batch"},
    "half-rate": {"learning_rates"},
    "twice-the-rate": {"learning_rates"},
    "retuned": {"tune"},
    "name-of-2": {"ladder.facts.subject_length", "ladder.context"},
    "name-of-4": {"ladder.facts.subject_length", "ladder.context", "tokens"},
    "answer-of-6-bits": {"ladder.facts.answer_length", "ladder.context"},
    "answer-of-18-bits": {"ladder.facts.answer_length", "ladder.context", "tokens"},
    "name-4-answer-6-bits": {"ladder.facts.subject_length", "ladder.facts.answer_length"},
    "name-2-answer-18-bits": {"ladder.facts.subject_length", "ladder.facts.answer_length"},
}

MEMORY = {
    "other-seeds": {"seeds"},
    "half-rate": {"learning_rates"},
    "twice-the-rate": {"learning_rates"},
    "half-batch": {"ladder.training.batch"},
    "twice-the-batch": {"ladder.training.batch"},
    "one-layer": {"layers", "widths"},
    "four-layers": {"layers", "widths"},
    "no-weight-decay": {"ladder.training.weight_decay"},
    "ten-times-the-weight-decay": {"ladder.training.weight_decay"},
    "three-templates": {"ladder.facts.templates", "levels"},
    "twice-the-steps": {"tokens_per_param", "levels"},
}

TINY = """
[sweep]
axis = "amount"
ladder = "smoke"
widths = [8]
tokens = 15_360
levels = [4, 64]
seeds = [0]
stack = 2
compile = false

[[rungs]]
name = "reference"

[[rungs]]
name = "twice-the-batch"
training = { batch = 64 }
"""


def flat(values, path=()):
    for key, value in values.items():
        if isinstance(value, dict):
            yield from flat(value, (*path, key))
        else:
            yield ".".join(map(str, (*path, key))), value


@pytest.mark.parametrize(("ladder", "changed"), [("sanity", CHANGED), ("sanity-memory", MEMORY)])
def test_every_rung_changes_what_it_says_and_nothing_else(ladder, changed):
    reference, *others = load_rungs(shipped_folder("data") / ladder / "rungs.toml")
    base = dict(flat(asdict(reference.sweep)))
    found = {}
    for rung in others:
        own = dict(flat(asdict(rung.sweep)))
        differ = {key for key in {*base, *own} if base.get(key) != own.get(key)} - {"name"}
        found[rung.name] = {key.split(".templates")[0] + ".templates" if ".templates" in key else key for key in differ}
        found[rung.name] = {"tune" if key.startswith("tune.") else key for key in found[rung.name]}
    assert found == changed


def test_equal_tokens_are_equal_to_a_step():
    sizes = {rung.name: rung.sweep.tokens[0] for rung in load_rungs()}
    assert sizes.pop("twice-the-steps") == 2 * sizes["reference"]
    assert max(sizes.values()) - min(sizes.values()) < 1e-3 * sizes["reference"]


def test_finished_rungs_are_joined_under_their_names(tmp_path):
    (tmp_path / "rungs.toml").write_text(TINY)
    rungs = load_rungs(tmp_path / "rungs.toml")
    climb(rungs, tmp_path / "records", workers=1)
    curves = joined_rungs(rungs, tmp_path / "records")
    assert curves[RUNG].values.tolist() == 2 * ["reference"] + 2 * ["twice-the-batch"]
    assert len(set(curves["run"].values)) == 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("training = { batch = 64 }", "recipe = { batch = 64 }"), "expected keys among .*, got 'recipe'"),
        (("{ batch = 64 }", "{ bach = 64 }"), "expected keys of a training recipe or a format of facts"),
        (('"twice-the-batch"', '"reference"'), "distinct names, got reference, reference"),
        (("batch = 64", "batch = 7"), "expected tokens in whole steps"),
    ],
)
def test_a_bad_ladder_is_refused_in_a_sentence(tmp_path, change, message):
    (tmp_path / "rungs.toml").write_text(TINY.replace(*change))
    with pytest.raises(InputError, match=message):
        load_rungs(tmp_path / "rungs.toml")
