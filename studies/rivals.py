"""How often each law wins on data of its own making, and how often a few sizes cannot tell which law made them."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import polars as pl
import typer
import xarray as xr

from bayeskisl import schema
from bayeskisl.inference import compare, fit_many, simulate
from bayeskisl.laws import load_law
from bayeskisl.laws.limits import LEAST_EXPOSURES
from bayeskisl.seeds import seed_of
from studies.command import Count, Folder, Tell, counting, run, say_nothing, show
from studies.simulated.trials import Trials
from studies.simulated.turns import in_turn, require_known, write_table
from studies.simulated.worlds import DESK, SEEDS

__all__ = ["SIZES", "TRUTHS", "prove_rivals", "rival_table", "rival_trials", "simulate_contests"]

# What each law is told where it makes the data; at the reference of the worlds half of as many facts are kept.
TRUTHS: dict[str, dict[str, float]] = {
    "power": {"exponent": 0.7},
    "collapse": {"exponent": 0.7, "curvature": 0.2},
    "saturating": {"exponent": 1.0, "minimum_exposures": 60.0},
    "softmin": {"minimum_exposures": 100.0, "sharpness": 4.0},
    "capacity": {},
}

# Numbers of sizes, a factor of two apart: what a first sweep has, and a range of 64.
SIZES = (4, 7)

_EXPOSURES = float(np.exp(DESK.at_reference))
_COMMON = {
    "tau": 0.05,
    "sigma_run": 0.1,
    "concentration": 300.0,
    "asymmetry": 1.0,
    "steepness_intercept": np.log(5.0),
    "steepness_exponent": 0.3,
    "steepness_scatter": 0.05,
    "lapse_intercept": np.log(0.01),
    "lapse_scatter": 0.2,
    "floor_excess": 0.002,
}


def rival_trials(folder: Path, truth: str, sizes: int) -> Trials:
    """The finished contests on data of one law."""
    laws = {name: load_law(name).sha256 for name in TRUTHS}
    study = {"study": "which law wins", "truth": truth, "sizes": sizes, "values": TRUTHS[truth], **laws}
    return Trials(folder / f"{truth}-{sizes}.jsonl", study)


def simulate_contests(truth: str, sizes: int, numbers: list[int], seed: int = 0) -> list[dict[str, Any]]:
    """What all laws make of sweeps that one of them made; one record per sweep.

    Parameters
    ----------
    truth : str
        The law that makes the data, a key of `TRUTHS`.
    sizes : int
        Different sizes of each sweep.
    numbers : list of int
        Of the sweeps.
    seed : int
        Of the whole study.

    Returns
    -------
    list of dict
        For each sweep the law that predicts cells left out best, those that it cannot be told from, the weights, and
        the laws that failed their gate.
    """
    rivals = [name for name in TRUTHS if name != truth]
    sweeps = [_sweep(truth, sizes, number, seed) for number in numbers]
    fits = fit_many(sweeps, truth, rivals=rivals, retry=True)
    contests = [compare([fit], refit=False, largest=0, seed=seed) for fit in fits]
    return [
        {
            "best": contest.best,
            "unseparated": list(contest.unseparated),
            "weights": {law: round(weight, 4) for law, weight in contest.weights.items()},
            "failed": [law for law, gate in contest.fit.gates.items() if not gate.passed],
        }
        for contest in contests
    ]


def _sweep(truth: str, sizes: int, number: int, seed: int) -> xr.Dataset:
    params = [DESK.sizes[0][0] * 2**i for i in range(sizes)]
    design = {"params": params, "facts": list(DESK.facts), "tokens": DESK.tokens, "seeds": SEEDS}
    simulated = seed_of(seed, number, sizes, *truth.encode())
    return simulate(truth, design, {**_COMMON, **_at_middle(truth, params)}, seed=simulated)


def _at_middle(truth: str, params: list[int]) -> dict[str, float]:
    """The values of a truth for a sweep of these sizes, whose reference is their geometric mean."""
    told = TRUTHS[truth]
    away = float(np.mean(np.log(np.array(params) / DESK.reference)))
    exponent, bend = told.get(schema.EXPONENT, 1.0), told.get(schema.CURVATURE, 0.0)
    sharpness = told.get("sharpness", 1.0)  # what a minimum of exposures leaves for the falling branch
    falling = (_EXPOSURES**sharpness - told.get("minimum_exposures", 0.0) ** sharpness) ** (1 / sharpness)
    moved = {"intercept": np.log(falling) - exponent * away + bend * away**2 / 2}
    if "minimum_exposures" in told:
        moved["minimum_exposures"] = told["minimum_exposures"] - LEAST_EXPOSURES  # the law adds those
    if schema.EXPONENT in told:
        moved[schema.EXPONENT] = exponent - bend * away
    return {**told, **moved}


def rival_table(studies: list[Trials]) -> pl.DataFrame:
    """Which law wins on whose data.

    Returns
    -------
    polars.DataFrame
        One row per truth, number of sizes and law: number of sweeps, the share of them in which the law predicts cells
        left out best, its mean weight, the share in which it is told from the best (by `Comparison.unseparated`), and
        the share in which its posterior failed its gate.
    """
    return pl.DataFrame([_row(trials, law) for trials in studies for law in TRUTHS])


def _row(trials: Trials, law: str) -> dict[str, Any]:
    rows = trials.rows()
    return {
        "truth": trials.study["truth"],
        "sizes": trials.study["sizes"],
        "law": law,
        "sweeps": len(rows),
        "wins": float(np.mean([row["best"] == law for row in rows])),
        "weight": float(np.mean([row["weights"].get(law, 0.0) for row in rows])),
        "told_apart": float(np.mean([law != row["best"] and law not in row["unseparated"] for row in rows])),
        "failed_gates": float(np.mean([law in row["failed"] for row in rows])),
    }


def prove_rivals(
    folder: str | Path,
    truths: Sequence[str] = tuple(TRUTHS),
    sizes: Sequence[int] = SIZES,
    count: int = 50,
    tell: Tell = say_nothing,
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
        See `studies.rivals.rival_table`.

    Raises
    ------
    InputError
        If a truth is not known, or the folder holds sweeps of other truths or laws.
    """
    require_known(truths, "truth", TRUTHS)
    studies = {
        _contest(truth, many): (rival_trials(Path(folder), truth, many), partial(simulate_contests, truth, many))
        for many in sorted({*SIZES, *sizes})
        for truth in TRUTHS
    }
    asked = [_contest(truth, many) for many in sizes for truth in truths]
    return write_table(rival_table(in_turn(studies, asked, count, tell)), Path(folder) / "rivals.csv")


def _contest(truth: str, sizes: int) -> str:
    return f"{truth}, {sizes} sizes"


def main(
    out: Folder = Path("runs/proof/rivals"),
    truth: Annotated[list[str] | None, typer.Option(help="Only data of this law; may be repeated.")] = None,
    sizes: Annotated[list[int] | None, typer.Option(min=3, help="Different sizes of a sweep; may be repeated.")] = None,
    count: Count = 50,
) -> None:
    """How often each law wins on data of its own making, and how often a few sizes cannot tell which law made them."""
    with counting("sweeps") as tell:
        table = prove_rivals(out, tuple(truth or TRUTHS), tuple(sizes or SIZES), count, tell)
    show(table, ("truth", "sizes", "law", "sweeps", "wins", "weight", "told_apart", "failed_gates"))


if __name__ == "__main__":
    run(main)
