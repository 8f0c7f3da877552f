"""A table as read: columns of plain cells, and a name for every row."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import PurePath
from typing import Any

from bayeskisl.card import card, escaped
from bayeskisl.curves.tables.quantities import as_text, read_each, read_spread
from bayeskisl.errors import InputError

__all__ = [
    "SPREAD",
    "RawTable",
    "checked",
    "from_columns",
    "has_any",
    "require_distinct",
    "require_size",
    "table_of_rows",
    "with_spreads",
]

SPREAD = " ±"  # behind the name of a column: the column of the numbers behind its ±
_MOST_CELLS = 20_000_000
# Of a hash, in names of runs: two of a thousand tables share them once in ten thousand times.
_DIGITS = 8

_DEEPEST, _MOST_COLUMNS = 8, 5_000


@dataclass(frozen=True)
class RawTable:
    """Cells as read.

    Parameters
    ----------
    columns : dict
        Name to cells, all of one length.
    places : list of str
        Name of each row: ``line 7`` of a text file, ``row 6`` (from 0) of a frame.
    origin : str
        Name of the table.
    comments : tuple of str
        Lines at its beginning that started with ``#``.
    left_out : tuple of (str, str)
        Entries that could not become rows, with reasons.
    delimiter : str
        Delimiter of the cells of a text file; empty for other sources.
    hint : str
        Another way in which the table's owner can supply a field.
    notes : tuple of str
        Further remarks on how it was read.
    read_by : mapping
        The file's name, ``table``, and the options that made a table of it, ``from``, ``results`` and ``metric``; empty
        for tables without a file.
    """

    columns: dict[str, list[Any]]
    places: list[str]
    origin: str
    comments: tuple[str, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    delimiter: str = ""
    hint: str = ""
    notes: tuple[str, ...] = ()
    read_by: Mapping[str, str | None] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"RawTable({self.origin}: {len(self):,} rows of {', '.join(self.columns)})"

    def _repr_html_(self) -> str:
        rows = [("origin", self.origin), ("rows", f"{len(self):,}"), ("columns", ", ".join(self.columns))]
        return card("table", escaped([*rows, *(("note", each) for each in self.notes)]))

    def __len__(self) -> int:
        return len(self.places)

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the cells, independent of the file format."""
        content = json.dumps(self.columns, sort_keys=True, default=str)
        return hashlib.sha256(content.encode()).hexdigest()

    @property
    def name(self) -> str:
        """Name in the names of its runs: its file, or digits of its content, so that two tables have two names."""
        return PurePath(self.origin).name if self.read_by else f"{self.origin} {self.sha256[:_DIGITS]}"

    def rows(self, kept: Sequence[int]) -> "RawTable":
        """Return the table of some of its rows."""
        columns = {name: [cells[row] for row in kept] for name, cells in self.columns.items()}
        return replace(self, columns=columns, places=[self.places[row] for row in kept])


def checked(table: RawTable) -> RawTable:
    """Return the table if it has rows, names and a manageable size; else raise an `InputError`."""
    if not table.columns or not len(table):
        raise InputError("a table with rows and named columns", "none", table.origin)
    if any(as_text(name) != name for name in table.columns):
        raise InputError("column names in UTF-8", "others", table.origin, "rename them")
    require_size(len(table), len(table.columns), table.origin)
    return table


def require_size(rows: int, columns: int, origin: str) -> None:
    """Refuse a table that is too large for a table of runs by an `InputError`."""
    if columns > _MOST_COLUMNS or columns * rows > _MOST_CELLS:
        raise InputError(f"a table of at most {_MOST_COLUMNS:,} columns and {_MOST_CELLS:,} cells",
                         f"{columns:,} columns of {rows:,} rows", origin, "select what is needed first")  # fmt: skip


def from_columns(columns: dict[str, list[Any]], origin: str) -> RawTable:
    """Build a table from columns of equal length; rows are numbered from 0."""
    lengths = {len(cells) for cells in columns.values()}
    if len(lengths) > 1:
        raise InputError("columns of one length", f"lengths {', '.join(map(str, sorted(lengths)))}", origin)
    rows = lengths.pop() if lengths else 0
    return RawTable(columns, [f"row {i}" for i in range(rows)], origin)


def table_of_rows(rows: Sequence[Mapping[str, Any]], places: list[str], origin: str) -> RawTable:
    """Build a table from one mapping per row; nested mappings become columns such as ``config.lr``."""
    flat = [_flattened(row, origin) for row in rows]
    names = list(dict.fromkeys(name for row in flat for name in row))
    if len(names) > _MOST_COLUMNS:
        raise InputError(f"at most {_MOST_COLUMNS:,} columns", f"{len(names):,}", origin, "select what is needed first")
    return RawTable({name: [row.get(name) for row in flat] for name in names}, places, origin)


def _flattened(row: Mapping[str, Any], origin: str, above: str = "", depth: int = 0) -> dict[str, Any]:
    if depth > _DEEPEST:
        raise InputError(f"rows nested at most {_DEEPEST} deep", "deeper ones", origin)
    flat: dict[str, Any] = {}
    for name, cell in row.items():
        if isinstance(cell, Mapping):
            flat |= _flattened(cell, origin, f"{above}{name}.", depth + 1)
        else:
            flat[f"{above}{name}"] = cell
        if len(flat) > _MOST_COLUMNS:
            raise InputError(f"at most {_MOST_COLUMNS:,} columns", "more", origin, "select what is needed first")
    return flat


def require_distinct(names: list[str], origin: str) -> None:
    """Refuse unnamed or duplicate columns by an `InputError`."""
    twice = sorted({name for name in names if names.count(name) > 1}) if len(names) <= _MOST_COLUMNS else []
    if twice:
        raise InputError("distinct column names", f"{', '.join(map(repr, twice[:6]))} more than once", origin,
                         "rename or remove one of them")  # fmt: skip
    if "" in names:
        raise InputError("a name for every column", f"none for column {names.index('') + 1}", origin, "name it")


def with_spreads(table: RawTable) -> RawTable:
    """Move values behind ± in a column ``acc`` to a column ``acc ±``."""
    added: dict[str, list[Any]] = {}
    for name, cells in table.columns.items():
        if not has_any(cells, "±+("):
            continue
        spreads = read_each(cells, _spread)
        if any(value is not None for value in spreads) and name + SPREAD not in table.columns:
            added[name + SPREAD] = spreads
    return replace(table, columns={**table.columns, **added}) if added else table


def has_any(cells: Iterable[Any], signs: str) -> bool:
    """Whether any text among cells contains one of some letters."""
    together = "\n".join([cell for cell in cells if isinstance(cell, str)])
    return any(sign in together for sign in signs)


def _spread(cell: Any) -> float | None:
    if not isinstance(cell, str):
        return None
    point = read_spread(cell)
    return read_spread(cell, ",") if point is None else point
