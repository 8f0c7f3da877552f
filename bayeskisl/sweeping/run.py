"""Execution of a sweep: coarse pass, refinement, and no run trained twice."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from bayeskisl import schema
from bayeskisl.arguments import require_instance, require_one_of, require_path
from bayeskisl.arrays import FloatArray
from bayeskisl.axes import axis_named
from bayeskisl.card import card, escaped
from bayeskisl.errors import InputError
from bayeskisl.knowledge import FactFormat
from bayeskisl.knowledge.guessing import known
from bayeskisl.sweeping.devices import require_device
from bayeskisl.sweeping.execution import Job
from bayeskisl.sweeping.memory import device_memory, fitting_parts
from bayeskisl.sweeping.plan import Stack, plan_stacks
from bayeskisl.sweeping.ray_workers import RayTrainers
from bayeskisl.sweeping.reading import load_sweep
from bayeskisl.sweeping.refine import refined_levels
from bayeskisl.sweeping.spec import Cell, RunSpec, SweepSpec
from bayeskisl.sweeping.store import SweepFolder, open_folder
from bayeskisl.sweeping.text import refuse_crowded_text
from bayeskisl.sweeping.tune import tune_sweep
from bayeskisl.sweeping.workers import Trainers, default_workers

EXECUTORS = ("local", "ray")

__all__ = ["EXECUTORS", "Pass", "SweepEvents", "SweepResult", "refinements", "run_sweep"]


@dataclass(frozen=True)
class Pass:
    """One pass over the cells: ``coarse``, ``refined``, or a round of several refined ones."""

    name: str
    stacks: tuple[Stack, ...]

    @property
    def runs(self) -> int:
        return sum(len(stack.runs) for stack in self.stacks)


class SweepEvents:
    """Events of a sweep for a display; every method does nothing unless overridden."""

    def started(self, sweep_pass: Pass, remaining: list[Stack], broken: dict[str, str]) -> None:
        """Called when a pass begins with these stacks left to train; `broken` names records to repeat, with reasons."""

    def progressed(self, stack: Stack, done: int, steps: int) -> None:
        """Called when a stack has done a number of its steps."""

    def finished(self, stack: Stack, seconds: float) -> None:
        """Called when a stack's records are written."""


@dataclass(frozen=True)
class SweepResult:
    """A finished sweep: its folder, and the numbers of runs trained now, found, and diverged."""

    folder: Path
    trained: int
    reused: int
    diverged: int

    def _repr_html_(self) -> str:
        counts = f"{self.trained:,} trained, {self.reused:,} found, {self.diverged:,} diverged"
        return card("sweep", escaped([("folder", self.folder), ("runs", counts)]))


def run_sweep(
    spec: SweepSpec | str | Path,
    out: str | Path,
    *,
    device: str = "cpu",
    workers: int | None = None,
    executor: str = "local",
    address: str | None = None,
    save_every: float = 60.0,
    events: SweepEvents | None = None,
) -> SweepResult:
    """Train every run of a sweep that has no complete record yet.

    Records of the same runs from another sweep in `out` are copied.

    Parameters
    ----------
    spec : SweepSpec or path
    out : path
        Folder for this and other sweeps; the records go to ``out/NAME-HASH/records``.
    device : str
        ``cpu``, ``cuda`` or another device of torch.
    workers : int, optional
        Number of parallel training processes; by default one per CPU core or one per GPU.
    executor : str
        ``local``, or ``ray`` for a cluster.
    address : str, optional
        Address of a running Ray cluster; by default a cluster is started on this machine.
    save_every : float
        Interval in seconds at which the state of a stack in training is saved, which is the most work that a crash can
        lose. States are not saved on a cluster, since its nodes need not share a disk.
    events : SweepEvents, optional

    Returns
    -------
    SweepResult

    Raises
    ------
    InputError
        If the specification is invalid or differs from that of the folder, the device is not on this machine, or there
        are more workers than GPUs.
    SweepError
        If the folder is in use or cannot be written, or a worker dies.
    """
    if not isinstance(spec, SweepSpec):
        spec = load_sweep(spec)
    events = SweepEvents() if events is None else events
    require_instance(events, SweepEvents, "events", "make a subclass of `bayeskisl.sweeping.SweepEvents`")
    again = partial(
        run_sweep, device=device, workers=workers, executor=executor, address=address, save_every=save_every,
        events=events,
    )  # fmt: skip
    require_path(out, "a folder to write", "out")
    require_one_of(executor, EXECUTORS, "executor", "an executor among")
    if executor == "local":
        require_device(device)
    here = _workers_on(device, workers) if executor == "local" else 1
    trainers = Trainers(workers=here) if executor == "local" else RayTrainers(address=address)
    trained = 0
    planned: dict[RunSpec, Stack] = {}
    with open_folder(spec, out) as folder, trainers:
        if spec.tune is not None:
            spec = tune_sweep(spec, folder, lambda tuning, into: again(tuning, into).folder)
        broken, _ = folder.unusable()
        for sweep_pass in _passes(spec, folder):
            planned |= {run: stack for stack in sweep_pass.stacks for run in stack.runs}
            remaining = [left for stack in sweep_pass.stacks if (left := _missing(stack, folder)).runs]
            events.started(sweep_pass, remaining, broken)
            if executor == "local":
                states = [folder.states(planned[stack.runs[0]]) for stack in remaining]
                jobs = _local_jobs(remaining, spec, states, device, here, save_every)
            else:
                jobs = [Job(stack, device, spec.compile) for stack in remaining]
            for done in trainers.train(jobs, events.progressed):
                for run, probe in zip(done.stack.runs, done.probes, strict=True):
                    trained += folder.write(run, planned[run], probe)
                folder.forget_states(planned[done.stack.runs[0]])
                folder.note(done.volatile)
                events.finished(done.stack, done.volatile["seconds"])
        return SweepResult(folder.path, trained, len(planned) - trained, _diverged(folder, planned))


