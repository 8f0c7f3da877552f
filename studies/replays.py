"""What planning saves where the truth is known: replays of simulated sweeps under every planner.

The truths are drawn around what desk-scale sweeps have shown, wider than those vary, and not from the prior of the law
that is fitted.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import polars as pl
import typer
import xarray as xr

from bayeskisl.cores import available_cores, one_blas_thread
from bayeskisl.design import PLANNERS, Costs
from bayeskisl.errors import InputError
from bayeskisl.inference import Fit, fit_many, simulate
from bayeskisl.inference.sampler import SamplerKeywords
from bayeskisl.seeds import seed_of
from bayeskisl.workflow.market import Market
from bayeskisl.workflow.replay import replay
from studies.command import Count, Folder, Tell, counting, run, say_nothing, show
from studies.simulated.trials import Trials
from studies.simulated.turns import in_turn, require_known, write_table

__all__ = [
    "COSTS",
    "EVERYONE",
    "GRID",
    "PARTS",
    "PRIOR_SD",
    "START",
    "prove_replays",
    "replay_frame",
    "replay_table",
    "replay_trials",
    "simulate_replays",
    "simulated_sweep",
]

GRID = "grid"
EVERYONE = (*PLANNERS, GRID)

_DESIGN = {
    "params": [3_456, 6_144, 13_824, 24_576, 55_296, 98_304, 221_184],
    "facts": [40, 70, 120, 200, 350, 600, 1_000, 1_800, 3_000, 5_000],
    "tokens": 614_400,
    "seeds": 2,
}
# The smallest sizes, of which everyone knows one run a level from the beginning: 3 % of the whole sweep's cost.
START = 2
# Short chains: a posterior takes a quarter of the time, and some ten are made in each game. On four sweeps planned runs
# left 0.66 to 1.13 times the width that they left under four chains of 1,000 draws, 0.97 in the median: other draws
# choose other runs.
_LAW, _SETTINGS = "limits", SamplerKeywords(draws=500, tune=500, chains=2)
# How widely intercept, exponent and curvature vary over the worlds.
PRIOR_SD = (0.3, 0.12, 0.08)
# Of what the sweep's own grid costs; a third is what planning should need for the grid's width.
PARTS = (1 / 3, 2 / 3, 1.0)
# Device-seconds of the desk ladder on one core of a CPU, from the 231 timed runs of data/sweeps/desk-amount.
COSTS = Costs(2.492e-07, 9.535e-11, "device-seconds", "desk-amount")
_RECORDED = ("share", "cost", "runs", "width", "error", "covered", "interval_score", "gate", "bought")


def replay_trials(folder: Path, planner: str) -> Trials:
    """The finished replays of one planner."""
    rules = {
        "design": _DESIGN,
        "law": _LAW,
        "sampler": _SETTINGS,
        "start": START,
        "parts": list(PARTS),
        "costs": asdict(COSTS),
    }
    study = {"study": "replays", "planner": planner, **rules}
    return Trials(folder / f"{planner}.jsonl", study)


def simulate_replays(planner: str, numbers: Sequence[int], seed: int = 0) -> list[dict[str, Any]]:
    """What one planner knew of the largest size of each simulated sweep, at each part of what its grid costs.

    Parameters
    ----------
    planner : str
        One of `EVERYONE`.
    numbers : sequence of int
        Of the sweeps, which are the same for every planner.
    seed : int
        Of the whole study.

    Returns
    -------
    list of dict
        For each sweep its ``steps``, a list of rows of `bayeskisl.replay` with the ``part`` of the grid's cost that
        could be spent; none, and the reason under ``failed``, where the planner was handed a posterior from which
        nothing can be planned, or a third of the grid's cost is less than what everyone starts with.
    """
    with one_blas_thread(), ThreadPoolExecutor(available_cores()) as pool:
        return list(pool.map(partial(_played, planner, seed), numbers))


def _played(planner: str, seed: int, number: int) -> dict[str, Any]:
    own = seed_of(seed, number)
    curves = simulated_sweep(own)
    whole = Market.of(curves, COSTS).grid_share
    parts = PARTS if planner != GRID else (1.0,)
    shares = [part * whole for part in parts]
    try:
        frame = replay(
            curves, [planner], law=_LAW, fit=_fitted, start=START, shares=shares, repeats=1, costs=COSTS, seed=own
        )
    except InputError as problem:
        return {"steps": [], "failed": str(problem)}
    return {"steps": frame[list(_RECORDED)].round(4).assign(part=parts).to_dict("records")}


def _fitted(curves: xr.Dataset, seed: int) -> Fit:
    return fit_many([curves], _LAW, seed=seed, workers=1, **_SETTINGS)[0]


def simulated_sweep(seed: int) -> xr.Dataset:
    """Curves of one simulated world: seven sizes, ten levels, two seeds."""
    rng = np.random.default_rng([seed, 1])
    of_intercept, of_exponent, of_curvature = PRIOR_SD
    truth = {
        "intercept": np.log(100) + of_intercept * rng.standard_normal(),
        "exponent": 0.6 + of_exponent * rng.standard_normal(),
        "curvature": 0.1 + of_curvature * rng.standard_normal(),
        "tau": float(np.exp(np.log(0.06) + 0.5 * rng.standard_normal())),
        "sigma_run": float(np.exp(np.log(0.08) + 0.3 * rng.standard_normal())),
        "concentration": 500.0,
        "steepness_intercept": np.log(7) + 0.2 * rng.standard_normal(),
        "steepness_exponent": 0.23 + 0.08 * rng.standard_normal(),
        "steepness_scatter": 0.08,
        "lapse_intercept": -6.0,
        "lapse_scatter": 0.3,
        "floor_excess": 0.001,
    }
    return simulate("collapse", _DESIGN, truth, seed=seed)


def replay_frame(studies: Sequence[Trials]) -> pd.DataFrame:
    """Every step of every replay, for `bayeskisl.plot_replay`: ``repeat`` is the sweep's number, ``share`` the part."""
    return pd.DataFrame(
        [
            {"planner": trials.study["planner"], "repeat": row["number"], **step, "share": step["part"]}
            for trials in studies
            for row in trials.rows()
            for step in row["steps"]
        ]
    )


