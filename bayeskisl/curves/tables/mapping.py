"""Mapping of the columns of a table to the fields of runs, by SQL expressions of a few functions."""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from bayeskisl import schema
from bayeskisl.arrays import BoolArray, FloatArray
from bayeskisl.curves.tables.expressions import Expression, first_line, parse_expression
from bayeskisl.curves.tables.fields import (
    FIELDS,
    MEASURED,
    NOTHING_INFUSED,
    NUMBERS,
    OUTCOMES,
    PLANNED,
    SHARES,
    SIZES,
    TEXTS,
    column_named,
    in_shell,
    map_option,
    quoted,
    recognise,
    says_loss,
    source_of,
    split_group,
    unit_told,
    unknown_unit,
)
from bayeskisl.curves.tables.notation import Notation
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
from bayeskisl.errors import InputError

__all__ = ["Values", "complete_mapping", "evaluate", "probed_rows", "selected"]

_LONGEST_NAME = 200
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ= "
_STEPS = [
    re.compile(rf"(?<![a-z])(?:{word})s?[ =_:-]*(\d+(?:\.\d+)?(?:[kmb](?![a-z0-9]))?)", re.IGNORECASE)
    for word in ("step", "iter(?:ation)?", "checkpoint|ckpt", "epoch")
]
_FINAL = ("final", "last", "end", "Final", "Last")  # the checkpoint behind all others
_FARTHEST = 1e5  # times: sizes of one table that differ by more have different units
_DONE = re.compile(r"\d+\s*/\s*\d+")
_WHOLE = 1e-9  # relative: 0.913 x 400 is 365.20000000000005, and 0.91 x 100 is 91.00000000000001
_NOT_PLANNED = (-1, 0)  # as trainers write that they end with the data, or after epochs
_ROUNDING = 1e-9  # a rate of 1 + 2e-16 is 1

_AS_NUMBERS = "write them as 98304, 7B, 1.5T or 1e9"
_WRITTEN = {
    **dict.fromkeys(SHARES, "write them as 0.05 or 5%"),
    schema.RATIO: "write them as 0.05, 5%, 5:95 or 1/20",
    schema.EXPOSURES: "write them as 10 or 10x",
}
_PARTS = {  # fields that are written as parts too
    schema.RATIO: read_parts, schema.BACKGROUND_SHARE: read_parts, schema.GUESSING: read_parts,
    schema.EXPOSURES: read_times,
}  # fmt: skip
_PLAIN_KINDS = {int, float, type(None)}

Values = dict[str, np.ndarray]