def _workers_on(device: str, asked: int | None) -> int:
    """The number of workers that was asked for; there is one for an accelerator at most."""
    there_are = default_workers(device)
    if device == "cuda" and asked is not None and asked > there_are:
        raise InputError(f"at most a worker for each of the {there_are} GPU(s) here", asked, "workers")
    return asked or there_are


def _missing(stack: Stack, folder: SweepFolder) -> Stack:
    """Runs of a stack without a record, neither here nor in another sweep beside it."""
    for run in stack.runs:
        if not folder.has(run):
            folder.borrow(run)
    return Stack(tuple(run for run in stack.runs if not folder.has(run)))


def _local_jobs(
    stacks: list[Stack], spec: SweepSpec, states: list[Path], device: str, workers: int, save_every: float
) -> list[Job]:
    """Stacks with their states and the memory of each worker; what can never fit is refused before training."""
    shared = workers if device == "cpu" else 1
    room = device_memory(device) // shared
    for stack in stacks:
        fitting_parts(stack, room, device, compiled=spec.compile)
    return [
        Job(stack, device, spec.compile, room, 1, of_stack, save_every)
        for stack, of_stack in zip(stacks, states, strict=True)
    ]


def _passes(spec: SweepSpec, folder: SweepFolder) -> Iterator[Pass]:
    """Yield each pass after the earlier ones are trained."""
    yield Pass("coarse", plan_stacks(spec.runs(), spec.stack))
    rounds = [refinements(spec, folder, cell) for cell in spec.cells()]
    for number in range(_rounds(spec)):
        levels = [next(of_cell) for of_cell in rounds]
        runs = [run for cell, new in zip(spec.cells(), levels, strict=True) for run in spec.runs_of(cell, new)]
        name = f"refined {number + 1}" if _rounds(spec) > 1 else "refined"
        yield Pass(name, plan_stacks(tuple(dict.fromkeys(runs)), spec.stack))


def refinements(spec: SweepSpec, folder: SweepFolder, cell: Cell) -> Iterator[tuple[float, ...]]:
    """Return new levels of a cell, round by round, from the records of all earlier rounds."""
    levels, refine = spec.levels, spec.refine
    if refine is None:
        return
    axis = axis_named(spec.axis)
    falls = np.array([axis.moves(name) < 0 for name in schema.GROUPS])  # what does not fall has no cliff
    for _ in range(refine.rounds):
        retention = mean_retention(folder, spec.runs_of(cell, levels), len(levels), len(spec.seeds))
        new = tuple(
            level
            for level in refined_levels(levels, retention, refine, axis, falls)
            if _can_be_trained(spec, cell, level)
        )
        yield new
        levels = tuple(sorted({*levels, *new}))


def _can_be_trained(spec: SweepSpec, cell: Cell, level: float) -> bool:
    """Whether a level gives each fact at least one exposure, and there are enough facts and room for them."""
    try:
        runs = spec.runs_of(cell, (level,))
        for run in runs:
            refuse_crowded_text(run)
    except InputError:
        return False
    mixture = runs[0].mixture
    form = spec.ladder.facts  # facts of real text are counted where a mixture is planned
    there_are = not isinstance(form, FactFormat) or mixture.facts + mixture.background_facts <= form.subjects
    return there_are and mixture.exposures >= 1


def _rounds(spec: SweepSpec) -> int:
    return spec.refine.rounds if spec.refine else 0


def mean_retention(folder: SweepFolder, runs: tuple[RunSpec, ...], levels: int, seeds: int) -> FloatArray:
    """Mean share of facts known over seeds, shape ``(level, group)``; diverged runs are excluded.

    It is the recall above that of guesses: 1 where all facts are known, and 0 where answers are guessed, up to chance.
    """
    table = np.full((len(runs), len(schema.GROUPS)), np.nan)
    for row, run in enumerate(runs):
        for line in folder.lines(run):
            if line["kind"] == "probe" and line["probed"]:
                guessing = line.get("guessing", run.facts.guessing)
                share = known(line["recalled"] / line["probed"], guessing)
                table[row, schema.GROUPS.index(line["group"])] = share
    by_level = table.reshape(levels, seeds, -1)
    counted = np.isfinite(by_level).sum(axis=1)
    return np.where(counted > 0, np.nansum(by_level, axis=1) / np.maximum(counted, 1), np.nan)


def _diverged(folder: SweepFolder, runs: Iterable[RunSpec]) -> int:
    return sum(any(line["kind"] == "failed" for line in folder.lines(run)) for run in runs)
