"""Files that are there whole or not at all, and paths at which something else lies than was expected."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bayeskisl.errors import InputError, OutputError

__all__ = ["draft_of", "lies_at", "replace_file", "require_file"]

_MOST_LISTED = 3


def lies_at(path: Path) -> str:
    """Return what is at a path, for a sentence that expected something else there."""
    if path.is_dir():
        return "a folder"
    if path.is_file():
        return "a file"
    return "neither a file nor a folder" if path.exists() else "no such file or folder"


def require_file(path: Path, expected: str, remedy: str = "", ending: str = "") -> None:
    """Refuse a path at which no file lies.

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
    """Write a file so that it is there whole or not at all, also after a power cut; its folder is made.

    Raises
    ------
    OutputError
        If it cannot be written: the disk is full, the folder is read-only, or a folder is in its place. What was there
        before stays, and nothing else is left behind.
    """
    with draft_of(path) as draft, draft.open("wb") as file:
        file.write(content)


@contextmanager
def draft_of(path: Path) -> Iterator[Path]:
    """Give a draft to write, beside the file, whose place it takes at the end of the block.

    Raises
    ------
    OutputError
        As `replace_file` does.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        if path.is_dir():
            raise IsADirectoryError(0, "it is a folder")
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
