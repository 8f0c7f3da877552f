"""Sizes and budgets left out of a sweep, predicted from the rest, and compared with what was measured there."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arrays import BoolArray
from bayeskisl.curves import cell_table
from bayeskisl.decision import predict, verify
from bayeskisl.inference import fit
from studies.held_out import FEWEST_SIZES, forecasts

__all__ = ["held_out_predictions", "splits"]

Row = dict[str, Any]


def splits(curves: xr.Dataset) -> Iterator[tuple[str, BoolArray, list[tuple[float, float]]]]:
    """What is left out in turn: every size above the fourth and those beyond it, and the largest of several budgets.

    Parameters
    ----------
    curves : xarray.Dataset

    Yields
    ------
    trained : str
        What remains, in words.
    remains : numpy.ndarray
        Which runs do, shape ``(run,)``.
    targets : list of (params, tokens)
        The cells to be predicted.
    """
    params, tokens = curves[schema.PARAMS].values, curves[schema.TOKENS].values
    cells, _ = cell_table(curves)
    points = sorted({(float(n), float(d)) for n, d in zip(cells[schema.PARAMS], cells[schema.TOKENS], strict=True)})
    sizes = np.unique(params)
    for last in sizes[FEWEST_SIZES - 1 : -1]:
        yield f"{sum(sizes <= last)} sizes, up to {last:,}", params <= last, [at for at in points if at[0] > last]
    crossed = [size for size in sizes if len({d for n, d in points if n == size}) > 1]
    if crossed and len(np.unique(tokens)) > 2:
        most = tokens.max()
        remains = (tokens < most) | ~np.isin(params, crossed)
        yield f"budgets below {most:,} tokens", remains, [at for at in points if at[1] == most]


def held_out_predictions(
    curves: xr.Dataset,
    law: str,
    rivals: Sequence[str],
    trained: str,
    remains: BoolArray,
    targets: Sequence[tuple[float, float]],
) -> list[Row]:
    """Every prediction of a cell that one split leaves out, one row per cell and law, and one for their mixture.

    Parameters
    ----------
    curves : xarray.Dataset
    law : str
    rivals : sequence of str
    trained, remains, targets
        One of the `splits`.

    Returns
    -------
    list of dict
        ``trained``, ``params``, ``tokens``, ``law``; the ``predicted`` collapse point of one fresh run as median and
        ends of its 90 % interval, the ``measured`` one with its own, whether the measured median is inside (``hit``),
        the decades between the largest size seen and the target's, the law's ``weight``, and whether the posterior
        passed its ``gate``.
    """
    seen = curves.isel({schema.RUN: np.flatnonzero(remains)})
    posterior = fit(seen, law, rivals=rivals, throw=False)
    largest, gate = seen[schema.PARAMS].values.max(), posterior.gate.passed
    rows: list[Row] = []
    for params, tokens in targets:
        ahead = predict(posterior, params, tokens=tokens, throw=False)
        where = {"trained": trained, "decades": float(np.log10(params / largest)), "gate": gate}
        rows += _rows(ahead, curves, where)
    return rows


def _rows(ahead: xr.Dataset, curves: xr.Dataset, where: Row) -> list[Row]:
    found = verify(ahead, curves)
    measured = found.measured
    common = where | {
        schema.PARAMS: int(found.params),
        schema.TOKENS: int(found.tokens),
        "measured": {"median": measured.median, "low": measured.low, "high": measured.high, "bound": measured.bound},
    }
    return [
        common
        | {"law": law, "predicted": {"median": said.median, "low": said.low, "high": said.high}}
        | {"hit": said.hit, "weight": said.weight}
        for law, said in forecasts(ahead, found).items()
    ]
