"""Estimates of a sweep's cost: timed locally for half a second per size, or from a device's stated speed."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bayeskisl.errors import InputError
from bayeskisl.sweeping.devices import require_device
from bayeskisl.sweeping.memory import device_memory, fitting_parts, stack_memory
from bayeskisl.sweeping.plan import Stack, plan_stacks
from bayeskisl.sweeping.reading import load_sweep
from bayeskisl.sweeping.spec import SweepSpec
from bayeskisl.sweeping.workers import default_workers

__all__ = ["NamedDevice", "SizeEstimate", "SweepEstimate", "estimate_sweep", "measured_speed"]

_CALIBRATION_SECONDS = 0.5


@dataclass(frozen=True)
class NamedDevice:
    """A device elsewhere, known by its speed: tokens/s at every size, or a share of its peak FLOP/s.

    Attributes
    ----------
    tokens_per_second : float
    utilisation : float
        In (0, 1], of `peak`.
    peak : float
        FLOP/s of its matrix products in the precision of the recipe.
    """

    tokens_per_second: float = 0.0
    utilisation: float = 0.0
    peak: float = 0.0

    def __post_init__(self) -> None:
        by_tokens, by_peak = self.tokens_per_second > 0, self.utilisation > 0 and self.peak > 0
        if by_tokens == by_peak or self.utilisation > 1:
            got = f"{self.tokens_per_second:g} tokens/s and {self.utilisation:g} of a peak of {self.peak:g} FLOP/s"
            raise InputError("either tokens/s, or a utilisation in (0, 1] with a peak", got, "device")

    def speed(self, stack: Stack) -> float:
        """Tokens per second of a stack."""
        return self.tokens_per_second or self.utilisation * self.peak / (stack.flops / stack.tokens)


@dataclass(frozen=True)
class SizeEstimate:
    """Cost of all runs of one size: tokens, FLOPs, device-seconds, and the largest stack's memory in bytes.

    `parts` is in how many parts memory divides that stack here.
    """

    width: int
    layers: int
    params: int
    runs: int
    stacks: int
    tokens: int
    flops: float
    tokens_per_second: float
    seconds: float
    memory: int
    parts: int = 1


@dataclass(frozen=True)
class SweepEstimate:
    """Estimate of a sweep; `seconds` is wall time with `workers` in parallel. Refinement and tuning count in full."""

    sizes: tuple[SizeEstimate, ...]
    workers: int

    @property
    def device_seconds(self) -> float:
        """Seconds of one worker's device."""
        return sum(size.seconds for size in self.sizes)

    @property
    def seconds(self) -> float:
        return self.device_seconds / self.workers

    def cost(self, price: float) -> float:
        """Cost at a price per device-hour."""
        return self.device_seconds / 3600 * price


def estimate_sweep(
    spec: SweepSpec | str | Path,
    *,
    device: str | NamedDevice = "cpu",
    workers: int | None = None,
) -> SweepEstimate:
    """Estimate runs, tokens, FLOPs, memory and time of a sweep, including its stage `[tune]`.

    Parameters
    ----------
    spec : SweepSpec or path
    device : str or NamedDevice
        A device of this machine, which is timed, or the description of another one.
    workers : int, optional

    Raises
    ------
    InputError
        If the specification is invalid, or the device is not on this machine.
    SweepError
        If the memory of this machine does not suffice for one of the runs.
    """
    if not isinstance(spec, SweepSpec):
        spec = load_sweep(spec)
    speed_of: Callable[[Stack], float]
    if isinstance(device, NamedDevice):
        kind, workers, room, speed_of = "cuda", workers or 1, 0, device.speed
    else:
        require_device(device)
        kind, workers = device, workers or default_workers(device)
        room = device_memory(device) // (workers if device == "cpu" else 1)
        speed_of = partial(measured_speed, device=device, compiled=spec.compile)
    growth = 1 + (spec.refine.total / len(spec.levels) if spec.refine else 0)
    stages = [(spec, growth), (spec.tuning(), 1.0)] if spec.tune else [(spec, growth)]
    counted = [(stack, times) for stage, times in stages for stack in plan_stacks(stage.runs(), stage.stack)]
    sizes = []
    for model in dict.fromkeys(spec.ladder.size(cell.width, cell.layers) for cell in spec.cells()):
        of_size = [(stack, times) for stack, times in counted if stack.runs[0].model == model]
        sizes.append(_estimate_size(of_size, kind, room, speed_of))
    return SweepEstimate(tuple(sizes), workers)


def _estimate_size(
    counted: list[tuple[Stack, float]], device: str, room: int, speed_of: Callable[[Stack], float]
) -> SizeEstimate:
    """Cost of stacks of one size, each with its number of repetitions."""
    largest = max((stack for stack, _ in counted), key=lambda stack: stack_memory(stack, device))
    run, parts = largest.runs[0], fitting_parts(largest, room, device)
    tokens = round(sum(times * stack.tokens for stack, times in counted))
    speed = speed_of(parts[0])
    return SizeEstimate(
        width=run.model.width,
        layers=run.model.layers,
        params=run.params,
        runs=round(sum(times * len(stack.runs) for stack, times in counted)),
        stacks=round(sum(times for _, times in counted)),
        tokens=tokens,
        flops=sum(times * stack.flops for stack, times in counted),
        tokens_per_second=speed,
        seconds=tokens / speed,
        memory=stack_memory(largest, device),
        parts=len(parts),
    )


def measured_speed(stack: Stack, device: str, compiled: bool) -> float:
    """Tokens per second, measured by training a stack for half a second after a warm-up."""
    from bayeskisl.sweeping.training import train_stack

    ticks: list[tuple[int, float]] = []

    def on_step(done: int, _: int) -> None:
        ticks.append((done, time.perf_counter()))
        if len(ticks) > 2 and ticks[-1][1] - ticks[1][1] > _CALIBRATION_SECONDS:
            raise _Enough

    begun = time.perf_counter()
    with suppress(_Enough):
        train_stack(stack.runs, device, compiled=compiled, on_step=on_step)
    first, since = (
        ticks[1] if len(ticks) > 2 else (0, begun)
    )  # the first steps warm up, but in a short run they are all
    last, ended = ticks[-1]
    run = stack.runs[0]
    return len(stack.runs) * run.training.batch * run.mixture.context * (last - first) / (ended - since)


class _Enough(Exception):
    pass