def complete_mapping(
    given: Mapping[str, Any] | None, table: RawTable, findings: Findings
) -> tuple[dict[str, str | float], list[str]]:
    """Return the user's mapping, completed by fields that columns identify.

    Parameters
    ----------
    given : mapping, optional
        Field to column name, another field of the mapping, SQL expression, quantity such as ``"7B"``, or number.
    table : RawTable
        Table with the mapped columns.
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
    used: set[str | None] = set()
    for field, source in (given or {}).items():
        name, group = split_group(str(field))
        if name not in (*NUMBERS, *TEXTS):
            findings.refuse(
                f"a field among {', '.join((*schema.GROUPS, *TEXTS, *NUMBERS))}", shown(str(field)), "mapping"
            )
        elif group and (name not in MEASURED or group not in schema.GROUPS):
            findings.refuse(
                f"a measured field ({', '.join(MEASURED)}) of a group ({', '.join(schema.GROUPS)})",
                shown(str(field)), "mapping",
            )  # fmt: skip
        else:
            source = _followed(source, given or {}, table)
            column = column_named(source, table.columns)
            used.add(column)
            if name == "accuracy" and column is not None and says_loss(column):
                findings.refuse("a share of right answers", f"{shown(column)}, a loss by its name",
                                f"mapping of {field}", "map another column, or counts; or if it is an accuracy, say "
                                f"{map_option(str(field), f'{quoted(column)} * 1')}")  # fmt: skip
            mapping[str(field)] = _source(source, name, table)
            if column is not None:
                said = unit_told(column, name, str(mapping[str(field)]), table.columns[column])
                findings.notes += [said] if said else []
            mapping |= _beside(column, field, given or {}, table) if name == "accuracy" else {}
    known, doubtful = recognise(table.columns, taken=mapping, used=filter(None, used))
    for field, columns in doubtful.items():
        if field in known:
            others = ", ".join(shown(name) for name in columns if quoted(name) != known[field])
            said = (
                "from the column of that name" if field in columns else "from one of several columns that say the same"
            )
            findings.notes.append(f"{field} is read {said}; {others} could be meant, too")
            continue
        findings.refused.add(split_group(field)[0])
        findings.refuse(f"one column for {field}", ", ".join(map(shown, columns)), "columns",
                        f"say which, as in {map_option(field, quoted(columns[0]))}", lacks=field)  # fmt: skip
    symbol = [name for name in table.columns if name.strip() == "N" and known.get(schema.PROBED) == quoted(name)]
    if symbol:
        findings.assumed.append(
            "N was taken as the number of probed facts, since it does not grow with the sizes; if it is the size, say "
            f"{map_option(schema.PARAMS, quoted(symbol[0]))}, and if it is neither, --ignore {symbol[0]}"
        )
    if any(split_group(field)[0] in OUTCOMES and split_group(field)[1] for field in mapping):
        # the user says which column is measured of which group: what looks like an outcome is something else
        known = {field: source for field, source in known.items() if not (field in OUTCOMES and _named(mapping))}
    full = {**known, **mapping}
    _refuse_unknown_units([name for name in table.columns if name not in used], full, findings)
    if known.get(schema.EXPOSURES, "").strip('"').lower() == "frequency":
        findings.assumed.append(f"frequency was taken as exposures of a fact; {_as_frequency(known[schema.EXPOSURES])}")
    return full, sorted(known)


def _refuse_unknown_units(columns: Sequence[str], full: Mapping[str, Any], findings: Findings) -> None:
    """Refuse columns of a field that would be assumed without them, since a unit in their names is unknown."""
    for column in columns:
        field, unit = unknown_unit(column) or ("", "")
        others = (schema.RATIO, "infused_tokens") if field == schema.EXPOSURES else ()
        if not field or any(name in full for name in (field, *others)):
            continue
        times = f"say {map_option(field, f'{quoted(column)} * 1e9')}, with the unit as a number"
        remedy = _as_frequency(quoted(column)) if field == schema.EXPOSURES else times
        findings.refused.add(field)
        findings.refuse(f"a known unit of {field}", f"{shown(unit)} in {shown(column)}", "columns",
                        f"{remedy}; or leave it out with --ignore {in_shell(column)}")  # fmt: skip


def _as_frequency(source: str) -> str:
    expression = f"{source} * TOKENS / (1e6 * TOKENS_PER_FACT)"
    return f"if it is in parts per million of the tokens, say {map_option(schema.EXPOSURES, expression)}"


def _beside(column: str | None, field: str, given: Mapping[str, Any], table: RawTable) -> dict[str, str | float]:
    """The denominator or standard error of a mapped accuracy, in a column of its name: ``bios n`` beside ``bios``."""
    group = split_group(field)[1]
    if any(name in given for of in (schema.PROBED, "standard_error") for name in (of, f"{of}.{group}")):
        return {}
    ends = {f"{column} n": schema.PROBED, f"{column} stderr": "standard_error"}
    return {f"{of}.{group}" if group else of: quoted(name) for name, of in ends.items() if name in table.columns}


def _named(mapping: Mapping[str, Any]) -> bool:
    return any(field in mapping for field in (f"{name}.{schema.INFUSED}" for name in OUTCOMES))


def _followed(source: Any, given: Mapping[str, Any], table: RawTable) -> Any:
    """Follow a source that names another field of the mapping, if no column has that name."""
    seen: set[str] = set()
    while isinstance(source, str) and source in given and source not in table.columns and source not in seen:
        seen.add(source)
        source = given[source]
    return source


def _source(source: Any, field: str, table: RawTable) -> str | float:
    """Return a column's name or an expression as SQL, or a number."""
    if isinstance(source, bool) or not isinstance(source, str | int | float | np.number):
        return str(source)
    if not isinstance(source, str):
        number = _number(source)
        return as_text(source) if number is None else number
    column = column_named(source, table.columns)
    if column is not None:
        return quoted(column) if field in TEXTS else source_of(column, field, table.columns, mapped=True)
    quantity = read_quantity(source)  # SQL would read 7B as 7, called B
    return source if quantity is None or field in TEXTS else quantity


