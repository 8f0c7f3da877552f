"""TensorBoard: event files, read without TensorBoard.

An event file is a series of records: the length of the data (8 bytes), a checksum (4), the data, a checksum (4). The
data are an ``Event`` of protocol buffers: field 2 is the step, field 5 a summary, whose field 1 are values with a tag
(1) and a number (2) or a tensor (8) of one float (5, or 4 bytes in 4).
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bayeskisl.curves.tables.raw import RawTable, table_of_rows
from bayeskisl.curves.tables.sources.folders import files_in, told_by_path
from bayeskisl.curves.tables.sources.manifest import MANIFEST
from bayeskisl.errors import InputError

__all__ = ["read_tensorboard"]

_LARGEST = 500_000_000  # bytes
_VARINT, _EIGHT_BYTES, _TEXT, _FOUR_BYTES = 0, 1, 2, 5


def read_tensorboard(path: Path) -> RawTable:
    """Read one row per folder of event files: ``run``, the last value of every scalar, and the last step.

    Parameters
    ----------
    path : path
        An event file, or a folder of runs; names of folders such as ``facts=1000`` are read.

    Raises
    ------
    InputError
        If there is no event file, or one is damaged before its end.
    """
    runs: dict[Path, dict[str, tuple[int, float]]] = {}
    for file in files_in(path, ("*tfevents*",), "event files of TensorBoard"):
        scalars = runs.setdefault(file.parent, {})
        for step, tag, value in _scalars(file):
            if tag not in scalars or step >= scalars[tag][0]:
                scalars[tag] = step, value
    root = path if path.is_dir() else path.parent
    rows: list[dict[str, Any]] = [
        {
            "run": str(folder.relative_to(root)) if folder != root else folder.name,
            **told_by_path(folder / "events", root),
            "checkpoint": max(step for step, _ in scalars.values()),
            **{tag: value for tag, (_, value) in scalars.items()},
        }
        for folder, scalars in runs.items()
        if scalars
    ]
    if not rows:
        raise InputError("event files with scalars", "none", str(path))
    table = table_of_rows(rows, [str(row["run"]) for row in rows], path.name or str(path))
    return RawTable(table.columns, table.places, table.origin, hint=MANIFEST)


def _scalars(file: Path) -> Iterator[tuple[int, str, float]]:
    """Step, tag and value of every scalar; a truncated last record is skipped."""
    if file.stat().st_size > _LARGEST:
        raise InputError(f"a file of at most {_LARGEST:,} bytes", f"{file.stat().st_size:,}", str(file))
    content, at = file.read_bytes(), 0
    while at + 12 <= len(content):
        (length,) = struct.unpack_from("<Q", content, at)
        data = content[at + 12 : at + 12 + length]
        if len(data) < length:
            return
        try:
            yield from _of_event(data)
        except (IndexError, struct.error, ValueError):
            raise InputError("an event file of TensorBoard", f"other bytes at {at:,}", str(file)) from None
        at += 16 + length


def _of_event(data: bytes) -> Iterator[tuple[int, str, float]]:
    fields = list(_fields(data))
    step = next((int(value) for number, value in fields if number == 2 and isinstance(value, int)), 0)
    summaries = [value for number, value in fields if number == 5 and isinstance(value, bytes)]
    for summary in summaries:
        for number, value in _fields(summary):
            found = _value(value) if number == 1 and isinstance(value, bytes) else None
            if found is not None:
                yield (step, *found)


def _value(data: bytes) -> tuple[str, float] | None:
    """Tag and number of a summary's value; None for images and other types."""
    fields = dict(_fields(data))
    tag, number = fields.get(1), fields.get(2)
    if not isinstance(tag, bytes):
        return None
    if isinstance(number, float):
        return tag.decode(errors="replace"), number
    inside = fields.get(8)
    tensor = dict(_fields(inside)) if isinstance(inside, bytes) else {}
    packed = tensor.get(5, tensor.get(4))
    if isinstance(packed, float):
        return tag.decode(errors="replace"), packed
    if tensor.get(1) == 1 and isinstance(packed, bytes) and len(packed) == 4:
        return tag.decode(errors="replace"), float(struct.unpack("<f", packed)[0])
    return None


def _fields(data: bytes) -> Iterator[tuple[int, int | float | bytes]]:
    """Numbers and values of the fields of a message."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == _VARINT:
            value, at = _varint(data, at)
            yield key >> 3, value
        elif kind == _TEXT:
            length, at = _varint(data, at)
            if at + length > len(data):
                raise ValueError("a field that ends behind its message")
            yield key >> 3, data[at : at + length]
            at += length
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            size, form = (8, "<d") if kind == _EIGHT_BYTES else (4, "<f")
            yield key >> 3, float(struct.unpack_from(form, data, at)[0])
            at += size
        else:
            raise ValueError(f"a field of kind {kind}")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for i in range(10):
        byte = data[at + i]
        value |= (byte & 127) << 7 * i
        if byte < 128:
            return value, at + i + 1
    raise ValueError("a number of more than ten bytes")
