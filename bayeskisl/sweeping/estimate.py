"""Estimates of a sweep's cost: timed locally for a few seconds in all, or from a device's stated speed."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from bayeskisl.arguments import require_whole
from bayeskisl.card import card, escaped
from bayeskisl.errors import InputError, SweepError
from bayeskisl.quantities import duration
from bayeskisl.sweeping.devices import require_device
from bayeskisl.sweeping.memory import device_memory, fitting_parts, stack_memory
from bayeskisl.sweeping.plan import Stack, plan_stacks
from bayeskisl.sweeping.reading import load_sweep
from bayeskisl.sweeping.spec import SweepSpec
from bayeskisl.sweeping.workers import default_workers

# Tokens per second of a stack, and what they rest on.
SpeedOf = Callable[[Stack], tuple[float, str]]

__all__ = ["NamedDevice", "SizeEstimate", "SweepEstimate", "estimate_sweep", "measured_speed"]

_CALIBRATION_SECONDS = 0.5

# All sizes together may be timed for so long: larger models are timed on a part of a step, or extrapolated.
_TIMING_SECONDS = 8.0

# FLOP/s of a slow core, from which the first timing is planned.
_SLOW_CORE = 1e10


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

    `parts` is the number of parts into which memory divides that stack here, 0 if not one run fits. `timed` says what
    `tokens_per_second` rests on: ``steps`` of the stack, a ``part`` of a step, or ``no`` timing of this size.
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
    timed: str = "no"


@dataclass(frozen=True)
class SweepEstimate:
    """Estimate of a sweep; `seconds` is wall time with `workers` in parallel. Refinement and tuning count in full."""

    sizes: tuple[SizeEstimate, ...]
    workers: int

    def _repr_html_(self) -> str:
        rows = [
            (f"{each.params:,} parameters", f"{each.runs:,} runs, {each.flops:.3g} FLOP, {duration(each.seconds)}")
            for each in self.sizes
        ]
        whole = f"{duration(self.seconds)} with {self.workers} in parallel"
        return card("estimate of a sweep", escaped([*rows, ("all", whole)]))

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
    """
    if not isinstance(spec, SweepSpec):
        spec = load_sweep(spec)
    if workers is not None:
        require_whole(workers, "workers", 1)
    speed_of: SpeedOf
    if isinstance(device, NamedDevice):
        stated = device.speed
        kind, workers, room, speed_of = "cuda", workers or 1, 0, lambda stack: (stated(stack), "no")
    else:
        require_device(device)
        kind, workers = device, workers or default_workers(device)
        room = device_memory(device) // (workers if device == "cpu" else 1)
        speed_of = _Stopwatch(device, spec.compile).speed
    memory_of = partial(stack_memory, device=kind, compiled=spec.compile)
    parts_of = partial(_parts_that_fit, room=room, device=kind, compiled=spec.compile)
    stages = [spec, spec.tuning()] if spec.tune else [spec]
    counted = [each for stage in stages for each in _counted_stacks(stage)]
    sizes = []
    for model in dict.fromkeys(spec.ladder.size(cell.width, cell.layers) for cell in spec.cells()):
        of_size = [(stack, times) for stack, times in counted if stack.runs[0].model == model]
        if of_size:  # replicates may leave a width without runs
            sizes.append(_estimate_size(of_size, memory_of, parts_of, speed_of))
    return SweepEstimate(tuple(sizes), workers)


def _counted_stacks(spec: SweepSpec) -> Iterator[tuple[Stack, float]]:
    """Stacks of the coarse pass, each with the number of times that its runs count: refinement adds to levels alone."""
    at_levels = {run for cell in spec.cells() for run in spec.runs_of(cell, spec.levels)}
    growth = spec.refine.total / len(spec.levels) if spec.refine else 0.0
    for stack in plan_stacks(spec.runs(), spec.stack):
        yield stack, 1 + growth * sum(run in at_levels for run in stack.runs) / len(stack.runs)


def _estimate_size(
    counted: list[tuple[Stack, float]],
    memory_of: Callable[[Stack], int],
    parts_of: Callable[[Stack], tuple[Stack, ...]],
    speed_of: SpeedOf,
) -> SizeEstimate:
    """Cost of stacks of one size, each with its number of repetitions."""
    largest = max((stack for stack, _ in counted), key=memory_of)
    run, parts = largest.runs[0], parts_of(largest)
    tokens = round(sum(times * stack.tokens for stack, times in counted))
    speed, timed = speed_of(parts[0] if parts else Stack(largest.runs[:1]))
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
        memory=memory_of(largest),
        parts=len(parts),
        timed=timed,
    )


def _parts_that_fit(stack: Stack, room: int, device: str, compiled: bool) -> tuple[Stack, ...]:
    """Return the parts of a stack that fit into memory; none if not one run fits."""
    try:
        return fitting_parts(stack, room, device, compiled=compiled)
    except SweepError:
        return ()


class _Stopwatch:
    """Speeds of stacks on a device of this machine, timed for a few seconds in all.

    Parameters
    ----------
    device : str
    compiled : bool
        Whether steps are compiled.
    """

    def __init__(self, device: str, compiled: bool) -> None:
        self._device, self._compiled = device, compiled
        self._left, self._flops_per_second = _TIMING_SECONDS, 0.0

    def speed(self, stack: Stack) -> tuple[float, str]:
        """Tokens per second of a stack, and what they rest on, see `SizeEstimate.timed`.

        Without time left, a size gets the FLOP/s of the largest timed size.
        """
        flops_of_token = stack.flops / stack.tokens
        piece = self._affordable(stack, flops_of_token)
        if piece is not None:
            begun = time.perf_counter()
            tokens_per_second = measured_speed(piece, self._device, self._compiled)
            self._left -= time.perf_counter() - begun
            self._flops_per_second = tokens_per_second * flops_of_token
            return tokens_per_second, "steps" if piece == stack else "part"
        return (self._flops_per_second or _SLOW_CORE) / flops_of_token, "no"

    def _affordable(self, stack: Stack, flops_of_token: float) -> Stack | None:
        """Return the stack if three of its steps take little time, else a single run of fewer sequences a step."""
        run = stack.runs[0]
        seconds = 0.3 * self._left
        tokens = seconds * (self._flops_per_second or _SLOW_CORE) / flops_of_token / 3
        if len(stack.runs) * run.training.batch * run.mixture.context <= tokens:
            return stack
        batch = min(int(tokens / run.mixture.context), run.training.batch)
        return Stack((replace(run, training=replace(run.training, batch=batch)),)) if batch >= 1 else None


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
