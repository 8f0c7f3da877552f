"""A sitting at a device lent for minutes: calibrate, train what fits, and pack the records in small files."""

import tarfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bayeskisl.errors import InputError, SweepError
from bayeskisl.sweeping.devices import require_device
from bayeskisl.sweeping.estimate import measured_speed
from bayeskisl.sweeping.execution import Finished, Job, train_job
from bayeskisl.sweeping.ladder import ModelSize
from bayeskisl.sweeping.plan import Stack
from bayeskisl.sweeping.run import refinements
from bayeskisl.sweeping.spec import Cell, RunSpec, SweepSpec
from bayeskisl.sweeping.store import SweepFolder, open_folder

__all__ = ["Sitting", "remaining_runs", "sit"]

# Of a sitting; the first minute of ten. A size whose turn does not come is judged by the largest that was measured.
_CALIBRATION = 0.1
# Drawing, probing and the first steps come on top of the speed of the steps; measured speeds replace it.
_MARGIN = 1.4
_SPREAD = 1.1  # of a measured stack to the next

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Sitting:
    """Result of a sitting.

    Attributes
    ----------
    folder : Path
        Folder of the sweep.
    trained, left : int
        Runs finished now, and runs known to be missing still.
    archives : tuple of Path
        Archives to copy back, one small file per stack.
    """

    folder: Path
    trained: int
    left: int
    archives: tuple[Path, ...]


def sit(
    spec: SweepSpec,
    out: str | Path,
    home: str | Path,
    *,
    minutes: float,
    earlier: str | Path | None = None,
    device: str = "cuda",
    tell: Tell = print,
) -> Sitting:
    """Train as much of a sweep as fits into a number of minutes.

    Coarse levels of small sizes come first; a size is refined as soon as its coarse runs are there. Only stacks that
    are expected to end in time are begun, so that nothing is lost with the machine.

    Parameters
    ----------
    spec : SweepSpec
    out : path
        Folder of the sweep on this machine.
    home : path
        Receives one ``.tar.gz`` of records per finished stack.
    minutes : float
        Minutes until the end.
    earlier : path, optional
        Folder of such files from earlier sittings, which are unpacked first.
    device : str
    tell : callable
        Receives the plan and every stack, a line each.

    Raises
    ------
    InputError
        If `minutes` is not positive, the device is not here, or an archive holds anything but records of this sweep.
    SweepError
        If the folder is held or cannot be written.
    """
    begun = time.monotonic()
    if not minutes > 0:
        raise InputError("minutes > 0", minutes, "minutes")
    if spec.tune is not None:
        raise InputError("a sweep whose learning rates are set", "one with [tune]", "sitting", "tune it separately")
    require_device(device)
    deadline = begun + 60 * minutes
    archives, trained = [], 0
    with open_folder(spec, out) as folder:
        if earlier is not None:
            _unpack(Path(earlier), folder)
        speeds = _calibrate(spec, folder, device, begun + 60 * minutes * _CALIBRATION, tell)
        _tell_plan(spec, folder, speeds, deadline - time.monotonic(), tell)
        while (stack := _next_stack(spec, folder, speeds, deadline - time.monotonic())) is not None:
            model = stack.runs[0].model
            try:
                done = train_job(Job(stack, device, spec.compile))
            except SweepError as problem:
                tell(f"{_called(model)}: left out, {problem}")
                speeds[model] = 0.0
                continue
            archives.append(_bring_home(done, folder, Path(home)))
            trained += len(stack.runs)
            speeds[model] = done.volatile["tokens_per_second"] * _MARGIN / _SPREAD
            tell(f"{_called(model)}: {len(stack.runs)} runs in {done.volatile['seconds']:.0f} s, {archives[-1].name}")
        left = sum(len(runs) for _, runs in remaining_runs(spec, folder))
    return Sitting(folder.path, trained, left, tuple(archives))


def remaining_runs(spec: SweepSpec, folder: SweepFolder) -> Iterator[tuple[Cell, tuple[RunSpec, ...]]]:
    """Runs without a record, by cell: coarse runs of every cell first, then refined runs of finished cells."""
    complete = []
    for cell in spec.cells():
        coarse = dict.fromkeys((*spec.runs_of(cell, spec.levels), *spec.replicates_of(cell)))
        missing = tuple(run for run in coarse if not folder.has(run))
        if missing:
            yield cell, missing
        else:
            complete.append(cell)
    for cell in complete:
        for levels in refinements(spec, folder, cell):
            missing = tuple(run for run in spec.runs_of(cell, levels) if not folder.has(run))
            if missing:
                yield cell, missing
                break


