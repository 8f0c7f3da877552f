"""Trainers of a loop's runs: this machine, or any other that takes a table and returns curves."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.axes import Axis, axis_of
from bayeskisl.budgets import SECONDS
from bayeskisl.curves import build_curves, join_curves, load_curves
from bayeskisl.curves.exposures import assumed_terms
from bayeskisl.design import Budget, Costs, Plan, Run, candidate_runs, ladder_sizes, next_sweep, sweep_behind
from bayeskisl.design.costs import costs_for
from bayeskisl.design.runs import same_level
from bayeskisl.errors import InputError, way
from bayeskisl.files import written
from bayeskisl.inference import Fit
from bayeskisl.sweeping import export_sweep, sweep_folders
from bayeskisl.sweeping.record_reading import read_record
from bayeskisl.target import Target

__all__ = ["Elsewhere", "Here", "Trainer"]

# A run that came back may be the one that was ordered if log size, log budget and its level on the axis's line are this
# near: a model of "1.5B" seldom has exactly so many parameters.
_SAME = 0.05


class Trainer(ABC):
    """Trains the runs that a loop plans, and knows their cost."""

    @abstractmethod
    def curves(self, step: int) -> xr.Dataset:
        """Return all runs that were finished when a step began."""

    @abstractmethod
    def costs(self, curves: xr.Dataset, budget: Budget, step: int) -> tuple[Budget, Costs, float]:
        """Return the budget and the costs in one unit, and the amount already spent."""

    @abstractmethod
    def candidates(self, fit: Fit, target: Target, left: Budget, costs: Costs, largest: float | None,
                   seed: int) -> tuple[Run, ...]:  # fmt: skip
        """Return the available runs."""

    @abstractmethod
    def ordered(self, folder: Path) -> bool:
        """Whether a step's folder holds an order."""

    @abstractmethod
    def order(self, plan: Plan, fit: Fit, folder: Path) -> None:
        """Write the runs to be trained into a step's folder."""

    @abstractmethod
    def train(self, folder: Path) -> str:
        """Train a step's order; return a sentence about missing results, or an empty string."""

    def pending(self, curves: xr.Dataset, step: int) -> tuple[Run, ...]:
        """Return the ordered runs without results."""
        return ()


@dataclass(frozen=True)
class Here(Trainer):
    """This machine, with a sweep's TOML file.

    Parameters
    ----------
    spec : path
    sweeps : path
        Folder of all records.
    run : callable
        Trains a sweep's file.
    """

    spec: Path
    sweeps: Path
    run: Callable[[Path], Any]

    def curves(self, step: int) -> xr.Dataset:
        """Return the curves of the records."""
        return build_curves(self.sweeps)

    def costs(self, curves: xr.Dataset, budget: Budget, step: int) -> tuple[Budget, Costs, float]:
        """Return measured times for a budget in time, otherwise 6 N D.

        All runs count as spent, those of the first sweep and those that diverged included.
        """
        if budget.unit != SECONDS:
            costs = Costs.of_flops()
            return budget, costs, float(sum(costs.of(run) for run, _ in self._trained(axis_of(curves))))
        notes = [note for folder in sweep_folders(self.sweeps) for note in folder.sidecar()]
        return budget, Costs.of_records(self.sweeps), float(sum(note["seconds"] for note in notes))

    def candidates(self, fit: Fit, target: Target, left: Budget, costs: Costs, largest: float | None,
                   seed: int) -> tuple[Run, ...]:  # fmt: skip
        """Return runs of the ladder's sizes, up to the largest trained or the named one, where none diverged."""
        sizes = ladder_sizes(sweep_behind(fit.curves, self.spec))
        largest = largest or float(fit.curves[schema.PARAMS].max())
        offered = candidate_runs(fit, target, sizes=sizes, largest=largest, seed=seed)
        trained = list(self._trained(axis_of(fit.curves)))
        return tuple(run for run in offered if not _would_diverge(run, trained))

    def _trained(self, axis: Axis) -> Iterator[tuple[Run, bool]]:
        """Every run with a record, and whether it diverged."""
        # a sweep may have borrowed the record of another one
        records = {path.name: path for folder in sweep_folders(self.sweeps) for path in folder.records.glob("*.jsonl")}
        for path in records.values():
            begin, first, *_ = read_record(path).lines
            place = float(begin[schema.PARAMS]), float(begin[schema.TOKENS]), float(axis.values(begin))
            yield Run(*place), first["kind"] == "failed"

    def ordered(self, folder: Path) -> bool:
        """Whether there is a ``next.toml``."""
        return (folder / "next.toml").is_file()

    def order(self, plan: Plan, fit: Fit, folder: Path) -> None:
        """Write ``next.toml``."""
        text = next_sweep(plan.runs, fit.curves, sweep_behind(fit.curves, self.spec), plan.verdict)
        written(folder / "next.toml", text)

    def train(self, folder: Path) -> str:
        """Train ``next.toml``."""
        self.run(folder / "next.toml")
        return ""


