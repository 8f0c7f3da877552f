"""Whatever holds a table -> columns of plain cells and a name for every row."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from bayeskisl.curves.tables.quantities import as_text
from bayeskisl.errors import InputError

__all__ = ["RawTable", "parse_json", "read_table", "table_of_rows"]

_SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".jsonl", ".ndjson", ".json")
_MOST_CELLS = 20_000_000
_DEEPEST, _MOST_COLUMNS = 8, 5_000


@dataclass(frozen=True)
class RawTable:
    """Cells as they were found.

    Parameters
    ----------
    columns : dict
        Name to cells, all of one length.
    places : list of str
        What to call each row: ``line 7`` of a text file, ``row 6`` (from 0) of a frame.
    origin : str
        What to call the table.
    comments : tuple of str
        Lines at its beginning that started with ``#``.
    left_out : tuple of (str, str)
        What could not become a row, and why.
    """

    columns: dict[str, list[Any]]
    places: list[str]
    origin: str
    comments: tuple[str, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return f"RawTable({self.origin}: {len(self):,} rows of {', '.join(self.columns)})"

    def __len__(self) -> int:
        return len(self.places)


def read_table(table: Any) -> RawTable:
    """Read a table.

    Parameters
    ----------
    table : path, frame, mapping of columns, or sequence of mappings
        A CSV, TSV, Parquet, JSON-lines or JSON file; a polars or pandas frame, or anything else that exports Arrow;
        columns by name; one mapping a row. Nested mappings become columns such as ``config.lr``.

    Raises
    ------
    InputError
        If it cannot be read as a table with at least one column and one row.
    """
    if isinstance(table, RawTable):
        return table
    if isinstance(table, str | Path):
        return _checked(_read_file(Path(table)))
    if isinstance(table, Mapping):
        return _checked(_from_columns(_broadcast(table), "table"))
    if isinstance(table, pl.LazyFrame):
        table = table.collect()
    if isinstance(table, pl.DataFrame):
        return _checked(_from_columns(table.to_dict(as_series=False), "table"))
    if hasattr(table, "columns") and hasattr(table, "to_dict"):  # pandas, which is not imported for this
        return _checked(_from_pandas(table))
    if hasattr(table, "__arrow_c_stream__"):
        return _checked(_from_columns(pl.DataFrame(table).to_dict(as_series=False), "table"))
    if isinstance(table, Sequence) and all(isinstance(row, Mapping) for row in table):
        return _checked(table_of_rows(list(table), [f"row {i}" for i in range(len(table))], "table"))
    raise InputError("a path, a frame, columns by name or a list of rows", type(table).__name__, "table")


def _checked(table: RawTable) -> RawTable:
    if not table.columns or not len(table):
        raise InputError("a table with rows and named columns", "none", table.origin)
    if any(as_text(name) != name for name in table.columns):
        raise InputError("column names in UTF-8", "others", table.origin, "rename them")
    if len(table.columns) > _MOST_COLUMNS or len(table.columns) * len(table) > _MOST_CELLS:
        raise InputError(
            f"a table of at most {_MOST_COLUMNS:,} columns and {_MOST_CELLS:,} cells",
            f"{len(table.columns):,} columns of {len(table):,} rows", table.origin, "select what is needed first",
        )  # fmt: skip
    return table


def _broadcast(columns: Mapping[Any, Any]) -> dict[str, list[Any]]:
    """Columns as lists; a single number or text stands for every row."""
    single = {
        name: cells for name, cells in columns.items() if isinstance(cells, str) or not hasattr(cells, "__iter__")
    }
    lists = {name: list(cells) for name, cells in columns.items() if name not in single}
    rows = max(map(len, lists.values()), default=1)
    return {str(name): [single[name]] * rows if name in single else lists[name] for name in columns}


def _from_columns(columns: dict[str, list[Any]], origin: str) -> RawTable:
    lengths = {len(cells) for cells in columns.values()}
    if len(lengths) > 1:
        raise InputError("columns of one length", f"lengths {', '.join(map(str, sorted(lengths)))}", origin)
    rows = lengths.pop() if lengths else 0
    return RawTable(columns, [f"row {i}" for i in range(rows)], origin)


def _from_pandas(frame: Any) -> RawTable:
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    names = [".".join(map(str, name)) if isinstance(name, tuple) else str(name) for name in frame.columns]
    _require_distinct(names, "table")
    cells = [frame.iloc[:, i].tolist() for i in range(len(names))]
    # pandas.NA is neither equal nor unequal to itself
    plain = [[None if type(cell).__name__ in ("NAType", "NaTType") else cell for cell in column] for column in cells]
    return _from_columns(dict(zip(names, plain, strict=True)), "table")


def table_of_rows(rows: Sequence[Mapping[str, Any]], places: list[str], origin: str) -> RawTable:
    """One mapping a row; nested ones become columns such as ``config.lr``."""
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


def _read_file(path: Path) -> RawTable:
    if not path.is_file():
        raise InputError("a table's file", "a folder" if path.is_dir() else "no such file", str(path))
    kind = path.suffix.lower()
    if kind == ".parquet":
        return _from_parquet(path)
    if kind not in _SUFFIXES:
        raise InputError(f"a file named {', '.join(f'*{suffix}' for suffix in _SUFFIXES)}", repr(path.name), str(path))
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as problem:
        raise InputError("text in UTF-8", f"other bytes at {problem.start}", str(path), "save it as UTF-8") from None
    if kind in (".jsonl", ".ndjson"):
        return _from_json_lines(text, path.name)
    if kind == ".json":
        return _from_json(text, path.name)
    return _from_delimited(text, path.name, "\t" if kind == ".tsv" else None)


def _from_parquet(path: Path) -> RawTable:
    try:
        frame = pl.read_parquet(path)
        return _from_columns(frame.to_dict(as_series=False), path.name)
    except (pl.exceptions.PolarsError, OSError, ValueError, OverflowError, pl.exceptions.PanicException) as problem:
        raise InputError("a Parquet file", f"{type(problem).__name__}", str(path)) from None


def _from_delimited(text: str, origin: str, delimiter: str | None) -> RawTable:
    lines = text.splitlines(keepends=True)
    first = next((i for i, line in enumerate(lines) if line.strip() and not line.startswith("#")), len(lines))
    comments = tuple(line.lstrip("#").strip() for line in lines[:first] if line.strip())
    header = lines[first] if first < len(lines) else ""
    delimiter = delimiter or max(",;\t|", key=header.count)
    reader = csv.reader(io.StringIO("".join(lines[first:])), delimiter=delimiter, strict=True)
    names: list[str] = []
    rows, places, ragged = [], [], []
    try:
        for cells in reader:
            place = f"line {first + reader.line_num}"
            if not names:
                names = [name.strip() for name in cells]
                names[0] = names[0] or "index"  # as pandas writes it
            elif any(cell.strip() for cell in cells):
                rows.append(cells)
                places.append(place)
                if len(cells) != len(names):
                    ragged.append(f"{len(cells)} in {place}")
    except csv.Error as problem:
        raise InputError("delimited text", str(problem), f"{origin}: line {first + reader.line_num}") from None
    _require_distinct(names, origin)
    if ragged:
        listed = ", ".join(ragged[:6]) + (f" and {len(ragged) - 6:,} more" if len(ragged) > 6 else "")
        raise InputError(f"{len(names)} cells in every row", listed, origin, "quote cells that contain the delimiter")
    return RawTable({name: [row[i] for row in rows] for i, name in enumerate(names)}, places, origin, comments)


def _from_json_lines(text: str, origin: str) -> RawTable:
    rows, places = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            row = parse_json(line, f"{origin}: line {number}")
            if not isinstance(row, dict):
                raise InputError("one JSON object a line", f"a {type(row).__name__}", f"{origin}: line {number}")
            rows.append(row)
            places.append(f"line {number}")
    return table_of_rows(rows, places, origin)


def _from_json(text: str, origin: str) -> RawTable:
    content = parse_json(text, origin)
    if isinstance(content, dict) and content and all(isinstance(cells, list) for cells in content.values()):
        return _from_columns(content, origin)
    if isinstance(content, list) and all(isinstance(row, dict) for row in content):
        return table_of_rows(content, [f"row {i}" for i in range(len(content))], origin)
    raise InputError("a JSON list of objects, or an object of lists", f"a {type(content).__name__}", origin)


def parse_json(text: str, where: str) -> Any:
    """JSON in which no key occurs twice; `InputError` for anything else."""
    try:
        return json.loads(text, object_pairs_hook=_distinct_keys)
    except (ValueError, RecursionError) as problem:
        raise InputError("JSON", str(problem)[:200] or type(problem).__name__, where) from None


def _distinct_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key that occurs twice in one object")
    return found


def _require_distinct(names: list[str], origin: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1}) if len(names) <= _MOST_COLUMNS else []
    if twice:
        raise InputError("distinct column names", f"{', '.join(map(repr, twice[:6]))} more than once", origin,
                         "rename or remove one of them")  # fmt: skip
    if "" in names:
        raise InputError("a name for every column", f"none for column {names.index('') + 1}", origin, "name it")
