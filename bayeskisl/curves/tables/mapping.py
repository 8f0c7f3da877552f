"""From the columns of a table to the fields of runs, by SQL expressions that polars parses and nothing evaluates."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from bayeskisl import schema
from bayeskisl.curves.tables.fields import FIELDS, MEASURED, NUMBERS, TEXTS, quoted, recognise, split_group
from bayeskisl.curves.tables.problems import Findings, shown
from bayeskisl.curves.tables.quantities import as_text, is_missing, read_quantity
from bayeskisl.curves.tables.read import RawTable

__all__ = ["complete_mapping", "evaluate"]

_LONGEST = 500  # characters; polars parses an expression by recursion
_LONGEST_NAME = 200


def complete_mapping(
    given: Mapping[str, Any] | None, table: RawTable, findings: Findings
) -> tuple[dict[str, str | float], list[str]]:
    """The user's mapping, with the fields added that column names tell.

    Parameters
    ----------
    given : mapping, optional
        Field to column name, SQL expression, quantity such as ``"7B"``, or number.
    table : RawTable
        Whose columns are meant.
    findings : Findings
        Takes what is wrong with it.

    Returns
    -------
    mapping : dict
        Field (with its group, as in ``recalled.background``) to an SQL expression or a number.
    recognised : list of str
        The fields that were added.
    """
    mapping: dict[str, str | float] = {}
    for field, source in (given or {}).items():
        name, group = split_group(str(field))
        if name not in (*NUMBERS, *TEXTS):
            findings.refuse(f"a field among {', '.join((*TEXTS, *NUMBERS))}", shown(str(field)), "mapping")
        elif group and (name not in MEASURED or group not in schema.GROUPS):
            findings.refuse(
                f"a measured field ({', '.join(MEASURED)}) of a group ({', '.join(schema.GROUPS)})",
                shown(str(field)), "mapping",
            )  # fmt: skip
        else:
            mapping[str(field)] = _source(source, name, table)
    known, doubtful = recognise(table.columns, taken=mapping)
    for field, columns in doubtful.items():
        findings.refuse(f"one column for {field}", ", ".join(map(shown, columns)), "columns",
                        f"say which, as in --map '{field}={quoted(columns[0])}'")  # fmt: skip
    return {**known, **mapping}, sorted(known)


def _source(source: Any, field: str, table: RawTable) -> str | float:
    """A column's name as SQL, a number for what reads as a number, or the expression as it is."""
    if isinstance(source, bool) or not isinstance(source, str | int | float | np.number):
        return str(source)
    if not isinstance(source, str):
        number = _number(source)
        return as_text(source) if number is None else number
    if source in table.columns:
        return quoted(source)
    quantity = read_quantity(source)  # SQL would read 7B as 7, called B
    return source if quantity is None or field in TEXTS else quantity


