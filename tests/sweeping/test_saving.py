"""States of stacks under way: what is gone on from, exactly, and what is not."""

import time
from dataclasses import replace

import numpy as np
import pytest

from bayeskisl.sweeping import run_sweep, training
from bayeskisl.sweeping.probing import train_and_probe
from bayeskisl.sweeping.saving import Saving
from tests.sweeping.conftest import records_of


class _Killed(Exception):
    pass


@pytest.fixture(scope="module")
def runs(smoke):
    """Three runs of 80 steps with a checkpoint before, and one after, the step where they are killed."""
    runs = [run for run in smoke.runs() if run.model.width == 16][:3]
    return tuple(replace(run, checkpoints=(0.25, 0.75)) for run in runs)


def killed_at(step):
    def on_step(done, _):
        if done >= step:
            raise _Killed

    return on_step


@pytest.mark.parametrize("compiled", [False, True])
def test_a_stack_goes_on_exactly_where_it_was_saved(runs, tmp_path, monkeypatch, compiled):
    monkeypatch.setitem(training._CHUNK_FLOPS, "cpu", 1.0)  # a sign of life at every step
    _, undisturbed = train_and_probe(runs, compiled=compiled)
    path = tmp_path / "states" / "stack.npz"
    with pytest.raises(_Killed):
        train_and_probe(runs, compiled=compiled, on_step=killed_at(50), saving=Saving(path, every=0.0))
    begun = []
    _, resumed = train_and_probe(
        runs, compiled=compiled, on_step=lambda done, _: begun.append(done), saving=Saving(path, every=1e9)
    )
    assert begun[:2] == [49, 50], "the step that was killed is repeated, and no other"
    assert resumed == undisturbed


def test_what_is_repeated_is_bounded_by_the_interval(runs, tmp_path):
    saving = Saving(tmp_path / "stack.npz", every=0.05)
    assert not saving.due()
    time.sleep(0.06)
    assert saving.due()


@pytest.mark.parametrize("damage", [lambda content: content[: len(content) // 2], lambda content: b"not an archive"])
def test_a_damaged_state_is_not_gone_on_from(runs, tmp_path, damage):
    path = tmp_path / "stack.npz"
    with pytest.raises(_Killed):
        train_and_probe(runs, on_step=killed_at(40), saving=Saving(path, every=0.0))
    path.write_bytes(damage(path.read_bytes()))
    assert Saving(path, every=1.0).load("torch") is None


def test_a_state_of_other_steps_is_not_gone_on_from(runs, tmp_path):
    path = tmp_path / "stack.npz"
    with pytest.raises(_Killed):
        train_and_probe(runs, on_step=killed_at(80), saving=Saving(path, every=0.0))
    assert Saving(path, every=1.0).load("torch") is not None
    assert Saving(path, every=1.0).load("native") is None


def test_states_load_without_pickle(runs, tmp_path):
    path = tmp_path / "stack.npz"
    np.savez(path, facts=np.array([{"kind": "torch"}], dtype=object))
    assert Saving(path, every=1.0).load("torch") is None


def test_a_finished_sweep_keeps_no_states(smoke, finished, tmp_path):
    run_sweep(smoke, tmp_path, workers=1, save_every=0.0)
    assert records_of(tmp_path) == records_of(finished)
    assert not list(tmp_path.glob("*/states/*"))


def test_seconds_of_an_interrupted_stack_are_counted(runs, tmp_path, monkeypatch):
    monkeypatch.setitem(training._CHUNK_FLOPS, "cpu", 1.0)
    path = tmp_path / "stack.npz"
    with pytest.raises(_Killed):
        train_and_probe(runs, on_step=killed_at(40), saving=Saving(path, every=0.0))
    saving = Saving(path, every=1e9)
    saving.load("torch")
    assert saving.before > 0
