"""Correct rows that are left out: unfinished runs, and runs without infusion."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bayeskisl import schema
from bayeskisl.arrays import BoolArray, FloatArray
from bayeskisl.curves.tables.counts import count, in_the_unit_of_the_rate
from bayeskisl.curves.tables.evaluation import evaluate
from bayeskisl.curves.tables.experiment import first_alike
from bayeskisl.curves.tables.fields import NOTHING_INFUSED, PLANNED, SIZES, STATE, split_group
from bayeskisl.curves.tables.names import names_runs
from bayeskisl.curves.tables.problems import Findings, shown
from bayeskisl.curves.tables.quantities import as_text, is_missing, read_each, read_quantity, size_in_name
from bayeskisl.curves.tables.raw import RawTable
from bayeskisl.curves.tables.recognition import recognise
from bayeskisl.curves.tables.spelling import column_named, in_shell, quoted
from bayeskisl.curves.tables.states import FINISHED, UNFINISHED, state_in
from bayeskisl.errors import InputError

__all__ = ["finished_and_infused", "stopped_early", "without_aggregates"]

_MEASURED = (schema.RECALLED, schema.PROBED, "accuracy", "standard_error")
_OF_RUNS = (schema.SEED, schema.RUN, *SIZES)
_AVERAGES = frozenset(("mean", "avg", "average", "median", "mittel", "mittelwert", "moyenne", "promedio"))
_TOTALS = frozenset(("total", "all", "overall", "gesamt", "alle", "tous", "todos"))
_MAY_BE_NAMES = _TOTALS | {"min", "max", "best", "worst", "media"}
_AGGREGATES = _AVERAGES | _MAY_BE_NAMES | {"std", "stdev", "sd", "sem"}
_WORD = re.compile(r"([^\W\d_]+)\.?(?:\s*(?:[(\[±+/]|over\b|of\b|across\b).*)?", re.DOTALL)  # mean (n=2), mean±std
_SETTINGS = (*SIZES, schema.TOKENS, *NOTHING_INFUSED, schema.TOKENS_PER_FACT, schema.GROUP, schema.DOMAIN)
_ROUNDED = 0.005  # rates of two digits
_CHANCE = 1e-3  # that controls of several sizes seem to know different amounts without doing so
_SAME = 0.999  # steps are logged at intervals, and the last one may be counted from 0


def without_aggregates(table: RawTable, given: Mapping[str, Any]) -> RawTable:
    """Return the table without the rows that sum up others: ``mean`` or ``std`` in a column of seeds, runs or models.

    They are listed. A row sums up others if these have its other settings. In a table of aggregates alone, the averages
    are the rows.
    """
    named = {str(source).strip('"') for field, source in given.items() if field in _OF_RUNS}
    reasons: dict[int, str] = {}
    for name, cells in table.columns.items():
        if name not in named and not names_runs(name):
            continue
        words = read_each(cells, _word)
        _refuse_strange_seeds(name, words, table, given)
        apart = _aggregates_among(words)
        if not apart & set(words):
            continue
        settings = _settings_beside(name, table, given)
        summed = {
            **dict.fromkeys(_AVERAGES, _Rows(settings, [word not in _AGGREGATES for word in words])),
            **dict.fromkeys(apart - _AVERAGES, _Rows(settings, [word not in apart - _AVERAGES for word in words])),
        }
        rows = [row for row, word in enumerate(words) if word in apart and summed[word].has_settings_of(row)]
        reasons |= {row: f"{shown(cells[row])} in {shown(name)} is an aggregate of other rows" for row in rows}
    if not reasons or len(reasons) == len(table):
        return table
    left_out = tuple((table.places[row], reason) for row, reason in sorted(reasons.items()))
    kept = [row for row in range(len(table)) if row not in reasons]
    return replace(table.rows(kept), left_out=(*table.left_out, *left_out))


def _refuse_strange_seeds(name: str, words: Sequence[str], table: RawTable, given: Mapping[str, Any]) -> None:
    """Refuse words among numbered seeds: they may sum up the seeds, as ``pooled``, or be seeds."""
    if column_named(given.get(schema.SEED), table.columns) != name and schema.SEED not in recognise({name: []})[0]:
        return
    told = dict(zip(words, table.columns[name], strict=True))
    strange = [word for word in told if word and word not in _AGGREGATES and not _has_digit(word)]
    if strange and any(map(_has_digit, told)):
        got = ", ".join(shown(told[word]) for word in strange)
        raise InputError("seeds that are all numbers, or all words", got, f"{table.origin}: {name}",
                         "number these seeds, or remove rows that sum up others")  # fmt: skip


def _has_digit(word: str) -> bool:
    return any(sign.isdigit() for sign in word)


def _aggregates_among(words: Sequence[str]) -> frozenset[str]:
    """Words that are no name in a column: ``all`` and ``max`` may be names, but not among seeds or sizes."""
    others = {word for word in words if word and word not in _AGGREGATES}
    numbered = all(map(_has_digit, others))
    return (_AGGREGATES if numbered else _AGGREGATES - _MAY_BE_NAMES) - (frozenset() if others else _AVERAGES)


def _settings_beside(name: str, table: RawTable, given: Mapping[str, Any]) -> list[list[object]]:
    """Columns that describe runs, beside one of their seeds or names; None in empty cells."""
    known, _ = recognise(table.columns)
    sources = {**known, **{str(field): str(source) for field, source in given.items()}}
    told = [source for field, source in sources.items() if split_group(field)[0] in _SETTINGS]
    return [read_each(cells, _setting) for column, cells in table.columns.items()
            if column != name and any(source == column or quoted(column) in source for source in told)]  # fmt: skip


def _setting(cell: object) -> object:
    if is_missing(cell):
        return None
    text = as_text(cell)
    number = read_quantity(text)
    return (size_in_name(text) or text) if number is None else number


class _Rows:
    """Rows by their settings."""

    def __init__(self, settings: Sequence[Sequence[object]], counted: Sequence[bool]) -> None:
        self._settings, self._counted = settings, counted
        self._found: dict[tuple[int, ...], set[tuple[object, ...]]] = {}

    def has_settings_of(self, row: int) -> bool:
        """Whether one of the rows that count has the settings that another row states."""
        stated = tuple(at for at, cells in enumerate(self._settings) if cells[row] is not None)
        if stated not in self._found:
            self._found[stated] = {self._of(other, stated) for other in np.flatnonzero(self._counted).tolist()}
        return self._of(row, stated) in self._found[stated]

    def _of(self, row: int, stated: tuple[int, ...]) -> tuple[object, ...]:
        return tuple(self._settings[at][row] for at in stated)


def _word(cell: object) -> str:
    """A cell in small letters, or its first word if the rest says of what it is an aggregate."""
    text = "" if is_missing(cell) else as_text(cell).strip(" .").lower()
    found = _WORD.fullmatch(text)
    return found[1] if found is not None and found[1] in _AGGREGATES else text


def finished_and_infused(
    table: RawTable, mapping: Mapping[str, str | float], findings: Findings, decimal: str | None
) -> tuple[RawTable, dict[str, float]]:
    """Leave out unfinished runs, runs without infused facts, and what was measured over all domains together.

    They are counted and listed. A run that crashed shows what a part of its training taught; a run without infusion
    is a baseline and has no exposures, but shows what a guess gets right.

    Returns
    -------
    table : RawTable
        The other rows.
    guesses : dict
        Share that runs without infusion recall, by domain ("" where the table names none).
    """
    told = {field: source for field, source in mapping.items() if field in (STATE, *NOTHING_INFUSED)}
    if not told and schema.DOMAIN not in mapping:
        return table, {}
    aside = Findings(findings.origin, findings.places)  # what is wrong with these fields is found again
    values, _ = evaluate(told, table, aside, decimal)
    out = np.zeros(len(table), dtype=bool)
    if STATE in values and not findings.skips:
        _refuse_strange_states(values[STATE], str(mapping[STATE]), findings)
    sums = _sums_of_domains(table, mapping, decimal)
    for cells, reason in [*_reasons(values), (sums, "it sums up the domains of other rows")]:
        findings.leave_out(cells & ~out, reason)
        out |= cells
    if not out.any():
        return table, {}
    guesses = _recalled_by_guessing(table, mapping, _uninfused(values), decimal, findings)
    if out.all():
        raise InputError("runs that finished and have infused facts", "none", findings.origin)
    kept = np.flatnonzero(~out)
    findings.places = [table.places[row] for row in kept]
    findings.rows = np.arange(len(kept))
    return table.rows(kept.tolist()), guesses


def _reasons(values: Mapping[str, np.ndarray]) -> list[tuple[BoolArray, str]]:
    reasons = []
    if STATE in values:
        states = np.array([state_in(str(state)) if state is not None else "" for state in values[STATE]])
        reasons += [(states == state, f"its state is {shown(state)}")
                    for state in sorted(set(states.tolist()) & UNFINISHED)]  # fmt: skip
        strange = sorted(set(states.tolist()) - UNFINISHED - FINISHED - {""})  # refused unless such rows are skipped
        reasons += [(states == state, f"its state {shown(state)} is unknown") for state in strange]
    nothing = _uninfused(values)
    return reasons if nothing is None else [*reasons, (nothing, "nothing was infused")]


def _refuse_strange_states(states: np.ndarray, source: str, findings: Findings) -> None:
    """Refuse states that neither say that a run ended well nor that it did not."""
    told = [str(state) for state in dict.fromkeys(states.tolist()) if state is not None]
    bad = tuple(word for word in UNFINISHED if not word.isdigit())  # OOM'd is oom
    strange = [state for state in told if state_in(state) not in FINISHED and not state_in(state).startswith(bad)]
    if strange:
        column = source.strip('"')
        findings.refuse("states such as finished, completed, failed or crashed", ", ".join(map(shown, strange)),
                        f"column {shown(column)}", f"leave such runs out with {_without_cells(column, strange)}, or if "
                        f"they count, use --ignore {in_shell(column)}")  # fmt: skip


def _without_cells(column: str, cells: Sequence[str]) -> str:
    """The option that leaves out rows by cells of a column."""
    listed = ", ".join("'" + cell.replace("'", "''") + "'" for cell in cells)
    return "--where " + in_shell(f"{column if column.isidentifier() else quoted(column)} NOT IN ({listed})")


def _sums_of_domains(table: RawTable, mapping: Mapping[str, str | float], decimal: str | None) -> BoolArray:
    """Mask of rows that are named as the sum or the mean of all domains, and are it, ``(row,)``."""
    nothing = np.zeros(len(table), dtype=bool)
    if schema.DOMAIN not in mapping:
        return nothing
    fields = {name: mapping[name] for name in (*_SETTINGS, schema.SEED, schema.RUN, "checkpoint") if name in mapping}
    values, _ = evaluate(fields, table, Findings(table.origin, table.places), decimal)
    total = np.array([_word(name) in _AVERAGES | _TOTALS for name in values.pop(schema.DOMAIN)])
    if not total.any():
        return nothing
    recalled, probed, _ = _counted(table, mapping, decimal)
    keys = first_alike(*values.values(), nothing)
    part = ~total & (probed > 0) & ~np.isnan(recalled)

    def together(cells: np.ndarray) -> FloatArray:
        return np.bincount(keys, np.where(part, cells, 0.0), len(table))[keys]

    with np.errstate(divide="ignore", invalid="ignore"):
        rate, parts, asked = recalled / probed, together(part), together(probed)
        off = np.minimum(np.abs(rate - together(recalled) / asked), np.abs(rate - together(rate) / parts))
    sums = total & (parts > 1)
    are_sums = (probed == asked)[sums].all() or (off < _ROUNDED)[sums].all()
    return sums if are_sums else nothing


def _uninfused(values: Mapping[str, np.ndarray]) -> BoolArray | None:
    """Mask of runs without infused facts, ``(row,)``; None if no field shows it."""
    nothing = [values[name] == 0 for name in NOTHING_INFUSED if name in values]
    return np.any(nothing, axis=0) if nothing else None


def _recalled_by_guessing(
    table: RawTable,
    mapping: Mapping[str, str | float],
    controls: BoolArray | None,
    decimal: str | None,
    findings: Findings,
) -> dict[str, float]:
    """Share recalled by runs without infusion, by domain ("" if the table names none).

    Nothing, where the table states their guessing rate or does not tell what such runs recall.
    """
    if (
        controls is None
        or not controls.any()
        or {schema.GUESSING, f"{schema.GUESSING}.{schema.INFUSED}"} & set(mapping)
    ):
        return {}
    recalled, probed, values = _counted(table, mapping, decimal)
    counted = controls & _of_infused(values, len(table)) & (probed > 0) & ~np.isnan(recalled)
    domain = values.get(schema.DOMAIN, np.full(len(table), ""))
    sizes = next((values[name] for name in SIZES if name in values), np.zeros(len(table)))
    guesses = {}
    for name in dict.fromkeys(domain[counted].tolist()):
        rows = counted & (domain == name)
        guesses[str(name)] = float(recalled[rows].sum() / probed[rows].sum())
        _note_what_sizes_know(recalled[rows], probed[rows], sizes[rows], findings)
    return guesses


def _counted(
    table: RawTable, mapping: Mapping[str, str | float], decimal: str | None
) -> tuple[FloatArray, FloatArray, Mapping[str, np.ndarray]]:
    """Recalled and probed infused facts of every row, with sizes, groups and domains; what is wrong is found again."""
    of_infused = {name: f"{name}.{schema.INFUSED}" for name in _MEASURED if f"{name}.{schema.INFUSED}" in mapping}
    fields = {name: mapping[of_infused.get(name, name)] for name in (*_MEASURED, *SIZES, schema.GROUP, schema.DOMAIN)
              if of_infused.get(name, name) in mapping}  # fmt: skip
    aside = Findings(table.origin, table.places)
    values, _ = evaluate(fields, table, aside, decimal)
    values = in_the_unit_of_the_rate(values, fields, table.columns, aside)
    return *count(values, aside), values


def _note_what_sizes_know(recalled: FloatArray, probed: FloatArray, sizes: FloatArray, findings: Findings) -> None:
    """Note that runs without infusion differ by size more than by chance: then they do more than guess."""
    from scipy.stats import chi2

    _, size = np.unique(sizes, return_inverse=True)
    right, asked = np.bincount(size, recalled), np.bincount(size, probed)
    rate = right.sum() / asked.sum()
    if len(asked) == 1 or not 0 < rate < 1:
        return
    if chi2.sf(((right - asked * rate) ** 2 / (asked * rate * (1 - rate))).sum(), len(asked) - 1) < _CHANCE:
        rates = right / asked
        findings.notes.append(
            f"runs in which nothing was infused recall {rates.min():.2g} to {rates.max():.2g} by size, and more than "
            "chance differs: models may have learned facts elsewhere; state what is guessed, such as --guessing 0"
        )


def _of_infused(values: Mapping[str, np.ndarray], rows: int) -> BoolArray:
    """Mask of rows that probe infused facts; other facts may be known without infusion."""
    if schema.GROUP not in values:
        return np.ones(rows, dtype=bool)
    return np.array([name is not None and str(name).lower() == schema.INFUSED for name in values[schema.GROUP]])


def stopped_early(rows: Mapping[str, np.ndarray], good: BoolArray, findings: Findings) -> BoolArray:
    """Mask of the `good` rows that end before the planned last step. Shape ``(row,)``."""
    if "checkpoint" not in rows or PLANNED not in rows:
        return np.zeros(len(good), dtype=bool)
    with np.errstate(invalid="ignore"):
        early = good & (rows["checkpoint"] + 1 < _SAME * rows[PLANNED])
    if early.any() and (early == good).all():
        findings.notes.append("no run came to its planned_steps, which then count something else; none was left out")
        return np.zeros(len(good), dtype=bool)
    for row in np.flatnonzero(early):
        at, planned = rows["checkpoint"][row], rows[PLANNED][row]
        findings.left_out.append((findings.places[row], f"it stopped at step {at:,.0f} of {planned:,.0f}"))
    return early
