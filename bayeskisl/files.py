"""Atomic writing of files, one writer at a time, and checks of what lies at a path."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bayeskisl.errors import BusyError, InputError, OutputError

__all__ = ["append_line", "draft_of", "held", "lies_at", "replace_file", "require_file", "turn_in", "written"]

_MOST_LISTED = 3


def lies_at(path: Path) -> str:
    """Return what lies at a path, for an error message."""
    if path.is_dir():
        return "a folder"
    if path.is_file():
        return "a file"
    return "neither a file nor a folder" if path.exists() else "no such file or folder"


def require_file(path: Path, expected: str, remedy: str = "", ending: str = "") -> None:
    """Refuse a path that is not a file.

    Parameters
    ----------
    path : Path
    expected : str
        The kind of file, as a noun phrase.
    remedy : str, optional
        How to get such a file.
    ending : str, optional
        The ending of such files; where a folder is given, the first ones in it are named.

    Raises
    ------
    InputError
        If there is a folder, something else, or nothing.
    """
    if path.is_file():
        return
    if not path.exists():
        raise InputError(expected, "no such file", str(path), remedy)
    names = sorted(each.name for each in path.glob(f"*{ending}") if each.is_file()) if ending and path.is_dir() else []
    if names:
        listed = " or ".join(str(path / name) for name in names[:_MOST_LISTED])
        remedy = f"name a file in it, such as {listed}"
    raise InputError(expected, lies_at(path), str(path), remedy)


def replace_file(path: Path, content: bytes | memoryview) -> None:
    """Write a file atomically, even across a power cut, and create its folder.

    Raises
    ------
    OutputError
        If it cannot be written: the disk is full, the folder is read-only, or a folder is in its place. What was there
        before stays, and nothing else is left behind.
    """
    with draft_of(path) as draft, draft.open("wb") as file:
        file.write(content)


def written(path: Path, text: str) -> Path:
    """Write a text file as `replace_file` does, and return its path."""
    replace_file(path, text.encode())
    return path


@contextmanager
def draft_of(path: Path) -> Iterator[Path]:
    """Yield a draft file to write, which replaces the file at the end of the block.

    Raises
    ------
    OutputError
        As `replace_file` does.
    """
    if path.is_dir():
        raise OutputError(path, "it is a folder")
    # Two threads, or processes of two machines that share a disk, have one process number.
    draft = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(3)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield draft
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as problem:
        raise OutputError(path, problem.strerror or str(problem)) from None
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def append_line(path: Path, line: str) -> None:
    """Append a line to a file; a line that a killed process cut off is ended first, so that only it is lost.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    with path.open("ab+") as file:
        at_start = file.seek(0, os.SEEK_END) == 0
        file.seek(-min(file.tell(), 1), os.SEEK_END)
        cut_off = not at_start and file.read(1) != b"\n"
        file.write((cut_off * "\n" + line + "\n").encode())


@contextmanager
def held(folder: Path, name: str = ".lock", *, wait: bool = False) -> Iterator[None]:
    """Create a folder and reserve it for this process until the end of the block.

    Parameters
    ----------
    folder : Path
    name : str
        The file in it that is locked, and holds the number of the process.
    wait : bool
        Whether to wait for another process.

    Raises
    ------
    BusyError
        If another process works in the folder.
    OutputError
        If the folder or its lock cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / name).open("a+")
    except OSError as problem:
        raise OutputError(folder, problem.strerror or str(problem)) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
        except BlockingIOError:
            lock.seek(0)
            raise BusyError(folder, lock.read().strip() or "unknown") from None
        except OSError as problem:
            raise OutputError(folder / name, problem.strerror or str(problem)) from None
        yield


@contextmanager
def turn_in(folder: Path) -> Iterator[None]:
    """Wait until no other process is in such a block for this folder, so that related files are written together.

    Raises
    ------
    OutputError
        If there can be no such folder.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        opened = os.open(folder, os.O_RDONLY)
    except OSError as problem:
        raise OutputError(folder, problem.strerror or str(problem)) from None
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)