@dataclass(frozen=True)
class Elsewhere(Trainer):
    """Any other trainer: each step's runs are written to ``next.csv`` and their results are read from ``results.nc``.

    With the sweep that trained the first runs, the next ones are of its ladder's sizes, and ``next.toml`` stands beside
    the table; of a sweep in real text, so does the export for the trainer, in ``export``.

    Rows of ``next.csv`` without a result are pending: their outcomes are imagined and their price is spent. A row that
    is deleted stands for a run that failed, and is neither.

    Parameters
    ----------
    first : path
        Curves of the existing runs, or the name of shipped ones.
    out : path
        The loop's folder.
    prices : Costs, optional
        Left out, 6 N D.
    sweep : path, optional
        The sweep's TOML file.
    export_for : str
        The trainer, a name in ``bayeskisl.sweeping.export.TRAINERS``.
    """

    first: str | Path
    out: Path
    prices: Costs | None = None
    sweep: str | Path | None = None
    export_for: str = "hf"

    def curves(self, step: int) -> xr.Dataset:
        """Return the first runs and all results."""
        back = [_renamed(load_curves(path), path.parent.name) for path in self._back(step)]
        first = load_curves(self.first)
        if schema.TOKENS in assumed_terms(first):
            raise InputError("curves whose tokens are known, so that results can be added", "tokens that the import "
                             "assumed", str(self.first), "import the table again with "
                             + way("`mapping={'tokens': ...}`", "`--map tokens=...`"))  # fmt: skip
        return join_curves(first, *back).drop_encoding() if back else first

    def costs(self, curves: xr.Dataset, budget: Budget, step: int) -> tuple[Budget, Costs, float]:
        """Return the price of all ordered runs as spent, without the first runs."""
        budget, costs = costs_for(budget, self.prices)
        return budget, costs, sum(map(costs.of, self._ordered(step)))

    def candidates(self, fit: Fit, target: Target, left: Budget, costs: Costs, largest: float | None,
                   seed: int) -> tuple[Run, ...]:  # fmt: skip
        """Return runs of the ladder's sizes if there is a sweep, else of observed, intermediate and larger sizes."""
        sizes = None if self.sweep is None else ladder_sizes(sweep_behind(fit.curves, self.sweep))
        return candidate_runs(fit, target, budget=left, costs=costs, sizes=sizes, largest=largest, seed=seed)

    def ordered(self, folder: Path) -> bool:
        """Whether there is a ``next.csv``."""
        return (folder / "next.csv").is_file()

    def order(self, plan: Plan, fit: Fit, folder: Path) -> None:
        """Write the sweep and its export, and last ``next.csv``."""
        if self.sweep is not None:
            self._write_sweep(self.sweep, plan, fit, folder)
        written(folder / "next.csv", plan.orders.to_csv(index=False))

    def train(self, folder: Path) -> str:
        """Return instructions, unless the results of a step exist or all of its runs failed."""
        if (folder / "results.nc").is_file() or not _rows(folder / "next.csv"):
            return ""
        export = folder / "export"
        if export.is_dir():
            train = f"`cd {export} && bash launch/node.sh`"
            back = export / "results"
            results = way(f"bk.read_exported('{export}', '{back}')", f"{export} --results {back}")
        else:
            train, results = f"the runs of {folder / 'next.csv'}", way("'RESULTS.csv'", "RESULTS.csv")
        back = folder / "results.nc"
        read = way(f"bk.save_curves(bk.curves_from_table({results}), '{back}')",
                   f"bayeskisl curves import {results} --out {back}")  # fmt: skip
        return (
            f"Waiting for results: train {train}, import them with `{read}`, and give the same "
            f"{way('call', 'command')} again. Some results will do; delete the rows of runs "
            f"that failed from {folder / 'next.csv'}."
        )

    def _write_sweep(self, sweep: str | Path, plan: Plan, fit: Fit, folder: Path) -> None:
        """Write ``next.toml``, and the export of a sweep in real text; symbols have no other trainer."""
        table = sweep_behind(fit.curves, sweep)
        written(folder / "next.toml", next_sweep(plan.runs, fit.curves, table, plan.verdict))
        if "corpus" in table:
            export_sweep(folder / "next.toml", folder / "export", trainer=self.export_for)

    def pending(self, curves: xr.Dataset, step: int) -> tuple[Run, ...]:
        """Return the ordered runs without a result: each result is that of the nearest run, the nearest pair first."""
        axis, ordered = axis_of(curves), self._ordered(step)
        back = curves.isel(run=self._came_back(curves))
        have = _on_lines(axis, back[schema.PARAMS].values, back[schema.TOKENS].values, axis.values(back))
        wanted = _on_lines(axis, *np.reshape([(run.params, run.tokens, run.level) for run in ordered], (-1, 3)).T)
        off = np.abs(wanted[:, None] - have).max(axis=-1)  # (order, result)
        missing, free = set(range(len(wanted))), set(range(len(have)))
        for place, result in sorted(np.argwhere(off < _SAME).tolist(), key=lambda pair: off[*pair]):
            if place in missing and result in free:
                missing.remove(place)
                free.remove(result)
        return tuple(ordered[place] for place in sorted(missing))

    def _ordered(self, step: int) -> list[Run]:
        """Single runs that earlier steps ordered."""
        return [Run(*row) for path in self._back(step) for row in _rows(path.parent / "next.csv")]

    def _came_back(self, curves: xr.Dataset) -> np.ndarray:
        return np.array([str(name).startswith("step-") for name in curves[schema.RUN].values])

    def _back(self, step: int) -> list[Path]:
        """Results of earlier steps."""
        paths = (self.out / f"step-{number}" / "results.nc" for number in range(step))
        return [path for path in paths if path.is_file()]


