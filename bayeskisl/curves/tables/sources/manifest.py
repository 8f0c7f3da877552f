"""A manifest: a table that names a result file in each row and adds the fields that the file lacks."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from bayeskisl.curves.tables.json_files import parse_json
from bayeskisl.curves.tables.raw import RawTable
from bayeskisl.curves.tables.read import read_table
from bayeskisl.errors import InputError

__all__ = ["MANIFEST", "is_manifest", "join_manifest"]

MANIFEST = (
    "a manifest, a table such as 'file,params,facts' over 'results_70m.json,70M,1000', which tells of each result "
    "file what was trained"
)

_LARGEST = 200_000_000  # bytes

Rows = list[dict[str, Any]]


def is_manifest(path: Path) -> bool:
    """Whether a file is a table that names result files, and not a result."""
    if path.suffix.lower() != ".json":
        return not path.name.startswith("samples_")
    content = parse_json(path.read_text(encoding="utf-8", errors="replace"), str(path))
    return isinstance(content, list) or (isinstance(content, dict) and "file" in content)


def join_manifest(manifest: Path, rows_of: Callable[[dict[str, Any], dict[str, Any], str], Rows]) -> RawTable:
    """Return the manifest's rows joined with the fields of their files.

    Parameters
    ----------
    manifest : path
        A table with a column ``file``, relative to the manifest's folder.
    rows_of : callable
        Function of a file's JSON, its row of the manifest and its name, which returns the resulting rows.
    """
    listed = read_table(manifest)
    if "file" not in listed.columns:
        raise InputError("a column 'file' in the manifest", ", ".join(map(repr, listed.columns)), str(manifest),
                         "name each result file in it, relative to the manifest")  # fmt: skip
    rows, places = [], []
    for i, place in enumerate(listed.places):
        given = {name: cells[i] for name, cells in listed.columns.items()}
        path = manifest.parent / str(given.pop("file"))
        content = _read(path, f"{listed.origin}: {place}")
        found = rows_of(content, given, str(path))
        rows += [{**given, **row} for row in found]
        places += [place] * len(found)
    names = list(dict.fromkeys(name for row in rows for name in row))
    return RawTable({name: [row.get(name) for row in rows] for name in names}, places, listed.origin, listed.comments)


def _read(path: Path, where: str) -> dict[str, Any]:
    if not path.is_file():
        raise InputError("a result file", f"no such file: {path}", where)
    if path.stat().st_size > _LARGEST:
        raise InputError(f"a file of at most {_LARGEST:,} bytes", f"{path.stat().st_size:,}", str(path))
    content = parse_json(path.read_text(encoding="utf-8", errors="replace"), str(path))
    if not isinstance(content, dict):
        raise InputError("a JSON object", f"a {type(content).__name__}", str(path))
    return content