def evaluate(
    mapping: Mapping[str, str | float], table: RawTable, findings: Findings, decimal: str | None = None
) -> tuple[Values, list[str]]:
    """Return the values of every field in every row.

    Parameters
    ----------
    mapping : mapping
        As `complete_mapping` returns it.
    table : RawTable
        The table.
    findings : Findings
        Takes what is wrong, by row where it can be, and how columns were read.
    decimal : str, optional
        The decimal mark of text cells; by default what the cells show.

    Returns
    -------
    values : dict
        Field to an array of shape ``(row,)``: float64 with NaN for an empty cell, or object with None for texts.
    unused : list of str
        Columns that no expression reads.
    """
    frame = _Frame(table, decimal)
    values: Values = {}
    unread: Values = {}
    for field, source in mapping.items():
        if split_group(field)[0] in TEXTS:
            values[field], unread[field] = frame.texts(field, str(source), findings)
        elif isinstance(source, str):
            values[field], unread[field] = frame.numbers(field, source, findings)
        else:
            values[field], unread[field] = np.full(len(table), float(source)), np.zeros(len(table), dtype=bool)
    findings.refused |= {split_group(field)[0] for field in unread if unread[field].all()}
    checked = {field: _checked(field, values, unread, mapping[field], findings) for field in values}
    return checked, [name for name in table.columns if name not in frame.used]


def selected(table: RawTable, condition: str, decimal: str | None = None) -> RawTable:
    """Return the rows for which an SQL condition over columns is true.

    Raises
    ------
    InputError
        If it is no condition, or true of no row.
    """
    findings = Findings(table.origin, table.places)
    truth, _ = _Frame(table, decimal).numbers("where", condition, findings)
    findings.stop_if_refused()
    kept = np.flatnonzero(truth == 1).tolist()
    if not kept:
        raise InputError("a condition that is true of some row", shown(condition), "where")
    return table.rows(kept)


def _checked(field: str, values: Values, unread: Values, source: str | float, findings: Findings) -> np.ndarray:
    """Return the field's values; refused or empty ones are NaN."""
    cells, (name, group) = values[field], split_group(field)
    is_text = name in TEXTS
    empty = np.array([cell is None for cell in cells], dtype=bool) if is_text else np.isnan(cells)
    if is_text or not FIELDS[name].may_be_empty:
        missing = empty & ~unread[field] & probed_rows(values, unread, group)
        fill = "fill it in, with 0 if nothing was infused" if name in NOTHING_INFUSED else "fill it in"
        findings.refuse_rows(missing, f"a value of {field}", cells.tolist(),
                             fill if missing.all() else findings.leaving_out(fill))  # fmt: skip
    if is_text:
        return cells
    cells = _without_rounding(name, cells)
    if name == PLANNED:
        cells = np.where(np.isin(cells, _NOT_PLANNED), np.nan, cells)
    bad = ~FIELDS[name].accepts(cells) & ~empty
    if bad.any() and _is_in_another_unit(field, cells, source, findings):
        return np.where(bad, np.nan, cells)
    remedy = ""
    if name == schema.RECALLED and (bad & (cells > 0) & (cells != np.floor(cells))).any():
        remedy = f"if these are means over seeds, round them: --map {in_shell(f'{field}=ROUND({source})')}"
    findings.refuse_rows(bad, f"{field} to be {FIELDS[name].expected}", cells.tolist(), remedy)
    return np.where(bad, np.nan, cells)


def _without_rounding(name: str, cells: FloatArray) -> FloatArray:
    """Remove rounding errors of arithmetic from whole numbers and shares."""
    if FIELDS[name].whole:
        whole = np.round(cells)
        with np.errstate(invalid="ignore"):  # infinity is no whole number
            near = np.abs(cells - whole) <= _WHOLE * np.maximum(1, np.abs(whole))
        return np.where(near, whole, cells)
    if name in SHARES:
        near = (np.abs(cells - 1) <= _ROUNDING) | (np.abs(cells) <= _ROUNDING) & (cells < 0)
        return np.where(near, np.round(cells), cells)
    return cells


