"""State of a stack's training on disk, from which an interrupted training continues."""

import io
import json
import time
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from bayeskisl.sweeping.records import GroupProbe, Measured, told_as_sweep_error, write_atomically
from bayeskisl.sweeping.steps import Saved, State

__all__ = ["Saving"]

# What each run of a stack measured at each of its checkpoints so far.
Measurements = list[list[Measured]]


class Saving:
    """Where, how often and for which kind of steps the state of one stack is saved.

    Parameters
    ----------
    path : Path
        The file, ``.npz``; loaded without pickle.
    every : float
        Seconds between two savings: what is repeated at most after a crash.

    Attributes
    ----------
    before : float
        Seconds that the stack had taken when the loaded state was saved.
    """

    def __init__(self, path: Path, every: float) -> None:
        self.path, self.every = path, every
        self._begun = self._last = time.monotonic()
        self.before = 0.0

    def load(self, kind: str) -> tuple[Saved, Measurements] | None:
        """Return the state saved last; None if it is missing, damaged, or from steps of another kind."""
        try:
            with np.load(io.BytesIO(self.path.read_bytes()), allow_pickle=False) as file:
                facts = json.loads(bytes(file["facts"]))
                state = State(file["weights"], file["mean"], file["square"])
                diverged_at = file["diverged_at"]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None
        if facts["kind"] != kind:
            return None
        measured = [[_measured(one) for one in of_runs] for of_runs in facts["measured"]]
        self.before = float(facts.get("seconds", 0.0))
        return Saved(facts["step"], state, diverged_at), measured

    def due(self) -> bool:
        """Whether to save again now."""
        return time.monotonic() - self._last >= self.every

    def save(self, kind: str, saved: Saved, measured: Measurements) -> None:
        """Replace the previously saved state.

        Raises
        ------
        SweepError
            If the disk is full or the folder read-only.
        """
        plain = [[asdict(one) for one in of_runs] for of_runs in measured]
        seconds = self.before + time.monotonic() - self._begun
        facts = json.dumps({"kind": kind, "step": saved.step, "measured": plain, "seconds": seconds}).encode()
        content = io.BytesIO()
        arrays = {**vars(saved.state), "diverged_at": saved.diverged_at, "facts": np.frombuffer(facts, np.uint8)}
        np.savez(content, **arrays)
        with told_as_sweep_error(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self.path, content.getvalue())
        self._last = time.monotonic()


def _measured(plain: dict[str, Any]) -> Measured:
    groups = {group: GroupProbe(**answer) for group, answer in plain["groups"].items()}
    return Measured(plain["tokens_seen"], groups, plain["general_loss"], plain.get("bytes_per_token"))
