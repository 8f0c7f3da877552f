"""Progress on standard error: one line per stage with its name, its progress and the time left.

A terminal shows one line that changes; a file receives a line when a stage begins, and one now and then after that.
"""

import sys
import threading
import time
from types import TracebackType
from typing import Self

from bayeskisl.cli.sentences import for_stream
from bayeskisl.quantities import duration

__all__ = ["Progress", "be_quiet"]

_REFRESH = 0.25  # seconds, on a terminal
_FIRST = 20.0  # seconds, in a file: until the first sign of life of a stage
_GROWTH = 0.1  # later ones follow after this share of the time that has passed, so that a day gives some hundred lines
_ENOUGH = 0.02  # share of a stage, from which on the rest is worth an estimate

_is_quiet = False


def be_quiet(quiet: bool) -> None:
    """Print no progress in this process."""
    global _is_quiet
    _is_quiet = quiet


class Progress:
    """Shows the stages of a command while it runs; call it with the name of each stage.

    Parameters
    ----------
    stage : str, optional
        The first stage.
    """

    def __init__(self, stage: str = "") -> None:
        self._live = sys.stderr.isatty()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._begin(stage)

    def _begin(self, stage: str) -> None:
        self._stage, self._since, self._said = stage, time.monotonic(), time.monotonic()
        self._share, self._before, self._detail = 0.0, 0.0, ""

    def __enter__(self) -> Self:
        self._announce()
        if not _is_quiet:
            threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        with self._lock:
            self._write("\r\x1b[K" if self._live and self._stage else "")

    def __call__(self, stage: str) -> None:
        """Begin a stage."""
        with self._lock:
            self._begin(stage)
        self._announce()

    def share(self, done: float, detail: str = "", *, before: float = 0.0) -> None:
        """Record the share of the stage, in [0, 1], that is done; `before` of it was done by an earlier command."""
        with self._lock:
            self._share, self._before, self._detail = done, before, detail

    def note(self, text: str) -> None:
        """Print a line that remains on the screen."""
        with self._lock:
            self._write(("\r\x1b[K" if self._live else "") + for_stream(text, sys.stderr) + "\n")

    def print(self, text: str) -> None:
        """Print a line of the answer on standard output, above the progress line."""
        with self._lock:
            self._write("\r\x1b[K" if self._live else "")
        print(for_stream(text, sys.stdout), flush=True)

    def line(self, now: float) -> str:
        """Return the stage, its detail, the elapsed time, and the estimated time left."""
        passed = now - self._since
        parts = [self._detail] if self._detail else []
        now_done = self._share - self._before
        if now_done >= _ENOUGH * (1 - self._before) and passed >= 1:
            parts += [f"{100 * self._share:.0f} %", f"{duration(passed * (1 - self._share) / now_done)} left"]
        elif passed >= 1:
            parts.append(duration(passed))
        return f"{self._stage} ({', '.join(parts)})" if parts else self._stage

    def _announce(self) -> None:
        if self._stage:
            with self._lock:
                self._write(f"\r\x1b[K{self._stage} ..." if self._live else f"{self._stage} ...\n")

    def _watch(self) -> None:
        while not self._ended.wait(_REFRESH if self._live else 1.0):
            now = time.monotonic()
            with self._lock:
                if self._stage and not self._ended.is_set() and self._is_due(now):
                    self._said = now
                    self._write(f"\r\x1b[K{self.line(now)}" if self._live else f"{self.line(now)}\n")

    def _is_due(self, now: float) -> bool:
        return self._live or now - self._said >= max(_FIRST, _GROWTH * (now - self._since))

    def _write(self, text: str) -> None:
        if text and not _is_quiet:
            sys.stderr.write(text)
            sys.stderr.flush()
