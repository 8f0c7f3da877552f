"""Runs in which nothing was infused: controls, which show what a guess gets right."""

from collections.abc import Mapping

import numpy as np

from bayeskisl import schema
from bayeskisl.arrays import BoolArray, FloatArray
from bayeskisl.curves.tables.counts import count, in_the_unit_of_the_rate
from bayeskisl.curves.tables.evaluation import evaluate
from bayeskisl.curves.tables.fields import NOTHING_INFUSED, SIZES, Sources
from bayeskisl.curves.tables.problems import Findings
from bayeskisl.curves.tables.raw import RawTable

__all__ = ["infused_counts", "recalled_by_guessing", "uninfused"]

_MEASURED = (schema.RECALLED, schema.PROBED, "accuracy", "standard_error")
_CHANCE = 1e-3  # that controls of several sizes seem to know different amounts without doing so


def uninfused(values: Mapping[str, np.ndarray]) -> BoolArray | None:
    """Mask of runs without infused facts, ``(row,)``; None if no field shows it."""
    nothing = [values[name] == 0 for name in NOTHING_INFUSED if name in values]
    return np.any(nothing, axis=0) if nothing else None


def recalled_by_guessing(
    table: RawTable, mapping: Sources, controls: BoolArray | None, decimal: str | None, findings: Findings
) -> dict[str, float]:
    """Share recalled by runs without infusion, by domain ("" if the table names none).

    Nothing, where the table states their guessing rate or does not tell what such runs recall.
    """
    told = {schema.GUESSING, f"{schema.GUESSING}.{schema.INFUSED}"} & set(mapping)
    if controls is None or not controls.any() or told:
        return {}
    recalled, probed, values = infused_counts(table, mapping, decimal)
    counted = controls & _of_infused(values, len(table)) & (probed > 0) & ~np.isnan(recalled)
    domain = values.get(schema.DOMAIN, np.full(len(table), ""))
    sizes = next((values[name] for name in SIZES if name in values), np.zeros(len(table)))
    guesses = {}
    for name in dict.fromkeys(domain[counted].tolist()):
        rows = counted & (domain == name)
        guesses[str(name)] = float(recalled[rows].sum() / probed[rows].sum())
        _note_what_sizes_know(recalled[rows], probed[rows], sizes[rows], findings)
    return guesses


def infused_counts(
    table: RawTable, mapping: Sources, decimal: str | None
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
