"""A table as it is imported: some of its rows and columns, one row per run, and no field packed into others."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bayeskisl import schema
from bayeskisl.curves.tables.aggregates import without_aggregates
from bayeskisl.curves.tables.evaluation import selected
from bayeskisl.curves.tables.fields import OUTCOMES, split_group
from bayeskisl.curves.tables.items import count_items
from bayeskisl.curves.tables.levels import VALUE, gather_levels
from bayeskisl.curves.tables.problems import shown
from bayeskisl.curves.tables.raw import RawTable, with_spreads
from bayeskisl.curves.tables.read import read_table
from bayeskisl.curves.tables.reading import Reading
from bayeskisl.curves.tables.unpacked import unpacked
from bayeskisl.errors import InputError

__all__ = ["prepare"]


def prepare(
    table: Any, mapping: Mapping[str, Any], levels: str | None, how: Reading
) -> tuple[RawTable, dict[str, Any]]:
    """Return the table with the rows to be read, and the user's mapping; parameters as of `curves_from_table`."""
    # the name of a group alone is its accuracy
    given = {f"accuracy.{field}" if field in schema.GROUPS else field: source for field, source in mapping.items()}
    found = read_table(table)
    raw = found if how.where is None else selected(found, how.where, how.decimal)
    raw = without_aggregates(_without(raw, how.ignore), given)
    raw = count_items(raw, how.by, how.metric) if how.by else raw
    raw = raw if levels is None else gather_levels(raw, levels)
    told = {split_group(str(field))[0] for field in given}
    if levels is not None and VALUE in raw.columns and not told & set(OUTCOMES):
        given["accuracy"] = VALUE
    raw, notes = unpacked(with_spreads(raw), given)
    said = [] if how.where is None else [f"rows where {how.where}: {len(raw):,} of {len(found):,}"]
    return replace(raw, notes=(*raw.notes, *notes, *said)), given


def _without(table: RawTable, ignore: Sequence[str]) -> RawTable:
    missing = [name for name in ignore if name not in table.columns]
    if missing:
        raise InputError("columns of the table to leave out", ", ".join(map(shown, missing)), table.origin)
    return replace(table, columns={name: cells for name, cells in table.columns.items() if name not in ignore})
