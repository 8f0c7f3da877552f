"""Kinds of files and objects that the package reads, and the command that makes the next kind of each."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bayeskisl import schema
from bayeskisl.errors import InputError, way

__all__ = [
    "BACKTEST",
    "CHECK",
    "CRITICAL_POINTS",
    "CURVES",
    "DECISION",
    "FIT",
    "PLAN",
    "PREDICTION",
    "TABLES",
    "VERIFICATION",
    "kind_of_arrays",
    "refuse_other_kinds",
    "table_instead",
]

CURVES, FIT, PREDICTION, DECISION = "retention curves", "a fit", "a prediction", "a decision"
VERIFICATION, PLAN, BACKTEST = "a verification", "a plan", "a back-test"
CRITICAL_POINTS, CHECK = "a forecast from critical points", "a check of curves"
_ANSWERS = {"prediction": PREDICTION, "decision": DECISION}
_MADE_OF = {
    (FIT, CURVES): (("fit",), ()),
    (PREDICTION, FIT): (("decide", "predict"), ("params",)),
    (DECISION, FIT): (("decide",), ("params",)),
}
TABLES = (".csv", ".tsv", ".parquet", ".json", ".jsonl", ".xlsx")


def refuse_other_kinds(expected: str, names: Mapping[Any, Any], attrs: Mapping[Any, Any], where: str) -> None:
    """Refuse a file of another kind than expected, by its variables and attributes.

    Raises
    ------
    InputError
        If it is of another kind; the remedy is the command that makes the expected one of it. A file of no kind passes.
    """
    found = kind_of_arrays(names, attrs)
    if found not in ("", expected):
        names_of_ways, needed = _MADE_OF.get((expected, found), ((), ()))
        options = "".join(f" --{name} N" for name in needed)
        ways = [way(f"`bk.{name}`", f"`bayeskisl {name} {where}{options}`") for name in names_of_ways]
        remedy = f"make it with {' or '.join(ways)}" if ways else ""
        raise InputError(expected, found, where, remedy)


def kind_of_arrays(names: Mapping[Any, Any], attrs: Mapping[Any, Any]) -> str:
    """Return the kind of a file or a Dataset by its variables and attributes; an empty string if it is of no kind."""
    if "laws" in attrs:
        return FIT
    if schema.RECALLED in names:
        return CURVES
    return _ANSWERS.get(str(attrs.get("content")), "")


def table_instead(path: Path) -> str:
    """Return the remedy for a table in place of curves; an empty string if the path names no table."""
    if path.suffix.lower() not in TABLES:
        return ""
    return f"read it first with {way('`bk.curves_from_table`', f'`bayeskisl curves import {path}`')}"
