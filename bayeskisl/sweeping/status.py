"""How far a sweep is, from its records alone."""

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
        Whole records, diverged runs included.
    broken : dict of str to str
        Reason by file name, for records that are truncated or altered.
    seconds : float
        Device-seconds of the stacks so far.
    """

    name: str
    path: str
    axis: str
    finished: int
    broken: dict[str, str]
    seconds: float


def sweep_status(out: str | Path) -> list[SweepStatus]:
    """Status of every sweep in a folder.

    Raises
    ------
    InputError
        If there is none.
    """
    found = []
    for folder in sweep_folders(out):
        broken, spec = folder.broken(), folder.spec
        files = sum(1 for _ in folder.records.glob("*.jsonl"))
        seconds = sum(note["seconds"] for note in folder.sidecar())
        found.append(SweepStatus(spec["name"], str(folder.path), spec["axis"], files - len(broken), broken, seconds))
    return found
