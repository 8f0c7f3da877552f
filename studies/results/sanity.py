"""Which changes of the recipe move the collapse point and its exponent: one table from the runs of a sanity ladder."""

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import xarray as xr

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.decision.measure import Measurement, measure_collapse
from bayeskisl.errors import InputError
from bayeskisl.intervals import grid_quantiles
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
        If a size never collapses, so that it has no point to compare, or rungs differ in their number of sizes.
    """
    rng = np.random.default_rng(seed)
    rungs = list(dict.fromkeys(curves[RUNG].values.tolist()))
    found = {rung: _draws_of(_rung(curves, rung), rung, rng) for rung in rungs}
    if len({each.shape for each in found.values()}) > 1:
        raise InputError("as many sizes in every rung", "different numbers", "sanity ladder")
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
    reference = _reference(curves, draws)
    return pl.DataFrame(
        [
            {RUNG: rung, schema.PARAMS: int(size)}
            | _columns("collapse", np.exp(of_rung[:, i]))
            | _columns("factor", np.exp(of_rung[:, i] - reference(_sizes(curves, rung))[:, i]))
            for rung, of_rung in draws.items()
            for i, size in enumerate(_sizes(curves, rung))
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
        ``factor``, on average over the sizes, of the collapse point in facts, to the reference's at the same size, on
        the line between its sizes where it has another; ``exposures``, of critical exposures
        r D / (K l); ``bits``, of the answers' bits at the collapse point; ``exponent``, the slope of the logs by least
        squares, and ``change`` to the reference's. Each with a 90 % interval in ``_low`` and ``_high``. ``moves_point``
        and ``moves_exponent`` say whether the interval excludes no change; the reference's own are null.
    """
    first = next(iter(draws))
    reference, of_first = _reference(curves, draws), _rung(curves, first)
    base_exponent = draws[first] @ _lever(_sizes(curves, first))
    rows = []
    for rung, of_rung in draws.items():
        own, sizes = _rung(curves, rung), _sizes(curves, rung)
        factor = np.exp((of_rung - reference(sizes)).mean(axis=1))
        exponent = of_rung @ _lever(sizes)
        supply = np.exp(np.mean(_log_supply(own) - _on_line(sizes, _sizes(curves, first), _log_supply(of_first))))
        row: dict[str, Any] = {
            RUNG: rung,
            "runs": int((curves[RUNG] == rung).sum()),
            **_columns("factor", factor),
            **_columns("exposures", supply / factor),
            **_columns("bits", factor * _bits(own) / _bits(of_first)),
            **_columns("exponent", exponent),
            **_columns("change", exponent - base_exponent),
        }
        compared = rung != first
        row["moves_point"] = not row["factor_low"] <= 1 <= row["factor_high"] if compared else None
        row["moves_exponent"] = not row["change_low"] <= 0 <= row["change_high"] if compared else None
        rows.append(row)
    return pl.DataFrame(rows)


def _sizes(curves: xr.Dataset, rung: str) -> FloatArray:
    return np.unique(_rung(curves, rung)[schema.PARAMS].values).astype(float)


def _lever(sizes: FloatArray) -> FloatArray:
    """Weights of log collapse points in the least-squares slope, ``(size,)``."""
    off = np.log(sizes) - np.log(sizes).mean()
    return np.asarray(off / np.sum(off**2))


def _reference(curves: xr.Dataset, draws: Draws) -> Callable[[FloatArray], FloatArray]:
    """Log collapse points of the reference at other sizes, ``(draw, size)``."""
    first = next(iter(draws))
    return lambda sizes: _on_line(sizes, _sizes(curves, first), draws[first])


def _on_line(at: FloatArray, sizes: FloatArray, values: FloatArray) -> FloatArray:
    """Values ``(..., size)`` on the lines between neighbouring logs of sizes, which go on beyond the ends."""
    place, known = np.log(at), np.log(sizes)
    behind = np.clip(np.searchsorted(known, place), 1, len(known) - 1)
    part = (place - known[behind - 1]) / (known[behind] - known[behind - 1])
    return np.asarray((1 - part) * values[..., behind - 1] + part * values[..., behind])


def _log_supply(curves: xr.Dataset) -> FloatArray:
    """Log of the exposures of a single fact, r D / l, by size, ``(size,)``."""
    supply = (curves[schema.RATIO] * curves[schema.TOKENS] / curves[schema.TOKENS_PER_FACT]).values
    _, first = np.unique(curves[schema.PARAMS].values, return_index=True)
    return np.log(supply[first].astype(float))


def _bits(curves: xr.Dataset) -> float:
    """Bits of an answer."""
    return -float(np.log2(curves[schema.GUESSING].values.flat[0]))


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
