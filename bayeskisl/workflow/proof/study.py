"""Each table of the proof: its simulations, made and resumed, and its files beside them."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import polars as pl

from bayeskisl.curves import load_curves
from bayeskisl.errors import InputError
from bayeskisl.laws import Law, load_law
from bayeskisl.sweeping.records import write_atomically
from bayeskisl.workflow.proof.calibration import calibration_table, calibration_trials, simulate_ranks
from bayeskisl.workflow.proof.extrapolation import coverage_table, coverage_trials, simulate_forecasts
from bayeskisl.workflow.proof.held_out import held_out_table
from bayeskisl.workflow.proof.worlds import WORLDS

__all__ = ["prove_calibration", "prove_coverage", "prove_held_out"]

# Is told the name of a study, how many of its simulations are finished, and how many are wanted.
Tell = Callable[[str, int, int], None]


def _say_nothing(study: str, finished: int, wanted: int) -> None:
    """Say nothing."""


def prove_coverage(
    folder: str | Path,
    law: str | Path | Law = "collapse",
    worlds: Sequence[str] = tuple(WORLDS),
    count: int = 200,
    tell: Tell = _say_nothing,
) -> pl.DataFrame:
    """Coverage of extrapolation in several worlds; resumes from, and adds to, what the folder holds.

    Parameters
    ----------
    folder : path
        Receives one file of simulations per world and ``coverage.csv``.
    law : str or Law
        Fitted with its rivals.
    worlds : sequence of str
        Keys of `WORLDS`.
    count : int
        Simulations per world.
    tell : callable, optional

    Returns
    -------
    polars.DataFrame
        See `bayeskisl.workflow.proof.extrapolation.coverage_table`.

    Raises
    ------
    InputError
        If a world is not known, or the folder holds simulations of another law.
    """
    law = load_law(law)
    for name in worlds:
        if name not in WORLDS:
            raise InputError(f"a world among {', '.join(WORLDS)}", repr(name), "worlds")
    tables = []
    for name in worlds:
        world = WORLDS[name]
        trials = coverage_trials(Path(folder), world, law)
        for finished in trials.run(count, partial(simulate_forecasts, world, law)):
            tell(name, finished, count)
        tables.append(coverage_table(trials, count))
    return _written(pl.concat(tables), Path(folder) / "coverage.csv")


def prove_calibration(
    folder: str | Path, laws: Sequence[str | Path | Law] = ("collapse",), count: int = 200, tell: Tell = _say_nothing
) -> pl.DataFrame:
    """Simulation-based calibration of several laws; resumes from, and adds to, what the folder holds.

    Parameters
    ----------
    folder : path
        Receives one file of simulations per law and ``calibration.csv``.
    laws : sequence of laws
    count : int
        Simulations per law.
    tell : callable, optional

    Returns
    -------
    polars.DataFrame
        See `bayeskisl.workflow.proof.calibration.calibration_table`.
    """
    tables = []
    for law in map(load_law, laws):
        trials = calibration_trials(Path(folder), law)
        for finished in trials.run(count, partial(simulate_ranks, law)):
            tell(law.name, finished, count)
        tables.append(calibration_table(trials, count))
    return _written(pl.concat(tables), Path(folder) / "calibration.csv")


def prove_held_out(
    folder: str | Path,
    law: str | Path | Law = "collapse",
    sweeps: Sequence[str | Path] = ("desk-amount",),
    tell: Tell = _say_nothing,
) -> pl.DataFrame:
    """Predictions of the largest sizes of real sweeps from smaller ones, hits and misses.

    Parameters
    ----------
    folder : path
        Receives ``held_out.csv``.
    law : str, path or Law
    sweeps : sequence of str or path
        Names of shipped sweeps, or files of retention curves.
    tell : callable, optional

    Returns
    -------
    polars.DataFrame
        See `bayeskisl.workflow.proof.held_out.held_out_table`.
    """
    law, tables = load_law(law), []
    for done, sweep in enumerate(sweeps):
        tell(str(sweep), done, len(sweeps))
        tables.append(held_out_table(load_curves(sweep), law, Path(sweep).stem))
    return _written(pl.concat(tables), Path(folder) / "held_out.csv")


def _written(table: pl.DataFrame, path: Path) -> pl.DataFrame:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, table.write_csv(float_precision=4).encode())
    return table
