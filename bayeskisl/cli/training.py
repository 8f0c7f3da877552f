"""Progress display of a sweep, a demo or a loop."""

import time
from typing import Self

from bayeskisl.cli.progress import Progress
from bayeskisl.quantities import duration, short, size
from bayeskisl.sweeping.events import LoopEvents
from bayeskisl.sweeping.plan import Stack
from bayeskisl.sweeping.run import Pass

__all__ = ["SweepDisplay"]


class SweepDisplay(LoopEvents):
    """A line per stage and pass: finished runs, tokens per second, time left."""

    def __init__(self) -> None:
        self._progress = Progress()

    def __enter__(self) -> Self:
        self._progress.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.__exit__(None, None, None)

    def stage(self, title: str) -> None:
        self._progress(title)

    def tell(self, stage: str) -> None:
        self._progress(stage)

    def started(self, sweep_pass: Pass, remaining: list[Stack], broken: dict[str, str]) -> None:
        for name, reason in broken.items():
            self._progress.note(f"{name}: {reason}; this run is trained again")
        self._clock = _Clock(remaining)
        self._runs, self._done = sweep_pass.runs, sweep_pass.runs - sum(len(stack.runs) for stack in remaining)
        if sweep_pass.runs:
            reused = f", {self._done} of them reused" if self._done else ""
            self._progress(f"{sweep_pass.name} pass, {sweep_pass.runs} runs{reused}")

    def progressed(self, stack: Stack, done: int, steps: int) -> None:
        self._clock.saw(stack, done / steps, time.monotonic())
        self._show()

    def finished(self, stack: Stack, seconds: float) -> None:
        self._done += len(stack.runs)
        self._progress.note(
            f"{len(stack.runs)} runs of {size(stack.runs[0].params)} parameters in {duration(seconds)} "
            f"({short(stack.tokens / seconds)} tokens/s)"
        )
        self._show()

    def _show(self) -> None:
        speed = self._clock.speed(time.monotonic())
        fast = f", {short(speed)} tokens/s" if speed else ""
        self._progress.share(self._clock.share, f"{self._done} of {self._runs} runs{fast}", before=self._clock.before)


class _Clock:
    """Tokens per second, and the finished share of the FLOPs: sizes differ in cost per token."""

    def __init__(self, stacks: list[Stack]) -> None:
        self.stacks = {stack.name: stack for stack in stacks}
        self._done = dict.fromkeys(self.stacks, 0.0)
        self._before: dict[str, float] = {}
        self.begun: float | None = None

    def saw(self, stack: Stack, share: float, now: float) -> None:
        self.begun = now if self.begun is None else self.begun
        self._before.setdefault(stack.name, share)
        self._done[stack.name] = share

    @property
    def share(self) -> float:
        return self._of_all(self._done)

    @property
    def before(self) -> float:
        """The share that an earlier command had trained of stacks that are gone on with."""
        return self._of_all(self._before)

    def _of_all(self, shares: dict[str, float]) -> float:
        total = sum(stack.flops for stack in self.stacks.values())
        return sum(self.stacks[name].flops * share for name, share in shares.items()) / total if total else 0.0

    def speed(self, now: float) -> float:
        elapsed = now - (self.begun or now)
        tokens = sum(self.stacks[name].tokens * (self._done[name] - before) for name, before in self._before.items())
        return tokens / elapsed if elapsed > 0 else 0.0