def evaluate(
    mapping: Mapping[str, str | float], table: RawTable, findings: Findings
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Values of every field in every row.

    Parameters
    ----------
    mapping : mapping
        As `complete_mapping` returns it.
    table : RawTable
        The table.
    findings : Findings
        Takes what is wrong, by row where it can be.

    Returns
    -------
    values : dict
        Field to an array of shape ``(row,)``: float64 with NaN for an empty cell, or object with None for texts.
    unused : list of str
        Columns that no expression reads.
    """
    frame = _Frame(table)
    values: dict[str, np.ndarray] = {}
    unread: dict[str, np.ndarray] = {}
    for field, source in mapping.items():
        if split_group(field)[0] in TEXTS:
            values[field], unread[field] = frame.texts(field, str(source), findings)
        elif isinstance(source, str):
            values[field], unread[field] = frame.numbers(field, source, findings)
        else:
            values[field], unread[field] = np.full(len(table), float(source)), np.zeros(len(table), dtype=bool)
    checked = {field: _checked(field, values, unread, mapping[field], findings) for field in values}
    return checked, [name for name in table.columns if name not in frame.used]


def _checked(
    field: str,
    values: dict[str, np.ndarray],
    unread: dict[str, np.ndarray],
    source: str | float,
    findings: Findings,
) -> np.ndarray:
    """The field's values, with what is empty or out of range refused and set to NaN."""
    cells, (name, group) = values[field], split_group(field)
    is_text = name in TEXTS
    empty = np.array([cell is None for cell in cells], dtype=bool) if is_text else np.isnan(cells)
    if is_text or not FIELDS[name].may_be_empty:
        asked = probed_rows(values, unread, group)
        findings.refuse_rows(empty & ~unread[field] & asked, f"a value of {field}", cells.tolist(),
                             "fill it in, or leave such rows out with --skip-bad-rows")  # fmt: skip
    if is_text:
        return cells
    bad = ~FIELDS[name].accepts(cells) & ~empty
    findings.refuse_rows(
        bad, f"{field} to be {FIELDS[name].expected}", cells.tolist(), _remedy(field, source, cells[bad])
    )
    return np.where(bad, np.nan, cells)


def probed_rows(
    values: Mapping[str, np.ndarray], unread: Mapping[str, np.ndarray] | None = None, group: str = ""
) -> np.ndarray:
    """Rows in which something was recalled of a named `group`, be it nothing; without a group, all rows."""
    rows = len(next(iter(values.values())))
    if not group:
        return np.ones(rows, dtype=bool)
    told = np.zeros(rows, dtype=bool)
    for outcome in (f"{schema.RECALLED}.{group}", f"accuracy.{group}"):
        if outcome in values:
            told |= ~np.isnan(values[outcome]) | (unread[outcome] if unread else False)
    return told


def _remedy(field: str, source: str | float, bad: np.ndarray) -> str:
    shares = ("accuracy", schema.RATIO, schema.BACKGROUND_SHARE)
    if split_group(field)[0] in shares and len(bad) and 1 < np.max(bad) <= 100:
        return f"if these are percent, divide: --map '{field}=({source}) / 100'"
    return ""


class _Frame:
    """The table twice: as it is for texts, and with quantities read for numbers."""

    def __init__(self, table: RawTable) -> None:
        self.table = table
        self.used: set[str] = set()
        self._numeric: dict[str, tuple[pl.Series, np.ndarray]] = {}

    def numbers(self, field: str, source: str, findings: Findings) -> tuple[np.ndarray, np.ndarray]:
        """Values, NaN where a cell is empty, and the rows that were refused."""
        nothing = np.full(len(self.table), np.nan), np.ones(len(self.table), dtype=bool)
        expression = self._parsed(field, source, findings)
        if expression is None:
            return nothing
        columns, unread = {}, np.zeros(len(self.table), dtype=bool)
        for name in expression.meta.root_names():
            columns[name], bad = self._as_numbers(name)
            findings.refuse_rows(bad & ~unread, f"numbers in {shown(name)} for {field}", self.table.columns[name],
                                 "write them as 98304, 7B, 1.5T or 1e9")  # fmt: skip
            unread |= bad
        result = self._computed(expression, columns, field, source, findings)
        if result is None:
            return nothing
        if not (result.dtype.is_numeric() or result.dtype in (pl.Boolean, pl.Null)):
            kind = "text" if result.dtype == pl.String else str(result.dtype)
            findings.refuse(f"numbers for {field}", f"{kind} from {shown(source)}", f"mapping of {field}")
            return nothing
        numbers = result.cast(pl.Float64).fill_null(np.nan).to_numpy()
        return np.where(unread, np.nan, numbers), unread

    def texts(self, field: str, source: str, findings: Findings) -> tuple[np.ndarray, np.ndarray]:
        """Texts, None where a cell is empty, and the rows that were refused."""
        nothing = np.full(len(self.table), None, dtype=object), np.ones(len(self.table), dtype=bool)
        expression = self._parsed(field, source, findings)
        if expression is None:
            return nothing
        columns = {
            name: pl.Series(name, [None if is_missing(c) else as_text(c) for c in self.table.columns[name]], pl.String)
            for name in expression.meta.root_names()
        }
        result = self._computed(expression, columns, field, source, findings)
        if result is None:
            return nothing
        if result.dtype.is_nested():
            findings.refuse(f"texts for {field}", f"{result.dtype} from {shown(source)}", f"mapping of {field}")
            return nothing
        texts = [None if cell is None else str(cell).strip() or None for cell in result.to_list()]
        odd = np.array([t is not None and not (t.isprintable() and len(t) <= _LONGEST_NAME) for t in texts], dtype=bool)
        findings.refuse_rows(odd, f"printable text of at most {_LONGEST_NAME} characters for {field}", texts)
        cells = np.empty(len(texts), dtype=object)
        cells[:] = [None if bad else text for text, bad in zip(texts, odd, strict=True)]
        return cells, odd

    def _parsed(self, field: str, source: str, findings: Findings) -> pl.Expr | None:
        remedy = "use a column's name or SQL over columns, as in round(acc*n); put names with blanks in double quotes"
        if len(source) > _LONGEST:
            findings.refuse(
                f"an expression of at most {_LONGEST} characters", f"{len(source):,}", f"mapping of {field}"
            )
            return None
        try:
            expression = pl.sql_expr(source)
            names = expression.meta.root_names()
            renamed = not expression.meta.undo_aliases().meta.eq(expression)
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as problem:
            findings.refuse(
                "an SQL expression", f"{shown(source)} ({_first_line(problem)})", f"mapping of {field}", remedy
            )
            return None
        if renamed:  # SQL reads acc*7B as "acc*7 AS B"
            findings.refuse("an expression without a new name", shown(source), f"mapping of {field}",
                            "write 7e9 for 7B inside an expression")  # fmt: skip
            return None
        unknown = [name for name in names if name not in self.table.columns]
        if unknown:
            findings.refuse(
                f"columns of the table ({findings.have})", ", ".join(map(shown, unknown)), f"mapping of {field}"
            )
            return None
        self.used |= set(names)
        return expression

    def _computed(
        self, expression: pl.Expr, columns: dict[str, pl.Series], field: str, source: str, findings: Findings
    ) -> pl.Series | None:
        rows = len(self.table)
        row = pl.Series("__row__", np.zeros(rows, dtype=np.int8))  # an expression over no column has one row else
        try:
            result = pl.DataFrame([row, *columns.values()]).select(expression).to_series()
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as problem:
            findings.refuse("an expression that can be computed", f"{shown(source)} ({_first_line(problem)})",
                            f"mapping of {field}")  # fmt: skip
            return None
        if len(result) == 1 and rows > 1:
            return pl.Series([result[0]] * rows, dtype=result.dtype)
        if len(result) != rows:
            findings.refuse(
                f"one value a row ({rows:,})", f"{len(result):,} from {shown(source)}", f"mapping of {field}"
            )
            return None
        return result

    def _as_numbers(self, name: str) -> tuple[pl.Series, np.ndarray]:
        """A column with its quantities read, and the rows that say no number; mostly text stays text."""
        if name not in self._numeric:
            cells = self.table.columns[name]
            missing = [is_missing(cell) for cell in cells]
            read = [None if gone else _number(cell) for cell, gone in zip(cells, missing, strict=True)]
            bad = np.array([value is None and not gone for value, gone in zip(read, missing, strict=True)], dtype=bool)
            told = len(cells) - sum(missing)
            if told and bad.sum() > told / 2:
                texts = [None if gone else as_text(cell) for cell, gone in zip(cells, missing, strict=True)]
                self._numeric[name] = pl.Series(name, texts, pl.String), np.zeros(len(cells), dtype=bool)
            else:
                self._numeric[name] = pl.Series(name, read, pl.Float64), bad
        return self._numeric[name]


def _number(cell: Any) -> float | None:
    if isinstance(cell, str):
        return read_quantity(cell)
    if isinstance(cell, bool | int | float | np.number | np.bool_ | Decimal):
        try:
            return float(cell)
        except OverflowError:
            return None
    return None


def _first_line(problem: BaseException) -> str:
    return (str(problem).splitlines() or [type(problem).__name__])[0][:160]
