"""What a person sees while something takes long; quiet when nobody looks."""

from collections.abc import Container, Iterator
from contextlib import contextmanager

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from bayeskisl.quantities import short
from bayeskisl.sweeping.plan import Stack
from bayeskisl.sweeping.run import Pass
from bayeskisl.workflow.events import DemoEvents

__all__ = ["SweepDisplay", "console", "duration", "loading", "slim_table"]

console = Console()
_err = Console(stderr=True)


def slim_table(*columns: str, words: Container[str] = ()) -> Table:
    """A table for eighty characters: all columns but those of words are of numbers, which end where they should."""
    titled = [
        Column(name.replace("_", " "), justify="left" if name in words else "right", overflow="fold")
        for name in columns
    ]
    return Table(*titled, box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False, pad_edge=False)


class SweepDisplay(DemoEvents):
    """A live line per pass: runs done, tokens/s, time left. Without a terminal, one plain line per finished stack."""

    def __init__(self) -> None:
        self.live = _err.is_terminal
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("runs  {task.fields[speed]}  {task.fields[left]}"),
            TimeElapsedColumn(),
            console=_err,
        )

    def __enter__(self) -> "SweepDisplay":
        if self.live:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.live:
            self._progress.stop()

    def stage(self, title: str) -> None:
        self._progress.console.print(f"[bold]{title}[/bold]")

    def started(self, sweep_pass: Pass, remaining: list[Stack], broken: dict[str, str]) -> None:
        for name, reason in broken.items():
            self._progress.console.print(f"{name}: {reason}; this run is done again", markup=False)
        left = sum(len(stack.runs) for stack in remaining)
        self._clock = _Clock(remaining)
        if sweep_pass.runs:
            reused = f" ({sweep_pass.runs - left} reused)" if left < sweep_pass.runs else ""
            self._task = self._progress.add_task(
                f"{sweep_pass.name} pass{reused}", total=sweep_pass.runs, completed=sweep_pass.runs - left,
                speed="", left="",
            )  # fmt: skip

    def progressed(self, stack: Stack, done: int, steps: int) -> None:
        self._clock.saw(stack, done / steps, self._progress.get_time())
        speed, left = self._clock.speed_and_left(self._progress.get_time())
        if speed:
            self._progress.update(self._task, speed=f"{short(speed)} tokens/s", left=f"{duration(left)} left")

    def finished(self, stack: Stack, seconds: float) -> None:
        self._progress.advance(self._task, len(stack.runs))
        if not self.live:
            run = stack.runs[0]
            _err.print(
                f"{len(stack.runs)} runs of {run.params:,} parameters in {duration(seconds)} "
                f"({short(stack.tokens / seconds)} tokens/s)",
                highlight=False,
            )


class _Clock:
    """Tokens per second and time left, from FLOPs done: sizes differ in cost per token."""

    def __init__(self, stacks: list[Stack]) -> None:
        self.stacks = {stack.name: stack for stack in stacks}
        self.done = dict.fromkeys(self.stacks, 0.0)
        self.begun: float | None = None

    def saw(self, stack: Stack, share: float, now: float) -> None:
        self.begun = now if self.begun is None else self.begun
        self.done[stack.name] = share

    def speed_and_left(self, now: float) -> tuple[float, float]:
        elapsed = now - (self.begun or now)
        tokens = sum(self.stacks[name].tokens * share for name, share in self.done.items())
        flops = sum(self.stacks[name].flops * share for name, share in self.done.items())
        total = sum(stack.flops for stack in self.stacks.values())
        if elapsed <= 0 or flops <= 0:
            return 0.0, 0.0
        return tokens / elapsed, elapsed * (total - flops) / flops


@contextmanager
def loading(what: str) -> Iterator[None]:
    """Say what takes seconds, on a terminal only."""
    if not _err.is_terminal:
        yield
        return
    with _err.status(f"{what} ..."):
        yield


def duration(seconds: float) -> str:
    """``47 s``, ``3 min 20 s`` or ``2 h 05 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
