"""Curves, posteriors and predictions as one tidy table for further analysis."""

import io
import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import xarray as xr

from bayeskisl import schema
from bayeskisl.arguments import require_kind, require_path
from bayeskisl.decision import Decision, prediction_summary
from bayeskisl.errors import InputError, OutputError, require_ending
from bayeskisl.files import replace_file, written
from bayeskisl.kinds import BACKTEST, CRITICAL_POINTS, CURVES, DECISION, FIT, PLAN, PREDICTION, VERIFICATION
from bayeskisl.netcdf import write_netcdf

if TYPE_CHECKING:
    from bayeskisl.inference import Fit

__all__ = ["export", "tidy"]

_KINDS = (".parquet", ".csv", ".tsv", ".jsonl", ".json", ".nc", ".zarr")
_ANSWERS = (DECISION, PREDICTION, VERIFICATION, PLAN, CRITICAL_POINTS, BACKTEST)


def tidy(thing: "xr.Dataset | Fit | Decision") -> pl.DataFrame:
    """Return one row per observation.

    Parameters
    ----------
    thing : xarray.Dataset, Fit or Decision
        Curves give one row per probed run and group (and checkpoint), with its counts and the run's coordinates, which
        `curves_from_table` reads. A fit gives one row per draw of every named quantity. A prediction or a decision
        gives one row per value of every variable.

    Returns
    -------
    polars.DataFrame
        A table; for fits and predictions in long form: ``variable``, one column per dimension (null if a variable lacks
        it), ``value``.

    Raises
    ------
    InputError
        If `thing` is something else.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> bk.tidy(bk.load_curves("desk-amount")).select("params", "facts", "recalled", "probed").shape
    (231, 4)
    """
    _require_arrays(thing, "tidy")
    if isinstance(thing, Decision):
        return _long(thing.data)
    if not isinstance(thing, xr.Dataset):
        return _long(thing.tree["posterior"].to_dataset())
    return _curves(thing) if schema.RECALLED in thing else _long(thing)


def _require_arrays(thing: Any, where: str) -> None:
    """Refuse what has no table; of a Dataset, any variable is enough."""
    if not (isinstance(thing, xr.Dataset) and thing.data_vars):
        require_kind(thing, where, CURVES, FIT, PREDICTION, DECISION)


def export(thing: Any, path: str | Path) -> Path:
    """Write curves, a fit, a prediction or a decision as a table or as arrays, and an answer as JSON, by the ending.

    Parameters
    ----------
    thing : xarray.Dataset, Fit, Decision, Verification, Plan, CriticalPoints or Backtest
        Object to write.
    path : path
        ``*.json``: what the command line prints with ``--json``, of all but curves and fits. The rest is for curves,
        fits, predictions and decisions.
        ``*.parquet``, ``*.csv``, ``*.tsv`` or ``*.jsonl``: the tidy table. ``*.nc``: NetCDF. ``*.zarr``: a Zarr store,
        which needs the package zarr.

    Raises
    ------
    InputError
        If the ending is not one of these, the object has no such form, or zarr is not installed.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> bk.export(bk.load_curves("desk-amount"), "curves.csv").name
    'curves.csv'
    """
    require_path(path, "a file to write", "path", 'name it, for example "table.csv"')
    path = Path(path)
    require_ending(path, _KINDS, "export")
    if path.suffix == ".json":
        require_kind(thing, "export", *_ANSWERS)
        content = prediction_summary(thing) if isinstance(thing, xr.Dataset) else thing.to_dict()
        return written(path, json.dumps(content, indent=2) + "\n")
    _require_arrays(thing, "export")
    if path.suffix in (".nc", ".zarr"):
        _write_arrays(getattr(thing, "tree", getattr(thing, "data", thing)), path)
        return path
    table, text = tidy(thing), io.BytesIO()
    {
        ".parquet": lambda: table.write_parquet(text),
        ".csv": lambda: table.write_csv(text),
        ".tsv": lambda: table.write_csv(text, separator="\t"),
        ".jsonl": lambda: table.write_ndjson(text),
    }[path.suffix]()
    replace_file(path, text.getvalue())
    return path


def _write_arrays(arrays: Any, path: Path) -> None:
    if path.suffix == ".nc":
        write_netcdf(arrays, path)
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        draft.parent.mkdir(parents=True, exist_ok=True)
        # format 3 has no consolidated metadata yet, and warns about texts
        arrays.to_zarr(draft, mode="w", zarr_format=2, consolidated=True)
        shutil.rmtree(path, ignore_errors=True)
        draft.rename(path)
    except OSError as problem:
        raise OutputError(path, problem.strerror or str(problem)) from None
    except ImportError:
        raise InputError("zarr, to write a Zarr store", "none installed", str(path),
                         "install it with `pip install zarr`, or write *.nc") from None  # fmt: skip
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _curves(curves: xr.Dataset) -> pl.DataFrame:
    dims = [dim for dim in (schema.RUN, schema.GROUP, schema.CHECKPOINT) if dim in curves[schema.RECALLED].dims]
    grid = curves[schema.RECALLED].transpose(*dims)
    columns = {}
    for name in [*dims, *(name for name in curves.variables if name not in dims)]:
        if set(curves[name].dims) <= set(dims):
            values = curves[name].broadcast_like(grid).transpose(*dims).values.reshape(-1)
            columns[str(name)] = values if values.dtype.kind in "iufb" else values.astype(str)
    table = pl.DataFrame(columns).filter(pl.col(schema.PROBED) > 0)
    return table.select(name for name in table.columns if not _says_nothing(table[name]))


def _says_nothing(column: pl.Series) -> bool:
    return column.dtype.is_float() and bool(column.is_nan().all())


def _long(draws: xr.Dataset) -> pl.DataFrame:
    dims = list(dict.fromkeys(str(dim) for variable in draws.data_vars.values() for dim in variable.dims))
    parts = []
    for name, variable in draws.data_vars.items():
        if variable.dtype.kind not in "fiub":
            continue
        stacked = np.meshgrid(*(_labels(draws, dim) for dim in variable.dims), indexing="ij") if variable.dims else []
        own = {str(dim): axis.reshape(-1) for dim, axis in zip(variable.dims, stacked, strict=True)}
        part = pl.DataFrame({**own, "value": np.atleast_1d(variable.values).reshape(-1).astype(float)})
        absent = [pl.lit(None, dtype=_labels_type(draws, dim)).alias(dim) for dim in dims if dim not in own]
        parts.append(part.with_columns(pl.lit(str(name)).alias("variable"), *absent).select("variable", *dims, "value"))
    return pl.concat(parts)


def _labels(draws: xr.Dataset, dim: Any) -> np.ndarray:
    labels = draws[dim].values
    return labels if labels.dtype.kind in "iuf" else labels.astype(str)


def _labels_type(draws: xr.Dataset, dim: str) -> pl.DataType:
    return pl.Series(_labels(draws, dim)[:1]).dtype
