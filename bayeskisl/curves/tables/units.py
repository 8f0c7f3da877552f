"""Units in names of columns, ``params (M)`` or ``acc (%)``, and the fields that such names mean."""

import re
from collections.abc import Mapping, Sequence

from bayeskisl import schema
from bayeskisl.curves.tables.fields import SHARES, SIZES, split_group
from bayeskisl.curves.tables.names import field_named
from bayeskisl.curves.tables.problems import shown
from bayeskisl.curves.tables.quantities import header_unit, is_missing, read_quantity, texts_in
from bayeskisl.curves.tables.raw import SPREAD
from bayeskisl.curves.tables.spelling import map_option, quoted
from bayeskisl.errors import InputError

__all__ = ["field_of", "has_unit", "source_of", "unit_told", "unknown_unit"]

_SYMBOLS = {"N": schema.PARAMS, "D": schema.TOKENS, "K": schema.FACTS}  # a small n is more often a number of probes
_WITH_UNIT = (*SIZES, schema.TOKENS, "infused_tokens", schema.FACTS)  # params (M)
_LAST_LETTER = re.compile(r"[\s_][KMBTkmb]$")  # of a unit, or of a symbol: n_K
_SMALL = 10_000  # parameters or tokens
_PERCENT = re.compile(  # not behind a number: "acc (50% mix)" and "acc [95 % CI]" are no percentages
    r"\s*(?:[\[(]\s*(?:in )?|\bin )%\s*[\])]?\s*|(?<![\d\s_])[\s_]*%\s*"
    r"|[\s_]*[\[(]?(?:percent|percentage|pct)[\])]?\s*$",
    re.IGNORECASE,
)
_SMALL_SHARES = {"‰": 1e-3, "permille": 1e-3, "ppm": 1e-6}
_SMALL_SHARE = re.compile(r"[\s_]*[\[(]?(‰|(?<![a-z])(?:permille|ppm))[\])]?\s*$", re.IGNORECASE)
_BEHIND = re.compile(r"(.+?)\s*([\[(].+[\])])")


def field_of(column: str) -> str | None:
    """Return the field that a column's name identifies, with or without a unit."""
    if column.strip() in _SYMBOLS:
        return _SYMBOLS[column.strip()]
    if (field := field_named(column)) is not None:
        return field
    share = _SMALL_SHARE.sub("", _PERCENT.sub("", column))
    if share != column and (field := field_named(share)) is not None:
        return field if split_group(field)[0] in SHARES else None
    name, factor = header_unit(column)
    field = field_named(name) if factor != 1 else None
    return field if field in _WITH_UNIT else None


def source_of(column: str, field: str, columns: Mapping[str, Sequence[object]], mapped: bool = False) -> str:
    """Return a column as SQL, in the unit of the field that it is read as: of percent, or of millions in its name.

    The last letter of a name that the user mapped is a unit only where the numbers are too small without it.
    """
    factor = _unit_of(column, field)
    if factor == 1 or (mapped and _LAST_LETTER.search(column) and not _needs_unit(field, columns[column])):
        return quoted(column)
    beside = column.removesuffix(SPREAD)  # the numbers behind ± are in the unit of their column
    told = [cell for cell in columns.get(beside, columns[column]) if not is_missing(cell)]
    in_cells = [isinstance(cell, str) and has_unit(cell) for cell in told]
    if any(in_cells) and not all(in_cells):
        got = f"{shown(told[in_cells.index(True)])} and {shown(told[in_cells.index(False)])}"
        raise InputError(f"the unit of {shown(column)} in its name alone, or in all of its cells", got, "columns",
                         "write the cells alike")  # fmt: skip
    if any(in_cells):
        return quoted(column)
    return f"{quoted(column)} / {1 / factor:.0f}" if factor < 1 else f"{quoted(column)} * {factor:.0f}"


def _unit_of(column: str, field: str) -> float:
    """The unit in which a column's name says that it counts: 0.01 of a share in percent, 1e6 of ``params (M)``."""
    name = column.removesuffix(SPREAD)
    if split_group(field)[0] in SHARES:
        small = _SMALL_SHARE.search(name)
        return _SMALL_SHARES[small[1].lower()] if small else 0.01 if _PERCENT.search(name) else 1.0
    return header_unit(name)[1] if field in _WITH_UNIT else 1.0


def _needs_unit(field: str, cells: Sequence[object]) -> bool:
    """Whether numbers are too small to be sizes or tokens; facts may be few, and a letter names their group."""
    values = [read_quantity(text) for text in texts_in(cells)]
    return field != schema.FACTS and all(value is not None and value < _SMALL for value in values)


def has_unit(cell: str) -> bool:
    """Whether a cell states its unit, as in 94.1% or 70M."""
    return bool(cell.strip()) and not cell.strip()[-1].isdigit() and read_quantity(cell) is not None


def unit_told(column: str, field: str, source: str, cells: Sequence[object]) -> str:
    """Return a note on the unit in the name of a mapped column, whether or not it was used; empty without one."""
    factor = header_unit(column)[1]
    if field not in _WITH_UNIT or factor == 1 or any(map(has_unit, texts_in(cells))):
        return ""
    other = f"{quoted(column)} * {factor:.0f}" if source == quoted(column) else f"{quoted(column)} * 1"
    read = "as it is" if source == quoted(column) else f"times {factor:,.0f}, the unit in its name"
    return f"{column} was read {read}; if that is wrong, say {map_option(field, other)}"


def unknown_unit(column: str) -> tuple[str, str] | None:
    """The field and the words in brackets of a column that would be read without them: ``tokens (Gi)``."""
    found = _BEHIND.fullmatch(column.strip())
    field = field_named(found[1]) if found is not None and field_of(column) is None else None
    return (field, found[2]) if found is not None and field in (*_WITH_UNIT, schema.EXPOSURES) else None
