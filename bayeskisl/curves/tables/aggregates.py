"""Rows that sum up others: ``mean`` or ``std`` of seeds, or the sum of all domains."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bayeskisl import schema
from bayeskisl.arrays import BoolArray, FloatArray
from bayeskisl.curves.tables.alike import first_alike
from bayeskisl.curves.tables.controls import infused_counts
from bayeskisl.curves.tables.evaluation import evaluate
from bayeskisl.curves.tables.fields import NOTHING_INFUSED, SIZES, Sources, split_group
from bayeskisl.curves.tables.names import names_runs
from bayeskisl.curves.tables.problems import Findings, shown
from bayeskisl.curves.tables.quantities import as_text, is_missing, read_each, read_quantity, size_in_name
from bayeskisl.curves.tables.raw import RawTable
from bayeskisl.curves.tables.recognition import named_fields, recognise
from bayeskisl.curves.tables.spelling import column_named, quoted
from bayeskisl.errors import InputError

__all__ = ["sums_of_domains", "without_aggregates"]

_OF_RUNS = (schema.SEED, schema.RUN, *SIZES)
_AVERAGES = frozenset(("mean", "avg", "average", "median", "mittel", "mittelwert", "moyenne", "promedio"))
_TOTALS = frozenset(("total", "all", "overall", "gesamt", "alle", "tous", "todos"))
_MAY_BE_NAMES = _TOTALS | {"min", "max", "best", "worst", "media"}
_AGGREGATES = _AVERAGES | _MAY_BE_NAMES | {"std", "stdev", "sd", "sem"}
_WORD = re.compile(r"([^\W\d_]+)\.?(?:\s*(?:[(\[±+/]|over\b|of\b|across\b).*)?", re.DOTALL)  # mean (n=2), mean±std
_SETTINGS = (*SIZES, schema.TOKENS, *NOTHING_INFUSED, schema.TOKENS_PER_FACT, schema.GROUP, schema.DOMAIN)
_ROUNDED = 0.005  # rates of two digits


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
        others = apart - _AVERAGES
        rows = [*_summing_up(words, apart & _AVERAGES, _AGGREGATES, settings),
                *_summing_up(words, others, others, settings)]  # fmt: skip
        reasons |= {row: f"{shown(cells[row])} in {shown(name)} is an aggregate of other rows" for row in rows}
    if not reasons or len(reasons) == len(table):
        return table
    left_out = tuple((table.places[row], reason) for row, reason in sorted(reasons.items()))
    kept = [row for row in range(len(table)) if row not in reasons]
    return replace(table.rows(kept), left_out=(*table.left_out, *left_out))


def _refuse_strange_seeds(name: str, words: Sequence[str], table: RawTable, given: Mapping[str, Any]) -> None:
    """Refuse words among numbered seeds: they may sum up the seeds, as ``pooled``, or be seeds."""
    if column_named(given.get(schema.SEED), table.columns) != name and schema.SEED not in named_fields([name]):
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


def _summing_up(
    words: Sequence[str], apart: frozenset[str], among: frozenset[str], settings: Sequence[Sequence[object]]
) -> list[int]:
    """Rows of words that stand `apart` which state the settings of a row whose word is not `among` some."""
    others = [row for row, word in enumerate(words) if word not in among]
    known: dict[tuple[int, ...], set[tuple[object, ...]]] = {}
    found = []
    for row in (row for row, word in enumerate(words) if word in apart):
        stated = tuple(at for at, cells in enumerate(settings) if cells[row] is not None)
        if stated not in known:
            known[stated] = {tuple(settings[at][other] for at in stated) for other in others}
        if tuple(settings[at][row] for at in stated) in known[stated]:
            found.append(row)
    return found


def _word(cell: object) -> str:
    """A cell in small letters, or its first word if the rest says of what it is an aggregate."""
    text = "" if is_missing(cell) else as_text(cell).strip(" .").lower()
    found = _WORD.fullmatch(text)
    return found[1] if found is not None and found[1] in _AGGREGATES else text


def sums_of_domains(table: RawTable, mapping: Sources, decimal: str | None) -> BoolArray:
    """Mask of rows that are named as the sum or the mean of all domains, and are it, ``(row,)``."""
    nothing = np.zeros(len(table), dtype=bool)
    if schema.DOMAIN not in mapping:
        return nothing
    fields = {name: mapping[name] for name in (*_SETTINGS, schema.SEED, schema.RUN, "checkpoint") if name in mapping}
    values, _ = evaluate(fields, table, Findings(table.origin, table.places), decimal)
    total = np.array([_word(name) in _AVERAGES | _TOTALS for name in values.pop(schema.DOMAIN)])
    if not total.any():
        return nothing
    recalled, probed, _ = infused_counts(table, mapping, decimal)
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