def _calibrate(spec: SweepSpec, folder: SweepFolder, device: str, until: float, tell: Tell) -> dict[ModelSize, float]:
    """Tokens per second by size, measured from small sizes up within the time, else scaled by FLOPs."""
    waiting = {runs[0].model: Stack(runs[: spec.stack]) for _, runs in reversed(list(remaining_runs(spec, folder)))}
    speeds: dict[ModelSize, float] = {}
    known: Stack | None = None
    for model in sorted(waiting, key=lambda model: (model.params, model.layers)):
        stack = waiting[model]
        if known is None or time.monotonic() < until:
            speeds[model] = measured_speed(stack, device, spec.compile)
            known, how = stack, "measured"
        else:  # larger sizes use a device no worse
            reference = known.runs[0]
            speeds[model] = speeds[reference.model] * _flops_per_token(known) / _flops_per_token(stack)
            how = f"from {_called(reference.model)} by its FLOPs"
        tell(f"{_called(model)}: {speeds[model]:,.0f} tokens/s in stacks of {len(stack.runs)}, {how}")
    return speeds


def _tell_plan(spec: SweepSpec, folder: SweepFolder, speeds: dict[ModelSize, float], left: float, tell: Tell) -> None:
    tell(f"plan for {left:.0f} s:")
    for _, runs in remaining_runs(spec, folder):
        model = runs[0].model
        seconds = _seconds(Stack(runs), speeds[model])
        fitting = _how_many(runs, speeds[model], left)
        tell(f"  {_called(model)}: {fitting} of {len(runs)} runs fit; all of them take {seconds:.0f} s")
        left -= _seconds(Stack(runs[:fitting]), speeds[model]) if fitting else 0.0


def _next_stack(spec: SweepSpec, folder: SweepFolder, speeds: dict[ModelSize, float], left: float) -> Stack | None:
    """Return the next missing runs that fit into the remaining time, as many as may be stacked."""
    for _, runs in remaining_runs(spec, folder):
        speed = speeds.get(runs[0].model, 0.0)
        count = min(_how_many(runs, speed, left), spec.stack)
        if count:
            return Stack(runs[:count])
    return None


def _called(model: ModelSize) -> str:
    return f"width {model.width}, depth {model.layers}"


def _how_many(runs: Sequence[RunSpec], speed: float, left: float) -> int:
    """Return the number of runs that fit, sequentially or together."""
    return min(len(runs), int(left * speed / (_MARGIN * runs[0].tokens_read))) if left > 0 else 0


def _seconds(stack: Stack, speed: float) -> float:
    return _MARGIN * stack.tokens / speed if speed else float("inf")


def _flops_per_token(stack: Stack) -> float:
    return stack.flops / stack.tokens


def _bring_home(done: Finished, folder: SweepFolder, home: Path) -> Path:
    """Write the records of a stack, and pack them with the specification into one file."""
    for run, probe in zip(done.stack.runs, done.probes, strict=True):
        folder.write(run, done.stack, probe)
    folder.note(done.volatile)
    home.mkdir(parents=True, exist_ok=True)
    path = home / f"{folder.path.name}-{done.stack.name}.tar.gz"
    draft = path.with_name(f".{path.name}")
    with tarfile.open(draft, "w:gz") as archive:
        for file in (folder.path / "sweep.json", *map(folder.record_path, done.stack.runs)):
            archive.add(file, arcname=str(file.relative_to(folder.path.parent)))
    draft.replace(path)
    return path


def _unpack(earlier: Path, folder: SweepFolder) -> None:
    """Read records of this sweep from archives; other content is refused."""
    if not earlier.is_dir():
        raise InputError("a folder of archives from earlier sittings", "none", str(earlier))
    for path in sorted(earlier.glob(f"{folder.path.name}-*.tar.gz")):
        with tarfile.open(path) as archive:
            for member in archive.getmembers():
                place = Path(member.name)
                if place.parts[:2] == (folder.path.name, "records") and len(place.parts) == 3 and member.isfile():
                    archive.extract(member, folder.path.parent, filter="data")
                elif place.parts != (folder.path.name, "sweep.json"):
                    raise InputError(f"records of {folder.path.name}", member.name, str(path))
