"""Reading of tables from any supported source into columns of plain cells and a name for every row."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from bayeskisl.curves.tables.encodings import decoded
from bayeskisl.curves.tables.json_files import from_json, from_json_lines, is_level
from bayeskisl.curves.tables.raw import RawTable, checked, from_columns, require_distinct, require_size, table_of_rows
from bayeskisl.curves.tables.text_files import from_delimited
from bayeskisl.errors import InputError
from bayeskisl.shipped import shipped_tables

__all__ = ["RawTable", "read_table", "text_of"]

_SUFFIXES = (".csv", ".tsv", ".txt", ".dat", ".md", ".parquet", ".jsonl", ".ndjson", ".json")
_REMEDIES = {
    ".gz": "unpack it with gunzip",
    ".wandb": "upload this log with `wandb sync`, export the project's runs as CSV, and import that",
}
_LARGEST = 2_000_000_000  # bytes


def read_table(table: Any) -> RawTable:
    """Read a table.

    Parameters
    ----------
    table : path, frame, mapping of columns, or sequence of mappings
        A CSV, TSV, Parquet, JSON-lines or JSON file, a pipe that holds one, or the name of a table that ships
        (`bayeskisl data`); a polars or pandas frame, or anything else that exports Arrow; columns by name; one mapping
        a row. Nested mappings become columns such as ``config.lr``.

    Raises
    ------
    InputError
        If it cannot be read as a table with at least one column and one row.
    """
    if isinstance(table, RawTable):
        return table
    if isinstance(table, str | Path):
        return checked(_read_file(Path(table)))
    if isinstance(table, Mapping):
        return checked(from_columns(_broadcast(table), "table"))
    if isinstance(table, pl.LazyFrame):
        table = table.collect()
    if isinstance(table, pl.DataFrame):
        return checked(_from_polars(table, "table"))
    if hasattr(table, "columns") and hasattr(table, "to_dict"):  # pandas, which is not imported for this
        return checked(_from_pandas(table))
    if hasattr(table, "__arrow_c_stream__"):
        return checked(_from_polars(pl.DataFrame(table), "table"))
    if isinstance(table, Sequence) and all(isinstance(row, Mapping) for row in table):
        return checked(table_of_rows(list(table), [f"row {i}" for i in range(len(table))], "table"))
    raise InputError("a path, a frame, columns by name or a list of rows", type(table).__name__, "table")


def _broadcast(columns: Mapping[Any, Any]) -> dict[str, list[Any]]:
    """Columns as lists; a single number or text applies to every row."""
    single = {
        name: cells for name, cells in columns.items() if isinstance(cells, str) or not hasattr(cells, "__iter__")
    }
    lists = {name: list(cells) for name, cells in columns.items() if name not in single}
    rows = max(map(len, lists.values()), default=1)
    return {str(name): [single[name]] * rows if name in single else lists[name] for name in columns}


def _from_polars(frame: pl.DataFrame, origin: str) -> RawTable:
    while nested := [name for name, kind in frame.schema.items() if isinstance(kind, pl.Struct)]:
        frame = frame.with_columns(pl.col(name).name.prefix_fields(f"{name}.") for name in nested).unnest(nested)
    return from_columns(frame.to_dict(as_series=False), origin)


def _from_pandas(frame: Any) -> RawTable:
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    names = [_joined(name) if isinstance(name, tuple) else str(name) for name in frame.columns]
    require_distinct(names, "table")
    cells = [frame.iloc[:, i].tolist() for i in range(len(names))]
    # pandas.NA is neither equal nor unequal to itself
    plain = [[None if type(cell).__name__ in ("NAType", "NaTType") else cell for cell in column] for column in cells]
    return from_columns(dict(zip(names, plain, strict=True)), "table")


def _joined(levels: tuple[Any, ...]) -> str:
    """One name for the levels of a column; two numbers would make another number."""
    told = [str(level) for level in levels if str(level)]
    if sum(map(is_level, told)) > 1:
        raise InputError("columns named by one level", " and ".join(told), "table",
                         "make rows of them: table.stack([0, 1]).rename('accuracy').reset_index()")  # fmt: skip
    return ".".join(told)


def _read_file(path: Path) -> RawTable:
    path = _shipped(path) or path
    if path.is_dir():
        raise InputError("a table's file", "a folder", str(path), "name the table in it")
    if not path.exists():
        raise InputError("a table's file", "no such file", str(path))
    if not path.is_file():
        return _from_pipe(path)
    kind = path.suffix.lower()
    if kind not in _SUFFIXES:
        raise InputError(f"a file named {', '.join(f'*{suffix}' for suffix in _SUFFIXES)}", repr(path.name), str(path),
                         _REMEDIES.get(kind, "save it as CSV"))  # fmt: skip
    if kind == ".parquet":
        return _named(_from_parquet(path), path)
    return _named(_from_text(text_of(path), path.name, kind), path)


def _named(table: RawTable, path: Path) -> RawTable:
    return replace(table, read_by={"table": path.name})


def _shipped(path: Path) -> Path | None:
    """The table that ships under a name, unless a file here has it."""
    if path.name != str(path) or path.exists():
        return None
    return shipped_tables().get(path.name if path.suffix else f"{path.name}.csv")


def text_of(path: Path) -> str:
    """Return the text of a file of a bounded size, in UTF-8 or UTF-16.

    Raises
    ------
    InputError
        If it cannot be read, is larger, or is something else.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(f"a file of at most {_LARGEST:,} bytes", f"{path.stat().st_size:,}", str(path))
        return decoded(path.read_bytes(), str(path))
    except OSError as problem:
        raise InputError("a file that can be read", problem.strerror or type(problem).__name__, str(path)) from None


