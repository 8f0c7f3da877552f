"""Simulations that take hours: each one is written down as it is finished, and none is made twice."""

import json
from collections.abc import Callable, Iterator
from itertools import batched
from pathlib import Path
from typing import Any

from bayeskisl.errors import InputError
from bayeskisl.files import append_line
from bayeskisl.sweeping.records import write_atomically

__all__ = ["Trials"]


class Trials:
    """The finished simulations of one study: JSON lines, the first of which says what the study is.

    Parameters
    ----------
    path : path
        The file; made when it is not there.
    study : dict
        Everything that decides the outcome of a simulation but its number, as plain values.

    Raises
    ------
    InputError
        If the file belongs to another study.
    """

    def __init__(self, path: Path, study: dict[str, Any]) -> None:
        self.path = path
        self.study = json.loads(json.dumps(study))
        self._rows = {row["number"]: row for row in self._read()}

    def __len__(self) -> int:
        return len(self._rows)

    def rows(self, count: int | None = None) -> list[dict[str, Any]]:
        """What the simulations recorded, in the order of their numbers; those below `count` only, if it is given."""
        return [self._rows[number] for number in sorted(self._rows) if count is None or number < count]

    def run(self, count: int, simulate: Callable[[list[int]], list[dict[str, Any]]], batch: int = 8) -> Iterator[int]:
        """Make what is missing of the first `count` simulations, a batch at a time; yields how many are finished.

        Parameters
        ----------
        count : int
        simulate : callable
            What each of a list of numbers records, in plain values.
        batch : int
            Simulations that are made together, and lost together when the process is killed.
        """
        missing = [number for number in range(count) if number not in self._rows]
        for numbers in batched(missing, batch):
            for number, found in zip(numbers, simulate(list(numbers)), strict=True):
                self._append({"number": number, **found})
                self._rows[number] = {"number": number, **found}
            yield len(self.rows(count))

    def _read(self) -> list[dict[str, Any]]:
        if not self.path.is_file():
            return []
        head, *lines = self.path.read_text(encoding="utf-8").splitlines()
        if json.loads(head) != self.study:
            raise InputError(
                f"simulations of {json.dumps(self.study)}", head, str(self.path), "move that file away, or delete it"
            )
        return [row for row in map(_parsed, lines) if row is not None]

    def _append(self, row: dict[str, Any]) -> None:
        if not self.path.is_file():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self.path, (json.dumps(self.study) + "\n").encode())
        append_line(self.path, json.dumps(row))


def _parsed(line: str) -> dict[str, Any] | None:
    """A recorded simulation; None for the half line that a killed process leaves, which is made again."""
    try:
        return json.loads(line)
    except ValueError:
        return None
