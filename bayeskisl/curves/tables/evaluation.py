"""Values of every field of a mapping in every row of a table."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from bayeskisl.arrays import BoolArray
from bayeskisl.curves.tables.expressions import Expression, parse_expression
from bayeskisl.curves.tables.fields import TEXTS, Sources, Values, split_group
from bayeskisl.curves.tables.numbers import AS_NUMBERS, Numbers, number_in, read_cells
from bayeskisl.curves.tables.numeric_columns import NumericColumns
from bayeskisl.curves.tables.problems import Findings, shown
from bayeskisl.curves.tables.quantities import as_text, is_missing, read_each
from bayeskisl.curves.tables.ranges import within_range
from bayeskisl.curves.tables.raw import RawTable
from bayeskisl.errors import InputError, first_line

__all__ = ["evaluate", "selected"]

_LONGEST_NAME = 200


def evaluate(
    mapping: Sources, table: RawTable, findings: Findings, decimal: str | None = None
) -> tuple[Values, list[str]]:
    """Return the values of every field of a complete mapping in every row, and the columns that none of them reads.

    Values are of shape ``(row,)``: float64 with NaN for an empty cell, or object with None for texts. What is wrong is
    found by row where it can be. The decimal mark of text cells is by default what the cells show.
    """
    frame = _Frame(table, decimal, findings)
    values: Values = {}
    unread: Values = {}
    for field, source in mapping.items():
        read = frame.texts if split_group(field)[0] in TEXTS else frame.numbers
        values[field], unread[field] = read(field, source)
    findings.refused |= {split_group(field)[0] for field in unread if unread[field].all()}
    checked = {field: within_range(field, values, unread, mapping[field], findings) for field in values}
    return checked, [name for name in table.columns if name not in frame.used]


def selected(table: RawTable, condition: str, decimal: str | None = None) -> RawTable:
    """Return the rows for which an SQL condition over columns is true.

    Raises
    ------
    InputError
        If it is no condition, or true of no row.
    """
    findings = Findings(table.origin, table.places)
    truth, _ = _Frame(table, decimal, findings).numbers("where", condition)
    findings.stop_if_refused()
    kept = np.flatnonzero(truth == 1).tolist()
    if not kept:
        raise InputError("a condition that is true of some row", shown(condition), "where")
    return table.rows(kept)


class _Frame:
    """Expressions over columns of a table, which are texts or numbers."""

    def __init__(self, table: RawTable, decimal: str | None, findings: Findings) -> None:
        self.used: set[str] = set()
        self._table, self._findings, self._rows = table, findings, len(table)
        self._columns = NumericColumns(table, decimal, findings)

    def numbers(self, field: str, source: str | float) -> Numbers:
        """Return the values, NaN for empty cells, and the refused rows."""
        if not isinstance(source, str):
            return np.full(self._rows, float(source)), np.zeros(self._rows, dtype=bool)
        try:
            expression = self._parsed(field, source)
            if expression.is_column:
                return self._columns.of_field(expression.columns[0], field)
            return self._numbers_from(expression, field, source)
        except InputError as problem:
            self._findings.add(problem)
            return np.full(self._rows, np.nan), np.ones(self._rows, dtype=bool)

    def texts(self, field: str, source: str | float) -> tuple[np.ndarray, BoolArray]:
        """Return the texts, None for empty cells, and the refused rows."""
        try:
            texts = self._texts_from(self._parsed(field, str(source)), field, str(source))
        except InputError as problem:
            self._findings.add(problem)
            return np.full(self._rows, None, dtype=object), np.ones(self._rows, dtype=bool)
        odd = np.array(read_each(texts, _is_no_name), dtype=bool)
        self._findings.refuse_rows(odd, f"printable text of at most {_LONGEST_NAME} characters for {field}", texts)
        cells = np.array(texts, dtype=object)
        cells[odd] = None
        return cells, odd

    def _parsed(self, field: str, source: str) -> Expression:
        expression = parse_expression(source, list(self._table.columns), f"mapping of {field}")
        self.used |= set(expression.columns)
        return expression

    def _numbers_from(self, expression: Expression, field: str, source: str) -> Numbers:
        """Values of an expression over columns as numbers, or as texts if numbers give no result."""
        operands, unread = self._operands(expression, field)
        try:
            result = self._computed(expression, operands, field, source)
        except InputError:
            if all(series.dtype == pl.String for series in operands.values()):
                raise
            result, unread = (
                self._computed(expression, self._as_texts(expression), field, source),
                np.zeros_like(unread),
            )
        return self._as_numbers(result, field, source, unread)

    def _operands(self, expression: Expression, field: str) -> tuple[dict[str, pl.Series], BoolArray]:
        """The columns of an expression as numbers, or as texts where most cells are none; and the unread rows."""
        operands: dict[str, pl.Series] = {}
        unread = np.zeros(self._rows, dtype=bool)
        for name in expression.columns:
            values, bad = self._columns.read(name)
            told = np.count_nonzero(~np.isnan(values)) + bad.sum()
            if bad.sum() > told / 2:
                operands[name] = pl.Series(self._columns.texts(name), dtype=pl.String)
                continue
            self._findings.refuse_rows(bad & ~unread, f"numbers in {shown(name)} for {field}",
                                       self._table.columns[name], AS_NUMBERS)  # fmt: skip
            unread |= bad
            operands[name] = pl.Series(values, nan_to_null=True)
        return operands, unread

    def _as_texts(self, expression: Expression) -> dict[str, pl.Series]:
        return {name: pl.Series(self._columns.texts(name), dtype=pl.String) for name in expression.columns}

    def _as_numbers(self, result: pl.Series, field: str, source: str, unread: BoolArray) -> Numbers:
        if result.dtype == pl.String:
            cells = result.to_list()
            values, bad = read_cells(cells, number_in)
            bad &= ~unread
            self._findings.refuse_rows(bad, f"numbers for {field} from {shown(source)}", cells, AS_NUMBERS)
            return values, unread | bad
        if not (result.dtype.is_numeric() or result.dtype in (pl.Boolean, pl.Null)):
            raise InputError(f"numbers for {field}", f"{result.dtype} from {shown(source)}", f"mapping of {field}")
        values = result.cast(pl.Float64).fill_null(np.nan).to_numpy().astype(float)
        return np.where(unread, np.nan, values), unread

    def _texts_from(self, expression: Expression, field: str, source: str) -> list[str | None]:
        """An expression over columns as texts; a column's own cells, where it is one by itself."""
        if expression.is_column:
            return read_each(self._table.columns[expression.columns[0]], _told)
        return read_each(self._computed(expression, self._as_texts(expression), field, source).to_list(), _stripped)

    def _computed(self, expression: Expression, columns: Mapping[str, pl.Series], field: str, source: str) -> pl.Series:
        """The expression's value in every row; a single value applies to all rows."""
        row = pl.Series("__row__", np.zeros(self._rows, dtype=np.int8))  # without any column there is one row else
        frame = [columns[name].alias(f"c{i}") for i, name in enumerate(expression.columns)]
        try:
            result = pl.DataFrame([row, *frame]).select(expression.polars).to_series()
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as problem:
            raise InputError("an expression that can be computed", f"{shown(source)} ({first_line(problem)})",
                             f"mapping of {field}") from None  # fmt: skip
        if len(result) == 1 and self._rows > 1:
            return pl.Series([result[0]] * self._rows, dtype=result.dtype)
        if len(result) != self._rows:
            raise InputError(f"one value a row ({self._rows:,})", f"{len(result):,} from {shown(source)}",
                             f"mapping of {field}")  # fmt: skip
        return result


def _told(cell: object) -> str | None:
    return None if is_missing(cell) else _stripped(cell)


def _stripped(cell: object) -> str | None:
    return None if cell is None else as_text(cell).strip() or None


def _is_no_name(text: str | None) -> bool:
    return text is not None and not (text.isprintable() and len(text) <= _LONGEST_NAME)
