"""Columns of a table as numbers, in the notation and the words that a field allows."""

from typing import Any

import numpy as np

from bayeskisl import schema
from bayeskisl.arrays import BoolArray, FloatArray
from bayeskisl.curves.tables.fields import SHARES, SIZES, split_group
from bayeskisl.curves.tables.notation import Notation
from bayeskisl.curves.tables.numbers import (
    AS_NUMBERS,
    Numbers,
    checkpoints_in_words,
    number_in,
    read_cells,
    seeds_in_words,
)
from bayeskisl.curves.tables.problems import Findings, Said, shown
from bayeskisl.curves.tables.quantities import (
    as_text,
    is_missing,
    read_each,
    read_parts,
    read_quantity,
    read_times,
    size_in_name,
    texts_in,
)
from bayeskisl.curves.tables.raw import RawTable, has_any
from bayeskisl.curves.tables.spelling import map_option, option, quoted

__all__ = ["NumericColumns"]

_FARTHEST = 1e5  # times: sizes of one table that differ by more have different units
_WRITTEN = {
    **dict.fromkeys(SHARES, "write them as 0.05 or 5%"),
    schema.RATIO: "write them as 0.05, 5%, 5:95 or 1/20",
    schema.EXPOSURES: "write them as 10 or 10x",
}
_PARTS = {  # fields that are written as parts too
    schema.RATIO: read_parts, schema.BACKGROUND_SHARE: read_parts, schema.GUESSING: read_parts,
    schema.EXPOSURES: read_times,
}  # fmt: skip
_IN_WORDS = {schema.SEED: seeds_in_words, "checkpoint": checkpoints_in_words}


class NumericColumns:
    """Numbers in the columns of a table, each read once for a field, with findings on how."""

    def __init__(self, table: RawTable, decimal: str | None, findings: Findings) -> None:
        self._cells, self._rows, self._findings = table.columns, len(table), findings
        self._notation = Notation(table, decimal)
        self._known: dict[tuple[str, str | None], Numbers] = {}
        self._said: set[str] = set()
        self._unsure: set[str] = set()

    def texts(self, name: str) -> list[str | None]:
        """Return a column's cells as texts, None for missing ones."""
        return read_each(self._cells[name], lambda cell: None if is_missing(cell) else as_text(cell))

    def of_field(self, name: str, field: str) -> Numbers:
        """Return a column's numbers for a field, NaN for missing ones, and the refused rows."""
        known, cells = split_group(field)[0], self._cells[name]
        values, bad = self.read(name, known)
        if known in SIZES and bad.any():
            values, bad = _with_sizes_in_names(cells, values, bad)
        elif known in _IN_WORDS and bad.any() and name not in self._unsure and _are_texts(cells):
            values, bad = _IN_WORDS[known](self.texts(name))
        far = self._far_smaller(name, field, values) if known in SIZES else np.zeros_like(bad)
        self._findings.refuse_rows(bad, f"numbers in {shown(name)} for {field}", cells, self._remedy(name, known, bad))
        return values, np.ones_like(bad) if name in self._unsure else bad | far

    def _remedy(self, name: str, field: str, bad: BoolArray) -> str:
        if field == "checkpoint" and bad.all():
            return f"if they name runs, say {map_option('run', name)}; or leave them out with {option('ignore', name)}"
        remedy = _WRITTEN.get(field, AS_NUMBERS)
        return remedy if bad.all() else self._findings.leaving_out(remedy)

    def _far_smaller(self, name: str, field: str, values: FloatArray) -> BoolArray:
        """Refuse sizes so far below the largest that they have another unit, or are no sizes."""
        cells = self._cells[name]
        far: BoolArray = values * _FARTHEST < np.nanmax(values, initial=0.0)
        are_numbers = all(number_in(cell) is not None for cell in texts_in(cells))
        stated = f", or if they are right, say {map_option(field, f'{quoted(name)} * 1')}" if are_numbers else ""
        read = zip(cells, values.tolist(), strict=True)
        self._findings.refuse_rows(far, f"sizes of one unit in {shown(name)}",
                                   [Said(f"{shown(cell)}, read as {value:,.10g}") for cell, value in read],
                                   self._findings.leaving_out(f"write them alike{stated}"))  # fmt: skip
        return far

    def read(self, name: str, field: str | None = None) -> Numbers:
        """Return a column's numbers for a field or an expression (None), NaN for missing ones, and the unread rows."""
        if (name, field) not in self._known:
            self._known[name, field] = self._read(name, field)
        return self._known[name, field]

    def _read(self, name: str, field: str | None) -> Numbers:
        decimal, cells, findings = self._notation.of(name, field), self._cells[name], self._findings
        if decimal.doubt:
            findings.refuse(f"one reading of the numbers in {shown(name)}", decimal.doubt, "rows together",
                            decimal.remedy, lacks="decimal")  # fmt: skip
            self._unsure.add(name)
            return np.full(self._rows, np.nan), np.zeros(self._rows, dtype=bool)
        if decimal.said and name not in self._said:
            findings.notes.append(f"{name}: {decimal.said}")
            self._said.add(name)
        if field in SHARES:
            _refuse_mixed_percent(name, cells, findings)
        parts = _PARTS.get(field or "")
        plain = decimal.mark == "."
        values, bad = read_cells(cells, lambda cell: number_in(cell, decimal.mark, parts), plain)
        if parts is read_parts:
            _note_parts(name, cells, findings)
        return values, bad


def _are_texts(cells: list[Any]) -> bool:
    return all(isinstance(cell, str) or is_missing(cell) for cell in cells)


def _with_sizes_in_names(cells: list[Any], values: FloatArray, bad: BoolArray) -> Numbers:
    """Sizes in the names of models, pythia-70m, where cells are not numbers."""
    values, bad = values.copy(), bad.copy()
    for row in np.flatnonzero(bad):
        size = size_in_name(as_text(cells[row]))
        if size is not None:
            values[row], bad[row] = size, False
    return values, bad


def _refuse_mixed_percent(name: str, cells: list[Any], findings: Findings) -> None:
    """Refuse a share in percent in one cell and without a unit in another, whose unit is then unknown."""
    if not has_any(cells, "%"):
        return
    texts = {cell.strip() for cell in {cell for cell in cells if isinstance(cell, str)} if not is_missing(cell)}
    bare = [cell for cell in texts if read_quantity(cell) and not cell.endswith("%")]
    signed = [cell for cell in texts if cell.endswith("%")]
    if bare and signed:
        findings.refuse(f"percent in all cells of {shown(name)}, or in none", f"{shown(min(signed))} and "
                        f"{shown(min(bare))}", "rows together", "write them alike")  # fmt: skip


def _note_parts(name: str, cells: list[Any], findings: Findings) -> None:
    """Note how a share in two parts was read: 1:9 is one of ten parts, and not a ninth."""
    cell = next((cell for cell in texts_in(cells) if ":" in cell), "")
    share = read_parts(cell)
    if share is not None:
        findings.notes.append(f"{name}: {cell} was taken as a share of {share:.4g}, the first part of both together")
