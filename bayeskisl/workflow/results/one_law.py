"""Does one law explain amount, ratio and dose? Critical exposures predicted from one experiment to the others."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.curves import axis, cell_table, group_exposures
from bayeskisl.decision.measure import threshold_posterior
from bayeskisl.inference import Fit
from bayeskisl.inference.extrapolate import extrapolate

__all__ = ["ALONE", "WITH_LOAD", "predicted_exposures", "transfer"]

# The two hypotheses.
ALONE, WITH_LOAD = "exposures alone", "exposures and load"
_TAILS = (0.5, 0.05, 0.95)

Row = dict[str, Any]


def transfer(fit: Fit, curves: xr.Dataset, sweep: str) -> Iterator[Row]:
    """Measured critical exposures of another experiment beside those that amount sweeps predict for it.

    Parameters
    ----------
    fit : Fit
        Of amount sweeps at several budgets.
    curves : xarray.Dataset
        A ratio or dose sweep.
    sweep : str
        Its name.

    Yields
    ------
    dict
        ``sweep``, ``group``, ``params``, ``load`` (distinct facts in training at the group's half point), ``measured``
        critical exposures and the ``predicted`` ones under each hypothesis, all with 90 % intervals, and whether the
        measured median lies inside (``hit``). Groups whose exposures do not move, or that do not cross their half
        point, are left out.
    """
    cells, cell_of_run = cell_table(curves)
    for group in map(str, curves[schema.GROUP].values):
        if axis.moves(curves.attrs["axis"], group) == 0:
            continue
        for cell in range(cells.sizes[schema.CELL]):
            runs = curves.isel({schema.RUN: np.flatnonzero(cell_of_run == cell)}).sel(group=group)
            share = (runs[schema.RECALLED] / runs[schema.PROBED]).values
            if not share.min() < 0.5 < share.max():
                continue
            measured = _measured(runs, group_exposures(curves).sel(group=group, run=runs[schema.RUN]).values)
            load = _load(curves.attrs["axis"], group, measured["median"], cells.isel(cell=cell), runs)
            size, budget = float(cells[schema.PARAMS][cell]), float(cells[schema.TOKENS][cell])
            found = {name: _summary(draws) for name, draws in predicted_exposures(fit, size, budget, load).items()}
            yield {
                "sweep": sweep,
                "group": group,
                schema.PARAMS: int(size),
                "load": load,
                "measured": measured,
                "predicted": found,
                "hit": {name: each["low"] <= measured["median"] <= each["high"] for name, each in found.items()},
            }


def predicted_exposures(fit: Fit, params: float, tokens: float, load: float) -> dict[str, np.ndarray]:
    """Draws of critical exposures of a size, under each hypothesis.

    In an amount sweep the load at the half point is the collapse point itself, K = r D / (l e50). Budgets move it: with
    log e50 = log e0 - gamma log(D'/D), the load L stands at the half point of the budget D' = L l e50 / r, so that

        (1 + gamma) log e50 = log e0 - gamma log(L l / (r D)).

    Parameters
    ----------
    fit : Fit
        Of amount sweeps at several budgets and one ratio.
    params, tokens : float
        Of the target.
    load : float
        Distinct facts L.

    Returns
    -------
    dict of numpy.ndarray
        Shape ``(sample,)``, a new size's scatter included.
    """
    ahead = extrapolate(fit, params, tokens, kind="mean")
    log_e0 = ahead["log_critical_exposures"].sel(group=schema.INFUSED).values.ravel()
    exponent = fit.posterior[schema.EXPONENT].sel(group=schema.INFUSED, covariate=schema.TOKENS).values.ravel()
    infused = float(np.unique(fit.curves[schema.RATIO].values.round(3)).item()) * tokens
    length = float(np.unique(fit.curves[schema.TOKENS_PER_FACT].values).item())
    log_e50 = (log_e0 - exponent * np.log(load * length / infused)) / (1 + exponent)
    return {ALONE: np.exp(log_e0), WITH_LOAD: np.exp(log_e50)}


def _measured(runs: xr.Dataset, exposures: np.ndarray) -> dict[str, float]:
    thresholds, probability = threshold_posterior(
        np.log(exposures),
        runs[schema.RECALLED].values.astype(int),
        runs[schema.PROBED].values.astype(int),
        float(runs[schema.GUESSING].values[0]),
    )
    cumulated = np.cumsum(probability) - probability / 2
    median, low, high = np.exp(np.interp(_TAILS, cumulated, thresholds))
    return {"median": float(median), "low": float(low), "high": float(high)}


def _load(axis_name: str, group: str, exposures: float, cell: xr.Dataset, runs: xr.Dataset) -> float:
    """Distinct facts that a run at the group's half point trains on."""
    background = float(cell[schema.BACKGROUND_FACTS])
    if axis_name == "ratio":
        return background + float(cell[schema.FACTS])
    held = {name: float(cell[name]) for name in cell.data_vars}
    ratio = float(axis.axis_value(exposures, axis_name, group, held))
    return background + ratio * held[schema.TOKENS] / (
        float(runs[schema.EXPOSURES].mean()) * held[schema.TOKENS_PER_FACT]
    )


def _summary(draws: np.ndarray) -> dict[str, float]:
    median, low, high = (float(value) for value in np.quantile(draws, _TAILS))
    return {"median": median, "low": low, "high": high}