def _is_in_another_unit(field: str, cells: FloatArray, source: str | float, findings: Findings) -> bool:
    """Refuse a whole column whose cells show another unit: percent, or millions.

    Its other cells would be read in the wrong unit, whether or not they are in range, so that leaving out rows is no
    way out.
    """
    name, known = split_group(field)[0], cells[np.isfinite(cells)]
    known_bad = ~FIELDS[name].accepts(cells) & ~np.isnan(cells)
    if not len(known):
        return False
    written = str(source) if isinstance(source, str) else f"{source:g}"
    if name in SHARES and known.min() >= 0 and 1 < known.max() <= 100:
        findings.refused.add(name)
        divided = map_option(field, f"({written}) / 100")
        findings.refuse_together(known_bad, f"{field} to be {FIELDS[name].expected}", cells.tolist(),
                                 f"if these are percent, divide: {divided}")  # fmt: skip
        return True
    if name in SIZES and known.min() > 0 and known.max() < 10_000:
        findings.refused.add(name)
        multiplied = map_option(field, f"{written} * 1e9")
        findings.refuse_together(known_bad, f"{field} to be {FIELDS[name].expected}", cells.tolist(),
                                 f"if these are billions, multiply: {multiplied}")  # fmt: skip
        return True
    return False


def probed_rows(
    values: Mapping[str, np.ndarray], unread: Mapping[str, BoolArray] | None = None, group: str = ""
) -> BoolArray:
    """Return the rows that probed a named `group`, including those without recall; all rows without a name."""
    rows = len(next(iter(values.values())))
    if not group:
        return np.ones(rows, dtype=bool)
    told = np.zeros(rows, dtype=bool)
    for outcome in (f"{schema.RECALLED}.{group}", f"accuracy.{group}"):
        if outcome in values:
            told |= ~np.isnan(values[outcome]) | (unread[outcome] if unread else False)
    return told


