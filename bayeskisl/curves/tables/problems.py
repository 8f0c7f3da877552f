"""Problems of a table, reported together and by row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from bayeskisl.arrays import BoolArray, IntArray
from bayeskisl.curves.tables.quantities import as_text
from bayeskisl.curves.tables.raw import RawTable
from bayeskisl.curves.tables.spelling import map_option, option
from bayeskisl.errors import InputError

__all__ = ["Findings", "Said", "TableError", "shown"]

_NAMED = 6  # rows named in a message before "and N more"
_SHOWN = 40  # characters of a cell shown in a message


class TableError(InputError):
    """A table cannot become retention curves, for one or several reasons.

    Attributes
    ----------
    problems : tuple of InputError
        Each with what was expected, what came, in which rows, and what to do.
    """

    def __init__(self, problems: Sequence[InputError], origin: str) -> None:
        self.problems = tuple(problems)
        first = problems[0]
        super().__init__(first.expected, first.got, f"{origin}: {first.where}" if first.where else origin, first.remedy)
        if len(problems) > 1:
            self.args = ("\n  ".join([f"{origin}: {len(problems)} problems.", *map(str, problems)]),)


@dataclass
class Findings:
    """Findings of an import: problems, assumptions, notes, rows left out."""

    origin: str  # name of the table
    places: list[str]  # name of each row, such as line 7
    of_table: list[InputError] = field(default_factory=list)
    of_rows: list[tuple[BoolArray, InputError]] = field(default_factory=list)
    assumed: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)  # for errors about what none of them is
    skips: bool = False  # whether rows that something is wrong with are left out
    invented: list[str] = field(default_factory=list)  # fields that stand in for what the table does not have
    hint: str = ""  # as in `RawTable`
    unused: list[str] = field(default_factory=list)  # columns that no field reads
    unread: list[str] = field(default_factory=list)  # those of them in which rows differ
    may_be: Mapping[str, Sequence[str]] = field(default_factory=dict)  # unused columns by a field that they may be
    settings: Mapping[str, Sequence[object]] = field(default_factory=dict)  # columns that describe runs
    sources: Mapping[str, object] = field(default_factory=dict)  # columns, SQL or numbers by the field they give
    refused: set[str] = field(default_factory=set)  # fields whose lack is therefore no problem of its own
    rows: IntArray = field(init=False)  # row of the table from which each row stems

    def __post_init__(self) -> None:
        self.rows = np.arange(len(self.places))

    @classmethod
    def of(cls, table: RawTable, skips: bool) -> "Findings":
        """Findings about a table, with the remarks on how it was read."""
        return cls(table.origin, table.places, left_out=list(table.left_out), columns=list(table.columns),
                   skips=skips, hint=table.hint, notes=list(table.notes))  # fmt: skip

    def telling(self, remedy: str) -> str:
        """Remedy for a field that no column contains, with an alternative for such a table."""
        return f"{remedy}, or give {self.hint}" if self.hint else remedy

    def mapping(self, name: str) -> str:
        """Return the option that maps a field to an unused column that may have it, or to COLUMN if there is none."""
        return map_option(name, next(iter(self.may_be.get(name, ())), "COLUMN"))

    def invent(self, name: str, what: str) -> None:
        """Record that a field that the table lacks is assumed."""
        self.invented.append(name)
        self.assumed.append(f"{name} was not in the table; taken as {what}")

    def add(self, problem: InputError) -> None:
        """Add a problem of the whole table, as an error states it."""
        self.of_table.append(problem)

    def leaving_out(self, remedy: str) -> str:
        """Remedy for single rows, with the option that leaves them out unless it is already set."""
        return remedy if self.skips else f"{remedy}, or leave such rows out with {option('skip_bad_rows')}"

    def refuse_together(self, bad: BoolArray, expected: str, cells: Sequence[object], remedy: str = "") -> None:
        """Refuse a whole column because of single rows, so that leaving these out is no remedy."""
        rows = np.flatnonzero(bad)
        got = _listed_of(cells, rows)
        self.of_table.append(InputError(expected, got, self.named(rows), remedy))

    def refuse(self, expected: str, got: object, where: str = "", remedy: str = "", lacks: str = "") -> None:
        """Refuse the table as a whole."""
        self.of_table.append(InputError(expected, got, where, remedy, lacks))

    def refuse_rows(self, bad: BoolArray, expected: str, cells: Sequence[object], remedy: str = "") -> None:
        """Refuse the rows where `bad` is true; `cells` contains the content of each row."""
        rows = np.flatnonzero(bad)
        if len(rows) == 0:
            return
        got = _listed_of(cells, rows)
        self.of_rows.append((bad.copy(), InputError(expected, got, self.named(rows), remedy)))

    def leave_out(self, rows: BoolArray, reason: str) -> None:
        """Record correct rows that are not used."""
        self.left_out += [(self.places[row], reason) for row in np.flatnonzero(rows)]

    def leave_out_bad_rows(self) -> None:
        """Record each refused row as left out, with all of its problems."""
        for row in np.flatnonzero(self.bad_rows):
            reasons = [f"expected {problem.expected}" for bad, problem in self.of_rows if bad[row]]
            self.left_out.append((self.places[row], "; ".join(reasons)))

    @property
    def everything(self) -> list[InputError]:
        """All problems, those of the table first."""
        return [*self.of_table, *(problem for _, problem in self.of_rows)]

    @property
    def bad_rows(self) -> BoolArray:
        """Mask of refused rows, shape ``(row,)``."""
        bad = np.zeros(len(self.places), dtype=bool)
        for rows, _ in self.of_rows:
            bad |= rows
        return bad

    @property
    def have(self) -> str:
        """The columns in their order, formatted for an error; of many, unused ones are named."""
        if not self.columns:
            return "none"
        named = sorted(self.columns, key=lambda name: name not in self.unused)[:_NAMED]
        others = [name for name in self.columns if name not in named]
        return _listed([shown(name) for name in [*filter(named.__contains__, self.columns), *others]])

    def expand(self, source: IntArray) -> None:
        """Replace the rows by those of a longer table; row `source` gives the origin of each."""
        self.places = [self.places[row] for row in source]
        self.rows = self.rows[source]
        self.of_rows = [(bad[source], problem) for bad, problem in self.of_rows]

    def named(self, rows: Iterable[int]) -> str:
        """Row numbers as an editor shows them: ``lines 2, 7 and 9``."""
        places = [self.places[row] for row in rows]
        if not places:
            return "rows together"
        units = {place.split(" ", 1)[0] for place in places}
        if len(places) > 1 and len(units) == 1 and all(place.count(" ") == 1 for place in places):
            unit = units.pop()
            return f"{unit}s {_listed([place.split(' ')[1] for place in places], distinct=False)}"
        return _listed(places, distinct=False)

    def stop_if_refused(self, skip_bad_rows: bool = False) -> None:
        """Raise all refusals so far; with `skip_bad_rows`, those of single rows are left out."""
        if self.of_table or (self.of_rows and not skip_bad_rows):
            raise TableError(self.of_table if skip_bad_rows else self.everything, self.origin)


class Said(str):
    """Words that replace a cell; a message shows them without quotes."""


def shown(cell: object) -> str:
    """Return a cell as a message shows it."""
    if cell is None or (isinstance(cell, float | np.floating) and np.isnan(cell)):
        return "an empty cell"
    if isinstance(cell, Said):
        return cell
    if isinstance(cell, float | np.floating):
        return f"{cell:.6g}"
    text = as_text(cell)
    text = text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
    if not text.isprintable():
        return ascii(text)
    return repr(text) if isinstance(cell, str) else text


def _listed_of(cells: Sequence[object], rows: IntArray) -> str:
    """Cells of some rows, at most a thousand."""
    return _listed([shown(cells[int(row)]) for row in rows[:1000]])


def _listed(items: list[str], distinct: bool = True) -> str:
    items = list(dict.fromkeys(items)) if distinct else items
    if len(items) > _NAMED:
        items = [*items[:_NAMED], f"{len(items) - _NAMED:,} more"]
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
