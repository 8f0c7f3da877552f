"""Tables of the costs of runs, supplied by the user."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bayeskisl import schema
from bayeskisl.arguments import require_curves
from bayeskisl.arrays import FloatArray
from bayeskisl.budgets import DOLLARS, FLOP, SECONDS
from bayeskisl.errors import InputError
from bayeskisl.quantities import read_number

if TYPE_CHECKING:
    import xarray as xr

    from bayeskisl.curves.tables.read import RawTable

__all__ = ["CostTable", "read_cost_table"]

# Names of the column that holds the costs, with the size of its unit.
_COSTS = {"seconds": (1.0, SECONDS), "device_seconds": (1.0, SECONDS), "gpu_seconds": (1.0, SECONDS),
          "hours": (3600.0, SECONDS), "device_hours": (3600.0, SECONDS), "gpu_hours": (3600.0, SECONDS),
          "dollars": (1.0, DOLLARS), "usd": (1.0, DOLLARS), "flop": (1.0, FLOP), "flops": (1.0, FLOP)}  # fmt: skip


_TOKENS = ("d", "train_tokens", "training_tokens", "total_tokens")


@dataclass(frozen=True)
class CostTable:
    """Known costs of runs.

    Parameters
    ----------
    params, tokens, cost : numpy.ndarray
        Values of each row, shape ``(row,)``; the cost of one run in `unit`.
    unit : str
        Device-seconds, dollars or FLOP.
    origin : str
        The table in words.
    per_run : bool
        Whether the table states no tokens, so that its costs are those of runs like the curves'.
    """

    params: FloatArray
    tokens: FloatArray
    cost: FloatArray
    unit: str
    origin: str
    per_run: bool = False


def read_cost_table(table: Any, curves: "xr.Dataset | None" = None) -> CostTable:
    """Read costs: a column of sizes (or of names of runs), one of tokens, one of costs.

    Parameters
    ----------
    table : path, frame, mapping of columns, or sequence of mappings
        Columns ``params``, ``tokens`` and one of ``seconds``, ``hours``, ``dollars`` or ``flop`` (also
        ``gpu_hours``, ``device_hours``, ``usd``, ...). ``run`` may stand for size and tokens.
    curves : xarray.Dataset, optional
        Curves that name the runs, and whose token budget holds where the table states none.

    Raises
    ------
    InputError
        If a column is missing or there are two of costs, a cell is no positive number, a run is unknown, or tokens are
        not stated and the curves have none or several.
    """
    from bayeskisl.curves.tables.read import read_table

    if curves is not None:
        require_curves(curves)
    raw = read_table(table)
    raw = type(raw)({_plain(name): cells for name, cells in raw.columns.items()}, raw.places, raw.origin)
    costs = [name for name in raw.columns if name in _COSTS]
    if len(costs) != 1:
        got = ", ".join(costs or raw.columns)
        raise InputError("one column of costs: seconds, hours, dollars or flop", got, raw.origin)
    scale, unit = _COSTS[costs[0]]
    params, tokens = _places(raw, curves)
    origin = Path(table).name if isinstance(table, str | Path) else raw.origin
    return CostTable(
        params, tokens, scale * _positive(raw, costs[0]), unit, origin, per_run=schema.TOKENS not in raw.columns
    )


def _plain(name: str) -> str:
    plain = name.strip().lower().replace(" ", "_").replace("-", "_")
    return schema.TOKENS if plain in _TOKENS else plain


def _places(raw: "RawTable", curves: "xr.Dataset | None") -> tuple[FloatArray, FloatArray]:
    """Return parameters and tokens of each row."""
    if schema.PARAMS not in raw.columns and schema.RUN in raw.columns and curves is not None:
        return _places_of_runs(raw, curves)
    if schema.PARAMS not in raw.columns:
        raise InputError("a column params, or a column run beside curves", ", ".join(raw.columns), raw.origin)
    cells = zip(raw.columns[schema.PARAMS], raw.places, strict=True)
    params = np.array([read_number(cell, f"{raw.origin}, {place}, params") for cell, place in cells], dtype=float)
    if schema.TOKENS in raw.columns:
        cells = zip(raw.columns[schema.TOKENS], raw.places, strict=True)
        tokens = np.array([read_number(cell, f"{raw.origin}, {place}, tokens") for cell, place in cells], dtype=float)
    else:
        tokens = np.full(len(raw), _only_budget(raw, curves))
    return params, tokens


def _places_of_runs(raw: "RawTable", curves: "xr.Dataset") -> tuple[FloatArray, FloatArray]:
    number = {str(name): i for i, name in enumerate(curves[schema.RUN].values)}
    names = [str(cell) for cell in raw.columns[schema.RUN]]
    if unknown := [name for name in names if name not in number]:
        raise InputError("names of runs of the curves", unknown[0], f"{raw.origin}, run",
                         "state the sizes in a column params")  # fmt: skip
    rows = [number[name] for name in names]
    params, tokens = (curves[name].values.astype(float)[rows] for name in (schema.PARAMS, schema.TOKENS))
    return params, tokens


def _only_budget(raw: "RawTable", curves: "xr.Dataset | None") -> float:
    budgets = [] if curves is None else np.unique(curves[schema.TOKENS].values.astype(float)).tolist()
    if len(budgets) != 1:
        raise InputError("a column tokens", f"none, and {len(budgets)} token budgets of the curves", raw.origin)
    return float(budgets[0])


def _positive(raw: "RawTable", name: str) -> FloatArray:
    for cell, place in zip(raw.columns[name], raw.places, strict=True):
        if not _is_positive(cell):
            raise InputError("a positive number", repr(cell), f"{raw.origin}, {place}, {name}")
    return np.array([float(cell) for cell in raw.columns[name]])


def _is_positive(cell: Any) -> bool:
    try:
        return 0 < float(cell) < float("inf")
    except (TypeError, ValueError):
        return False
