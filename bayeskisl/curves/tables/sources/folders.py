"""Result files in folders: their names, and the fields in their paths."""

import re
from collections.abc import Iterable
from pathlib import Path

from bayeskisl.curves.tables.recognition import named_fields
from bayeskisl.errors import InputError
from bayeskisl.files import lies_at

__all__ = ["files_in", "told_by_path"]

_MOST_FILES = 100_000
_PART = re.compile(r"([A-Za-z][A-Za-z_]*?)[=_-]?(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?[kKmMbBtT]?)")


def files_in(path: Path, patterns: Iterable[str], what: str) -> list[Path]:
    """Return a file itself, or all files in a folder, at any depth, with names like one of `patterns`.

    Raises
    ------
    InputError
        If there is none.
    """
    if path.is_file():
        return [path]
    found = sorted({file for pattern in patterns for file in path.rglob(pattern) if file.is_file()})
    if not found:
        got = "none in this folder" if path.is_dir() else lies_at(path)
        raise InputError(f"{what} ({', '.join(patterns)})", got, str(path))
    if len(found) > _MOST_FILES:
        raise InputError(f"at most {_MOST_FILES:,} files", f"{len(found):,}", str(path))
    return found


def told_by_path(file: Path, root: Path) -> dict[str, str]:
    """Fields in the names of folders below `root`, ``facts=1000/seed0``; only names known from tables count."""
    folders = file.relative_to(root).parts[:-1] if file != root and root in file.parents else ()
    told: dict[str, str] = {}
    for part in (piece for folder in folders for piece in re.split(r"[,+]|__|(?<=\d)[-_](?=[A-Za-z])", folder)):
        found = _PART.fullmatch(part)
        if found is not None and named_fields([found[1]]):
            told[found[1].strip("_")] = found[2]
    return told
