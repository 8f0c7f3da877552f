"""A sweep's folder: the specification, one record per run, a sidecar for what is volatile, and a lock.

DIR/NAME-HASH/sweep.json          the specification, canonical
DIR/NAME-HASH/records/RUN.jsonl   one complete record per finished run
DIR/NAME-HASH/states/STACK/        where a stack under way stands; gone when its records are written
DIR/NAME-HASH/sidecar.jsonl       times, host and versions of each stack; never needed to resume
"""

import fcntl
import glob
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from bayeskisl.errors import InputError, SweepError
from bayeskisl.specifications import require_file_name
from bayeskisl.sweeping.plan import Stack
from bayeskisl.sweeping.records import (
    BrokenRecord,
    RunProbe,
    read_record,
    record_bytes,
    told_as_sweep_error,
    write_atomically,
)
from bayeskisl.sweeping.spec import RunSpec, SweepSpec, canonical_json

__all__ = ["SweepFolder", "open_folder", "sweep_folders"]

_HASH_DIGITS = 12


@dataclass(frozen=True)
class SweepFolder:
    """Where the records of one sweep live."""

    path: Path

    @property
    def records(self) -> Path:
        return self.path / "records"

    @property
    def spec(self) -> dict:
        """The specification as it was written."""
        try:
            return json.loads((self.path / "sweep.json").read_text())
        except ValueError:
            raise InputError("a sweep's specification", "not JSON", str(self.path / "sweep.json")) from None

    def record_path(self, run: RunSpec) -> Path:
        return self.records / f"{run.name}.jsonl"

    def broken(self) -> dict[str, str]:
        """Reason by file name, for every record that is truncated or altered."""
        reasons = {}
        for path in sorted(self.records.glob("*.jsonl")):
            try:
                read_record(path)
            except BrokenRecord as reason:
                reasons[path.name] = str(reason)
        return reasons

    def has(self, run: RunSpec) -> bool:
        """Whether the run has a whole record."""
        path = self.record_path(run)
        try:
            return path.is_file() and bool(read_record(path))
        except BrokenRecord:
            return False

    def write(self, run: RunSpec, stack: Stack, probe: RunProbe) -> bool:
        """Write a finished run's record, unless a whole one is there already; whether it was written."""
        missing = not self.has(run)
        if missing:
            write_atomically(self.record_path(run), record_bytes(run, stack, probe))
        return missing

    def lines(self, run: RunSpec) -> list[dict]:
        """The record of a finished run, parsed."""
        return [json.loads(line) for line in read_record(self.record_path(run)).splitlines()]

    def states(self, stack: Stack) -> Path:
        """Folder for the states of a stack under way."""
        return self.path / "states" / stack.name

    def forget_states(self, stack: Stack) -> None:
        """Remove the saved states of a stack that is recorded."""
        shutil.rmtree(self.states(stack), ignore_errors=True)

    def note(self, facts: dict) -> None:
        """Append volatile facts to the sidecar."""
        with told_as_sweep_error(self.path / "sidecar.jsonl"), (self.path / "sidecar.jsonl").open("a") as file:
            file.write(canonical_json(facts) + "\n")

    def sidecar(self) -> list[dict]:
        """Volatile facts of the stacks so far; a line that a crash cut off is left out."""
        path = self.path / "sidecar.jsonl"
        notes = []
        for line in path.read_text().splitlines() if path.is_file() else []:
            try:
                notes.append(json.loads(line))
            except ValueError:
                continue
        return notes


@contextmanager
def open_folder(spec: SweepSpec, out: str | Path) -> Iterator[SweepFolder]:
    """Create or reopen a sweep's folder under `out` and hold it until the end of the block.

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
    with told_as_sweep_error(path):
        (path / "records").mkdir(parents=True, exist_ok=True)
        lock = (path / "lock").open("a+")
    with lock:
        _hold(lock, path)
        if not (path / "sweep.json").is_file():
            write_atomically(path / "sweep.json", (canonical_json(spec.as_dict()) + "\n").encode())
        yield SweepFolder(path)


def sweep_folders(out: str | Path) -> list[SweepFolder]:
    """The sweeps found in `out` itself or directly below it.

    Raises
    ------
    InputError
        If there is none.
    """
    out = Path(out)
    found = [SweepFolder(path.parent) for path in sorted([*out.glob("sweep.json"), *out.glob("*/sweep.json")])]
    if not found:
        got = "no sweep in it" if out.is_dir() else "no such folder"
        raise InputError("a folder with records of a sweep", got, str(out), "make one with `bayeskisl sweep run`")
    return found


def _hold(lock: TextIO, path: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        raise SweepError(
            f"{path} is held by process {lock.read().strip() or 'unknown'}; wait for it, or stop it and try again."
        ) from None
    with told_as_sweep_error(path):
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()


def _refuse_changed(spec: SweepSpec, out: Path, path: Path) -> None:
    for other in sorted(out.glob(f"{glob.escape(spec.name)}-*/sweep.json")):
        if other.parent == path or other.parent.name[len(spec.name) + 1 :].strip("0123456789abcdef"):
            continue
        before, now = SweepFolder(other.parent).spec, json.loads(canonical_json(spec.as_dict()))
        changed = [f"{key}: {was} -> {now_}" for key, was, now_ in _differences(before, now)]
        raise InputError(
            f"the specification that {other.parent.name} was started with",
            "another one (" + "; ".join(changed[:5]) + ")",
            str(out),
            "give the sweep another name or another folder",
        )


def _differences(before: object, now: object, key: str = "") -> Iterator[tuple[str, object, object]]:
    if isinstance(before, dict) and isinstance(now, dict):
        for name in sorted({*before, *now}):
            yield from _differences(before.get(name), now.get(name), f"{key}.{name}".lstrip("."))
    elif before != now:
        yield key, before, now
