"""Do plans keep what they promise? The width that a batch is expected to leave, and the width after its refit.

    python -m studies.promises --count 24

Simulated sweeps with a known truth, the same worlds as in `studies.replays`. Each starts with one run a level of its
three smallest sizes; then twice a batch is planned, bought from the simulated runs, and fitted again. Finished sweeps
are written down, so that the command goes on where it was stopped.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import xarray as xr

from bayeskisl.cores import one_blas_thread
from bayeskisl.design import Outlook, Problem, Run, believe
from bayeskisl.design.lookahead import batches
from bayeskisl.inference import Fit, fit
from bayeskisl.inference.sampler import SamplerKeywords
from bayeskisl.seeds import seed_of
from bayeskisl.target import Target
from bayeskisl.workflow.market import Market
from studies.command import Count, Folder, Tell, counting, run, say_nothing, show
from studies.replays import COSTS, simulated_sweep
from studies.simulated.trials import Trials
from studies.simulated.turns import write_table

__all__ = ["promise_table", "prove_promises", "simulate_promises"]

_START, _TURNS = 3, 2
_SETTINGS: SamplerKeywords = {"draws": 500, "tune": 500, "chains": 2}
# Shares of the market's cost that a batch may take, drawn evenly in logs: from one small run to half of all.
_SHARES = (0.02, 0.5)


def simulate_promises(numbers: Sequence[int], seed: int = 0) -> list[dict[str, Any]]:
    """What was promised and what came of it, for each numbered sweep: a list of ``purchases``."""
    with one_blas_thread():
        return [{"purchases": _purchases(seed_of(seed, number))} for number in numbers]


def _purchases(seed: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng([seed, 2])
    market = Market.of(simulated_sweep(seed), COSTS)
    shelf: dict[Run, list[int]] = {}
    for index in rng.permutation(len(market.runs)).tolist():
        shelf.setdefault(market.runs[index], []).append(index)
    smallest = sorted({each.params for each in market.runs})[:_START]
    bought = [shelf[each].pop() for each in sorted(shelf) if each.params in smallest]
    posterior = _fitted(market.curves, bought, seed)
    found = []
    for turn in range(_TURNS):
        money = float(market.price.sum() * np.exp(rng.uniform(*np.log(_SHARES))))
        batch = _best_batch(posterior, market, shelf, money, seed + turn)
        if not batch.runs:
            continue
        bought += [shelf[each].pop() for each in batch.runs]
        course, before = batch.courses[-1], batch.courses[0]
        posterior = _fitted(market.curves, bought, seed)
        width, floor = believe(posterior, Target(market.target_params), []).width
        found.append(
            {
                "before": round(before.width, 4),
                "promised": round(course.width, 4),
                "realised": round(width, 4),
                "floor": round(before.outlook.beliefs.width[1], 4),
                "floor_after": round(floor, 4),
                "by_scenario": np.quantile(course.scenario_widths, [0.05, 0.5, 0.95]).round(4).tolist(),
                "band": np.round(course.band, 4).tolist(),
                "runs": len(batch.runs),
                "carried": course.carried,
                "how": batch.how,
                "gate": posterior.gate.passed,
            }
        )
    return found


def _fitted(curves: xr.Dataset, bought: list[int], seed: int) -> Fit:
    return fit(curves.isel(run=sorted(bought)), "limits", rivals=(), seed=seed, throw=False, **_SETTINGS)


def _best_batch(posterior: Fit, market: Market, shelf: dict[Run, list[int]], money: float, seed: int) -> Any:
    candidates = tuple(sorted(each for each, left in shelf.items() if left))
    beliefs = believe(posterior, Target(market.target_params), {each.cell for each in candidates}, seed=seed)
    available = {each: len(shelf[each]) for each in candidates}
    outlook = Outlook.of(beliefs, posterior.curves)
    return batches(Problem(outlook, candidates, market.costs, money, 24, available=available), seed)[0]


def promise_table(trials: Trials) -> pl.DataFrame:
    """One row: ``purchases``, mean and quantiles of realised over promised width, and the share that bands hold."""
    rows = [purchase for row in trials.rows() for purchase in row["purchases"]]
    ratio = np.array([row["realised"] / row["promised"] for row in rows])
    low, middle, high = np.quantile(ratio, [0.05, 0.5, 0.95]) if rows else (np.nan,) * 3
    held = [row["band"][0] <= row["realised"] <= row["band"][1] for row in rows]
    return pl.DataFrame(
        {
            "purchases": len(rows),
            "mean_ratio": float(ratio.mean()) if rows else None,
            "low": low,
            "median": middle,
            "high": high,
            "bands_hold": float(np.mean(held)) if rows else None,
        }
    )


def prove_promises(folder: str | Path, count: int = 24, tell: Tell = say_nothing) -> pl.DataFrame:
    """Bring the folder to `count` sweeps, and return `promise_table` of all that are finished."""
    study = {"study": "promises", "start": _START, "turns": _TURNS, "settings": _SETTINGS, "shares": list(_SHARES)}
    trials = Trials(Path(folder) / "promises.jsonl", study)
    for finished in trials.run(count, partial(simulate_promises), batch=1):
        tell("promises", finished, count)
    return write_table(promise_table(trials), Path(folder) / "promises.csv")


def main(out: Folder = Path("runs/proof/promises"), count: Count = 24) -> None:
    """Promised and realised widths of planned batches on simulated sweeps."""
    with counting("promises") as tell:
        table = prove_promises(out, count, tell)
    show(table, table.columns)


if __name__ == "__main__":
    run(main)
