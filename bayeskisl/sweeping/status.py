"""Progress of a sweep, from its records alone."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bayeskisl.sweeping.spec import SweepSpec
from bayeskisl.sweeping.store import sweep_folders

__all__ = ["SweepStatus", "sweep_status"]


@dataclass(frozen=True)
class SweepStatus:
    """Counts of one sweep's records.

    Attributes
    ----------
    name, path : str
    axis : str
    finished : int
        Number of complete records, including diverged runs.
    planned : int or None
        Number of runs of all passes at most; None if another version wrote a specification that this one cannot read.
    broken : dict of str to str
        Reason by file name, for records that are truncated, altered or of another run.
    misplaced : dict of str to str
        Reason by file name, for other objects among the records that have to be moved away.
    seconds : float
        Device-seconds of the stacks so far.
    """

    name: str
    path: str
    axis: str
    finished: int
    planned: int | None
    broken: dict[str, str]
    misplaced: dict[str, str]
    seconds: float


def sweep_status(out: str | Path) -> list[SweepStatus]:
    """Return the status of every sweep in a folder.

    Raises
    ------
    InputError
        If there is no sweep.
    """
    found = []
    for folder in sweep_folders(out):
        (broken, misplaced), spec = folder.unusable(), folder.spec
        whole = sum(1 for _ in folder.records.glob("*.jsonl")) - len(broken) - len(misplaced)
        seconds = sum(note["seconds"] for note in folder.sidecar())
        where = spec["name"], str(folder.path), spec["axis"]
        found.append(SweepStatus(*where, whole, _planned(spec), broken, misplaced, seconds))
    return found


def _planned(spec: dict[str, Any]) -> int | None:
    try:
        return TypeAdapter(SweepSpec).validate_python({key: spec[key] for key in spec if key != "engine"}).most_runs
    except (ValidationError, LookupError):
        return None
