"""Tables in JSON: lists of objects, objects of lists, JSON lines, and what pandas writes in any of its orients."""

import json
import re
from collections.abc import Mapping
from typing import Any

from bayeskisl.curves.tables.quantities import read_quantity, size_in_name
from bayeskisl.curves.tables.raw import RawTable, from_columns, table_of_rows
from bayeskisl.curves.tables.recognition import named_fields
from bayeskisl.errors import InputError, way

__all__ = ["from_json", "from_json_lines", "is_level", "parse_json"]

_SIGN = re.compile(r"\S")
_KEYS = ("name", "model", "index", "outer")  # columns of the names of an object, the first that is free


def from_json_lines(text: str, origin: str) -> RawTable:
    """Read one object per line; only a line feed ends a line, since model outputs contain other separators."""
    rows: list[dict[str, Any]] = []
    places: list[str] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                row = parse_json(line, f"{origin}: line {number}")
            except InputError:
                if rows or (printed := _objects(text)) is None:
                    raise
                return _numbered(printed, origin)
            if not isinstance(row, dict):
                raise InputError("one JSON object a line", f"a {type(row).__name__}", f"{origin}: line {number}")
            rows.append(row)
            places.append(f"line {number}")
    return table_of_rows(rows, places, origin)


def _objects(text: str) -> list[dict[str, Any]] | None:
    """Objects one after another, each over several lines, as jq prints them; None for anything else."""
    decoder = json.JSONDecoder(object_pairs_hook=_distinct_keys)
    rows: list[dict[str, Any]] = []
    at = len(text) - len(text.lstrip())
    while at < len(text):
        try:
            row, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return None
        if not isinstance(row, dict):
            return None
        rows.append(row)
        following = _SIGN.search(text, end)
        at = len(text) if following is None else following.start()
    return rows


def from_json(text: str, origin: str) -> RawTable:
    """Read a table from one JSON value."""
    try:
        content = parse_json(text, origin)
    except InputError:
        if (content := _objects(text)) is None:
            raise
    if isinstance(content, list) and content and all(isinstance(row, dict) for row in content):
        return _numbered(content, origin)
    if isinstance(content, list) and content and all(isinstance(row, list) for row in content):
        raise InputError("rows with named cells", "lists without names, as pandas writes with orient='values'", origin,
                         "write it with orient='records'")  # fmt: skip
    if isinstance(content, dict) and content:
        return _from_object(content, origin)
    raise InputError("a JSON list of objects, or an object of lists", f"a {type(content).__name__}", origin)


def _numbered(rows: list[dict[str, Any]], origin: str) -> RawTable:
    return table_of_rows(rows, [f"row {i}" for i in range(len(rows))], origin)


def _from_object(content: dict[str, Any], origin: str) -> RawTable:
    if {"columns", "data"} <= set(content) <= {"columns", "data", "index", "index_names", "column_names"}:
        return _split(content, origin)
    if isinstance(content.get("results"), dict) and {"config", "versions", "n-samples", "n-shot"} & set(content):
        raise InputError("a table", "a result of lm-evaluation-harness", origin, _read_by("lm-eval"))
    if isinstance(content.get("log_history"), list):
        raise InputError("a table", "the state of a Trainer", origin, _read_by("trainer"))
    lists = {name: cells for name, cells in content.items() if isinstance(cells, list)}
    of_rows = {name: cells for name, cells in lists.items() if cells and all(isinstance(row, dict) for row in cells)}
    if len(lists) == len(content) and not of_rows:
        return from_columns(content, origin)
    if len(of_rows) == 1:  # {"results": [...]}; what stands beside them is true of every row
        ((name, rows),) = of_rows.items()
        shared = {
            key: value for key, value in content.items() if key not in (name, "schema") and not isinstance(value, list)
        }
        return _numbered([{**shared, **row} for row in rows], origin)
    if len(of_rows) == len(content):  # rows by the name of their model
        key = next(name for name in _KEYS if not any(name in row for rows in of_rows.values() for row in rows))
        return _numbered([{key: name, **row} for name, rows in of_rows.items() for row in rows], origin)
    if len(content) == 1 and (inside := _objects_in(*content.values())):  # {"runs": {"a": {...}, "b": {...}}}
        return _of_objects(inside, origin)
    if all(isinstance(cells, dict) and cells for cells in content.values()):
        return _of_objects(content, origin)
    if not lists:  # one run
        return _numbered([content], origin)
    raise InputError("a JSON list of objects, or an object of lists", f"an object of {_kinds(content)}", origin)


def _objects_in(value: Any) -> dict[str, Any]:
    """A value that is an object of objects; else an empty one."""
    are_objects = isinstance(value, dict) and all(isinstance(each, dict) and each for each in value.values())
    return value if are_objects else {}


def _of_objects(content: Mapping[str, Mapping[str, Any]], origin: str) -> RawTable:
    """Columns of ``{index: cell}``, or rows by index: the level that contains field names gives the columns."""
    inner = list(dict.fromkeys(name for cells in content.values() for name in cells))
    known_outside, known_inside = (len(named_fields(names)) for names in (content, inner))
    if known_inside > known_outside:
        table = table_of_rows(list(content.values()), [f"row {name}" for name in content], origin)
        return RawTable({"index": list(content), **table.columns}, table.places, origin)
    if all(is_level(name) for name in (*content, *inner)):
        return _of_levels(content, origin)
    columns = {name: [cells.get(label) for label in inner] for name, cells in content.items()}
    if "index" not in columns and inner != [str(row) for row in range(len(inner))]:
        columns = {"index": list(inner), **columns}
    return RawTable(columns, [f"row {label}" for label in inner], origin)


def is_level(name: str) -> bool:
    """Whether a name is a number or contains a size."""
    return read_quantity(name) is not None or size_in_name(name) is not None


def _of_levels(content: Mapping[str, Mapping[str, Any]], origin: str) -> RawTable:
    """One row per pair of keys that are levels, ``{"70M": {"1000": 0.9}}``: ``outer``, ``inner`` and ``value``."""
    rows, places = [], []
    for outer, cells in content.items():
        for inner, cell in cells.items():
            rows.append({"outer": outer, "inner": inner, **(cell if isinstance(cell, Mapping) else {"value": cell})})
            places.append(f"{outer} at {inner}")
    return table_of_rows(rows, places, origin)


def _split(content: dict[str, Any], origin: str) -> RawTable:
    names, data = content["columns"], content["data"]
    if not (isinstance(names, list) and isinstance(data, list)) or not all(
        isinstance(row, list) and len(row) == len(names) for row in data
    ):
        raise InputError("as many cells in every row of 'data' as 'columns' has names", "others", origin)
    labels = [".".join(map(str, name)) if isinstance(name, list) else str(name) for name in names]
    return from_columns({name: [row[i] for row in data] for i, name in enumerate(labels)}, origin)


def _kinds(content: Mapping[str, Any]) -> str:
    return ", ".join(sorted({f"{type(value).__name__}s" for value in content.values()}))


def parse_json(text: str, where: str) -> Any:
    """Parse JSON without duplicate keys, or raise an `InputError`."""
    try:
        return json.loads(text, object_pairs_hook=_distinct_keys)
    except (ValueError, RecursionError) as problem:
        raise InputError("JSON", str(problem)[:200] or type(problem).__name__, where) from None


def _distinct_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key that occurs twice in one object")
    return found


def _read_by(tool: str) -> str:
    return f"read it with {way(f'`bk.read_runs(path, {tool!r})`', f'--from {tool}')}"