def replay_table(studies: Sequence[Trials]) -> pl.DataFrame:
    """What each planner reaches for its money.

    Returns
    -------
    polars.DataFrame
        One row per planner and ``part`` of the grid's cost that could be spent: number of ``sweeps``, ``failed``
        replays; over sweeps the median ``cost`` in device-seconds, the median ``width`` of the 90 % interval (natural
        log) and its 5 and 95 % quantiles, the share of intervals that hold the truth, the mean interval score and its
        standard error, the root mean square error, the share of failed gates; and, where the same sweep's grid was
        played too, the share of sweeps in which the planner was as narrow as the grid (``as_narrow``) and the median
        ratio of its width to the grid's (``width_over_grid``).
    """
    frame = pl.from_pandas(replay_frame(studies))
    grid = frame.filter(planner=GRID).select("repeat", grid_width="width")
    table = (
        frame.join(grid, on="repeat", how="left", maintain_order="left")
        .group_by("planner", "part", maintain_order=True)
        .agg(
            sweeps=pl.len(),
            cost=pl.median("cost"),
            width=pl.median("width"),
            width_low=pl.quantile("width", 0.05),
            width_high=pl.quantile("width", 0.95),
            covers_90=pl.mean("covered"),
            interval_score=pl.mean("interval_score"),
            score_se=pl.std("interval_score") / pl.len().sqrt(),
            rms_error=(pl.col("error") ** 2).mean().sqrt(),
            failed_gates=(~pl.col("gate")).mean(),
            as_narrow=(pl.col("width") <= pl.col("grid_width")).mean(),
            width_over_grid=(pl.col("width") / pl.col("grid_width")).median(),
        )
    )
    failed = {trials.study["planner"]: sum(not row["steps"] for row in trials.rows()) for trials in studies}
    return table.with_columns(failed=pl.col("planner").replace_strict(failed)).select(
        "planner", "part", "sweeps", "failed", pl.exclude("planner", "part", "sweeps", "failed")
    )


def prove_replays(
    folder: str | Path, planners: Sequence[str] = EVERYONE, count: int = 200, tell: Tell = say_nothing
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
        See `studies.replays.replay_table`.

    Raises
    ------
    InputError
        If a planner is not known, or the folder holds replays of other sweeps.
    """
    require_known(planners, "planner", EVERYONE)
    studies = {name: (replay_trials(Path(folder), name), partial(simulate_replays, name)) for name in EVERYONE}
    return write_table(replay_table(in_turn(studies, planners, count, tell)), Path(folder) / "replays.csv")


def main(
    out: Folder = Path("runs/proof/replays"),
    planner: Annotated[list[str] | None, typer.Option(help="Only this planner; may be repeated.")] = None,
    count: Count = 200,
) -> None:
    """What each planner knows of the largest size of simulated sweeps for its money, beside a sensible grid."""
    with counting("replays") as tell:
        table = prove_replays(out, tuple(planner or EVERYONE), count, tell)
    scores = ("width", "covers_90", "interval_score", "rms_error", "as_narrow", "width_over_grid")
    show(table, ("planner", "part", "sweeps", *scores))


if __name__ == "__main__":
    run(main)
