"""What the model says of published tables: where their curve falls or rises, and whether their rows surprise it.

The tables are those of Gu et al. (arXiv 2505.18091): the collapse of 410M parameters in the number of facts, and the
onset of 70M in the infusion ratio. How many facts were probed is not published, so each is read under several assumed
numbers, and under the laws' desk-scale priors beside priors for such tables.
"""

from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import polars as pl
import typer
import xarray as xr

from bayeskisl import schema
from bayeskisl.axes import axis_of
from bayeskisl.curves import curves_from_table
from bayeskisl.inference import Fit, fit
from bayeskisl.laws import load_law
from bayeskisl.shipped import shipped_folder
from studies.command import Tell, counting, run, say_nothing, show
from studies.simulated.turns import write_table

__all__ = ["ASSUMED_PROBES", "TABLES", "prove_published", "published_tables"]

ASSUMED_PROBES = (200, 1_000, 10_000)

# By name: the variable that says where the curve has its half-point.
TABLES = {"collapse": schema.COLLAPSE, "onset": schema.ONSET}

# One cell and few rows make long-tailed posteriors.
_DRAWS, _TUNE = 4000, 3000
_SEEDS = 3

# Accuracies are reported to a tenth of a percent.
_ROUNDING = 5e-4


def published_tables(
    probes: tuple[int, ...], tell: Callable[[str, int, int], None]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Both published tables under both sets of priors and every assumed number of probes.

    Parameters
    ----------
    probes : tuple of int
    tell : callable
        Is told the table's name, how many of its fits are finished, and how many are wanted.

    Returns
    -------
    points : polars.DataFrame
        One row per table, law and number of probes: whether the gate passed, and the half-point with its 90 % interval,
        in facts or as a ratio.
    checks : polars.DataFrame
        One row per row of the published table: the accuracy that is reported, the 90 % interval of what the fitted
        model predicts for the same experiment done again, and whether the former lies inside.
    """
    laws = load_law(shipped_folder("data") / "literature" / "law.toml"), load_law("power")
    points, checks = [], []
    for table in TABLES:
        for done, (law, assumed) in enumerate(product(laws, probes), start=1):
            fitted = fit(_curves(table, assumed), law, rivals=(), throw=False, draws=_DRAWS, tune=_TUNE)
            which = {"table": table, "law": law.name, "probes": assumed}
            points.append(which | _half_point(fitted, TABLES[table]))
            checks += [which | row for row in _checks(fitted)]
            tell(table, done, len(laws) * len(probes))
    return pl.DataFrame(points), pl.DataFrame(checks)


def _curves(table: str, probes: int) -> xr.Dataset:
    path = shipped_folder("data") / "literature" / f"phase-transition-{table}.csv"
    if table == "collapse":
        return curves_from_table(path, probed=probes)
    return curves_from_table(
        _with_seeds(pl.read_csv(path, comment_prefix="#")), {"tokens_per_fact": 100}, probed=probes
    )


def _with_seeds(rows: pl.DataFrame) -> pl.DataFrame:
    """Three runs a row, with the mean and the standard deviation that are reported."""
    accuracy = pl.col("accuracy_percent") + pl.col("accuracy_sd_percent") * (pl.col("seed") - 1)
    return (
        rows.join(pl.DataFrame({"seed": range(_SEEDS)}), how="cross")
        .with_columns(accuracy_percent=accuracy)
        .drop("accuracy_sd_percent", "seeds")
    )


def _half_point(fitted: Fit, variable: str) -> dict[str, Any]:
    low, median, high = np.quantile(np.asarray(fitted.posterior[variable]), [0.05, 0.5, 0.95])
    return {"gate": fitted.gate.passed, "low": float(low), "median": float(median), "high": float(high)}


def _checks(fitted: Fit) -> list[dict[str, Any]]:
    """Levels one by one; runs of one level are averaged, as the table does."""
    curves = fitted.curves
    levels = np.asarray(axis_of(curves).values(curves))
    replicates = (fitted.tree["posterior_predictive"][schema.RECALLED] / curves[schema.PROBED]).isel(group=0)
    reported = (curves[schema.RECALLED] / curves[schema.PROBED]).isel(group=0).values
    rows = []
    for level in np.unique(levels):
        drawn = replicates.isel(run=np.flatnonzero(levels == level)).mean(schema.RUN)
        low, median, high = np.quantile(np.asarray(drawn), [0.05, 0.5, 0.95])
        mean = reported[levels == level].mean()
        inside = bool(low - _ROUNDING <= mean <= high + _ROUNDING)
        rows.append(
            {"level": float(level), "reported": mean, "low": low, "median": median, "high": high, "inside": inside}
        )
    return rows


def prove_published(
    folder: str | Path, probes: Sequence[int] = ASSUMED_PROBES, tell: Tell = say_nothing
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
        See `studies.published.published_tables`.
    """
    points, checks = published_tables(tuple(probes), tell)
    write_table(points, Path(folder) / "published_points.csv")
    write_table(checks, Path(folder) / "published_checks.csv")
    return points, checks


def main(
    out: Annotated[Path, typer.Option(help="Receives the tables.")] = Path("runs/proof/published"),
    probes: Annotated[
        list[int] | None, typer.Option(min=1, help="Assumed number of probed facts (not published); repeatable.")
    ] = None,
) -> None:
    """Where published tables fall or rise under several assumptions, and whether their rows surprise the model."""
    with counting("fits") as tell:
        points, checks = prove_published(out, probes or ASSUMED_PROBES, tell)
    show(points, ("table", "law", "probes", "gate", "low", "median", "high"))
    show(checks, ("table", "law", "probes", "level", "reported", "low", "high", "inside"))


if __name__ == "__main__":
    run(main)
