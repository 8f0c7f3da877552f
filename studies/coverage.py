"""How often an extrapolation is right: sweeps with known truth, forecasts at 10 and 100 times the largest size."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import polars as pl
import typer
import xarray as xr

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.decision import predict
from bayeskisl.inference import Fit
from bayeskisl.laws import Law, load_law
from studies.command import Count, Folder, Tell, counting, run, say_nothing, show
from studies.simulated.fits import FORECASTS, fits_of
from studies.simulated.oracles import oracle
from studies.simulated.today import line_through_the_logs
from studies.simulated.trials import Trials
from studies.simulated.turns import in_turn, require_known, write_table
from studies.simulated.worlds import TARGETS, WORLDS, Target, World, simulate_sweep

__all__ = ["MIXTURE", "ORACLE", "TODAY", "coverage_table", "coverage_trials", "prove_coverage", "simulate_forecasts"]

# Forecasters beside the single laws, which go by their names.
MIXTURE, ORACLE, TODAY = "mixture", "oracle", "today"

# The share of their ceiling that runs at a choice must keep.
_KEEP = 0.9
_QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)


def coverage_trials(folder: Path, world: World, law: Law) -> Trials:
    """The finished simulations of one world under one law."""
    knowing = oracle(world)
    fitted = (law, *map(load_law, law.rivals), *([knowing] if knowing else []))
    laws = {each.name: each.sha256 for each in fitted}
    return Trials(folder / f"{world.name}.jsonl", {"study": "coverage of extrapolation", "world": world.name, **laws})


def simulate_forecasts(world: World, law: Law, numbers: list[int]) -> list[dict[str, Any]]:
    """What each forecaster says of each target, beside what happens there; one record per simulation."""
    sweeps = [simulate_sweep(world, number) for number in numbers]
    curves = [sweep for sweep, _ in sweeps]
    knowing = oracle(world)
    fits = fits_of(curves, law, FORECASTS, law.rivals)
    oracles = fits_of(curves, knowing, FORECASTS) if knowing else [None] * len(fits)
    return [
        {
            "sizes": len(np.unique(sweep[schema.PARAMS])),
            "gate": fit.gate.passed,
            "oracle_gate": best is not None and best.gate.passed,
            "targets": {str(times): _record(sweep, target, fit, best) for times, target in targets.items()},
        }
        for (sweep, targets), fit, best in zip(sweeps, fits, oracles, strict=True)
    ]


def _record(curves: xr.Dataset, target: Target, fit: Fit, best: Fit | None) -> dict[str, Any]:
    tokens = target.world.scale.tokens
    ahead = predict(fit, target.params, tokens=tokens, keep=_KEEP, throw=False)
    by_law = {str(law): ahead["collapse_by_law"].sel(law=law).values for law in ahead["law"].values}
    if best is not None:
        by_law[ORACLE] = predict(best, target.params, tokens=tokens, throw=False)[schema.COLLAPSE].values
    today, truth = line_through_the_logs(curves, target.params), target.log_collapse
    admissible = np.log(ahead["admissible"].values)
    return {
        "truth": round(truth, 4),
        "admissible_pit": float(np.mean(admissible < target.log_admissible(_KEEP))),
        "weights": dict(zip(ahead["law"].values.tolist(), ahead["weight"].values.round(4).tolist(), strict=True)),
        "forecasts": {
            MIXTURE: _forecast(np.log(ahead[schema.COLLAPSE].values), truth),
            **{law: _forecast(np.log(draws), truth) for law, draws in by_law.items()},
            TODAY: {"pit": round(float(today.cdf(truth)), 4), "quantiles": today.ppf(_QUANTILES).round(4).tolist()},
        },
    }


def _forecast(draws: FloatArray, truth: float) -> dict[str, Any]:
    return {
        "pit": round(float(np.mean(draws < truth)), 4),
        "quantiles": np.quantile(draws, _QUANTILES).round(4).tolist(),
    }


def coverage_table(trials: Trials) -> pl.DataFrame:
    """What the finished simulations of a world say.

    Parameters
    ----------
    trials : Trials

    Returns
    -------
    polars.DataFrame
        For each target and forecaster the number of simulations, the share of 50, 80 and 90 % intervals of the log
        collapse point that hold the truth (a fit that failed its gate holds nothing), the median width of the 90 %
        interval, its mean interval score (Gneiting & Raftery 2007, doi:10.1198/016214506000001437) and that score over
        the score of the forecaster who knows the true law, and, of the mixture, how often a run at a choice of stated
        risk 5, 10 and 25 % fell short.
    """
    rows = trials.rows()
    return pl.DataFrame(
        [
            {"world": trials.study["world"], "target": times, "forecaster": forecaster}
            | _summary([_at(row, times, forecaster) for row in rows])
            for times in TARGETS
            for forecaster in dict.fromkeys(name for row in rows for name in row["targets"][str(times)]["forecasts"])
        ]
    ).with_columns(
        (pl.col("score") / pl.col("score").filter(pl.col("forecaster") == ORACLE).first())
        .over("target")
        .alias("over_oracle")
    )


def _at(row: dict[str, Any], times: int, forecaster: str) -> dict[str, Any]:
    target = row["targets"][str(times)]
    usable = {ORACLE: row["oracle_gate"], TODAY: True}.get(forecaster, row["gate"])
    said = target["forecasts"].get(forecaster)
    if said is None:
        usable, said = False, {"pit": np.nan, "quantiles": [np.nan] * len(_QUANTILES)}
    shortfall = target["admissible_pit"] if forecaster == MIXTURE else np.nan
    return {"truth": target["truth"], "usable": usable, "shortfall": shortfall, **said}


def _summary(forecasts: list[dict[str, Any]]) -> dict[str, Any]:
    pit, truth, usable, shortfall = (
        np.array([each[key] for each in forecasts]) for key in ("pit", "truth", "usable", "shortfall")
    )
    quantiles = np.array([each["quantiles"] for each in forecasts])
    low, high = quantiles[:, 0], quantiles[:, -1]
    score = high - low + 20 * (np.maximum(low - truth, 0) + np.maximum(truth - high, 0))
    return {
        "simulations": len(forecasts),
        "failed_gates": int(np.sum(~usable)),
        **{f"covers_{p}": float(np.mean(usable & (np.abs(pit - 0.5) <= p / 200))) for p in (50, 80, 90)},
        "width": float(np.nanmedian(high - low)),
        "score": float(np.nanmean(score)),
        **{f"short_at_{risk}": _share_below(shortfall, risk / 100) for risk in (5, 10, 25)},
    }


def _share_below(values: FloatArray, level: float) -> float | None:
    return None if np.isnan(values).all() else float(np.mean(values < level))


def prove_coverage(
    folder: str | Path,
    law: str | Path | Law = "limits",
    worlds: Sequence[str] = tuple(WORLDS),
    count: int = 200,
    tell: Tell = say_nothing,
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
        See `studies.coverage.coverage_table`.

    Raises
    ------
    InputError
        If a world is not known, or the folder holds simulations of another law.
    """
    law = load_law(law)
    require_known(worlds, "world", WORLDS)
    studies = {
        name: (coverage_trials(Path(folder), WORLDS[name], law), partial(simulate_forecasts, WORLDS[name], law))
        for name in WORLDS
    }
    tables = map(coverage_table, in_turn(studies, worlds, count, tell))
    return write_table(pl.concat(tables), Path(folder) / "coverage.csv")


def main(
    out: Folder = Path("runs/proof/coverage"),
    law: Annotated[str, typer.Option(help="A law's TOML file, or the name of a shipped one.")] = "limits",
    world: Annotated[list[str] | None, typer.Option(help="Only this world; may be repeated.")] = None,
    count: Count = 200,
) -> None:
    """How often predictions at 10 and 100 times the largest size cover the truth, in worlds that are known."""
    with counting("simulations") as tell:
        table = prove_coverage(out, law, tuple(world or WORLDS), count, tell)
    columns = ("world", "target", "forecaster", "simulations", "covers_80", "covers_90", "width", "over_oracle")
    show(table, columns)


if __name__ == "__main__":
    run(main)
