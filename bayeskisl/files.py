"""Files that are there whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bayeskisl.errors import OutputError

__all__ = ["draft_of", "replace_file"]


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