def _would_diverge(run: Run, trained: Sequence[tuple[Run, bool]]) -> bool:
    """Whether a run diverged at this level, or every run of this size and budget."""
    here = [(each, diverged) for each, diverged in trained if each.cell[:2] == run.cell[:2]]
    at_level = any(diverged and same_level(each.level, run.level) for each, diverged in here)
    return at_level or (bool(here) and all(diverged for _, diverged in here))


def _on_lines(axis: Axis, params: FloatArray, tokens: FloatArray, levels: Any) -> FloatArray:
    """Log size, log budget, and the level on the axis's line, ``(run, 3)``."""
    with np.errstate(divide="ignore"):
        line = axis.to_line(np.asarray(levels, dtype=float))
    return np.column_stack([np.log(params), np.log(tokens), line])


def _renamed(curves: xr.Dataset, step: str) -> xr.Dataset:
    """Return curves with unique names of runs: two tables may both have a line 2."""
    return curves.assign_coords({schema.RUN: [f"{step} {name}" for name in curves[schema.RUN].values.tolist()]})


def _rows(path: Path) -> list[tuple[float, float, float]]:
    """Size, budget and level of every single run of an order."""
    try:
        table = pd.read_csv(path)
        columns = table.columns.tolist()
        levels = table[columns[2]]
        places = zip(table[schema.PARAMS], table[schema.TOKENS], levels, table["replicates"], strict=True)
        return [(float(n), float(d), float(x)) for n, d, x, count in places for _ in range(int(count))]
    except (OSError, ValueError, KeyError, IndexError) as problem:
        raise InputError("the table of runs that the loop wrote", str(problem), str(path),
                         "restore it; delete no more than rows") from problem  # fmt: skip
