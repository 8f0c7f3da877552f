"""What a sweep will cost, measured by a few steps of each size before anything is spent."""

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bayeskisl.sweeping.plan import Stack, plan_stacks
from bayeskisl.sweeping.spec import SweepSpec, load_sweep
from bayeskisl.sweeping.workers import default_workers

__all__ = ["SizeEstimate", "SweepEstimate", "estimate_sweep"]

_CALIBRATION_SECONDS = 0.5
_FLOAT_BYTES = 4
# Weights, their gradient and AdamW's two moments.
_COPIES_OF_WEIGHTS = 4


@dataclass(frozen=True)
class SizeEstimate:
    """Cost of all runs of one size: tokens, FLOPs, device-seconds, and the largest stack's memory in bytes."""

    width: int
    params: int
    runs: int
    stacks: int
    tokens: int
    flops: float
    tokens_per_second: float
    seconds: float
    memory: int


@dataclass(frozen=True)
class SweepEstimate:
    """Estimate of a sweep; `seconds` is wall time with `workers` side by side. Refinement is counted in full."""

    sizes: tuple[SizeEstimate, ...]
    workers: int

    @property
    def seconds(self) -> float:
        return sum(size.seconds for size in self.sizes) / self.workers


def estimate_sweep(spec: SweepSpec | str | Path, *, device: str = "cpu", workers: int | None = None) -> SweepEstimate:
    """Calibrate on this device and multiply.

    Raises
    ------
    InputError
        On a bad specification.
    """
    if not isinstance(spec, SweepSpec):
        spec = load_sweep(spec)
    stacks = plan_stacks(spec.runs(), spec.stack)
    growth = 1 + (spec.refine.levels / len(spec.levels) if spec.refine else 0)
    sizes = []
    for width in spec.widths:
        of_size = [stack for stack in stacks if stack.runs[0].model.width == width]
        sizes.append(_estimate_size(of_size, growth, device))
    return SweepEstimate(tuple(sizes), workers or default_workers(device))


def _estimate_size(stacks: list[Stack], growth: float, device: str) -> SizeEstimate:
    run, largest = stacks[0].runs[0], max(stacks, key=lambda stack: len(stack.runs))
    tokens = round(growth * sum(stack.tokens for stack in stacks))
    speed = _tokens_per_second(largest, device)
    return SizeEstimate(
        width=run.model.width,
        params=run.params,
        runs=round(growth * sum(len(stack.runs) for stack in stacks)),
        stacks=round(growth * len(stacks)),
        tokens=tokens,
        flops=growth * sum(stack.flops for stack in stacks),
        tokens_per_second=speed,
        seconds=tokens / speed,
        memory=_memory(largest),
    )


def _tokens_per_second(stack: Stack, device: str) -> float:
    """Train a stack for a second or so, after what is done once."""
    from bayeskisl.sweeping.training import train_stack

    ticks: list[tuple[int, float]] = []

    def on_step(done: int, _: int) -> None:
        ticks.append((done, time.perf_counter()))
        if len(ticks) > 2 and ticks[-1][1] - ticks[1][1] > _CALIBRATION_SECONDS:
            raise _Enough

    with suppress(_Enough):
        train_stack(stack.runs, device, compiled=True, on_step=on_step)
    (first, begun), (last, ended) = ticks[min(1, len(ticks) - 2)], ticks[-1]
    run = stack.runs[0]
    return len(stack.runs) * run.training.batch * run.mixture.context * (last - first) / (ended - begun)


class _Enough(Exception):
    pass


def _memory(stack: Stack) -> int:
    """Bytes of weights and optimiser, of the training stream, and of the activations kept for the backward pass."""
    run = stack.runs[0]
    weights = _COPIES_OF_WEIGHTS * _FLOAT_BYTES * run.total_params
    # Kept per token: about 17 widths a layer (normed inputs, qkv, mixture, hidden twice) and the logits three times.
    per_token = _FLOAT_BYTES * (17 * run.model.layers * run.model.width + 3 * run.facts.vocabulary)
    activations = per_token * run.training.batch * run.mixture.context
    return len(stack.runs) * (weights + activations + run.mixture.tokens)
