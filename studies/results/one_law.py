"""Does one law explain amount, ratio and dose? Critical exposures of one experiment, predicted from another."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.axes import Axis, axis_of
from bayeskisl.curves import cell_table, group_exposures, reference_load
from bayeskisl.decision.measure import threshold_posterior
from bayeskisl.inference import Fit
from bayeskisl.inference.extrapolate import extrapolate
from bayeskisl.intervals import grid_quantiles

__all__ = ["ALONE", "FROM_DOSE", "WITH_LOAD", "Prediction", "from_amount", "from_dose", "transfer"]

# The hypotheses, by what they predict from.
ALONE, WITH_LOAD, FROM_DOSE = "amount, exposures alone", "amount, exposures and load", "dose, the law 'common'"
_TAILS = (0.5, 0.05, 0.95)

Row = dict[str, Any]

# Draws ``(sample,)`` of the critical exposures of a group, given its params, tokens and load (distinct facts).
Prediction = Callable[[str, float, float, float], FloatArray]


def from_amount(fit: Fit) -> dict[str, Prediction]:
    """What amount sweeps at several budgets and one ratio expect of any group, if it is like the infused facts.

    In an amount sweep the load at the half point is the collapse point itself, K = r D / (l e50). Budgets move it: with
    log e50 = log e0 - gamma log(D'/D), the load L stands at the half point of the budget D' = L l e50 / r, so that

        (1 + gamma) log e50 = log e0 - gamma log(L l / (r D)).
    """
    exponent = fit.posterior[schema.EXPONENT].sel(group=schema.INFUSED, covariate=schema.TOKENS).values.ravel()
    ratio = float(np.unique(fit.curves[schema.RATIO].values.round(3)).item())
    length = float(np.unique(fit.curves[schema.TOKENS_PER_FACT].values).item())

    def alone(group: str, params: float, tokens: float, load: float) -> FloatArray:
        ahead = extrapolate(fit, params, tokens, kind="mean", as_new=True)
        return np.exp(ahead["log_critical_exposures"].sel(group=schema.INFUSED).values.ravel())

    def with_load(group: str, params: float, tokens: float, load: float) -> FloatArray:
        log_e0 = np.log(alone(group, params, tokens, load))
        return np.exp((log_e0 - exponent * np.log(load * length / (ratio * tokens))) / (1 + exponent))

    return {ALONE: alone, WITH_LOAD: with_load}


def from_dose(fit: Fit) -> dict[str, Prediction]:
    """What a dose sweep expects of the same group, under the law that knows the load."""
    reference = reference_load(fit.curves)

    def common(group: str, params: float, tokens: float, load: float) -> FloatArray:
        ahead = extrapolate(fit, params, tokens, kind="mean", as_new=True).sel(group=group)
        return np.exp(
            (ahead["log_critical_exposures"] + ahead["load_effect"] * np.log(load / reference)).values.ravel()
        )

    return {FROM_DOSE: common}


def transfer(curves: xr.Dataset, sweep: str, predictions: Mapping[str, Prediction]) -> Iterator[Row]:
    """Measured critical exposures of an experiment beside those that another one predicts for it.

    Parameters
    ----------
    curves : xarray.Dataset
        A ratio or dose sweep.
    sweep : str
        Its name.
    predictions : mapping
        By hypothesis.

    Yields
    ------
    dict
        ``sweep``, ``group``, ``params``, ``load`` (distinct facts in training at the group's half point), ``measured``
        critical exposures and the ``predicted`` ones under each hypothesis, all with 90 % intervals, and whether the
        measured median lies inside (``hit``). Groups whose exposures do not move, or that do not cross their half
        point, are left out.
    """
    axis, (cells, cell_of_run) = axis_of(curves), cell_table(curves)
    for group in map(str, curves[schema.GROUP].values):
        if axis.moves(group) == 0:
            continue
        for cell in range(cells.sizes[schema.CELL]):
            runs = curves.isel({schema.RUN: np.flatnonzero(cell_of_run == cell)}).sel(group=group)
            share = (runs[schema.RECALLED] / runs[schema.PROBED]).values
            if not share.min() < 0.5 < share.max():
                continue
            measured = _measured(runs, group_exposures(curves).sel(group=group, run=runs[schema.RUN]).values)
            load = _load(axis, group, measured["median"], cells.isel(cell=cell))
            size, budget = float(cells[schema.PARAMS][cell]), float(cells[schema.TOKENS][cell])
            found = {name: _summary(of(group, size, budget, load)) for name, of in predictions.items()}
            yield {
                "sweep": sweep,
                "group": group,
                schema.PARAMS: int(size),
                "load": load,
                "measured": measured,
                "predicted": found,
                "hit": {name: each["low"] <= measured["median"] <= each["high"] for name, each in found.items()},
            }


def _measured(runs: xr.Dataset, exposures: FloatArray) -> dict[str, float]:
    thresholds, probability = threshold_posterior(
        np.log(exposures),
        runs[schema.RECALLED].values.astype(int),
        runs[schema.PROBED].values.astype(int),
        float(runs[schema.GUESSING].values[0]),
    )
    median, low, high = np.exp(grid_quantiles(thresholds, probability, _TAILS))
    return {"median": float(median), "low": float(low), "high": float(high)}


def _load(axis: Axis, group: str, exposures: float, cell: xr.Dataset) -> float:
    """Distinct facts that a run at the group's half point trains on."""
    background = float(cell[schema.BACKGROUND_FACTS])
    held = {str(name): float(cell[name]) for name in cell.data_vars}
    return background + float(axis.facts(axis.value(exposures, group, held), held))


def _summary(draws: FloatArray) -> dict[str, float]:
    median, low, high = (float(value) for value in np.quantile(draws, _TAILS))
    return {"median": median, "low": low, "high": high}
