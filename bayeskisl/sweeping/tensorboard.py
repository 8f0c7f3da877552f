"""Records mirrored as TensorBoard event files: an optional listener of a sweep."""

import struct
from functools import cache
from pathlib import Path
from typing import Any

from bayeskisl.files import replace_file
from bayeskisl.sweeping.mirror import Mirror, measurements_of, settings_of
from bayeskisl.sweeping.record_reading import Record
from bayeskisl.sweeping.store import SweepFolder, sweep_folders

__all__ = ["TensorBoardMirror", "mirror_records"]

_CASTAGNOLI = 0x82F63B78  # the polynomial of CRC-32C, reflected


class TensorBoardMirror(Mirror):
    """Writes an event file for each run as soon as its record exists, into one folder a run.

    Parameters are those of `bayeskisl.sweeping.mirror.Mirror`.
    """

    def mirror(self) -> list[Path]:
        """Write an event file for each finished run without one, see `mirror_records`."""
        return mirror_records(self._out, self._folder)


def mirror_records(out: str | Path, board: str | Path) -> list[Path]:
    """Write an event file for each finished run without one; an incomplete record is skipped.

    Parameters
    ----------
    out : path
        Folder of one sweep or several, as given to `run_sweep`.
    board : path

    Returns
    -------
    list of Path
        The files that were written.

    Raises
    ------
    InputError
        If there is no sweep in `out`.
    OutputError
        If a file cannot be written.
    """
    return [path for folder in sweep_folders(out) for path in _mirrored(folder, Path(board))]


def _mirrored(folder: SweepFolder, board: Path) -> list[Path]:
    written = []
    for file, record in folder.records_or_reasons():
        path = board / file.stem / f"events.out.tfevents.0000000000.{folder.path.name}"
        if isinstance(record, Record) and not path.exists():
            replace_file(path, events_of(record))
            written.append(path)
    return written


def events_of(record: Record) -> bytes:
    """Return the event file of a record: a version, then one event for each measured number of tokens.

    Every event repeats the settings of the run: an event file has no other place for them.
    """
    settings = settings_of(record)
    version = _record(_WALL_TIME + _text(3, b"brain.Event:2"))
    return version + b"".join(
        _record(_event(step, settings | values)) for step, values in measurements_of(record).items()
    )


def _event(step: int, values: dict[str, Any]) -> bytes:
    """Return a message ``Event``: wall time (1), step (2), and a summary (5) of values with tag (1) and number (2)."""
    summary = b"".join(_text(1, _text(1, tag.encode()) + _float(2, value)) for tag, value in values.items())
    return _WALL_TIME + _key(2, 0) + _varint(step) + _text(5, summary)


def _record(data: bytes) -> bytes:
    """Return a record: length, its checksum, the data, and their checksum."""
    length = struct.pack("<Q", len(data))
    return length + _masked(length) + data + _masked(data)


def _masked(data: bytes) -> bytes:
    """Return the checksum in the form of TFRecord files: rotated by 15 bits, plus a constant."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _table()[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF)


@cache
def _table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (_CASTAGNOLI if value & 1 else 0)
        table.append(value)
    return tuple(table)


def _key(field: int, kind: int) -> bytes:
    return _varint(field << 3 | kind)


def _varint(value: int) -> bytes:
    parts = []
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])


def _text(field: int, value: bytes) -> bytes:
    return _key(field, 2) + _varint(len(value)) + value


_WALL_TIME = _key(1, 1) + struct.pack("<d", 0.0)  # the same bytes whenever they are written


def _float(field: int, value: float) -> bytes:
    return _key(field, 5) + struct.pack("<f", value)
