"""Progress of a sweep, from its records alone."""

from dataclasses import dataclass
from pathlib import Path

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
        found.append(SweepStatus(*where, whole, broken, misplaced, seconds))
    return found