class _Frame:
    """The table twice: unchanged for texts, and with quantities parsed as numbers."""

    def __init__(self, table: RawTable, decimal: str | None) -> None:
        self.table = table
        self.used: set[str] = set()
        self._notation = Notation(table, decimal)
        self._numeric: dict[tuple[str, str | None], tuple[FloatArray, BoolArray]] = {}
        self._said: set[str] = set()
        self._unsure: set[str] = set()

    def numbers(self, field: str, source: str, findings: Findings) -> tuple[FloatArray, BoolArray]:
        """Values, NaN for empty cells, and the refused rows."""
        nothing = np.full(len(self.table), np.nan), np.ones(len(self.table), dtype=bool)
        expression = self._parsed(field, source, findings)
        if expression is None:
            return nothing
        if expression.is_column:
            return self._column(expression.columns[0], field, findings)
        try:
            return self._expression(expression, field, source, findings)
        except InputError as problem:
            findings.add(problem)
            return nothing

    def _column(self, name: str, field: str, findings: Findings) -> tuple[FloatArray, BoolArray]:
        """Values of a column for a field."""
        known = split_group(field)[0]
        values, bad = self._read(name, known, findings)
        if known in SIZES and bad.any():
            values, bad = self._sizes(name, values, bad)
        in_words = known in (schema.SEED, "checkpoint") and bad.any() and name not in self._unsure
        if in_words and all(isinstance(cell, str) or is_missing(cell) for cell in self.table.columns[name]):
            texts = self._texts_of(name)
            values, bad = _in_words(list(map(_without_folders, texts)) if known == "checkpoint" else texts, known)
        far = self._far_smaller(name, field, values, findings) if known in SIZES else np.zeros_like(bad)
        remedy = _WRITTEN.get(known, _AS_NUMBERS)
        if known == "checkpoint" and bad.all():
            run = in_shell(f"run={name}")
            remedy = f"if they name runs, say --map {run}; or leave them out with --ignore {in_shell(name)}"
        elif not bad.all():
            remedy = findings.leaving_out(remedy)
        findings.refuse_rows(bad, f"numbers in {shown(name)} for {field}", self.table.columns[name], remedy)
        return values, np.ones_like(bad) if name in self._unsure else bad | far

    def _far_smaller(self, name: str, field: str, values: FloatArray, findings: Findings) -> BoolArray:
        """Refuse sizes so far below the largest that they have another unit, or are no sizes."""
        far: BoolArray = values * _FARTHEST < np.nanmax(values, initial=0.0)
        are_numbers = all(_number(cell) is not None for cell in texts_in(self.table.columns[name]))
        stated = f", or if they are right, say {map_option(field, f'{quoted(name)} * 1')}" if are_numbers else ""
        got = [Said(f"{shown(cell)}, read as {value:,.10g}")
               for cell, value in zip(self.table.columns[name], values.tolist(), strict=True)]  # fmt: skip
        findings.refuse_rows(far, f"sizes of one unit in {shown(name)}", got,
                             findings.leaving_out(f"write them alike{stated}"))  # fmt: skip
        return far

    def _sizes(self, name: str, values: FloatArray, bad: BoolArray) -> tuple[FloatArray, BoolArray]:
        """Sizes in the names of models, pythia-70m, where cells are not numbers."""
        values, bad = values.copy(), bad.copy()
        for row in np.flatnonzero(bad):
            size = size_in_name(as_text(self.table.columns[name][row]))
            if size is not None:
                values[row], bad[row] = size, False
        return values, bad

    def _expression(
        self, expression: Expression, field: str, source: str, findings: Findings
    ) -> tuple[FloatArray, BoolArray]:
        """Values of an expression over columns as numbers, or as texts if numbers give no result."""
        where = f"mapping of {field}"
        numeric: dict[str, pl.Series] = {}
        unread = np.zeros(len(self.table), dtype=bool)
        for name in expression.columns:
            values, bad = self._read(name, None, findings)
            told = np.count_nonzero(~np.isnan(values)) + bad.sum()
            if bad.sum() > told / 2:  # mostly text
                numeric[name] = pl.Series(self._texts_of(name), dtype=pl.String)
                continue
            findings.refuse_rows(bad & ~unread, f"numbers in {shown(name)} for {field}", self.table.columns[name],
                                 _AS_NUMBERS)  # fmt: skip
            unread |= bad
            numeric[name] = pl.Series(values, nan_to_null=True)
        try:
            result = self._computed(expression, numeric, source, where)
        except InputError:
            written = {name: pl.Series(self._texts_of(name), dtype=pl.String) for name in expression.columns}
            if all(series.dtype == pl.String for series in numeric.values()) or not written:
                raise
            result, unread = self._computed(expression, written, source, where), np.zeros(len(self.table), dtype=bool)
        return self._as_numbers(result, field, source, unread, findings)

    def _as_numbers(
        self, result: pl.Series, field: str, source: str, unread: BoolArray, findings: Findings
    ) -> tuple[FloatArray, BoolArray]:
        if result.dtype == pl.String:
            cells = result.to_list()
            values, bad = _read_cells(cells, lambda cell: _number(cell))
            bad &= ~unread
            findings.refuse_rows(bad, f"numbers for {field} from {shown(source)}", cells,
                                 _AS_NUMBERS)  # fmt: skip
            return values, unread | bad
        if not (result.dtype.is_numeric() or result.dtype in (pl.Boolean, pl.Null)):
            raise InputError(f"numbers for {field}", f"{result.dtype} from {shown(source)}", f"mapping of {field}")
        values = result.cast(pl.Float64).fill_null(np.nan).to_numpy().astype(float)
        return np.where(unread, np.nan, values), unread

    def texts(self, field: str, source: str, findings: Findings) -> tuple[np.ndarray, BoolArray]:
        """Texts, None for empty cells, and the refused rows."""
        empty = np.full(len(self.table), None, dtype=object)
        everything = np.ones(len(self.table), dtype=bool)
        expression = self._parsed(field, source, findings)
        if expression is None:
            return empty, everything
        try:
            texts = self._texts_from(expression, field, source)
        except InputError as problem:
            findings.add(problem)
            return empty, everything
        odd = np.array(read_each(texts, _is_no_name), dtype=bool)
        findings.refuse_rows(odd, f"printable text of at most {_LONGEST_NAME} characters for {field}", texts)
        cells = np.array(texts, dtype=object)
        cells[odd] = None
        return cells, odd

    def _texts_from(self, expression: Expression, field: str, source: str) -> list[str | None]:
        """An expression over columns as texts; a column's own cells, where it is one by itself."""
        if expression.is_column:
            return read_each(self.table.columns[expression.columns[0]], _told)
        columns = {name: pl.Series(self._texts_of(name), dtype=pl.String) for name in expression.columns}
        return read_each(self._computed(expression, columns, source, f"mapping of {field}").to_list(), _stripped)

    def _parsed(self, field: str, source: str, findings: Findings) -> Expression | None:
        try:
            expression = parse_expression(source, list(self.table.columns), f"mapping of {field}")
        except InputError as problem:
            findings.add(problem)
            return None
        self.used |= set(expression.columns)
        return expression

    def _computed(self, expression: Expression, columns: dict[str, pl.Series], source: str, where: str) -> pl.Series:
        """The expression's value in every row; a single value applies to all rows."""
        rows = len(self.table)
        row = pl.Series("__row__", np.zeros(rows, dtype=np.int8))  # an expression over no column has one row else
        frame = [columns[name].alias(f"c{i}") for i, name in enumerate(expression.columns)]
        try:
            result = pl.DataFrame([row, *frame]).select(expression.polars).to_series()
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as problem:
            raise InputError("an expression that can be computed", f"{shown(source)} ({first_line(problem)})",
                             where) from None  # fmt: skip
        if len(result) == 1 and rows > 1:
            return pl.Series([result[0]] * rows, dtype=result.dtype)
        if len(result) != rows:
            raise InputError(f"one value a row ({rows:,})", f"{len(result):,} from {shown(source)}", where)
        return result

    def _texts_of(self, name: str) -> list[str | None]:
        return read_each(self.table.columns[name], lambda cell: None if is_missing(cell) else as_text(cell))

    def _read(self, name: str, field: str | None, findings: Findings) -> tuple[FloatArray, BoolArray]:
        """A column's numbers, NaN for missing ones, and the rows whose cells are not numbers."""
        if (name, field) not in self._numeric:
            reading = self._notation.of(name, field)
            if reading.doubt:
                findings.refuse(f"one reading of the numbers in {shown(name)}", reading.doubt, "rows together",
                                reading.remedy, lacks="decimal")  # fmt: skip
                nothing = np.full(len(self.table), np.nan), np.zeros(len(self.table), dtype=bool)
                self._numeric[name, field] = nothing
                self._unsure.add(name)
                return nothing
            elif reading.said and name not in self._said:
                findings.notes.append(f"{name}: {reading.said}")
                self._said.add(name)
            cells = self.table.columns[name]
            self._refuse_mixed_percent(name, cells, field, findings)
            parts = _PARTS.get(field or "")
            self._numeric[name, field] = _read_cells(
                cells, lambda cell: _number(cell, reading.decimal, parts), plain=reading.decimal == "."
            )
            self._note_parts(name, field, findings)
        return self._numeric[name, field]

    def _note_parts(self, name: str, field: str | None, findings: Findings) -> None:
        """Note how a share in two parts was read: 1:9 is one of ten parts, and not a ninth."""
        cell = next((cell for cell in texts_in(self.table.columns[name]) if ":" in cell), None)
        share = read_parts(cell) if cell is not None and _PARTS.get(field or "") is read_parts else None
        if share is not None:
            findings.notes.append(
                f"{name}: {cell} was taken as a share of {share:.4g}, the first part of both together"
            )

    def _refuse_mixed_percent(self, name: str, cells: list[Any], field: str | None, findings: Findings) -> None:
        """Refuse a share in percent in one cell and without a unit in another, whose unit is then unknown."""
        if field not in SHARES or not has_any(cells, "%"):
            return
        texts = {cell.strip() for cell in {cell for cell in cells if isinstance(cell, str)} if not is_missing(cell)}
        bare = [cell for cell in texts if read_quantity(cell) and not cell.endswith("%")]
        signed = [cell for cell in texts if cell.endswith("%")]
        if bare and signed:
            got = f"{shown(min(signed))} and {shown(min(bare))}"
            findings.refuse(f"percent in all cells of {shown(name)}, or in none", got, "rows together",
                            "write them alike")  # fmt: skip


