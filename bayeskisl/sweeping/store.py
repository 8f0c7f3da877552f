"""A sweep's folder: the specification, one record per run, a sidecar for volatile facts, and a lock.

DIR/NAME-HASH/sweep.json          the specification, canonical
DIR/NAME-HASH/records/RUN.jsonl   one complete record per finished run
DIR/NAME-HASH/states/STACK/        where a stack under way stands; gone when its records are written
DIR/NAME-HASH/sidecar.jsonl       times, host and versions of each stack; never needed to resume
"""

import glob
import json
import math
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bayeskisl.arguments import require_path
from bayeskisl.axes import AXES
from bayeskisl.errors import InputError, SweepError, way
from bayeskisl.files import append_line, held, lies_at
from bayeskisl.specifications import require_file_name, shown
from bayeskisl.sweeping.plan import Stack
from bayeskisl.sweeping.record_reading import BrokenRecord, MisplacedRecord, Record, read_record
from bayeskisl.sweeping.records import RunProbe, record_bytes, told_as_sweep_error, write_atomically
from bayeskisl.sweeping.spec import RunSpec, SweepSpec, canonical_json

__all__ = ["SweepFolder", "build_it", "holds_sweep", "open_folder", "sweep_folders"]

_HASH_DIGITS = 12


@dataclass(frozen=True)
class SweepFolder:
    """Folder of the records of one sweep."""

    path: Path

    @property
    def records(self) -> Path:
        return self.path / "records"

    @property
    def spec(self) -> dict[str, Any]:
        """The specification as written.

        Raises
        ------
        InputError
            If it cannot be read or is none.
        """
        path = self.path / "sweep.json"
        try:
            spec = json.loads(path.read_bytes())
        except (OSError, ValueError, RecursionError):
            raise InputError("a sweep's specification", "no JSON", str(path), f"{_run()} writes it again") from None
        known = isinstance(spec, dict) and isinstance(spec.get("name"), str) and isinstance(spec.get("ladder"), dict)
        if not known or spec.get("axis") not in list(AXES):
            raise InputError("a sweep's specification", shown(spec), str(path), f"{_run()} writes it again")
        return spec

    def record_path(self, run: RunSpec) -> Path:
        return self.records / f"{run.name}.jsonl"

    def unusable(self) -> tuple[dict[str, str], dict[str, str]]:
        """Reasons by file name: of records to repeat, and of objects to move away.

        A record that is truncated, altered or another run's is done again.
        """
        broken, misplaced = {}, {}
        for path, record in self.records_or_reasons():
            if isinstance(record, MisplacedRecord):
                misplaced[path.name] = str(record)
            elif isinstance(record, BrokenRecord):
                broken[path.name] = str(record)
        return broken, misplaced

    def records_or_reasons(self) -> Iterator[tuple[Path, Record | BrokenRecord]]:
        """Yield every record of this sweep in the order of names, or the reason why it cannot be used."""
        spec = self.spec
        for path in sorted(self.records.glob("*.jsonl")):
            try:
                record = read_record(path)
                _refuse_foreign(record, spec)
                yield path, record
            except BrokenRecord as reason:
                yield path, reason

    def has(self, run: RunSpec) -> bool:
        """Whether the run has a complete record."""
        try:
            return bool(read_record(self.record_path(run)))
        except BrokenRecord:
            return False

    def borrow(self, run: RunSpec) -> None:
        """Copy the record of a run from another sweep in the same parent folder, if there is one."""
        for path in sorted(self.path.parent.glob(f"*/records/{run.name}.jsonl")):
            with suppress(BrokenRecord):
                write_atomically(self.record_path(run), read_record(path).content)
                return

    def write(self, run: RunSpec, stack: Stack, probe: RunProbe) -> bool:
        """Write a finished run's record unless a complete one exists; return whether it was written."""
        missing = not self.has(run)
        if missing:
            write_atomically(self.record_path(run), record_bytes(run, stack, probe))
        return missing

    def lines(self, run: RunSpec) -> list[dict[str, Any]]:
        """Return the parsed record of a finished run."""
        return list(read_record(self.record_path(run)).lines)

    def states(self, stack: Stack) -> Path:
        """Folder of the states of stacks in training."""
        return self.path / "states" / stack.name

    def forget_states(self, stack: Stack) -> None:
        """Remove the saved states of a stack whose records are written."""
        shutil.rmtree(self.states(stack), ignore_errors=True)

    def note(self, facts: dict[str, Any]) -> None:
        """Append volatile facts to the sidecar."""
        path = self.path / "sidecar.jsonl"
        with told_as_sweep_error(path):
            append_line(path, canonical_json(facts))

    def sidecar(self) -> list[dict[str, Any]]:
        """Volatile facts of all stacks so far; truncated or invalid lines are skipped."""
        path = self.path / "sidecar.jsonl"
        notes = []
        for line in path.read_bytes().splitlines() if path.is_file() else []:
            with suppress(ValueError, RecursionError):
                note = json.loads(line)
                if _is_note(note):
                    notes.append(note)
        return notes


