"""Runs in which nothing was infused: controls, which show what a guess gets right."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from bayeskisl import schema
from bayeskisl.arrays import BoolArray, FloatArray
from bayeskisl.curves.tables.counts import count, in_the_unit_of_the_rate
from bayeskisl.curves.tables.evaluation import evaluate
from bayeskisl.curves.tables.fields import MEASURED, NOTHING_INFUSED, SIZES, Sources, Values, split_group
from bayeskisl.curves.tables.groups import by_group, groups_of
from bayeskisl.curves.tables.problems import Findings
from bayeskisl.curves.tables.raw import RawTable
from bayeskisl.curves.tables.spelling import option

__all__ = ["Control", "Controls", "infused_counts", "recalled_by", "uninfused"]

_MEASURED = (schema.RECALLED, schema.PROBED, "accuracy", "standard_error")
_OF_ONE_RUN = (schema.SEED, schema.RUN)  # runs of one model end on their own
_CHANCE = 1e-3  # that controls of several sizes seem to know different amounts without doing so


def uninfused(values: Mapping[str, np.ndarray]) -> BoolArray | None:
    """Mask of runs without infused facts, ``(row,)``; None if no field shows it."""
    nothing = [values[name] == 0 for name in NOTHING_INFUSED if name in values]
    return np.any(nothing, axis=0) if nothing else None


@dataclass(frozen=True)
class Control:
    """Background facts that one run without infusion recalls at its end."""

    place: str  # its row in the table
    model: tuple[object, ...]  # values of `Controls.of`
    recalled: int
    probed: int


@dataclass(frozen=True)
class Controls:
    """Knowledge of runs without infusion.

    Parameters
    ----------
    infused : dict
        Share of the infused facts, by domain ("" if the table names none): what a guess gets right.
    runs : tuple of Control
        The runs that tell what a model knows of the background before anything is infused.
    of : tuple of str
        Fields by which models are told apart.
    """

    infused: dict[str, float] = field(default_factory=dict)
    runs: tuple[Control, ...] = ()
    of: tuple[str, ...] = ()

    def background_in(self, rows: Values) -> FloatArray:
        """Share of the background facts that the model of each row recalls without infusion, ``(row,)``, or NaN."""
        if not self.runs:
            return np.full(len(rows[schema.GROUP]), np.nan)
        recalled, probed = Counter[tuple[object, ...]](), Counter[tuple[object, ...]]()
        for run in self.runs:
            recalled[run.model] += run.recalled
            probed[run.model] += run.probed
        shares = {model: recalled[model] / probed[model] for model in probed}
        models = zip(*(rows[name].tolist() for name in self.of), strict=True)
        return np.array([shares.get(model, np.nan) for model in models])


def recalled_by(
    table: RawTable, mapping: Sources, controls: BoolArray | None, decimal: str | None, findings: Findings
) -> Controls:
    """Return what runs without infusion recall; nothing, where the table has no such runs."""
    if controls is None or not controls.any():
        return Controls()
    infused = _guessed(table, mapping, controls, decimal, findings)
    return Controls(infused, *_background(table.rows(np.flatnonzero(controls).tolist()), mapping, decimal))


def _background(
    controls: RawTable, mapping: Sources, decimal: str | None
) -> tuple[tuple[Control, ...], tuple[str, ...]]:
    """Background facts recalled at the end of the runs without infusion, and the fields that tell models apart."""
    models = (*SIZES, schema.TOKENS, schema.DOMAIN)
    asked = (*MEASURED, *models, *_OF_ONE_RUN, schema.GROUP, "checkpoint")
    fields = {name: source for name, source in mapping.items() if split_group(name)[0] in asked}
    aside = Findings(controls.origin, controls.places)  # what is wrong with these fields is found again
    values, _ = evaluate(fields, controls, aside, decimal)
    rows = by_group(in_the_unit_of_the_rate(values, fields, controls.columns, aside), aside)
    recalled, probed = count(rows, aside)
    ours = (groups_of(rows, mapping, aside) == schema.BACKGROUND) & (probed > 0) & ~np.isnan(recalled)
    of = [name for name in models if name in rows and not _untold(rows[name][ours])]
    if not ours.any() or not set(of) & set(SIZES):
        return (), ()
    ended = rows.get("checkpoint", np.zeros(len(ours)))
    told = {"place": np.array(aside.places), "recalled": recalled, "probed": probed, "ended": ended}
    runs = [name for name in _OF_ONE_RUN if name in rows]
    columns = {**told, **{name: rows[name] for name in (*of, *runs)}}
    measured = pl.DataFrame({name: cells[ours] for name, cells in columns.items()}, strict=False)
    last = measured.filter(pl.col("ended") == pl.col("ended").max().over([*of, *runs])).drop("ended", *runs)
    return tuple(
        Control(place, tuple(model), int(right), int(asked)) for place, right, asked, *model in last.iter_rows()
    ), tuple(of)


def _untold(values: np.ndarray) -> bool:
    """Whether some row leaves a field out, or says 0 tokens."""
    return bool((values != values).any() or (values == 0).any())


def _guessed(
    table: RawTable, mapping: Sources, controls: BoolArray, decimal: str | None, findings: Findings
) -> dict[str, float]:
    """Share of infused facts recalled by runs without infusion, by domain ("" if the table names none).

    Nothing, where the table states their guessing rate or does not tell what such runs recall.
    """
    if {schema.GUESSING, f"{schema.GUESSING}.{schema.INFUSED}"} & set(mapping):
        return {}
    recalled, probed, values = infused_counts(table, mapping, decimal)
    counted = controls & _of_infused(values, len(table)) & (probed > 0) & ~np.isnan(recalled)
    domain = values.get(schema.DOMAIN, np.full(len(table), ""))
    sizes = next((values[name] for name in SIZES if name in values), np.zeros(len(table)))
    guesses = {}
    for name in dict.fromkeys(domain[counted].tolist()):
        rows = counted & (domain == name)
        guesses[str(name)] = float(recalled[rows].sum() / probed[rows].sum())
        _note_what_sizes_know(recalled[rows], probed[rows], sizes[rows], str(name), findings)
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


def _note_what_sizes_know(
    recalled: FloatArray, probed: FloatArray, sizes: FloatArray, domain: str, findings: Findings
) -> None:
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
            f"{f'{domain}: ' if domain else ''}models that saw no infused facts recall {100 * rates.min():.2g} % to "
            f"{100 * rates.max():.2g} %, depending on size. This is more than chance can explain. They may know these "
            f"facts from other text. If so, state the guessing rate: {option('guessing', '0')}"
        )


def _of_infused(values: Mapping[str, np.ndarray], rows: int) -> BoolArray:
    """Mask of rows that probe infused facts; other facts may be known without infusion."""
    if schema.GROUP not in values:
        return np.ones(rows, dtype=bool)
    return np.array([name is not None and str(name).lower() == schema.INFUSED for name in values[schema.GROUP]])
