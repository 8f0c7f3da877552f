"""Leave the largest sizes out of real sweeps, predict them, and compare with what was measured there."""

from typing import Any, NamedTuple

import numpy as np
import polars as pl
import xarray as xr

from bayeskisl import schema
from bayeskisl.decision import Verification, predict, verify
from bayeskisl.decision.intervals import interval
from bayeskisl.errors import InputError
from bayeskisl.inference import fit
from bayeskisl.laws import Law
from bayeskisl.workflow.proof.extrapolation import MIXTURE

__all__ = ["FEWEST_SIZES", "Forecast", "forecasts", "held_out_table"]

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