def _told(cell: object) -> str | None:
    return None if is_missing(cell) else _stripped(cell)


def _stripped(cell: object) -> str | None:
    return None if cell is None else as_text(cell).strip() or None


def _is_no_name(text: str | None) -> bool:
    return text is not None and not (text.isprintable() and len(text) <= _LONGEST_NAME)


def _without_folders(cell: str | None) -> str | None:
    """The last part of a path that has a number; of ``1000/2000`` steps the 1,000 that are done."""
    if cell is None or "/" not in cell:
        return cell
    parts = cell.split("/")
    if _DONE.fullmatch(cell):
        return parts[0].strip()
    return next((part for part in reversed(parts) if any(sign.isdigit() for sign in part)), parts[-1])


def _in_words(cells: Sequence[str | None], field: str) -> tuple[FloatArray, BoolArray]:
    """Numbers of seeds and checkpoints in words: ``seed_2``, ``checkpoint-600``, ``final``; other seeds are counted."""
    read = (_steps_in(cells) if field == "checkpoint" else None) or [
        None if cell is None else read_quantity(cell.replace("_", "-").split("-")[-1].lstrip(_LETTERS))
        for cell in cells
    ]
    known = [value for value in read if value is not None]
    order = list(dict.fromkeys(cell for cell in cells if cell is not None))
    words = dict.fromkeys(_FINAL, max(known, default=0.0) + 1) if field == "checkpoint" else {}
    if field == schema.SEED and len(known) < sum(cell is not None for cell in cells):
        read, words = [None] * len(cells), {cell: float(at) for at, cell in enumerate(order)}
    values = np.array([words.get(str(cell), np.nan) if value is None else value
                       for cell, value in zip(cells, read, strict=True)])  # fmt: skip
    told = np.array([cell is not None for cell in cells])
    return values, np.isnan(values) & told


