"""Trainers of a loop's runs: this machine, or any other that takes a table and returns curves."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bayeskisl import schema
from bayeskisl.axes import axis_of
from bayeskisl.errors import InputError
from bayeskisl.sweeping import sweep_folders
from bayeskisl.sweeping.records import write_atomically
from bayeskisl.target import Target

if TYPE_CHECKING:
    import xarray as xr

    from bayeskisl.design import Budget, Costs, Plan, Run
    from bayeskisl.inference import Fit

__all__ = ["Elsewhere", "Here", "Trainer"]

# A run that came back is the one that was ordered if its size, budget and level are this near: a model of "1.5B" seldom
# has exactly so many parameters.
_SAME = 0.05


class Trainer(ABC):
    """Trains the runs that a loop plans, and knows their cost."""

    @abstractmethod
    def curves(self, step: int) -> "xr.Dataset":
        """Return all runs that were finished when a step began."""

    @abstractmethod
    def costs(self, curves: "xr.Dataset", budget: "Budget", step: int) -> tuple["Budget", "Costs", float]:
        """Return the budget and the costs in one unit, and the amount already spent."""

    @abstractmethod
    def candidates(self, fit: "Fit", target: Target, left: "Budget", costs: "Costs", largest: float | None,
                   seed: int) -> tuple["Run", ...]:  # fmt: skip
        """Return the available runs."""

    @abstractmethod
    def order(self, plan: "Plan", fit: "Fit", folder: Path) -> None:
        """Write the runs to be trained into a step's folder."""

    @abstractmethod
    def train(self, folder: Path) -> str:
        """Train a step's order; return a sentence about missing results, or an empty string."""

    def pending(self, curves: "xr.Dataset", step: int) -> tuple["Run", ...]:
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

    def curves(self, step: int) -> "xr.Dataset":
        """Return the curves of the records."""
        from bayeskisl.curves import build_curves

        return build_curves(self.sweeps)

    def costs(self, curves: "xr.Dataset", budget: "Budget", step: int) -> tuple["Budget", "Costs", float]:
        """Return measured times for a budget in time, otherwise 6 N D; the first sweep counts as spent."""
        from bayeskisl.design import Costs, Run
        from bayeskisl.design.budgets import SECONDS

        if budget.unit != SECONDS:
            costs = Costs.of_flops()
            sizes, budgets = (curves[name].values.astype(float) for name in (schema.PARAMS, schema.TOKENS))
            return budget, costs, sum(costs.of(Run(n, d, 1.0)) for n, d in zip(sizes, budgets, strict=True))
        known = set(map(str, curves[schema.RUN].values))
        notes = [
            note for folder in sweep_folders(self.sweeps) for note in folder.sidecar() if known & set(note["runs"])
        ]
        return budget, Costs.of_records(self.sweeps), float(sum(note["seconds"] for note in notes))

    def candidates(self, fit: "Fit", target: Target, left: "Budget", costs: "Costs", largest: float | None,
                   seed: int) -> tuple["Run", ...]:  # fmt: skip
        """Return runs of the ladder's sizes, up to the largest trained or the named one."""
        from bayeskisl.design import candidate_runs, ladder_sizes, sweep_behind

        sizes = ladder_sizes(sweep_behind(fit.curves, self.spec))
        largest = largest or float(fit.curves[schema.PARAMS].max())
        return candidate_runs(fit, target, sizes=sizes, largest=largest, seed=seed)

    def order(self, plan: "Plan", fit: "Fit", folder: Path) -> None:
        """Write ``next.toml``."""
        from bayeskisl.design import next_sweep, sweep_behind

        text = next_sweep(plan.runs, fit.curves, sweep_behind(fit.curves, self.spec), plan.verdict)
        write_atomically(folder / "next.toml", text.encode())

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
    prices: "Costs | None" = None
    sweep: str | Path | None = None
    export_for: str = "hf"

    def curves(self, step: int) -> "xr.Dataset":
        """Return the first runs and all results."""
        from bayeskisl.curves import join_curves, load_curves

        back = [_renamed(load_curves(path), path.parent.name) for path in self._back(step)]
        first = load_curves(self.first)
        return join_curves(first, *back).drop_encoding() if back else first

    def costs(self, curves: "xr.Dataset", budget: "Budget", step: int) -> tuple["Budget", "Costs", float]:
        """Return the price of all ordered runs as spent, without the first runs."""
        from bayeskisl.design.costs import costs_for

        budget, costs = costs_for(budget, self.prices)
        return budget, costs, sum(map(costs.of, self._ordered(step)))

    def candidates(self, fit: "Fit", target: Target, left: "Budget", costs: "Costs", largest: float | None,
                   seed: int) -> tuple["Run", ...]:  # fmt: skip
        """Return runs of the ladder's sizes if there is a sweep, else of observed, intermediate and larger sizes."""
        from bayeskisl.design import candidate_runs, ladder_sizes, sweep_behind

        sizes = None if self.sweep is None else ladder_sizes(sweep_behind(fit.curves, self.sweep))
        return candidate_runs(fit, target, budget=left, costs=costs, sizes=sizes, largest=largest, seed=seed)

    def order(self, plan: "Plan", fit: "Fit", folder: Path) -> None:
        """Write the sweep and its export, and last ``next.csv``; an order that was given stands."""
        if (folder / "next.csv").is_file():
            return
        if self.sweep is not None:
            self._write_sweep(self.sweep, plan, fit, folder)
        write_atomically(folder / "next.csv", plan.orders.to_csv(index=False).encode())

    def train(self, folder: Path) -> str:
        """Check whether the results of a step exist; otherwise return instructions."""
        if (folder / "results.nc").is_file():
            return ""
        export = folder / "export"
        if export.is_dir():
            train, results = f"`cd {export} && bash launch/node.sh`", f"{export} --results {export / 'results'}"
        else:
            train, results = f"the runs of {folder / 'next.csv'}", "RESULTS.csv"
        return (
            f"Waiting for results: train {train}, import them with `bayeskisl curves import {results} --out "
            f"{folder / 'results.nc'}`, and give the same command again. Some results will do; delete the rows of runs "
            f"that failed from {folder / 'next.csv'}."
        )

    def _write_sweep(self, sweep: str | Path, plan: "Plan", fit: "Fit", folder: Path) -> None:
        """Write ``next.toml``, and the export of a sweep in real text; symbols have no other trainer."""
        from bayeskisl.design import next_sweep, sweep_behind
        from bayeskisl.sweeping.export import export_sweep

        table = sweep_behind(fit.curves, sweep)
        write_atomically(folder / "next.toml", next_sweep(plan.runs, fit.curves, table, plan.verdict).encode())
        if "corpus" in table:
            export_sweep(folder / "next.toml", folder / "export", trainer=self.export_for)

    def pending(self, curves: "xr.Dataset", step: int) -> tuple["Run", ...]:
        """Return the ordered runs that no result is near to."""
        levels = np.asarray(axis_of(curves).values(curves), dtype=float)
        have = np.log(np.column_stack([curves[schema.PARAMS].values, curves[schema.TOKENS].values, levels]))
        free, missing = np.ones(len(have), dtype=bool), []
        for run in self._ordered(step):
            wanted = np.log([run.params, run.tokens, run.level])
            near = np.flatnonzero(free & (np.abs(have - wanted) < _SAME).all(axis=1) & self._came_back(curves))
            if near.size:
                free[near[0]] = False
            else:
                missing.append(run)
        return tuple(missing)

    def _ordered(self, step: int) -> list["Run"]:
        """Single runs that earlier steps ordered."""
        from bayeskisl.design import Run

        return [Run(*row) for path in self._back(step) for row in _rows(path.parent / "next.csv")]

    def _came_back(self, curves: "xr.Dataset") -> np.ndarray:
        return np.array([str(name).startswith("step-") for name in curves[schema.RUN].values])

    def _back(self, step: int) -> list[Path]:
        """Results of earlier steps."""
        paths = (self.out / f"step-{number}" / "results.nc" for number in range(step))
        return [path for path in paths if path.is_file()]


def _renamed(curves: "xr.Dataset", step: str) -> "xr.Dataset":
    """Return curves with unique names of runs: two tables may both have a line 2."""
    return curves.assign_coords({schema.RUN: [f"{step} {name}" for name in curves[schema.RUN].values.tolist()]})


def _rows(path: Path) -> list[tuple[float, float, float]]:
    """Size, budget and level of every single run of an order."""
    import pandas as pd

    try:
        table = pd.read_csv(path)
        columns = table.columns.tolist()
        levels = table[columns[2]]
        places = zip(table[schema.PARAMS], table[schema.TOKENS], levels, table["replicates"], strict=True)
        return [(float(n), float(d), float(x)) for n, d, x, count in places for _ in range(int(count))]
    except (OSError, ValueError, KeyError, IndexError) as problem:
        raise InputError("the table of runs that the loop wrote", str(problem), str(path),
                         "restore it; delete no more than rows") from problem  # fmt: skip
