"""Wide tables: one column per level of the sweep."""

import re
from collections.abc import Iterable

from bayeskisl import schema
from bayeskisl.curves.tables.fields import recognise
from bayeskisl.curves.tables.quantities import read_quantity
from bayeskisl.curves.tables.read import RawTable
from bayeskisl.errors import InputError

__all__ = ["VALUE", "gather_levels", "levels_in"]

VALUE = "value"
_SWEPT = (schema.FACTS, schema.RATIO, schema.EXPOSURES)
_NAMED_LEVEL = re.compile(
    r"(?P<prefix>.*?[^0-9.eE+,_-])?[\s=@:_/-]*(?P<level>[0-9.][0-9.,_]*(?:[eE][+-]?\d+)?\s*(?:%|bn|[kmgbtKMGBT])?)"
)


def gather_levels(table: RawTable, field: str) -> RawTable:
    """One row per level: columns named by levels of `field` (``31``, ``K=62``, ``acc@1k``) become rows.

    Parameters
    ----------
    table : RawTable
        Wide.
    field : str
        ``facts``, ``ratio`` or ``exposures``: what the columns' names tell.

    Returns
    -------
    RawTable
        Long, with the column `field` and the column ``value``.

    Raises
    ------
    InputError
        If fewer than two columns name a level, or several sets of columns do.
    """
    if field not in _SWEPT:
        raise InputError("facts, ratio or exposures", repr(field), "levels")
    levels = _levels(table.columns, table.origin)
    clash = sorted({field, VALUE} & set(table.columns))
    if clash:
        raise InputError(f"no column {field!r} or {VALUE!r} beside columns of levels", ", ".join(clash), table.origin,
                         "rename it")  # fmt: skip
    kept = [name for name in table.columns if name not in levels]
    columns = {name: [cell for cell in table.columns[name] for _ in levels] for name in kept}
    columns[field] = [level for _ in range(len(table)) for level in levels.values()]
    columns[VALUE] = [table.columns[name][row] for row in range(len(table)) for name in levels]
    places = [f"{place} at {name}" for place in table.places for name in levels]
    return RawTable(columns, places, table.origin, table.comments)


def levels_in(table: RawTable) -> tuple[str, list[str]]:
    """What the columns of a wide table seem to be levels of, and these columns; no columns if it is not wide."""
    sets = _sets(table.columns)
    if not sets:
        return "", []
    prefix, levels = ("", sets[""]) if "" in sets else next(iter(sets.items()))
    told, _ = recognise({prefix: []})
    return next((field for field in _SWEPT if field in told), schema.FACTS), list(levels)


def _sets(names: Iterable[str]) -> dict[str, dict[str, float]]:
    """Columns that are alike but for a level, with it, by what they have in common."""
    by_prefix: dict[str, dict[str, float]] = {}
    for name in names:
        found = _NAMED_LEVEL.fullmatch(name.strip())
        level = read_quantity(found["level"]) if found else None
        if found and level is not None:
            by_prefix.setdefault((found["prefix"] or "").strip(" =@:_/-"), {})[name] = level
    return {prefix: levels for prefix, levels in by_prefix.items() if len(levels) > 1}


def _levels(names: Iterable[str], origin: str) -> dict[str, float]:
    """Column -> level, of the columns that are alike but for it; plain numbers first."""
    sets = _sets(names)
    if "" in sets:
        return sets[""]
    if len(sets) != 1:
        got = "none" if not sets else f"several sets of them ({', '.join(map(repr, sets))})"
        raise InputError("at least two columns named by levels, such as 31, K=62 or acc@1k", got, origin,
                         "rename them to plain numbers")  # fmt: skip
    return next(iter(sets.values()))
