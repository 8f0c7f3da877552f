"""Stacks are divided where memory is short, and refused with figures where nothing helps."""

import json
import multiprocessing
import os
import signal
from dataclasses import replace

import pytest

from bayeskisl.errors import SweepError
from bayeskisl.sweeping import memory, plan_stacks, run_sweep
from bayeskisl.sweeping import run as run_module
from bayeskisl.sweeping.execution import Job, train_job
from bayeskisl.sweeping.memory import device_memory, fitting_parts, stack_memory
from bayeskisl.sweeping.workers import Trainers
from tests.sweeping.conftest import records_of


@pytest.fixture
def stack(smoke):
    return plan_stacks(smoke.runs(), 6)[-1]


def notes_of(out):
    return [json.loads(line) for line in next(out.glob("*/sidecar.jsonl")).read_text().splitlines()]


def test_a_stack_that_fits_is_left_whole(stack):
    assert fitting_parts(stack, 2 * stack_memory(stack)) == (stack,)
    assert fitting_parts(stack, 0) == (stack,), "where memory cannot be told, it is not guessed"


def test_torch_needs_the_activations_of_every_run(stack, monkeypatch):
    in_torch = stack_memory(stack, compiled=False)
    assert in_torch > stack_memory(stack)
    parts = fitting_parts(stack, stack_memory(stack), compiled=False)
    assert all(stack_memory(part, compiled=False) < stack_memory(stack) for part in parts)
    monkeypatch.setattr(memory, "compiler", lambda: None)
    assert stack_memory(stack) == in_torch


@pytest.mark.parametrize("runs", [1, 2, 3])
def test_a_stack_that_does_not_fit_is_divided_into_as_few_parts_as_do(stack, runs):
    room = stack_memory(stack.parts(6 // runs)[0]) / 0.9 + 2
    parts = fitting_parts(stack, int(room))
    assert [len(part.runs) for part in parts] == [runs] * (6 // runs)
    assert tuple(run for part in parts for run in part.runs) == stack.runs


def test_what_never_fits_is_refused_with_figures(smoke, tmp_path, monkeypatch):
    monkeypatch.setattr(run_module, "device_memory", lambda device: 100_000)
    with pytest.raises(SweepError, match=r"one run of .* takes \d+ MiB, more than the 0 MiB that a worker may use"):
        run_sweep(smoke, tmp_path, workers=1)
    assert not records_of(tmp_path)


def test_memory_that_runs_out_divides_the_stack_and_the_records_do_not_tell(smoke, finished, tmp_path, monkeypatch):
    from bayeskisl.sweeping import training

    drawn = training.draw_run

    def short_of_memory(run):
        short_of_memory.drawn += 1
        if short_of_memory.drawn % 3 == 0:  # stacks hold three runs: the whole fails, its parts do not
            raise MemoryError
        return drawn(run)

    short_of_memory.drawn = 0
    monkeypatch.setattr(training, "draw_run", short_of_memory)
    run_sweep(smoke, tmp_path, workers=1)
    assert records_of(tmp_path) == records_of(finished)
    assert max(note["parts"] for note in notes_of(tmp_path)) > 1


def test_memory_that_runs_out_over_one_run_is_told(stack, monkeypatch):
    from bayeskisl.sweeping import training

    def no_memory(run):
        raise MemoryError

    monkeypatch.setattr(training, "draw_run", no_memory)
    with pytest.raises(SweepError, match=r"memory ran out in one run of .* parameters, which takes about"):
        train_job(Job(stack, compiled=False))


def test_a_dead_worker_is_replaced(smoke, tmp_path):
    """The kernel's killer of processes that want too much memory sends SIGKILL, as here."""
    spec, killed = replace(smoke, tokens=(153_600,), compile=True), []  # compiled: a worker begins without torch

    class Killer(run_module.SweepEvents):
        def progressed(self, stack, done, steps):
            if not killed:
                killed.extend(multiprocessing.active_children())
                for child in killed:
                    os.kill(child.pid, signal.SIGKILL)

    run_sweep(spec, tmp_path / "disturbed", workers=2, events=Killer())
    assert killed
    run_sweep(spec, tmp_path / "undisturbed", workers=1)
    assert records_of(tmp_path / "disturbed") == records_of(tmp_path / "undisturbed")


def test_workers_that_die_again_and_again_are_told(smoke, monkeypatch):
    from concurrent.futures.process import BrokenProcessPool

    def broken(self, pending, on_progress):
        self._pool = self._begin()
        raise BrokenProcessPool

    monkeypatch.setattr(Trainers, "_train_in_pool", broken)
    jobs = [Job(stack, compiled=False) for stack in plan_stacks(smoke.runs(), 3)]
    with (
        Trainers(workers=2) as trainers,
        pytest.raises(SweepError, match=r"died again and again.*finished runs are kept"),
    ):
        list(trainers.train(jobs, lambda *_: None))


def test_a_saved_state_outlives_the_death_of_a_worker(smoke, tmp_path, monkeypatch):
    from concurrent.futures.process import BrokenProcessPool

    tried = []

    def broken_twice(self, pending, on_progress):
        tried.append(list(pending.values()))
        if len(tried) < 3:
            raise BrokenProcessPool
        yield from ()

    monkeypatch.setattr(Trainers, "_train_in_pool", broken_twice)
    saved, fresh, *_ = (Job(stack, states=tmp_path / stack.name) for stack in plan_stacks(smoke.runs(), 3))
    saved.states.mkdir()
    (saved.states / f"{saved.stack.name}.npz").touch()
    fresh.states.mkdir()
    (fresh.states / "a-larger-stack.npz").touch()  # of no use to this one
    with Trainers(workers=2) as trainers:
        list(trainers.train([saved, fresh], lambda *_: None))
    assert {job.stack.name: job.parts for job in tried[1]} == {saved.stack.name: 1, fresh.stack.name: 2}
    assert {job.stack.name: job.parts for job in tried[2]} == {
        job.stack.name: min(parts, len(job.stack.runs)) for job, parts in ((saved, 2), (fresh, 4))
    }


def test_this_machine_has_memory():
    assert device_memory("cpu") > 2**20
