"""Leave the largest sizes out of real sweeps, predict them, and compare with what was measured there."""

from typing import Any

import numpy as np
import polars as pl
import xarray as xr

from bayeskisl import schema
from bayeskisl.decision import predict, verify
from bayeskisl.errors import InputError
from bayeskisl.inference import fit
from bayeskisl.laws import Law
from bayeskisl.workflow.proof.extrapolation import MIXTURE

__all__ = ["FEWEST_SIZES", "held_out_table"]

# With three sizes a curvature and a scatter beside two coefficients are all prior.
FEWEST_SIZES = 4


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
    forecasts = {MIXTURE: (ahead[schema.COLLAPSE].values, found.hit, found.rank)} | {
        law: (ahead["collapse_by_law"].sel(law=law).values, hit, None) for law, hit in found.hit_by_law.items()
    }
    return [
        common
        | dict(zip(("median", "low", "high"), _interval(draws), strict=True))
        | {"law": law, "hit": hit, "rank": rank}
        for law, (draws, hit, rank) in forecasts.items()
    ]


def _interval(draws: np.ndarray) -> tuple[float, float, float]:
    median, low, high = np.quantile(draws, [0.5, 0.05, 0.95], method="inverted_cdf")
    return float(median), float(low), float(high)
