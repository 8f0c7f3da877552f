"""Forecasts that this project made before their targets were trained, scored beside two rules of thumb.

    python -m studies.forecasts

A folder of `data/forecasts` holds one: the record that `decide --out` wrote, the sweep that trained the target
afterwards, and its curves. Earlier ones are in `log.csv`, as `LOG.md` reported them.
"""

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import polars as pl
import typer
import xarray as xr

from bayeskisl import schema
from bayeskisl.axes import axis_named
from bayeskisl.curves import curves_of_cells, load_curves
from bayeskisl.decision.measure import Measurement, measure_collapse
from bayeskisl.decision.planned_model import planned_model
from bayeskisl.decision.rules import rules_at
from bayeskisl.decision.scores import scores_of
from bayeskisl.decision.verification import bounds_between_levels
from bayeskisl.errors import InputError
from bayeskisl.intervals import HITS, Interval, interval_score
from bayeskisl.target import Target
from studies.command import run, show
from studies.simulated.turns import write_table

__all__ = ["forecast_table"]

_CI_PROB = 0.9
_SHOWN = ("made", "what", "hit", "interval_score", "held", "record")


def forecast_table(folder: str | Path) -> pl.DataFrame:
    """Every forecast with its measurement and scores, the earliest first.

    Parameters
    ----------
    folder : path
        Holds `log.csv` and a folder for each forecast on record, which is named by its date, its sweep and the size of
        its target. One whose target has no curves yet is left out.

    Returns
    -------
    polars.DataFrame
        ``made``, ``what``, ``params``, ``times`` (the target over the largest size seen), ``unit``; the predicted
        half-point of a cell, ``median``, ``low``, ``high`` (90 %); the measured one; ``hit``; the interval score of the
        forecast and of each rule of thumb, in logarithms of the infusion or its odds; ``log_score``; what was
        ``recommended``, and the shares between which the target's runs keep the facts there, ``least_kept`` and
        ``most_kept``; ``held``, whether that is the promised share, null if the runs leave it open; ``record``, the
        first digits of the record's SHA-256; ``note``.

    Raises
    ------
    InputError
        If a record is not what its hash says.
    """
    folder = Path(folder)
    records = [path.parent for path in sorted(folder.glob("*/forecast.json")) if (path.parent / "curves.nc").is_file()]
    logged = pl.read_csv(folder / "log.csv").iter_rows(named=True)
    return pl.DataFrame([*map(_of_log, logged), *map(_of_record, records)], infer_schema_length=None)


def _of_log(row: dict[str, Any]) -> dict[str, Any]:
    """The score of a forecast by the numbers that were written down; rules of thumb were not."""
    return {
        **{name: row[name] for name in ("made", "what", "params", "times", "unit", "median", "low", "high")},
        **{name: row[name] for name in ("measured", "measured_low", "measured_high")},
        "hit": row["low"] <= row["measured"] <= row["high"],
        "interval_score": _score(row["axis"], row["low"], row["high"], row["measured"]),
        "proportional": None,
        "power_law": None,
        **dict.fromkeys(("log_score", "recommended", "least_kept", "most_kept", "held")),
        "record": "LOG.md",
        "note": row["note"] or "",
    }


def _of_record(folder: Path) -> dict[str, Any]:
    record = _checked(folder / "forecast.json")
    target = record["target"]
    of_group = {schema.GROUP: [target["group"]]}
    curves = load_curves(folder / "curves.nc").sel(of_group)
    forecast = next(each for what, each in record["quantities"].items() if " of a cell" in what)
    draws = np.array([np.inf if draw is None else draw for draw in forecast["draws"]])
    measured = measure_collapse(curves, ci_prob=_CI_PROB)
    made, sweep = folder.name[:10], folder.name[11:].rpartition("-")[0]
    trained = load_curves(sweep).sel(of_group)
    # the rules are made again: those of a record may be of an earlier version
    rules = rules_at(trained, planned_model(trained, Target(target[schema.PARAMS], target[schema.TOKENS])))
    scores = scores_of(axis_named(target["axis"]), draws, measured, rules)
    median, low, high = (forecast["quantiles"][level] for level in ("0.5", "0.05", "0.95"))
    return {
        "made": made,
        "what": f"{sweep}, {target['group']}",
        schema.PARAMS: round(target[schema.PARAMS]),
        "times": target[schema.PARAMS] / float(trained[schema.PARAMS].max()),
        "unit": target["unit"],
        "median": median,
        "low": low,
        "high": high,
        **_ends(measured),
        "hit": HITS[measured.outcome(Interval(median, low, high))],
        "interval_score": None if measured.bound else _score(target["axis"], low, high, measured.median),
        **{rule: None if scores is None else scores.rules.get(rule) for rule in ("proportional", "power_law")},
        "log_score": None if scores is None else scores.log,
        **_outcome(record, curves),
        "record": record["sha256"][:12],
        "note": measured.note if measured.bound else "",
    }


def _score(axis: str, low: float, high: float, measured: float) -> float:
    """The interval score of the stated ends, in logarithms of the infusion or its odds."""
    ends = axis_named(axis).to_line(np.array([low, high, measured]))
    return interval_score(float(ends[0]), float(ends[1]), float(ends[2]), _CI_PROB)


def _outcome(record: dict[str, Any], curves: xr.Dataset) -> dict[str, Any]:
    """What the target's runs keep at the recommended infusion, by the levels on both sides of it."""
    group, choice = record["target"]["group"], record["choice"]
    advised, promised = choice["advised"], choice["keep"][group]
    (curve,) = curves_of_cells(curves, group)
    least, most = bounds_between_levels(axis_named(record["target"]["axis"]), curve.infusion, curve.share, advised)
    return {
        "recommended": advised,
        "least_kept": least,
        "most_kept": most,
        "held": True if least >= promised else False if most < promised else None,
    }


def _ends(measured: Measurement) -> dict[str, float]:
    return {"measured": measured.median, "measured_low": measured.low, "measured_high": measured.high}


def _checked(path: Path) -> dict[str, Any]:
    """A record that is what its hash says."""
    record = json.loads(path.read_text(encoding="utf-8"))
    content = {name: value for name, value in record.items() if name != "sha256"}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    if hashlib.sha256(text.encode()).hexdigest() != record["sha256"]:
        raise InputError("a record as it was written", "one that was changed later", str(path))
    return record


def main(
    forecasts: Annotated[Path, typer.Option(help="Holds the records and the targets' curves.")] = Path(
        "data/forecasts"
    ),
    out: Annotated[Path, typer.Option(help="Receives the table.")] = Path("data/proof/forecasts"),
) -> None:
    """Score every forecast that was made before its target was trained; seconds."""
    table = write_table(forecast_table(forecasts), out / "forecasts.csv")
    show(table, _SHOWN)


if __name__ == "__main__":
    run(main)
