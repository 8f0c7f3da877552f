"""Assembly of checked rows into the Dataset."""

import json
from typing import Any

import numpy as np
import xarray as xr

from bayeskisl import __version__, schema
from bayeskisl.arrays import FloatArray, IntArray
from bayeskisl.curves.benchmark import SCALE
from bayeskisl.curves.tables.alike import first_alike
from bayeskisl.curves.tables.description import columns_read
from bayeskisl.curves.tables.identity import Infusion
from bayeskisl.curves.tables.problems import Findings, shown
from bayeskisl.curves.tables.raw import RawTable
from bayeskisl.curves.tables.read_fields import Fields
from bayeskisl.curves.tables.runs import Runs

__all__ = ["assemble", "describe"]

_LISTED = 200  # entries of a list kept in an attribute; HDF5 bounds attributes to 64 kB
_OF_RUN = (schema.GENERAL_LOSS, schema.LEARNING_RATE)


def assemble(runs: Runs, table: RawTable, findings: Findings) -> xr.Dataset:
    """Return the Dataset of runs by groups; the place of a run's first row is its name where the table has none.

    The table's own name is part of it, so that line 2 of one table is not taken for line 2 of another.
    """
    kept = np.flatnonzero(runs.used)
    firsts, run_of_row = np.unique(first_alike(runs.of_row[kept]), return_inverse=True)
    first_rows = kept[firsts].tolist()
    if schema.RUN in runs.rows:
        names = [str(runs.rows[schema.RUN][row]) for row in first_rows]
    else:
        names = [f"{table.name} {findings.places[row]}" for row in first_rows]
    rows = {name: cells[kept] for name, cells in runs.rows.items()}
    groups = rows[schema.GROUP]
    present = [group for group in schema.GROUPS if (groups == group).any()]
    at = (run_of_row, (groups[:, None] == np.array(present, dtype=object)).argmax(axis=1))
    shape = (len(names), len(present))
    first = np.full(len(names), -1)
    first[run_of_row[::-1]] = np.arange(len(run_of_row))[::-1]

    def by_group(name: str, empty: float, dtype: type) -> np.ndarray:
        grid: np.ndarray = np.full(shape, empty, dtype=dtype)
        grid[at] = rows[name]
        return grid

    both = (schema.RUN, schema.GROUP)
    guessing = by_group(schema.GUESSING, np.nan, float)
    variables: dict[str, tuple[Any, ...]] = {
        schema.RECALLED: (both, by_group(schema.RECALLED, 0, np.int64)),
        schema.PROBED: (both, by_group(schema.PROBED, 0, np.int64)),
        # not probed: the rate of the group in other runs, so that it has one
        schema.GUESSING: (both, np.where(np.isnan(guessing), np.nanmax(guessing, axis=0), guessing)),
    }
    for name in _OF_RUN:
        if name in rows:
            variables[name] = (schema.RUN, _first_told(rows[name], run_of_row, len(names)))
    for name in (schema.ANSWER_NATS, schema.UNINFUSED):
        if name in rows:
            variables[name] = (both, by_group(name, np.nan, float))
    coordinates = {name: (schema.RUN, _whole(rows[name][first])) for name in schema.RUN_COORDINATES}
    if schema.BITS_PER_FACT in rows:
        coordinates[schema.BITS_PER_FACT] = schema.RUN, rows[schema.BITS_PER_FACT][first]
    if schema.DOMAIN in rows:
        coordinates[schema.DOMAIN] = schema.RUN, rows[schema.DOMAIN][first].astype(str)
    curves = xr.Dataset(variables, coords={schema.RUN: names, schema.GROUP: present, **coordinates})
    for label, variable in curves.variables.items():
        if label in schema.UNITS:
            variable.attrs["units"] = schema.UNITS[str(label)]
    return curves


def _first_told(values: FloatArray, run_of_row: IntArray, runs: int) -> FloatArray:
    told = np.full(runs, np.nan)
    for run, value in zip(run_of_row[::-1], values[::-1], strict=True):
        told[run] = told[run] if np.isnan(value) else value
    return told


def _whole(values: FloatArray) -> np.ndarray:
    return values.astype(np.int64) if (values == np.floor(values)).all() else values


def describe(curves: xr.Dataset, axis: str, fields: Fields, infusion: Infusion, findings: Findings) -> xr.Dataset:
    """Return `curves` with a record of how they were read from the table."""
    table = fields.table
    return curves.assign_attrs(
        title=f"retention curves of {shown(table.origin)}",
        axis=axis,
        schema=schema.VERSION,
        bayeskisl=__version__,
        exposure_scale="relative" if infusion.relative else "absolute",
        **{SCALE: "relative" if schema.BACKGROUND_SHARE in findings.invented else "absolute"},
        table_sha256=table.sha256,
        import_mapping=json.dumps(fields.mapping),
        import_columns=json.dumps(columns_read(fields)),
        import_invented=json.dumps(findings.invented),
        import_assumed=json.dumps(findings.assumed),
        import_notes=json.dumps(findings.notes),
        import_comments=json.dumps([line[:1000] for line in table.comments[:10]]),
        import_unused_columns=json.dumps([name[:60] for name in fields.unused[:_LISTED]]),
        import_left_out=json.dumps({"count": len(findings.left_out), "listed": findings.left_out[:_LISTED]}),
    )
