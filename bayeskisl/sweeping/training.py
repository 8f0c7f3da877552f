"""Training a stack: runs of one size, each on its own data, advanced together by one step."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bayeskisl.errors import InputError
from bayeskisl.knowledge import Material, draw_material
from bayeskisl.sweeping.decoder import Decoder
from bayeskisl.sweeping.spec import RunSpec
from bayeskisl.sweeping.steps import State, make_steps

__all__ = ["Trained", "draw_run", "one_thread", "sequences", "shift", "train_stack"]

# Held-out general text of a run: enough for a standard error of a few thousandths of a nat per token.
HELDOUT_SEQUENCES = 512

_CHUNK = 20  # steps between two signs of life; the device is not waited for more often


@dataclass(frozen=True)
class Trained:
    """A trained stack: `weights` (run, weight); `diverged_at` holds a step per run, or -1.

    `steps` says how its steps were taken: ``native``, ``torch`` or ``graph``.
    """

    decoder: Decoder
    weights: Tensor
    materials: tuple[Material, ...]
    diverged_at: tuple[int, ...]
    steps: str


def draw_run(run: RunSpec) -> tuple[Material, np.random.Generator]:
    """What a run reads and is asked, and the generator of its initial weights, all from its identity."""
    of_material, of_weights = np.random.SeedSequence(int(run.identity, 16)).spawn(2)
    material = draw_material(run.mixture, run.facts, run.corpus, of_material, HELDOUT_SEQUENCES)
    return material, np.random.default_rng(of_weights)


def train_stack(
    runs: tuple[RunSpec, ...],
    device: str = "cpu",
    *,
    compiled: bool = False,
    steps: int | None = None,
    on_step: Callable[[int, int], None] | None = None,
    losses: list[Tensor] | None = None,
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
        Called with (steps done, steps in all) every few steps.
    losses : list of Tensor, optional
        Receives the mean training loss of every run, shape ``(run,)``, at every step.

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
        np.stack([sequences(run, material) for run, material in zip(runs, materials, strict=True)]),
        State.initial(np.stack([decoder.initial(rng) for _, rng in drawn])),
        device,
        compiled=compiled,
    )
    diverged_at = np.full(len(runs), -1)
    last = first.steps if steps is None else steps
    for begin in range(0, last, _CHUNK):
        end = min(begin + _CHUNK, last)
        now = under_way.advance(begin, end)
        _note_divergence(diverged_at, now, begin)
        if losses is not None:
            losses.extend(torch.from_numpy(now))
        if on_step is not None:
            on_step(end, last)
    return Trained(decoder, under_way.weights, materials, tuple(diverged_at.tolist()), under_way.name)


def sequences(run: RunSpec, material: Material) -> np.ndarray:
    """What a run reads, each sequence behind its start token: shape ``(sequences, context + 1)``."""
    starts = np.full((len(material.stream), 1), run.facts.start, material.stream.dtype)
    return np.concatenate([starts, material.stream], axis=1)


def _note_divergence(diverged_at: np.ndarray, losses: np.ndarray, begin: int) -> None:
    """Write down the first step of each run whose loss is not finite; `losses` is ``(steps, run)``."""
    broken = ~np.isfinite(losses)
    first = np.where(broken.any(axis=0), begin + broken.argmax(axis=0), -1)
    np.copyto(diverged_at, first, where=diverged_at < 0)


def shift(targets: Tensor, start: int) -> Tensor:
    """Inputs whose next tokens are `targets`: the start token, then all but the last."""
    return torch.cat([torch.full_like(targets[..., :1], start), targets[..., :-1]], dim=-1)


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one thread within the block: records then do not depend on the number of cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _check_alike(runs: tuple[RunSpec, ...]) -> None:
    def shared(run: RunSpec) -> tuple:
        recipe = {**vars(run.training), "learning_rate": 0.0}
        return run.model, tuple(recipe.items()), run.mixture.sequences, run.mixture.context, run.facts

    for run in runs:
        if shared(run) != shared(runs[0]):
            raise InputError("runs of one size, budget and recipe in a stack", f"run {run.name}", "stack")
