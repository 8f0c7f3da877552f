"""Training a stack: runs of one size, each on its own data, advanced together by one step."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bayeskisl.errors import InputError
from bayeskisl.knowledge import Material, draw_material
from bayeskisl.sweeping.decoder import Decoder
from bayeskisl.sweeping.ladder import Training
from bayeskisl.sweeping.spec import RunSpec

__all__ = ["Trained", "can_compile", "draw_run", "learning_rate_at", "one_thread", "shift", "train_stack"]

# Held-out general text of a run: enough for a standard error of a few thousandths of a nat per token.
HELDOUT_SEQUENCES = 512

_PRECISION = {"float32": torch.float32, "bfloat16": torch.bfloat16}
_EPSILON = 1e-8  # AdamW's usual guard against division by zero


@dataclass(frozen=True)
class Trained:
    """A trained stack: `weights` (run, weight); `diverged_at` holds a step per run, or -1."""

    decoder: Decoder
    weights: Tensor
    materials: tuple[Material, ...]
    diverged_at: tuple[int, ...]


def draw_run(run: RunSpec) -> tuple[Material, np.random.Generator]:
    """What a run reads and is asked, and the generator of its initial weights, all from its identity."""
    of_material, of_weights = np.random.SeedSequence(int(run.identity, 16)).spawn(2)
    material = draw_material(run.mixture, run.facts, run.corpus, of_material, HELDOUT_SEQUENCES)
    return material, np.random.default_rng(of_weights)


def learning_rate_at(training: Training, step: int, steps: int) -> float:
    """Learning rate relative to the peak: linear warm-up, flat, linear fall to the final share."""
    warmup = min(training.warmup_steps, max(1, steps // 5))
    if step < warmup:
        return (step + 1) / warmup
    done = (step + 1) / steps
    if done <= training.flat_until:
        return 1.0
    fallen = (done - training.flat_until) / (1 - training.flat_until)
    return 1 - fallen * (1 - training.final_share)


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
        Whether to compile the loss and its gradient.
    steps : int, optional
        Stop after so many steps (for calibration and tests).
    on_step : callable, optional
        Called with (steps done, steps in all) after every step.
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
    weights = torch.from_numpy(np.stack([decoder.initial(rng) for _, rng in drawn])).to(device)
    stream = torch.from_numpy(np.stack([material.stream for material in materials])).to(device)
    peak = torch.tensor([[run.training.learning_rate] for run in runs], device=device)
    rates = peak * torch.from_numpy(decoder.rate_factors(first.training)).to(device)
    optimiser = _AdamW(weights, rates, first.training)
    loss_of = decoder.token_loss
    if compiled:
        loss_of = torch.compile(decoder.token_loss, dynamic=False)
    precision, batch = _PRECISION[first.training.precision], first.training.batch
    diverged_at = torch.full((len(runs),), -1, dtype=torch.int64, device=device)
    weights.requires_grad_()
    for step in range(steps or first.steps):
        targets = stream[:, step * batch : (step + 1) * batch].long()
        loss = loss_of(weights, shift(targets, first.facts.start), targets, precision).mean(dim=1)
        (gradient,) = torch.autograd.grad(loss.sum(), weights)
        broken = ~torch.isfinite(loss.detach()) & (diverged_at < 0)
        diverged_at = torch.where(broken, step, diverged_at)
        optimiser.step(gradient, learning_rate_at(first.training, step, first.steps), step)
        if losses is not None:
            losses.append(loss.detach())
        if on_step is not None:
            on_step(step + 1, steps or first.steps)
    return Trained(decoder, weights.detach(), materials, tuple(diverged_at.tolist()))


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


def can_compile() -> bool:
    """Whether torch.compile can work on this CPU: it needs a C++ compiler."""
    return any(shutil.which(name) for name in (os.environ.get("CXX", "g++"), "c++", "clang++"))


class _AdamW:
    """AdamW (Loshchilov & Hutter, arXiv 1711.05101) on the rows of one matrix, with a rate per weight and run."""

    def __init__(self, weights: Tensor, rates: Tensor, training: Training) -> None:
        self.weights, self.rates, self.training = weights, rates, training
        self.mean, self.square = torch.zeros_like(weights), torch.zeros_like(weights)

    @torch.no_grad()
    def step(self, gradient: Tensor, relative_rate: float, step: int) -> None:
        t = self.training
        self.mean.lerp_(gradient, 1 - t.beta1)
        self.square.mul_(t.beta2).addcmul_(gradient, gradient, value=1 - t.beta2)
        scale = (self.square / (1 - t.beta2 ** (step + 1))).sqrt_().add_(_EPSILON)
        update = (self.mean / (1 - t.beta1 ** (step + 1))).div_(scale).add_(self.weights, alpha=t.weight_decay)
        self.weights.addcmul_(update, self.rates, value=-relative_rate)


def _check_alike(runs: tuple[RunSpec, ...]) -> None:
    def shared(run: RunSpec) -> tuple:
        recipe = {**vars(run.training), "learning_rate": 0.0}
        return run.model, tuple(recipe.items()), run.mixture.sequences, run.mixture.context, run.facts

    for run in runs:
        if shared(run) != shared(runs[0]):
            raise InputError("runs of one size, budget and recipe in a stack", f"run {run.name}", "stack")
