"""Wide tables: one column for each level, size or seed."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from bayeskisl import schema
from bayeskisl.arguments import require_one_of
from bayeskisl.curves.tables.fields import SIZES
from bayeskisl.curves.tables.problems import Findings, TableError, shown
from bayeskisl.curves.tables.quantities import is_missing, read_quantity, size_in_name
from bayeskisl.curves.tables.raw import RawTable
from bayeskisl.curves.tables.recognition import named_fields, recognise
from bayeskisl.curves.tables.spelling import map_option, option, quoted
from bayeskisl.errors import InputError
from bayeskisl.quantities import short

__all__ = ["ACROSS", "VALUE", "gather_levels", "levels_in", "refuse_levels"]

VALUE = "value"
ACROSS = (
    schema.FACTS, schema.RATIO, schema.EXPOSURES, *SIZES, schema.SEED, schema.TOKENS, schema.TOKENS_PER_FACT,
    "checkpoint",
)  # fmt: skip
_NAMED_LEVEL = re.compile(
    r"(?P<prefix>.*?[^0-9.eE+,_-])?[\s=@:_/-]*(?P<level>[0-9.][0-9.,_]*(?:[eE][+-]?\d+)?\s*(?:%|bn|[kmgbtKMGBT])?)"
    r"(?P<suffix>[\s=@:_/-]+[^0-9]*)?"
)
_BETWEEN = " =@:_/-"
_RANK = re.compile(r"(?:\w+[./])?(?:recall|hits?|acc(?:uracy)?|pass|precision|top)@\d{1,3}", re.IGNORECASE)
_EXTREMES = ("__MIN", "__MAX")


def gather_levels(table: RawTable, field: str) -> RawTable:
    """Return one row per level: columns named by levels of `field` (``31``, ``K=62``, ``acc@1k``, ``70M``) become rows.

    The long table has the column `field`, one of `ACROSS`, and the column ``value``; where several columns have each
    level, as ``recall@1k`` beside ``n@1k``, it has a column for each of their names.

    Raises
    ------
    InputError
        If fewer than two columns name a level, or the table has a column of the name.
    """
    require_one_of(field, ACROSS, "levels")
    sets = _sets_of(table, field)
    names = {prefix if len(sets) > 1 else VALUE: columns for prefix, columns in sets.items()}
    gathered = {column for columns in sets.values() for column in columns}
    _refuse_stray(table, sets, field)
    kept = [name for name in table.columns if name not in gathered]
    clash = sorted({field, *names} & set(kept))
    if clash:
        raise InputError(f"no column {', '.join(map(shown, clash))} beside columns of levels", ", ".join(clash),
                         table.origin, "rename it, or gather the columns by their names")  # fmt: skip
    for of_set in sets.values():
        _require_distinct(of_set, table.origin)
    levels = list(dict.fromkeys(level for columns in sets.values() for level in columns.values()))
    columns = {name: [cell for cell in table.columns[name] for _ in levels] for name in kept}
    columns[field] = [level for _ in range(len(table)) for level in levels]
    for name, by_column in names.items():
        of_level = {level: table.columns[column] for column, level in by_column.items()}
        columns[name] = [of_level[level][row] if level in of_level else None
                         for row in range(len(table)) for level in levels]  # fmt: skip
    places = [f"{place} at {_written(level)}" for place in table.places for level in levels]
    return replace(table, columns=columns, places=places)


def _refuse_stray(table: RawTable, sets: dict[str, dict[str, float]], field: str) -> None:
    """Refuse a column of rates that names a level too, ``10k (full)`` beside ``1k``, and would not be gathered."""
    gathered = {column: level for columns in sets.values() for column, level in columns.items()}
    alike = {"", *map(_before, gathered)}
    others = [name for name in _alone(set(_without_extremes(list(table.columns))) - set(gathered))
              if _split(name)[1] not in gathered.values() and _before(name) in alike]  # fmt: skip
    stray = [name for name in others if _are_rates_as(table, sets, name)]
    if stray:
        raise InputError(f"columns named alike for all levels of {field}", ", ".join(map(shown, stray)), table.origin,
                         f"rename it as the others, or leave it out with {option('ignore', stray[0])}")  # fmt: skip


def _alone(columns: Iterable[str]) -> list[str]:
    """Columns that name a level and have no other one beside them."""
    sets: dict[str, list[str]] = {}
    for name in columns:
        common, level = _split(name)
        if level is not None:
            sets.setdefault(common, []).append(name)
    return [names[0] for names in sets.values() if len(names) == 1]


def _before(name: str) -> str:
    found = _NAMED_LEVEL.fullmatch(name.strip())
    return ((found and found["prefix"]) or "").strip(_BETWEEN).lower()


def _are_rates_as(table: RawTable, sets: dict[str, dict[str, float]], name: str) -> bool:
    """Whether a column that no field reads may have what the columns of levels have: shares, or percentages."""
    if named_fields([name]):
        return False
    gathered = [cell for columns in sets.values() for column in columns for cell in table.columns[column]]
    most = max(_numbers_in(gathered), default=1)
    told = [cell for cell in table.columns[name] if not is_missing(cell)]
    numbers = _numbers_in(told)
    return 0 < len(numbers) == len(told) and min(numbers) >= 0 and max(numbers) <= (1 if most <= 1 else 100)


def _numbers_in(cells: Iterable[object]) -> list[float]:
    values = [read_quantity(cell) if isinstance(cell, str) else cell for cell in cells if not is_missing(cell)]
    return [float(value) for value in values if isinstance(value, int | float)]


def _require_distinct(levels: dict[str, float], origin: str) -> None:
    """Refuse two columns of one level, of which one would hide the other."""
    first: dict[float, str] = {}
    for column, level in levels.items():
        if level in first:
            raise InputError("one column for each level", f"{shown(first[level])} and {shown(column)} for "
                             f"{_written(level)}", origin,
                             f"leave one of them out with {option('ignore', 'COLUMN')}")  # fmt: skip
        first[level] = column


def _written(level: float) -> str:
    return f"{level:g}" if level < 1e6 else short(level)


def levels_in(table: RawTable) -> tuple[str, list[str]]:
    """Return the field whose levels name the columns of a wide table, and these columns; none for a long table.

    A field that another column contains is not the meaning of these names, and a loss is no level of recall.
    """
    told = set(recognise(table.columns)[0])
    for reads in (read_quantity, size_in_name):
        for prefix, levels in _sets(table.columns, reads).items():
            known = _known(prefix)
            if known in told or not all(_may_be_rates(table.columns[column], prefix, known) for column in levels):
                continue
            return known or _guessed(list(levels), list(levels.values()), told), list(levels)
    return "", []


def refuse_levels(table: RawTable, findings: Findings) -> None:
    """Refuse a wide table whose columns are not declared to be levels."""
    field, columns = levels_in(table)
    if columns:
        findings.refuse(
            "recalled facts or an accuracy in a column, or columns that are levels",
            f"columns such as {', '.join(map(shown, columns[:3]))}", "columns",
            f"if they are levels of {field}, add {option('levels', field)}{_as_ranks(columns)}",
            lacks="levels",
        )  # fmt: skip
        raise TableError(findings.of_table, findings.origin)  # what else is missing may be in the names of columns


def _as_ranks(columns: Sequence[str]) -> str:
    """Remedy for columns such as ``recall@5``, in which the right answer may be any of the first five."""
    if not all(_RANK.fullmatch(column.strip()) for column in columns):
        return ""
    return f"; if they count answers among the first ones, say {map_option('accuracy', quoted(columns[0]))}"


def _known(prefix: str) -> str | None:
    """The field that names such as ``K=31`` or ``acc_seed0`` identify by themselves."""
    named = named_fields([prefix.rsplit("_", 1)[-1]])
    return next((field for field in ACROSS if field in named), None) or (
        schema.SEED if prefix in ("s", "run") else None
    )


def _guessed(columns: Sequence[str], levels: Sequence[float], told: set[str]) -> str:
    """Return the field whose values names such as ``31`` or ``70M`` are, given the fields of the other columns."""
    if not told & set(SIZES) and (min(levels) >= 1e6 or any(size_in_name(column) for column in columns)):
        return schema.PARAMS
    if max(levels) < 1:
        return schema.RATIO
    return next(field for field in (schema.FACTS, schema.EXPOSURES, schema.SEED, schema.RATIO) if field not in told)


def _may_be_rates(cells: Iterable[object], prefix: str, known: str | None) -> bool:
    """Whether cells may be shares, or percentages if the name allows it."""
    told = [cell for cell in cells if not is_missing(cell)]
    numbers = _numbers_in(told)
    if not numbers or len(numbers) < len(told) or min(numbers) < 0:
        return False
    return max(numbers) <= 1 or not prefix or known is not None or bool(named_fields([prefix]))


def _sets(names: Iterable[str], reads: Callable[[str], float | None] = read_quantity) -> dict[str, dict[str, float]]:
    """Columns that differ only in a level, with that level, by the common part of their names."""
    by_prefix: dict[str, dict[str, float]] = {}
    for name in _without_extremes(list(names)):
        common, level = _split(name) if reads is read_quantity else ("", size_in_name(name))
        if level is not None:
            by_prefix.setdefault(common, {})[name] = level
    return {prefix: levels for prefix, levels in by_prefix.items() if len(set(levels.values())) > 1}


def _without_extremes(names: Sequence[str]) -> list[str]:
    """The columns without the least and largest value that W&B exports beside a metric, ``acc__MIN``."""
    return [name for name in names if not (name.endswith(_EXTREMES) and name.rsplit("__", 1)[0] in names)]


def _split(name: str) -> tuple[str, float | None]:
    found = _NAMED_LEVEL.fullmatch(name.strip())
    if found is None:
        return "", None
    around = [(found[part] or "").strip(_BETWEEN) for part in ("prefix", "suffix")]
    return "_".join(filter(None, around)), read_quantity(found["level"])


def _sets_of(table: RawTable, field: str) -> dict[str, dict[str, float]]:
    """The columns of each name that are levels; plain numbers alone if there are any."""
    sets = _sets(table.columns)
    if not sets and field in SIZES:
        sets = _sets(table.columns, size_in_name)
    if "" in sets:
        sets = {"": sets[""]}
    if field in SIZES and len(sets) == 1:
        ((prefix, sizes),) = sets.items()
        others = [name for name in _without_extremes(list(table.columns)) if size_in_name(name) not in sizes.values()]
        more = {name: size for name in others if (size := size_in_name(name)) and _are_rates_as(table, sets, name)}
        sets = {prefix: more | sizes}
    if len({frozenset(levels.values()) for levels in sets.values()}) != 1:
        got = "none" if not sets else f"several sets of them ({', '.join(map(repr, sets))})"
        raise InputError("at least two columns named by levels, such as 31, K=62 or acc@1k", got, table.origin,
                         "rename them to plain numbers")  # fmt: skip
    return sets
