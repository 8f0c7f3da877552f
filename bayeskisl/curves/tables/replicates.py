"""Rows that repeat a run: replicates, which are numbered, or an error with the columns that may tell them apart."""

import re
from collections.abc import Sequence

import numpy as np
import polars as pl

from bayeskisl import schema
from bayeskisl.arrays import BoolArray, IntArray
from bayeskisl.curves.tables.groups import names_benchmark, renaming
from bayeskisl.curves.tables.problems import Findings, Said, shown
from bayeskisl.curves.tables.quantities import as_text, read_parts, read_quantity, texts_in
from bayeskisl.curves.tables.spelling import as_sql, map_option, option, quoted, where_option

__all__ = ["number_replicates"]

_FEW = 4  # rows, of which every one may have its own level
_OF_DOMAINS = re.compile(r"domain|task|dataset|benchmark|subject|attribute|topic|corpus", re.IGNORECASE)
_OF_SEEDS = re.compile(r"seed|replica|trial|shuffle", re.IGNORECASE)
_MOVED = re.compile(  # names of what grows within a run, or of how often it saw a fact
    r"step|iter|epoch|checkpoint|ckpt|token|pass|rep|expos|seen|times|freq|cop(y|ies)|dup", re.IGNORECASE
)


def number_replicates(keys: IntArray, rows: BoolArray, replicates: bool, named: bool, findings: Findings) -> IntArray:
    """Number the rows of equal run and group, ``(row,)``, from 0; they are refused unless they are replicates.

    Rows are told apart by `keys`, as `first_alike` gives them; those in the mask `rows` are used. `named` says whether
    the table has a name or a seed of each run.
    """
    number = np.zeros(len(keys), dtype=int)
    used = pl.DataFrame({"key": keys[rows]})
    number[rows] = used.select(pl.int_range(pl.len()).over("key")).to_series().to_numpy()
    if replicates:
        return number
    twice = np.flatnonzero(number > 0)
    first = np.zeros(len(keys), dtype=int)
    first[keys[rows & (number == 0)]] = np.flatnonzero(rows & (number == 0))
    stands: list[object] = [""] * len(keys)
    for row in twice.tolist():
        stands[row] = Said(f"a repetition of {findings.places[first[keys[row]]]}")
    if len(twice):
        remedy = _telling_apart(_differing(twice, first[keys[twice]], findings), named, findings)
        findings.refuse_together(number > 0, "each run and group once", stands, remedy)
    return np.zeros(len(keys), dtype=int)


def _differing(some: IntArray, others: IntArray, findings: Findings) -> list[str]:
    """Settings in which some rows differ from others, pair by pair."""
    pairs = list(zip(findings.rows[some].tolist(), findings.rows[others].tolist(), strict=True))
    return [name for name, cells in findings.settings.items()
            if any(as_text(cells[one]) != as_text(cells[other]) for one, other in pairs)]  # fmt: skip


def _telling_apart(differing: list[str], named: bool, findings: Findings) -> str:
    """Remedy for rows that are alike in all fields: the columns in which they differ, if there are any."""
    columns = [name for name in differing if _is_setting(findings.settings[name])]
    if not columns:
        apart = "" if named else f", or make them separate runs with {option('replicates')}"
        return f"remove one{apart}"
    unread = [name for name in columns if name in findings.unread]
    texts = [name for name in unread if not _are_numbers(findings.settings[name])]
    moved = [name for name in unread if name not in texts and _MOVED.search(name)]
    name = (texts or moved or unread or columns)[0]
    ways = [
        _mapped(name, findings.settings[name]) if texts else "",
        _as_moved(moved) if moved else "",
        f"use some of the rows, as in {_selecting(name, findings.settings[name])}",
        _as_replicates(columns, findings),
    ]
    return f"they differ in {', '.join(map(shown, unread or columns))}: " + "; or ".join(filter(None, ways))


def _as_replicates(columns: Sequence[str], findings: Findings) -> str:
    """Remedy that keeps every row as a run of its own: by the column that has the seeds, or else by their number."""
    for name in columns:
        numbers = [read_quantity(text) for text in texts_in(findings.settings[name])]
        if _OF_SEEDS.search(name) and all(each is not None and each.is_integer() and each >= 0 for each in numbers):
            return f"if they repeat a run, make them separate runs with {map_option(schema.SEED, name)}"
    apart = option("replicates")
    return f"if they repeat a run, make them separate runs with {apart}, or average them before the import"


def _mapped(name: str, cells: Sequence[object]) -> str:
    """Remedy that maps a column of texts, if it has groups, ratios or domains; else empty."""
    told = list(dict.fromkeys(texts_in(cells)))
    if names_benchmark(told):
        return f"map it, as in {renaming(quoted(name), told)}"
    if all(read_parts(cell) is not None for cell in told):
        return f"map it, as in {map_option(schema.RATIO, name)}"
    return f"map it, as in {map_option(schema.DOMAIN, name)}" if _OF_DOMAINS.search(name) else ""


def _as_moved(columns: Sequence[str]) -> str:
    """Remedy for columns whose names say that they grow within a run, or count how often it saw a fact."""
    return (f"map the column that moves, if it is {' or '.join(map(shown, columns))}, as in "
            f"{map_option('checkpoint', 'COLUMN')} or {map_option(schema.EXPOSURES, 'COLUMN')}")  # fmt: skip


def _selecting(name: str, cells: Sequence[object]) -> str:
    """The option that selects rows by the first cell of a column."""
    first = next(texts_in(cells))
    return where_option(name, f"= {f'{read_quantity(first):.15g}' if _are_numbers(cells) else as_sql(first)}")


def _is_setting(cells: Sequence[object]) -> bool:
    """Whether values of a column come again, or few rows have whole numbers: times and identities differ everywhere."""
    values = set(texts_in(cells))
    if len(values) < len(cells):
        return True
    numbers = [read_quantity(value) for value in values]
    return len(cells) <= _FEW and all(number is not None and number.is_integer() for number in numbers)


def _are_numbers(cells: Sequence[object]) -> bool:
    return all(read_quantity(value) is not None for value in texts_in(cells))