def _from_text(text: str, origin: str, kind: str) -> RawTable:
    if kind in (".jsonl", ".ndjson", ".json"):
        lines = [line for line in text.split("\n", 2)[:2] if line.strip()]
        several = len(lines) > 1 and all(line.strip().startswith("{") and line.strip().endswith("}") for line in lines)
        of_lines = several if kind == ".json" else not text.lstrip().startswith("[")
        return from_json_lines(text, origin) if of_lines else from_json(text, origin)
    return from_delimited(text, origin, "\t" if kind == ".tsv" else None)


def _from_pipe(path: Path) -> RawTable:
    """Read a pipe, ``/dev/stdin`` or ``<(...)``, and recognise its format by its first bytes."""
    try:
        with path.open("rb") as stream:
            content = stream.read(_LARGEST + 1)
    except OSError as problem:
        raise InputError("a table's file or pipe", problem.strerror or type(problem).__name__, str(path)) from None
    if len(content) > _LARGEST:
        raise InputError(f"at most {_LARGEST:,} bytes", "more", str(path))
    if content.startswith(b"PAR1"):
        return _from_parquet(content, str(path))
    text = decoded(content, str(path))
    start = text.lstrip()[:1]
    lines = [line for line in text.split("\n", 2)[:2] if line.strip()]
    several = len(lines) > 1 and all(line.lstrip().startswith("{") for line in lines)
    kind = ".csv" if start not in ("{", "[") else (".jsonl" if several else ".json")
    return _from_text(text, str(path), kind)


def _from_parquet(source: Path | bytes, origin: str = "") -> RawTable:
    """Read a Parquet file after checking its declared size."""
    name = origin or (source.name if isinstance(source, Path) else "")
    try:
        lazy = pl.scan_parquet(source)
        require_size(int(lazy.select(pl.len()).collect().item()), len(lazy.collect_schema()), name)
        return _from_polars(lazy.collect(), name)
    except (pl.exceptions.PolarsError, OSError, ValueError, OverflowError, pl.exceptions.PanicException) as problem:
        if isinstance(problem, InputError):
            raise
        raise InputError("a Parquet file", f"{type(problem).__name__}", origin or str(source)) from None
