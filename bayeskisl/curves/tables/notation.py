"""Decimal marks: whether points or commas are decimal marks or thousands separators, column by column."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from bayeskisl import schema
from bayeskisl.curves.tables.fields import FIELDS
from bayeskisl.curves.tables.problems import shown
from bayeskisl.curves.tables.quantities import read_quantity
from bayeskisl.curves.tables.raw import RawTable
from bayeskisl.curves.tables.spelling import map_option, option, quoted

__all__ = ["DecimalMark", "Notation"]

# plain numbers that cannot be groups of three digits: most cells of most tables
_DIGITS = re.compile(r"[0-9]{1,15}")
_WITH_POINT = re.compile(r"[+-]?(?:\d*\.\d{1,2}|\d*\.\d{4,}|0?\.\d+|\d{4,}\.\d+)", re.ASCII)
_OTHER = {".": ",", ",": "."}
_NAMES = {".": "points", ",": "commas"}
# Fields whose values are large whole numbers, so that "1.000" may well be a thousand. A seed is small.
_LARGE = {name for name, each in FIELDS.items() if each.whole and name != schema.SEED} | {
    schema.PARAMS, schema.TOTAL_PARAMS, schema.TOKENS, "infused_tokens",
}  # fmt: skip


def _stating() -> str:
    return f"state the decimal mark, {option('decimal', '.')} or {option('decimal', ',')}"


@dataclass(frozen=True)
class DecimalMark:
    """Decimal mark of a column, and how sure it is."""

    mark: str = "."
    said: str = ""  # note for the user
    doubt: str = ""  # why the reading is ambiguous
    remedy: str = field(default_factory=_stating)


@dataclass
class _Marks:
    """Cells of a column by the evidence they give about the decimal mark."""

    shows: dict[str, str] = field(default_factory=dict)  # mark -> a cell that is a number with this mark alone
    open: list[str] = field(default_factory=list)  # numbers with either
    plain: list[float] = field(default_factory=list)  # the same number with either


class Notation:
    """The decimal mark of each column of a table, from the table's separator and all cells.

    A cell such as ``0,91`` can only have a decimal comma, and ``1.000.000`` only points between thousands. A cell such
    as ``1.000`` can be read both ways: the other cells of its column, then those of the table, then the separator
    decide; where they leave both readings possible, the column is refused. The user may state the mark of all columns.
    """

    def __init__(self, table: RawTable, decimal: str | None = None) -> None:
        self._table, self._decimal = table, decimal
        self._marks: dict[str, _Marks] = {}

    def of(self, column: str, field_name: str | None) -> DecimalMark:
        """Return the decimal mark of a column that becomes a field, or a part of an expression (None)."""
        if self._decimal is not None:
            return DecimalMark(self._decimal)
        marks = self._of(column)
        if len(marks.shows) > 1:
            cells = " and ".join(shown(cell) for cell in marks.shows.values())
            return DecimalMark(doubt=f"{cells}, a decimal point and a decimal comma", remedy="write all of them alike")
        if marks.shows:
            (decimal,) = marks.shows
            return _mark_of(decimal, marks)
        return self._open(column, marks, field_name) if marks.open else DecimalMark()

    def _of(self, column: str) -> _Marks:
        if column not in self._marks:
            self._marks[column] = _marks(self._table.columns[column])
        return self._marks[column]

    def _open(self, column: str, marks: _Marks, field_name: str | None) -> DecimalMark:
        """Decimal mark of a column whose cells all allow both readings."""
        possible = [mark for mark in ".," if _accepted(marks.open, mark, field_name)]
        if len(possible) == 1:
            return _mark_of(possible[0], marks)
        separators = {"," if "," in cell else "." for cell in marks.open}
        if len(separators) == 1:
            (separator,) = separators
            thousands = self._is_thousands(separator, marks)
            decimals = self._is_decimals(separator, marks, field_name)
            if thousands and not decimals:
                return _mark_of(_OTHER[separator], marks)
            if decimals and not thousands:
                return _mark_of(separator, marks)
        first = marks.open[0]
        values = {mark: read_quantity(first, mark) or 0.0 for mark in ".,"}
        either = " or ".join(f"{value:g}" for value in values.values())
        doubt = f"{shown(first)}, which may be {either}"
        return DecimalMark(doubt=doubt, remedy=self._remedy(column, field_name, values))

    def _remedy(self, column: str, field_name: str | None, values: dict[str, float]) -> str:
        """Remedy for an open column; a mark that other columns contradict is no choice for the table."""
        mark = self._of_table
        if mark is None:
            both = any(self._of(name).shows for name in self._table.columns)
            return "write the decimals of all columns alike" if both else _stating()
        other = values[_OTHER[mark]]
        times = map_option(field_name or "FIELD", f"{quoted(column)} * {other / values[mark]:g}")
        state = f"{option('decimal', mark)} (the mark of the other columns)"
        return f"if it is {values[mark]:g}, add {state}; if it is {other:g}, say {times} too"

    def _is_thousands(self, separator: str, marks: _Marks) -> bool:
        """Whether the table shows that a separator groups digits."""
        grouped = bool(marks.plain) and all(abs(value) < 1000 for value in marks.plain)
        usual = separator == ("." if self._table.delimiter == ";" else ",") and self._of_table is None
        return self._of_table == _OTHER[separator] or grouped or usual

    def _is_decimals(self, separator: str, marks: _Marks, field_name: str | None) -> bool:
        """Whether the table shows that a separator is the decimal mark; a large whole number rarely has one."""
        fractions = {cell.split(separator)[1][:3] for cell in marks.open}
        large = field_name in _LARGE or (field_name is None and fractions == {"000"})
        usual = separator == "." and self._table.delimiter != ";"
        return not large and not marks.plain and (usual or self._of_table == separator)

    @property
    def _of_table(self) -> str | None:
        """The decimal mark that all conclusive columns of the table share."""
        found = {mark for column in self._table.columns for mark in self._of(column).shows}
        return found.pop() if len(found) == 1 else None


def _marks(cells: Iterable[object]) -> _Marks:
    marks = _Marks()
    for cell in dict.fromkeys([cell for cell in cells if isinstance(cell, str)]):
        if _WITH_POINT.fullmatch(cell):
            marks.shows.setdefault(".", cell)
            continue
        if "." not in cell and "," not in cell:
            plain = float(cell) if _DIGITS.fullmatch(cell) else read_quantity(cell)
            if plain is not None:
                marks.plain.append(plain)
            continue
        point, comma = read_quantity(cell), read_quantity(cell, ",")
        if point is not None and (comma is None or (not cell.strip()[-1:].isdigit() and "." in cell)):
            marks.shows.setdefault(".", cell)  # nobody writes 1.234B for 1,234 billion
        elif comma is not None and point is None:
            marks.shows.setdefault(",", cell)
        elif point is not None:
            marks.open.append(cell)
    return marks


def _accepted(cells: Iterable[str], mark: str, field_name: str | None) -> bool:
    values = [read_quantity(cell, mark) for cell in cells]
    known = FIELDS.get(field_name or "")
    if known is None:
        return True
    if known.name in (schema.PARAMS, schema.TOTAL_PARAMS, schema.TOKENS):
        return all(value is not None and value.is_integer() for value in values)
    return all(value is not None and known.low <= value <= known.high and (not known.whole or value.is_integer())
               for value in values)  # fmt: skip


def _mark_of(decimal: str, marks: _Marks) -> DecimalMark:
    """A reading with its note: decimal commas, or numbers that allow another reading."""
    grouped = [cell for cell in marks.open if _OTHER[decimal] in cell]
    if grouped:
        value = read_quantity(grouped[0], decimal)
        said = f"{_NAMES[_OTHER[decimal]]} between thousands: {grouped[0].strip()} is {value:,.10g}"
        return DecimalMark(decimal, said)
    if decimal == ",":
        cell = (list(marks.shows.values()) or marks.open)[0]
        return DecimalMark(decimal, f"commas before decimals: {cell.strip()} is {read_quantity(cell, decimal):.10g}")
    return DecimalMark(decimal)
