"""Errors, each one sentence: expected, got, where, and the remedy."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

__all__ = [
    "BayeskislError",
    "BusyError",
    "GateError",
    "InputError",
    "OutputError",
    "SweepError",
    "argument",
    "at_the_command_line",
    "first_line",
    "require_ending",
    "way",
]

_COMMAND_LINE = ContextVar("command_line", default=False)


@contextmanager
def at_the_command_line() -> Iterator[None]:
    """Make remedies name options of the command line, see `way`."""
    before = _COMMAND_LINE.set(True)
    try:
        yield
    finally:
        _COMMAND_LINE.reset(before)


def way(python: str, command_line: str) -> str:
    """Return the user's remedy: an argument in Python, an option at the command line."""
    return command_line if _COMMAND_LINE.get() else python


def argument(name: str) -> str:
    """Return how the user writes an argument: ``cost_of_miss`` in Python, ``--cost-of-miss`` at the command line."""
    return way(name, f"--{name.replace('_', '-')}")


class BayeskislError(Exception):
    """Base class of errors meant for the user; the command line prints them without a traceback."""

    exit_code = 1


class InputError(BayeskislError, ValueError):
    """A file, table, option or argument is not as required.

    Parameters
    ----------
    expected : str
        The expected thing, as a noun phrase.
    got : object
        The actual value.
    where : str, optional
        The file, key, row or argument concerned.
    remedy : str, optional
        Remedy, as an imperative.
    lacks : str, optional
        The field or option whose value would answer, for a dialogue that asks for it.
    """

    exit_code = 2

    def __init__(self, expected: str, got: object, where: str = "", remedy: str = "", lacks: str = "") -> None:
        self.expected, self.got, self.where, self.remedy, self.lacks = expected, got, where, remedy, lacks
        place = f"{where}: " if where else ""
        advice = f"; {remedy}" if remedy else ""
        super().__init__(f"{place}expected {expected}, got {got}{advice}.")

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle all parts, so that the error survives a process boundary."""
        return type(self), (self.expected, self.got, self.where, self.remedy, self.lacks)


def first_line(problem: BaseException) -> str:
    """Return the first line of a foreign error, at most 160 characters, or its type if it says nothing."""
    return next(iter(str(problem).strip().splitlines()), type(problem).__name__)[:160]


def require_ending(path: Path, endings: Sequence[str], where: str) -> None:
    """Refuse the name of an output file whose ending does not name a supported format.

    Raises
    ------
    InputError
        If it ends in none of `endings`.
    """
    if path.suffix not in endings:
        raise InputError(f"a name that ends in {' or '.join(endings)}", repr(path.name), where)


class GateError(BayeskislError):
    """A posterior failed a check and may not be used; the message names the check and a remedy."""


class OutputError(BayeskislError):
    """A file cannot be written: the disk is full, its folder is read-only, or a folder is in its place.

    Parameters
    ----------
    path : Path
        The file.
    reason : str
        Reason that the system gives.
    """

    def __init__(self, path: Path, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"cannot write {path}: {reason}; make room or choose another place.")

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle all parts, so that the error survives a process boundary."""
        return type(self), (self.path, self.reason)


class SweepError(BayeskislError):
    """Training could not continue: the folder is in use, the disk is full, or the loss diverged."""


class BusyError(SweepError):
    """Another process is using a folder.

    Parameters
    ----------
    folder : Path
    process : str
        Its number.
    """

    def __init__(self, folder: Path, process: str) -> None:
        self.folder, self.process = folder, process
        super().__init__(f"{folder} is in use by process {process}; wait for it, or stop it and try again.")

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle all parts, so that the error survives a process boundary."""
        return type(self), (self.folder, self.process)
