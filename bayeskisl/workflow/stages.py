"""Stages of a workflow: each output is stored with a digest of its inputs."""

import hashlib
import json
from pathlib import Path
from typing import Any

from bayeskisl.files import written

__all__ = ["Stages"]


class Stages:
    """A small ledger, ``stages.json``, in a workflow's folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "stages.json"

    def is_done(self, output: Path, *inputs: object) -> bool:
        """Whether `output` exists and was made from exactly these inputs."""
        return output.is_file() and self._ledger().get(output.name) == _digest(inputs)

    def done(self, output: Path, *inputs: object) -> None:
        """Record that `output` was made from these inputs."""
        ledger = {**self._ledger(), output.name: _digest(inputs)}
        written(self._path, json.dumps(ledger, indent=2, sort_keys=True) + "\n")

    def _ledger(self) -> dict[str, str]:
        try:
            return json.loads(self._path.read_text())
        except (OSError, ValueError):
            return {}


def _digest(inputs: tuple[Any, ...]) -> str:
    return hashlib.sha256(repr(inputs).encode()).hexdigest()
