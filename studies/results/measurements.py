"""What was measured of each cell of a sweep, without any law of size."""

from typing import Any

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.axes import axis_of
from bayeskisl.curves import bits_per_parameter, cell_table
from bayeskisl.decision.measure import measure_collapse

__all__ = ["measured_cells", "moving_share"]

# A run between these recalls tells where the curve is; one beyond them only on which side it lies.
_MOVING = (0.03, 0.97)

Row = dict[str, Any]


def moving_share(curves: xr.Dataset) -> float:
    """Share of the runs in which some group lies between 3 and 97 % recall."""
    recall = (curves[schema.RECALLED] / curves[schema.PROBED].where(curves[schema.PROBED] > 0)).values
    moving = (recall > _MOVING[0]) & (recall < _MOVING[1])
    return float(moving.any(axis=1).mean())


def measured_cells(curves: xr.Dataset) -> list[Row]:
    """One row per cell, ordered as in `cell_table`.

    Parameters
    ----------
    curves : xarray.Dataset
        Measured at the end of training.

    Returns
    -------
    list of dict
        ``params``, ``total_params``, ``tokens``, ``runs``; ``collapse`` of the group that falls, as median, ends of its
        90 % interval and ``bound``, and ``bits`` per non-embedding and per total
        parameter, at the collapse point and the most at any level.
    """
    cells, cell_of_run = cell_table(curves)
    rows: list[dict[str, Any]] = []
    for cell in range(cells.sizes[schema.CELL]):
        runs = curves.isel({schema.RUN: np.flatnonzero(cell_of_run == cell)})
        measured = measure_collapse(runs)
        here: dict[str, Any] = {
            name: int(cells[name][cell]) for name in (schema.PARAMS, schema.TOTAL_PARAMS, schema.TOKENS)
        }
        rows.append(
            here
            | {
                "runs": runs.sizes[schema.RUN],
                "collapse": {"median": measured.median, "low": measured.low, "high": measured.high,
                             "bound": measured.bound},
                "bits": _bits(runs, measured.median),
            }
        )  # fmt: skip
    return rows


def _bits(runs: xr.Dataset, collapse: float) -> Row | None:
    """Bits of answers per parameter: by level, the mean over seeds, between levels in proportion to log infusion."""
    if schema.ANSWER_NATS not in runs:
        return None
    infusions = np.asarray(axis_of(runs).values(runs))
    found = {}
    for params in (schema.PARAMS, schema.TOTAL_PARAMS):
        levels, by_level = _means(infusions, bits_per_parameter(runs, params).values)
        at_collapse = float(np.interp(np.log(collapse), np.log(levels), by_level))
        found[params] = {"at_collapse": at_collapse, "most": float(by_level.max())}
    return found


def _means(infusions: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    levels, level_of_run = np.unique(infusions.astype(float), return_inverse=True)
    return levels, np.bincount(level_of_run, values) / np.bincount(level_of_run)
