"""Mappings and options of an import, stored in a TOML file for the next table with the same layout."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bayeskisl.errors import InputError, way
from bayeskisl.files import replace_file, require_file

__all__ = ["OPTIONS", "is_given", "read_map", "write_map"]

OPTIONS = (
    "from",
    "metric",
    "axis",
    "levels",
    "where",
    "ignore",
    "by",
    "probed",
    "guessing",
    "decimal",
    "replicates",
    "skip_bad_rows",
)
_LARGEST = 1_000_000  # bytes


def write_map(path: Path, mapping: Mapping[str, str | float], options: Mapping[str, Any]) -> Path:
    """Write a mapping and the options that differ from their defaults.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    lines = ["# how the columns of a table are read: bayeskisl curves import TABLE --map-file THIS"]
    lines += [f"{name} = {_value(options[name])}" for name in OPTIONS if is_given(options.get(name))]
    lines += ["", "[map]", *(f"{json.dumps(field)} = {_value(source)}" for field, source in mapping.items()), ""]
    replace_file(path, "\n".join(lines).encode())
    return path


def is_given(value: Any) -> bool:
    """Whether an option differs from its default: 0 does."""
    return value is not None and value is not False and value not in ("", [], ())


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(str(name))} = {_value(each)}" for name, each in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)  # a string, a number or a truth of JSON is one of TOML


def read_map(path: Path) -> tuple[dict[str, str | float], dict[str, Any]]:
    """Read a file of `write_map`: the mapping, and the options by their names.

    Raises
    ------
    InputError
        If it is something else.
    """
    remedy = way("write one with `bayeskisl.curves.tables.write_map`", "write one with --save-map")
    require_file(path, "a file of a mapping", remedy, ".toml")
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(f"a file of at most {_LARGEST:,} bytes", f"{path.stat().st_size:,}", str(path))
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise InputError("a file of a mapping", problem.strerror or "an error", str(path)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise InputError("a mapping in TOML", str(problem)[:200], str(path)) from None
    unknown = sorted(set(content) - {"map", *OPTIONS})
    if unknown:
        raise InputError(f"keys among map, {', '.join(OPTIONS)}", ", ".join(unknown), str(path))
    mapping = content.pop("map", {})
    if not isinstance(mapping, dict) or not all(isinstance(each, str | int | float) for each in mapping.values()):
        raise InputError("a table [map] of fields and sources", "something else", str(path))
    return mapping, content