def _steps_in(names: Sequence[str | None]) -> list[float | None] | None:
    """Numbers behind the first word for steps that all numbered names share, 1 in ``epoch_1-loss_0.35``."""
    for step in _STEPS:
        found = [None if name is None else step.search(name) for name in names]
        if all(match or not re.search(r"\d", name or "") for match, name in zip(found, names, strict=True)):
            return [None if match is None else read_quantity(match[1]) for match in found]
    return None


def _read_cells(
    cells: list[Any], read: Callable[[Any], float | None], plain: bool = True
) -> tuple[FloatArray, BoolArray]:
    """Numbers, NaN for missing ones, and a mask of unreadable cells; each distinct text is parsed once.

    With `plain`, digits with a decimal point mean what they do everywhere, and need no `read`.
    """
    known: dict[str, tuple[float, bool]] = {}
    values = _plain_numbers(cells) if plain else np.full(len(cells), np.nan)
    bad = np.zeros(len(cells), dtype=bool)
    for row in np.flatnonzero(~np.isfinite(values)).tolist():
        cell = cells[row]
        told = known.get(cell) if type(cell) is str else None
        if told is None:
            number = None if is_missing(cell) else read(cell)
            told = (np.nan, not is_missing(cell)) if number is None else (number, False)
            if type(cell) is str:
                known[cell] = told
        values[row], bad[row] = told
    return values, bad


def _plain_numbers(cells: list[Any]) -> FloatArray:
    """Fast path for numbers and texts of digits with at most one point; NaN for everything else."""
    kinds = set(map(type, cells))
    if kinds <= _PLAIN_KINDS:
        with suppress(OverflowError):  # an integer of hundreds of digits
            return np.array(cells, dtype=float)
    if kinds != {str}:
        return np.full(len(cells), np.nan)
    try:
        texts = pl.Series(cells, dtype=pl.String)
    except UnicodeEncodeError:  # half of a letter of two code units
        return np.full(len(cells), np.nan)
    plain = texts.str.contains(r"^[+-]?[0-9]+(\.[0-9]+)?$")
    numbers = texts.set(~plain, None).cast(pl.Float64, strict=False)
    return numbers.fill_null(np.nan).to_numpy().astype(float)


def _number(cell: Any, decimal: str = ".", parts: Callable[[str], float | None] | None = None) -> float | None:
    if isinstance(cell, str):
        value = read_quantity(cell, decimal)
        return parts(cell) if value is None and parts is not None else value
    if isinstance(cell, bool | int | float | np.number | np.bool_ | Decimal):
        try:
            return float(cell)
        except OverflowError:
            return None
    return None
