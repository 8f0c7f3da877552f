"""Files that are there whole or not at all."""

import os
from contextlib import suppress
from pathlib import Path

from bayeskisl.errors import OutputError

__all__ = ["replace_file"]


def replace_file(path: Path, content: bytes | memoryview) -> None:
    """Write a file so that it is there whole or not at all, also after a power cut; its folder is made.

    Raises
    ------
    OutputError
        If it cannot be written: the disk is full, the folder is read-only, or a folder is in its place. What was there
        before stays, and nothing else is left behind.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        if path.is_dir():
            raise IsADirectoryError(0, "it is a folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as problem:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise OutputError(path, problem.strerror or str(problem)) from None
