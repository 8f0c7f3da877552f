"""Probing of a trained stack: exact match on the answer tokens, greedy, and multiple choice."""

from collections.abc import Callable

import numpy as np

from bayeskisl.arrays import BoolArray, FloatArray, IntArray
from bayeskisl.sweeping.records import GroupProbe, Measured, RunProbe
from bayeskisl.sweeping.saving import Saving
from bayeskisl.sweeping.spec import RunSpec
from bayeskisl.sweeping.steps import Saved
from bayeskisl.sweeping.training import Trained, behind_start, train_stack

__all__ = ["probe_stack", "train_and_probe"]


def train_and_probe(
    runs: tuple[RunSpec, ...],
    device: str = "cpu",
    *,
    compiled: bool = False,
    on_step: Callable[[int, int], None] | None = None,
    saving: Saving | None = None,
) -> tuple[Trained, tuple[RunProbe, ...]]:
    """Train a stack and measure every run of it, at its checkpoints and at the end.

    Parameters are those of `train_stack`; with `saving`, the state is kept on disk and gone on from.
    """
    measured: list[list[Measured]] = []
    steps, checkpoints = runs[0].steps, runs[0].checkpoint_steps

    def since(kind: str) -> Saved | None:
        found = saving.load(kind) if saving else None
        if found is None:
            return None
        saved, measured[:] = found
        return saved

    def on_pause(done: int, stack: Trained) -> None:
        if done in checkpoints:
            measured.append(probe_stack(runs, stack, done))
        if saving and saving.due() and done < steps:
            saved = Saved(done, stack.steps.state(), np.array(stack.diverged_at))
            saving.save(stack.steps.name, saved, measured)

    trained = train_stack(runs, device, compiled=compiled, on_step=on_step, on_pause=on_pause, since=since)
    of_run = zip(*measured, probe_stack(runs, trained), strict=True)
    return trained, tuple(_finished(m, at, steps) for m, at in zip(of_run, trained.diverged_at, strict=True))


def _finished(measured: tuple[Measured, ...], diverged_at: int, steps: int) -> RunProbe:
    """The probe of a run; one that only its last update broke has diverged as well, and its loss never told."""
    broken = diverged_at < 0 and not all(each.is_finite for each in measured)
    return RunProbe(measured, steps if broken else diverged_at)


def probe_stack(runs: tuple[RunSpec, ...], trained: Trained, steps: int | None = None) -> list[Measured]:
    """Probe every run of a stack after a number of steps, by default all of them.

    Facts are asked as they were trained, several to a sequence in an order of their own, and always the same ones of a
    run. An answer is right when every one of its tokens is the most probable one, and a choice when no other answer is
    as probable.
    """
    return [_probe_run(run, row, trained, run.steps if steps is None else steps) for row, run in enumerate(runs)]


def _probe_run(run: RunSpec, row: int, trained: Trained, steps: int) -> Measured:
    material = trained.materials[row]
    rng = np.random.default_rng([int(run.identity[:15], 16), 1])
    groups = {group: _probe_facts(run, row, group, trained, rng) for group in material.groups}
    nats, _ = _evaluate(trained, row, material.heldout, run.facts.start)
    # The first token of a stretch has no context; the rate is that of the others.
    seen = steps * run.training.batch * run.mixture.context
    return Measured(seen, groups, float(nats[:, 1:].mean()), run.bytes_per_token)


def _probe_facts(run: RunSpec, row: int, group: str, trained: Trained, rng: np.random.Generator) -> GroupProbe:
    questions = trained.materials[row].ask(group, run.probes, rng)
    if not questions.asked:
        return GroupProbe(0, 0, 0.0, questions.guessing)
    recalled, answer_nats = questions.judge(*_evaluate(trained, row, questions.sequences, questions.start))
    return GroupProbe(recalled, questions.asked, answer_nats, questions.guessing)


def _evaluate(trained: Trained, row: int, sequences: IntArray, start: int) -> tuple[FloatArray, BoolArray]:
    """Cross-entropy in nats and whether the greedy token is right, both ``(sequence, context)``."""
    nats, right = trained.steps.evaluate(row, behind_start(sequences, start))
    return nats.astype(np.float64), right