@contextmanager
def open_folder(spec: SweepSpec, out: str | Path) -> Iterator[SweepFolder]:
    """Create or reopen a sweep's folder under `out` and lock it until the end of the block.

    Raises
    ------
    InputError
        If `out` holds a sweep of this name with another specification; the difference is shown.
    SweepError
        If another process holds the folder, or it cannot be written.
    """
    require_file_name(spec.name, "name")
    out = Path(out)
    path = out / f"{spec.name}-{spec.identity[:_HASH_DIGITS]}"
    _refuse_changed(spec, out, path)
    with ExitStack() as until_the_end:
        with told_as_sweep_error(path):
            (path / "records").mkdir(parents=True, exist_ok=True)
            until_the_end.enter_context(held(path, "lock"))
        folder = SweepFolder(path)
        _write_specification(spec, folder)
        for name, reason in folder.unusable()[1].items():
            raise SweepError(f"{folder.records / name} is not a record of this sweep: {reason}; move it away.")
        yield folder


def _write_specification(spec: SweepSpec, folder: SweepFolder) -> None:
    """Write the specification if it is missing or damaged; refuse the folder of another sweep with this name."""
    content = (canonical_json(spec.as_dict()) + "\n").encode()
    try:
        there = folder.spec
    except InputError:
        there = None
    if there is None:
        write_atomically(folder.path / "sweep.json", content)
    elif there != json.loads(content):
        changed = _told_differences(there, json.loads(content))
        raise InputError("the specification that its name says", f"another one ({changed})", str(folder.path),
                         "move the folder away")  # fmt: skip


def sweep_folders(out: str | Path) -> list[SweepFolder]:
    """Return the sweeps in `out` itself or directly below it.

    Raises
    ------
    InputError
        If there is none.
    """
    require_path(out, "a sweep's folder", "folder")
    out = Path(out)
    found = [SweepFolder(path.parent) for path in _specifications_in(out)]
    if not found:
        got = "no sweep in it" if out.is_dir() else lies_at(out) if out.exists() else "no such folder"
        given = way("`bk.run_sweep` as `out`", "`bayeskisl sweep run --out`")
        remedy = f"name the one given to {given}" if out.is_file() else f"make one with {_run()}"
        raise InputError("a folder with records of a sweep", got, str(out), remedy)
    return found


def holds_sweep(folder: Path) -> bool:
    """Whether a folder, or one directly below it, belongs to a sweep."""
    return bool(_specifications_in(folder))


def build_it(folder: Path) -> str:
    """Return the remedy for a sweep's folder that was named instead of its curves."""
    return way(f"build them with `bk.build_curves({str(folder)!r})`",
               f"run `bayeskisl curves build {folder} --out curves.nc` and name curves.nc")  # fmt: skip


def _run() -> str:
    return way("`bk.run_sweep`", "`bayeskisl sweep run`")


def _specifications_in(out: Path) -> list[Path]:
    return sorted([*out.glob("sweep.json"), *out.glob("*/sweep.json")])


def _is_note(note: object) -> bool:
    """Whether a line of the sidecar contains the duration of runs."""
    if not isinstance(note, dict) or type(note.get("seconds")) not in (int, float):
        return False
    runs = note.get("runs", [])
    return 0 <= note["seconds"] < math.inf and isinstance(runs, list) and all(isinstance(run, str) for run in runs)


def _refuse_foreign(record: Record, spec: dict[str, Any]) -> None:
    """Refuse a record with another recipe, size or corpus than the sweep's; levels and rates vary within one."""
    run, own, ladder = record.run, record.lines[0]["spec"], spec["ladder"]
    same = {
        "model": (own["model"], _model(ladder, spec.get("layers"), run)),
        "training": (_but_rate(own["training"]), _but_rate(_part(ladder, "training"))),
        "facts": (own["facts"], ladder.get("facts")),
        "corpus": (own["corpus"], ladder.get("corpus")),
        "context": (run.mixture.context, ladder.get("context")),
        "probes": (run.probes, spec.get("probes")),
        "checkpoints": (own.get("checkpoints"), spec.get("checkpoints")),
        "engine": (run.engine, spec.get("engine")),
    }
    for name, (found, expected) in same.items():
        if found != expected:
            raise MisplacedRecord(f"its {name} is not that of the sweep")


def _model(ladder: dict[str, Any], layers: Any, run: RunSpec) -> Any:
    """The size that a run of this width and depth has in the sweep; None without one."""
    size = _part(_part(ladder, "sizes"), str(run.model.width))
    crossed = isinstance(layers, list) and run.model.layers in layers
    return {**size, "layers": run.model.layers} if crossed else size if layers is None else None


def _part(table: dict[str, Any], key: str) -> dict[str, Any]:
    part = table.get(key)
    return part if isinstance(part, dict) else {}


def _but_rate(training: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in training.items() if key != "learning_rate"}


def _refuse_changed(spec: SweepSpec, out: Path, path: Path) -> None:
    for other in sorted(out.glob(f"{glob.escape(spec.name)}-*/sweep.json")):
        if other.parent == path or other.parent.name[len(spec.name) + 1 :].strip("0123456789abcdef"):
            continue
        changed = _told_differences(SweepFolder(other.parent).spec, json.loads(canonical_json(spec.as_dict())))
        raise InputError(
            f"the specification that {other.parent.name} was started with",
            f"another one ({changed})",
            str(out),
            "give the sweep another name or another folder",
        )


def _told_differences(before: object, now: object) -> str:
    changed = [f"{key}: {shown(was)} -> {shown(now_)}" for key, was, now_ in _differences(before, now)]
    return "; ".join(changed[:5])


def _differences(before: object, now: object, key: str = "") -> Iterator[tuple[str, object, object]]:
    if isinstance(before, dict) and isinstance(now, dict):
        for name in sorted({*before, *now}):
            yield from _differences(before.get(name), now.get(name), f"{key}.{name}".lstrip("."))
    elif before != now:
        yield key, before, now
