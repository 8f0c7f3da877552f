"""Leave the largest sizes out of real sweeps, predict them, and compare with what was measured there."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import polars as pl
import typer
import xarray as xr

from bayeskisl import schema
from bayeskisl.curves import load_curves
from bayeskisl.decision import Verification, predict, verify
from bayeskisl.errors import InputError
from bayeskisl.inference import fit
from bayeskisl.intervals import interval
from bayeskisl.laws import Law, load_law
from studies.command import Tell, run, say_nothing, show
from studies.coverage import MIXTURE
from studies.simulated.turns import write_table

__all__ = ["FEWEST_SIZES", "Forecast", "forecasts", "held_out_table", "prove_held_out"]

# With three sizes a curvature and a scatter beside two coefficients are all prior.
FEWEST_SIZES = 4


class Forecast(NamedTuple):
    """What one forecaster said of a cell that was left out."""

    median: float
    low: float
    high: float
    hit: bool | None
    """Whether the measured median lies in the 90 % interval; None where the measurement is a bound inside it."""
    weight: float
    """Of the law in the mixture; 1 of the mixture itself."""


def forecasts(ahead: xr.Dataset, found: Verification) -> dict[str, Forecast]:
    """By forecaster: the mixture, and every law by itself.

    Parameters
    ----------
    ahead : xarray.Dataset
        What `bayeskisl.predict` said.
    found : Verification
        What `bayeskisl.verify` found.
    """
    weights = dict(zip(ahead["law"].values.tolist(), ahead["weight"].values.tolist(), strict=True))
    return {MIXTURE: Forecast(*interval(ahead[schema.COLLAPSE].values, 0.9), found.hit, 1.0)} | {
        law: Forecast(*interval(ahead["collapse_by_law"].sel(law=law).values, 0.9), hit, weights[law])
        for law, hit in found.hit_by_law.items()
    }


def held_out_table(curves: xr.Dataset, law: Law, name: str) -> pl.DataFrame:
    """Every prediction of a size from at least four smaller ones.

    Parameters
    ----------
    curves : xarray.Dataset
        A sweep of at least five sizes at one budget.
    law : Law
        Fitted with its rivals.
    name : str
        Of the sweep, for the table.

    Returns
    -------
    polars.DataFrame
        One row per fit, target and law (and one for their mixture): the predicted collapse point with its 90 % interval
        for one fresh run, the measured one with its own, whether the measured median lies inside, and the rank of the
        measurement in the predictive distribution (of the mixture only).

    Raises
    ------
    InputError
        If there are fewer than five sizes.
    """
    sizes = np.unique(curves[schema.PARAMS].values)
    if len(sizes) <= FEWEST_SIZES:
        raise InputError(f"at least {FEWEST_SIZES + 1} sizes", len(sizes), name)
    rows = []
    for seen in range(FEWEST_SIZES, len(sizes)):
        small = curves.isel(run=np.flatnonzero(curves[schema.PARAMS].values <= sizes[seen - 1]))
        posterior = fit(small, law, throw=False)
        for target in sizes[seen:]:
            ahead = predict(posterior, float(target), throw=False)
            rows += _rows(ahead, curves, {"sweep": name, "sizes": seen, "largest": int(sizes[seen - 1])})
    return pl.DataFrame(rows)


def _rows(ahead: xr.Dataset, curves: xr.Dataset, where: dict[str, Any]) -> list[dict[str, Any]]:
    found = verify(ahead, curves)
    measured = found.measured
    common = where | {
        "target": int(found.params),
        "measured": measured.median,
        "measured_low": measured.low,
        "measured_high": measured.high,
    }
    return [
        common
        | {"median": said.median, "low": said.low, "high": said.high}
        | {"law": law, "hit": said.hit, "rank": found.rank if law == MIXTURE else None}
        for law, said in forecasts(ahead, found).items()
    ]


def prove_held_out(
    folder: str | Path,
    law: str | Path | Law = "collapse",
    sweeps: Sequence[str | Path] = ("desk-amount",),
    tell: Tell = say_nothing,
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
        See `studies.held_out.held_out_table`.
    """
    law, tables = load_law(law), []
    for done, sweep in enumerate(sweeps):
        tell(str(sweep), done, len(sweeps))
        tables.append(held_out_table(load_curves(sweep), law, Path(sweep).stem))
    return write_table(pl.concat(tables), Path(folder) / "held_out.csv")


def main(
    out: Annotated[Path, typer.Option(help="Receives the table.")] = Path("runs/proof/held-out"),
    law: Annotated[str, typer.Option(help="A law's TOML file, or the name of a shipped one.")] = "collapse",
    sweep: Annotated[
        list[str] | None, typer.Option(help="A shipped sweep or a file of curves; may be repeated.")
    ] = None,
) -> None:
    """Predict the largest sizes of real sweeps from the smaller ones, and compare with what was measured."""
    table = prove_held_out(out, law, tuple(sweep or ("desk-amount",)))
    show(table, ("sweep", "sizes", "largest", "target", "law", "median", "low", "high", "measured", "hit"))


if __name__ == "__main__":
    run(main)
