"""Each table of the proof: its simulations, made and resumed, and its files beside them."""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from bayeskisl.curves import load_curves
from bayeskisl.errors import InputError
from bayeskisl.laws import Law, load_law
from bayeskisl.sweeping.records import write_atomically
from bayeskisl.workflow.proof.calibration import calibration_table, calibration_trials, simulate_ranks
from bayeskisl.workflow.proof.extrapolation import coverage_table, coverage_trials, simulate_forecasts
from bayeskisl.workflow.proof.held_out import held_out_table
from bayeskisl.workflow.proof.published import ASSUMED_PROBES, published_tables
from bayeskisl.workflow.proof.replays import EVERYONE, replay_table, replay_trials, simulate_replays
from bayeskisl.workflow.proof.rivals import SIZES, TRUTHS, rival_table, rival_trials, simulate_contests
from bayeskisl.workflow.proof.trials import Trials
from bayeskisl.workflow.proof.worlds import WORLDS

__all__ = ["prove_calibration", "prove_coverage", "prove_held_out", "prove_published", "prove_replays", "prove_rivals"]

# Is told the name of a study, how many of its simulations are finished, and how many are wanted.
Tell = Callable[[str, int, int], None]

Simulate = Callable[[list[int]], list[dict[str, Any]]]

# Studies take turns: whenever the hours end, all of them have about as many simulations.
_TURN = 16


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
        Simulations per world, at least; the table rests on all that are finished.
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
    _require_known(worlds, "world", WORLDS)
    studies = {
        name: (coverage_trials(Path(folder), WORLDS[name], law), partial(simulate_forecasts, WORLDS[name], law))
        for name in WORLDS
    }
    tables = map(coverage_table, _in_turn(studies, worlds, count, tell))
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
        Simulations per law, at least; the table rests on all that are finished.
    tell : callable, optional

    Returns
    -------
    polars.DataFrame
        See `bayeskisl.workflow.proof.calibration.calibration_table`.
    """
    studies = {
        law.name: (calibration_trials(Path(folder), law), partial(simulate_ranks, law)) for law in map(load_law, laws)
    }
    return _written(calibration_table(_in_turn(studies, studies, count, tell)), Path(folder) / "calibration.csv")


def prove_rivals(
    folder: str | Path,
    truths: Sequence[str] = tuple(TRUTHS),
    sizes: Sequence[int] = SIZES,
    count: int = 50,
    tell: Tell = _say_nothing,
) -> pl.DataFrame:
    """How often each law wins on data of its own making; resumes from, and adds to, what the folder holds.

    Parameters
    ----------
    folder : path
        Receives one file of sweeps per truth and number of sizes, and ``rivals.csv``.
    truths : sequence of str
        Laws that make the data, keys of `TRUTHS`.
    sizes : sequence of int
        Numbers of different sizes.
    count : int
        Sweeps of each, at least; the table rests on all that are finished.
    tell : callable, optional

    Returns
    -------
    polars.DataFrame
        See `bayeskisl.workflow.proof.rivals.rival_table`.

    Raises
    ------
    InputError
        If a truth is not known, or the folder holds sweeps of other truths or laws.
    """
    _require_known(truths, "truth", TRUTHS)
    studies = {
        _contest(truth, many): (rival_trials(Path(folder), truth, many), partial(simulate_contests, truth, many))
        for many in sorted({*SIZES, *sizes})
        for truth in TRUTHS
    }
    asked = [_contest(truth, many) for many in sizes for truth in truths]
    return _written(rival_table(_in_turn(studies, asked, count, tell)), Path(folder) / "rivals.csv")


def prove_replays(
    folder: str | Path, planners: Sequence[str] = EVERYONE, count: int = 200, tell: Tell = _say_nothing
) -> pl.DataFrame:
    """What planning saves on simulated sweeps; resumes from, and adds to, what the folder holds.

    Parameters
    ----------
    folder : path
        Receives one file of replays per planner, and ``replays.csv``.
    planners : sequence of str
        Names in `bayeskisl.design.PLANNERS`, and ``"grid"``.
    count : int
        Sweeps, at least; the table rests on all that are finished.
    tell : callable, optional

    Returns
    -------
    polars.DataFrame
        See `bayeskisl.workflow.proof.replays.replay_table`.

    Raises
    ------
    InputError
        If a planner is not known, or the folder holds replays of other sweeps.
    """
    _require_known(planners, "planner", EVERYONE)
    studies = {name: (replay_trials(Path(folder), name), partial(simulate_replays, name)) for name in EVERYONE}
    return _written(replay_table(_in_turn(studies, planners, count, tell)), Path(folder) / "replays.csv")


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


def prove_published(
    folder: str | Path, probes: Sequence[int] = ASSUMED_PROBES, tell: Tell = _say_nothing
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Where published tables fall or rise, and whether their rows surprise the model that was fitted to them.

    Parameters
    ----------
    folder : path
        Receives ``published_points.csv`` and ``published_checks.csv``.
    probes : sequence of int
        Assumed numbers of probed facts, which are not published.
    tell : callable, optional

    Returns
    -------
    points, checks : polars.DataFrame
        See `bayeskisl.workflow.proof.published.published_tables`.
    """
    points, checks = published_tables(tuple(probes), tell)
    _written(points, Path(folder) / "published_points.csv")
    _written(checks, Path(folder) / "published_checks.csv")
    return points, checks


def _require_known(names: Sequence[str], kind: str, known: Collection[str]) -> None:
    for name in names:
        if name not in known:
            raise InputError(f"a {kind} among {', '.join(known)}", repr(name), f"{kind}s")


def _in_turn(
    studies: dict[str, tuple[Trials, Simulate]], asked: Collection[str], count: int, tell: Tell
) -> list[Trials]:
    """The asked studies, brought to `count` simulations in turns; with them those that have simulations already."""
    for reached in range(_TURN, count + _TURN, _TURN):
        for name in asked:
            trials, simulate = studies[name]
            for finished in trials.run(min(reached, count), simulate):
                tell(name, finished, count)
    return [trials for trials, _ in studies.values() if len(trials)]


def _contest(truth: str, sizes: int) -> str:
    return f"{truth}, {sizes} sizes"


def _written(table: pl.DataFrame, path: Path) -> pl.DataFrame:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, table.write_csv(float_precision=4).encode())
    return table
