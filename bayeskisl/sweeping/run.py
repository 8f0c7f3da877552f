"""Running a sweep: coarse pass, refinement, and nothing done twice."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from bayeskisl import schema
from bayeskisl.sweeping.plan import Stack, plan_stacks
from bayeskisl.sweeping.refine import refined_levels
from bayeskisl.sweeping.spec import RunSpec, SweepSpec, load_sweep
from bayeskisl.sweeping.store import SweepFolder, open_folder
from bayeskisl.sweeping.tune import tune_sweep
from bayeskisl.sweeping.workers import Trainers, default_workers

__all__ = ["Pass", "SweepEvents", "SweepResult", "run_sweep"]


@dataclass(frozen=True)
class Pass:
    """One pass over the cells: ``coarse`` or ``refined``."""

    name: str
    stacks: tuple[Stack, ...]

    @property
    def runs(self) -> int:
        return sum(len(stack.runs) for stack in self.stacks)


class SweepEvents:
    """What a display may listen to; every method does nothing unless overridden."""

    def started(self, sweep_pass: Pass, remaining: list[Stack], broken: dict[str, str]) -> None:
        """A pass begins with these stacks left to train; `broken` names records that are done again, and why."""

    def progressed(self, stack: Stack, done: int, steps: int) -> None:
        """A stack has done so many of its steps."""

    def finished(self, stack: Stack, seconds: float) -> None:
        """A stack's records are written."""


@dataclass(frozen=True)
class SweepResult:
    """A finished sweep: its folder, and how many runs were trained now, were there before, and diverged."""

    folder: Path
    trained: int
    reused: int
    diverged: int


def run_sweep(
    spec: SweepSpec | str | Path,
    out: str | Path,
    *,
    device: str = "cpu",
    workers: int | None = None,
    events: SweepEvents | None = None,
) -> SweepResult:
    """Train every run of a sweep that has no whole record yet.

    Parameters
    ----------
    spec : SweepSpec or path
    out : path
        Folder for this and other sweeps; the records go to ``out/NAME-HASH/records``.
    device : str
        ``cpu``, ``cuda`` or another device of torch.
    workers : int, optional
        Processes that train side by side; by default one per core on a CPU.
    events : SweepEvents, optional

    Returns
    -------
    SweepResult

    Raises
    ------
    InputError
        On a bad specification, or one that differs from what the folder was started with.
    SweepError
        If the folder is held or cannot be written, or a worker dies.
    """
    if not isinstance(spec, SweepSpec):
        spec = load_sweep(spec)
    events = events or SweepEvents()
    again = partial(run_sweep, device=device, workers=workers, events=events)
    trainers = Trainers(device, workers=workers or default_workers(device), compiled=spec.compile)
    trained, runs = 0, []
    with open_folder(spec, out) as folder, trainers:
        if spec.tune is not None:
            spec = tune_sweep(spec, folder, lambda tuning, into: again(tuning, into).folder)
        broken = folder.broken()
        for make_pass in (_coarse, _refined):
            sweep_pass = make_pass(spec, folder)
            remaining = [s for s in sweep_pass.stacks if not all(folder.has(run) for run in s.runs)]
            runs += [run for stack in sweep_pass.stacks for run in stack.runs]
            events.started(sweep_pass, remaining, broken)
            for done in trainers.train(remaining, events.progressed):
                for run, probe in zip(done.stack.runs, done.probes, strict=True):
                    trained += folder.write(run, done.stack, probe)
                folder.note(done.volatile)
                events.finished(done.stack, done.volatile["seconds"])
        return SweepResult(folder.path, trained, len(runs) - trained, _diverged(folder, runs))


def _coarse(spec: SweepSpec, folder: SweepFolder) -> Pass:
    return Pass("coarse", plan_stacks(spec.runs(), spec.stack))


def _refined(spec: SweepSpec, folder: SweepFolder) -> Pass:
    if spec.refine is None:
        return Pass("refined", ())
    runs = []
    for cell in spec.cells():
        coarse = spec.runs_of(cell, spec.levels)
        retention = _mean_retention(folder, coarse, len(spec.levels), len(spec.seeds))
        runs += spec.runs_of(cell, refined_levels(spec.levels, retention, spec.refine, spec.axis))
    return Pass("refined", plan_stacks(tuple(runs), spec.stack))


def _mean_retention(folder: SweepFolder, runs: tuple[RunSpec, ...], levels: int, seeds: int) -> np.ndarray:
    """Mean recall over seeds, shape ``(level, group)``; diverged runs do not count."""
    table = np.full((len(runs), len(schema.GROUPS)), np.nan)
    for row, run in enumerate(runs):
        for line in folder.lines(run):
            if line["kind"] == "probe" and line["probed"]:
                table[row, schema.GROUPS.index(line["group"])] = line["recalled"] / line["probed"]
    by_level = table.reshape(levels, seeds, -1)
    counted = np.isfinite(by_level).sum(axis=1)
    return np.where(counted > 0, np.nansum(by_level, axis=1) / np.maximum(counted, 1), np.nan)


def _diverged(folder: SweepFolder, runs: list[RunSpec]) -> int:
    return sum(any(line["kind"] == "failed" for line in folder.lines(run)) for run in runs)
