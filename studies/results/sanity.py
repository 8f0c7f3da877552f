"""Which changes of the recipe move the collapse point and its exponent: one table from the runs of a sanity ladder."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
import xarray as xr

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.decision.intervals import grid_quantiles
from bayeskisl.decision.measure import Measurement, measure_collapse
from bayeskisl.errors import InputError
from studies.results.rungs import RUNG

__all__ = ["collapse_by_rung", "learning_rates", "sanity_points", "sanity_table"]

_DRAWS = 20_000
_TAILS = (0.5, 0.05, 0.95)

Draws = dict[str, FloatArray]  # of log collapse points by rung, shape (draw, size)


def collapse_by_rung(curves: xr.Dataset, seed: int = 0) -> Draws:
    """Draws of the log collapse point of every rung and size, each measured from its own runs alone.

    Parameters
    ----------
    curves : xarray.Dataset
        As `studies.results.rungs.joined_rungs` made them.
    seed : int

    Returns
    -------
    dict of numpy.ndarray
        By rung, in the order of the runs, shape ``(draw, size)``, sizes ascending.

    Raises
    ------
    InputError
        If a size never collapses, so that it has no point to compare, or rungs differ in their sizes.
    """
    rng = np.random.default_rng(seed)
    rungs = list(dict.fromkeys(curves[RUNG].values.tolist()))
    found = {rung: _draws_of(_rung(curves, rung), rung, rng) for rung in rungs}
    if len({each.shape for each in found.values()}) > 1:
        raise InputError("the same sizes in every rung", "different ones", "sanity ladder")
    return found


def _draws_of(curves: xr.Dataset, rung: str, rng: np.random.Generator) -> FloatArray:
    columns = []
    for size in np.unique(curves[schema.PARAMS]):
        measured = measure_collapse(curves.isel(run=np.flatnonzero(curves[schema.PARAMS] == size)))
        if measured.bound:
            raise InputError("runs on both sides of the fall", measured.note, f"rung {rung!r}, {size:,} parameters",
                             "add levels to its sweep")  # fmt: skip
        columns.append(_log_draws(measured, rng))
    return np.stack(columns, axis=1)


def _log_draws(measured: Measurement, rng: np.random.Generator) -> FloatArray:
    """Draws from a posterior on a grid."""
    return grid_quantiles(np.log(measured.values), measured.probability, rng.random(_DRAWS))


def sanity_points(curves: xr.Dataset, draws: Draws) -> pl.DataFrame:
    """One row per rung and size: the collapse point, and its factor to the reference rung's, with 90 % intervals."""
    sizes = np.unique(curves[schema.PARAMS])
    reference = next(iter(draws.values()))
    return pl.DataFrame(
        [
            {RUNG: rung, schema.PARAMS: int(size)}
            | _columns("collapse", np.exp(of_rung[:, i]))
            | _columns("factor", np.exp(of_rung[:, i] - reference[:, i]))
            for rung, of_rung in draws.items()
            for i, size in enumerate(sizes)
        ]
    )


def sanity_table(curves: xr.Dataset, draws: Draws) -> pl.DataFrame:
    """One row per rung: by which factor it moves collapse points, and by how much the exponent between its sizes.

    Parameters
    ----------
    curves : xarray.Dataset
    draws : dict of numpy.ndarray
        What `collapse_by_rung` returned.

    Returns
    -------
    polars.DataFrame
        ``factor``, on average over the sizes, of the collapse point in facts; ``exposures``, of critical exposures
        r D / (K l); ``bits``, of the answers' bits at the collapse point; ``exponent``, the slope of the logs by least
        squares, and ``change`` to the reference's. Each with a 90 % interval in ``_low`` and ``_high``. ``moves_point``
        and ``moves_exponent`` say whether the interval excludes no change; the reference's own are null.
    """
    sizes = np.log(np.unique(curves[schema.PARAMS]).astype(float))
    lever = (sizes - sizes.mean()) / np.sum((sizes - sizes.mean()) ** 2)
    first = next(iter(draws))
    base, base_exponent = _constants(_rung(curves, first)), draws[first] @ lever
    rows = []
    for rung, of_rung in draws.items():
        own = _constants(_rung(curves, rung))
        factor = np.exp((of_rung - draws[first]).mean(axis=1))
        exponent = of_rung @ lever
        row: dict[str, Any] = {
            RUNG: rung,
            "runs": int((curves[RUNG] == rung).sum()),
            **_columns("factor", factor),
            **_columns("exposures", own["per_fact"] / base["per_fact"] / factor),
            **_columns("bits", factor * own["bits"] / base["bits"]),
            **_columns("exponent", exponent),
            **_columns("change", exponent - base_exponent),
        }
        compared = rung != first
        row["moves_point"] = not row["factor_low"] <= 1 <= row["factor_high"] if compared else None
        row["moves_exponent"] = not row["change_low"] <= 0 <= row["change_high"] if compared else None
        rows.append(row)
    return pl.DataFrame(rows)


def _constants(curves: xr.Dataset) -> Mapping[str, float]:
    """Exposures of one fact if there were only one, and bits of an answer."""
    infused = float((curves[schema.RATIO] * curves[schema.TOKENS])[0])
    return {
        "per_fact": infused / float(curves[schema.TOKENS_PER_FACT][0]),
        "bits": -float(np.log2(curves[schema.GUESSING].values.flat[0])),
    }


def _rung(curves: xr.Dataset, rung: str) -> xr.Dataset:
    return curves.isel({schema.RUN: np.flatnonzero(curves[RUNG].values == rung)})


def _columns(name: str, draws: FloatArray) -> dict[str, float]:
    median, low, high = (float(value) for value in np.quantile(draws, _TAILS))
    return {name: median, f"{name}_low": low, f"{name}_high": high}


def learning_rates(curves: xr.Dataset, rung: str) -> dict[int, float]:
    """The peak learning rate of each size of a rung."""
    own = _rung(curves, rung)
    return {int(size): float(own[schema.LEARNING_RATE].values[own[schema.PARAMS].values == size][0])
            for size in np.unique(own[schema.PARAMS])}  # fmt: skip
