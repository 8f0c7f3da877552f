"""Training of a stack: runs of one size, each on its own data, advanced together, one step at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from bayeskisl.arrays import Float32Array, IntArray
from bayeskisl.errors import InputError
from bayeskisl.knowledge import Material, draw_material
from bayeskisl.knowledge.text import TextFacts, TextMaterial, draw_text_material
from bayeskisl.sweeping.decoder import Decoder
from bayeskisl.sweeping.fastest_steps import make_steps
from bayeskisl.sweeping.spec import RunSpec
from bayeskisl.sweeping.steps import Saved, State, Steps

__all__ = ["Trained", "behind_start", "draw_run", "train_stack"]

# Held-out general text of a run: enough for a standard error of a few thousandths of a nat per token.
HELDOUT_SEQUENCES = 512

# Work between two signs of life, tens of milliseconds; the device is not waited for more often.
_CHUNK_FLOPS = {"cpu": 2e9, "cuda": 4e12}


@dataclass(frozen=True)
class Trained:
    """A trained stack: its steps, the data of each run, and the step at which it diverged, or -1."""

    steps: Steps
    materials: tuple[Material | TextMaterial, ...]
    diverged_at: tuple[int, ...]


def draw_run(run: RunSpec) -> tuple[Material | TextMaterial, np.random.Generator]:
    """Draw a run's training text, its questions and the generator of its initial weights, from its identity."""
    material: Material | TextMaterial
    if isinstance(run.facts, TextFacts):
        material = draw_text_material(*run.text, run.of_material, HELDOUT_SEQUENCES)
    else:
        material = draw_material(*run.symbols, run.of_material, HELDOUT_SEQUENCES, run.sequences_before)
    return material, np.random.default_rng(run.of_weights)


def train_stack(
    runs: tuple[RunSpec, ...],
    device: str = "cpu",
    *,
    compiled: bool = False,
    steps: int | None = None,
    on_step: Callable[[int, int], None] | None = None,
    losses: list[Float32Array] | None = None,
    on_pause: Callable[[int, Trained], None] | None = None,
    since: Callable[[str], Saved | None] = lambda kind: None,
) -> Trained:
    """Train runs of one size, budget and recipe together.

    Parameters
    ----------
    runs : tuple of RunSpec
        They may differ in mixture, seed and learning rate, in nothing else.
    device : str
    compiled : bool
        Whether to take compiled steps: the kernel on a CPU, a captured graph on CUDA.
    steps : int, optional
        Stop after so many steps (for calibration and tests).
    on_step : callable, optional
        Called with (steps done, steps in all) at the beginning, where a saved state is gone on from, and every few
        steps.
    losses : list of numpy.ndarray, optional
        Receives the mean training loss of every run, shape ``(run,)``, at every step.
    on_pause : callable, optional
        Called with (steps done, the stack as it is) every few steps and at the checkpoints of the specification.
    since : callable, optional
        Given the kind of steps taken here, the saved state to continue from, or None to begin.

    Returns
    -------
    Trained
    """
    first = runs[0]
    _check_alike(runs)
    decoder = Decoder(first.model, first.facts.vocabulary, first.mixture.context)
    drawn = [draw_run(run) for run in runs]
    materials = tuple(material for material, _ in drawn)
    rates = np.stack([run.training.learning_rate * decoder.rate_factors(run.training) for run in runs])
    under_way = make_steps(
        decoder,
        first.training,
        rates.astype(np.float32),
        np.stack([behind_start(material.stream, material.starts) for material in materials]),
        State.initial(np.stack([decoder.initial(rng, first.training) for _, rng in drawn])),
        device,
        compiled=compiled,
    )
    saved = since(under_way.name)
    diverged_at = np.full(len(runs), -1)
    begun = 0
    if saved is not None:
        under_way.restore(saved.state)
        begun, diverged_at = saved.step, saved.diverged_at.copy()
    last = first.steps if steps is None else steps
    chunk = _steps_of_a_chunk(runs, device)
    if on_step is not None:
        on_step(begun, last)
    pauses = sorted({begun, *range(begun, last, chunk), *(s for s in first.checkpoint_steps if begun < s < last), last})
    for begin, end in pairwise(pauses):
        now = under_way.advance(begin, end)
        _note_divergence(diverged_at, now, begin)
        if losses is not None:
            losses.extend(now)
        if on_step is not None:
            on_step(end, last)
        if on_pause is not None:
            on_pause(end, Trained(under_way, materials, tuple(diverged_at.tolist())))
    return Trained(under_way, materials, tuple(diverged_at.tolist()))


def behind_start(sequences: IntArray, starts: IntArray | int) -> IntArray:
    """Return sequences preceded by their start tokens, as inputs: shape ``(sequence, context + 1)``."""
    before = np.empty((len(sequences), 1), sequences.dtype)
    before[:, 0] = starts
    return np.concatenate([before, sequences], axis=1)


def _steps_of_a_chunk(runs: tuple[RunSpec, ...], device: str) -> int:
    of_a_step = sum(run.flops / run.steps for run in runs)
    return max(1, int(_CHUNK_FLOPS.get(device.split(":")[0], 2e9) / of_a_step))


def _note_divergence(diverged_at: IntArray, losses: Float32Array, begin: int) -> None:
    """Record the first step of each run whose loss is not finite; `losses` is ``(steps, run)``."""
    broken = ~np.isfinite(losses)
    first = np.where(broken.any(axis=0), begin + broken.argmax(axis=0), -1)
    np.copyto(diverged_at, first, where=diverged_at < 0)


def _check_alike(runs: tuple[RunSpec, ...]) -> None:
    def shared(run: RunSpec) -> tuple[Any, ...]:
        recipe = {**vars(run.training), "learning_rate": 0.0}
        length = run.mixture.sequences, run.mixture.context, run.checkpoints, run.tokens_before
        return run.model, tuple(recipe.items()), length, run.facts, run.corpus

    for run in runs:
        if shared(run) != shared(runs[0]):
            raise InputError("runs of one size, budget and recipe in a stack", f"run {run.name}", "stack")
