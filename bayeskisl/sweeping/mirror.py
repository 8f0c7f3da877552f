"""A listener that mirrors finished runs elsewhere, and the numbers of a record that are mirrored."""

from abc import abstractmethod
from pathlib import Path
from typing import Any

from bayeskisl import schema
from bayeskisl.sweeping.plan import Stack
from bayeskisl.sweeping.record_reading import Record
from bayeskisl.sweeping.run import Pass, SweepEvents

__all__ = ["Mirror", "measurements_of", "settings_of"]

_SETTINGS = (schema.PARAMS, schema.TOTAL_PARAMS, schema.TOKENS, schema.FACTS, schema.RATIO, schema.TOKENS_PER_FACT,
             schema.BACKGROUND_FACTS, schema.BACKGROUND_SHARE, schema.SEED, schema.LEARNING_RATE,
             schema.GUESSING)  # fmt: skip
_COUNTED = ("recalled", "probed", "answer_nats")


class Mirror(SweepEvents):
    """A listener that mirrors finished runs, and passes on what it hears.

    Parameters
    ----------
    out : path
        As given to `run_sweep`.
    folder : path
        Where the mirror writes.
    events : SweepEvents, optional
        Another listener, such as a display, that hears everything too.
    """

    def __init__(self, out: str | Path, folder: str | Path, events: SweepEvents | None = None) -> None:
        self._out, self._folder, self._events = Path(out), Path(folder), events or SweepEvents()

    def started(self, sweep_pass: Pass, remaining: list[Stack], broken: dict[str, str]) -> None:
        self._events.started(sweep_pass, remaining, broken)

    def progressed(self, stack: Stack, done: int, steps: int) -> None:
        self._events.progressed(stack, done, steps)

    def finished(self, stack: Stack, seconds: float) -> None:
        self.mirror()
        self._events.finished(stack, seconds)

    @abstractmethod
    def mirror(self) -> Any:
        """Mirror every finished run that is not there yet; an incomplete record is skipped."""


def settings_of(record: Record) -> dict[str, float]:
    """Settings that stay the same while a run is trained: a tracker's configuration or parameters."""
    return {name: record.lines[0][name] for name in _SETTINGS}


def measurements_of(record: Record) -> dict[int, dict[str, float]]:
    """Counts and losses of a record by the number of tokens at which they were measured; none of a run that failed."""
    scalars: dict[int, dict[str, float]] = {}
    for line in record.lines[1:-1]:
        if line["kind"] == "failed":
            continue
        at = scalars.setdefault(line[schema.TOKENS_SEEN], {})
        if line["kind"] == "general":
            at[schema.GENERAL_LOSS] = line["general_loss"]
        else:
            at |= {f"{name}_{line['group']}": line[name] for name in _COUNTED}
    return dict(sorted(scalars.items()))
