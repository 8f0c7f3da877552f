"""Retention curves from the records of a sweep."""

import hashlib
import io
import json
import math
import warnings
from pathlib import Path

import numpy as np
import polars as pl
import xarray as xr

from bayeskisl import __version__, schema
from bayeskisl.curves.benchmark import SCALE, benchmark_terms, typical_corpus
from bayeskisl.curves.checkpoints import final
from bayeskisl.curves.validation import validate
from bayeskisl.errors import InputError, way
from bayeskisl.sweeping.record_reading import BrokenRecord, MisplacedRecord, Record
from bayeskisl.sweeping.spec import RunSpec
from bayeskisl.sweeping.store import SweepFolder, sweep_folders

__all__ = ["build_curves"]

_RUN_SCHEMA = {
    schema.RUN: pl.String,
    schema.PARAMS: pl.Int64,
    schema.TOTAL_PARAMS: pl.Int64,
    schema.TOKENS: pl.Int64,
    schema.FACTS: pl.Int64,
    schema.RATIO: pl.Float64,
    schema.EXPOSURES: pl.Float64,
    schema.TOKENS_PER_FACT: pl.Float64,  # a mean in text, a whole number of symbols
    schema.BACKGROUND_FACTS: pl.Int64,
    schema.BACKGROUND_SHARE: pl.Float64,
    schema.SEED: pl.Int64,
    schema.GUESSING: pl.Float64,
    schema.LEARNING_RATE: pl.Float64,
    schema.TOKENS_BEFORE: pl.Int64,
}
_LINE_SCHEMA = {
    "kind": pl.String,
    **_RUN_SCHEMA,
    schema.TOKENS_SEEN: pl.Int64,
    schema.GROUP: pl.String,
    schema.RECALLED: pl.Int64,
    schema.PROBED: pl.Int64,
    schema.ANSWER_NATS: pl.Float64,
    schema.GENERAL_LOSS: pl.Float64,
    "bytes_per_token": pl.Float64,
    "step": pl.Int64,
}
_PROBED = (schema.RECALLED, schema.PROBED, schema.ANSWER_NATS)


def build_curves(folder: str | Path) -> xr.Dataset:
    """Build the retention curves of every sweep in a folder.

    Parameters
    ----------
    folder : path
        Folder of `sweep run --out`, or the folder of one sweep.

    Returns
    -------
    xarray.Dataset
        Validated counts with dims ``(run, group)``; attributes contain the axis and the provenance. If runs were also
        measured during training, counts have a third dim ``checkpoint``, whose last entry is the end of training, and a
        coordinate ``tokens_seen(run, checkpoint)``. A run with fewer measurements has zero probed facts at its first
        checkpoints.

    Raises
    ------
    InputError
        If there is no record, a record is truncated, altered or from another sweep, two records of one run differ, or
        the sweeps have different axes.

    Warns
    -----
    UserWarning
        If runs diverged. They are left out, counted in the warning, and listed in the attribute ``diverged``.
    """
    folders = sweep_folders(folder)
    axes = {f.spec["axis"] for f in folders}
    if len(axes) > 1:
        raise InputError("sweeps along one axis", " and ".join(sorted(axes)), str(folder), "build each separately")
    content, digest, depth_of_run = _read_all(folders)
    lines = pl.read_ndjson(io.BytesIO(content), schema=_LINE_SCHEMA)
    of_kind = {kind: lines.filter(pl.col("kind") == kind) for kind in ("run", "probe", "general", "failed")}
    diverged = of_kind["failed"][schema.RUN].unique().sort().to_list()
    if diverged:
        warnings.warn(f"{len(diverged)} run(s) diverged and are left out: {', '.join(diverged)}.", stacklevel=2)
    runs = (
        of_kind["run"]
        .select(*_RUN_SCHEMA)
        .filter(~pl.col(schema.RUN).is_in(diverged))
        .unique(subset=schema.RUN)
        .sort(schema.PARAMS, schema.TOKENS, schema.RATIO, schema.FACTS, schema.SEED, schema.RUN)
    )
    if (runs[schema.TOKENS_PER_FACT] % 1 == 0).all():
        runs = runs.cast({schema.TOKENS_PER_FACT: pl.Int64})
    if runs.is_empty():
        raise InputError("at least one finished run", "none", str(folder),
                         f"run {way('`bk.run_sweep`', '`bayeskisl sweep run`')} again")  # fmt: skip
    runs = runs.with_columns(pl.col(schema.TOKENS_BEFORE).fill_null(0))
    if (runs[schema.TOKENS_BEFORE] == 0).all():
        runs = runs.drop(schema.TOKENS_BEFORE)
    curves = _measurements(runs, of_kind["probe"], of_kind["general"])
    if depth_of_run:
        curves = curves.assign_coords({schema.DEPTH: (schema.RUN, [depth_of_run[run] for run in curves.run.values])})
    curves.attrs = {
        "title": f"retention curves of {', '.join(f.spec['name'] for f in folders)}",
        "axis": axes.pop(),
        "schema": schema.VERSION,
        "sweeps": json.dumps({f.spec["name"]: f.path.name for f in folders}),
        "records_sha256": digest,
        "diverged": json.dumps(diverged),
        "bayeskisl": __version__,
    }
    for name, variable in curves.variables.items():
        if name in schema.UNITS:
            variable.attrs["units"] = schema.UNITS[str(name)]
    return validate(_with_benchmark(curves), str(folder))


def _with_benchmark(curves: xr.Dataset) -> xr.Dataset:
    """Return curves whose background is a general benchmark, if it was probed where no background facts were."""
    bare = schema.BACKGROUND in curves[schema.GROUP].values and not curves[schema.BACKGROUND_FACTS].values.any()
    if not bare:
        return curves
    asked = float(curves[schema.PROBED].sel({schema.GROUP: schema.BACKGROUND}).max())
    corpus = typical_corpus(curves[schema.TOKENS].values, curves[schema.TOKENS_PER_FACT].values)
    facts, share = benchmark_terms(asked, corpus)
    every = np.ones(curves.sizes[schema.RUN])
    return curves.assign_coords(
        {
            schema.BACKGROUND_FACTS: (schema.RUN, (facts * every).astype(np.int64)),
            schema.BACKGROUND_SHARE: (schema.RUN, share * every),
        }
    ).assign_attrs({SCALE: "relative"})


def _read_all(folders: list[SweepFolder]) -> tuple[bytes, str, dict[str, int]]:
    """All records one after the other, each run once; the SHA-256 of their bytes; and the depths of runs."""
    of_run: dict[str, tuple[Path, Record]] = {}
    for path, record in (each for folder in folders for each in folder.records_or_reasons()):
        if isinstance(record, BrokenRecord):
            again = f"run {way('`bk.run_sweep`', '`bayeskisl sweep run`')} again: it redoes this run"
            remedy = "move it away" if isinstance(record, MisplacedRecord) else again
            raise InputError("a complete record", str(record), str(path), remedy)
        first, there = of_run.setdefault(record.run.name, (path, record))
        if there.measured != record.measured:
            got = f"a different one in {first.parent.parent.name}"
            raise InputError("one measurement of each run", got, str(path), "build each sweep separately")
    content = b"".join(record.content for _, record in of_run.values())
    return content, hashlib.sha256(content).hexdigest(), _depths([record.run for _, record in of_run.values()])


def _depths(runs: list[RunSpec]) -> dict[str, int]:
    """Layers of each run by its name; none where all runs are equally deep and their ladder scales the width alone."""
    scaled = any(run.model.form.scales_depth for run in runs) or len({run.model.layers for run in runs}) > 1
    return {run.name: run.model.layers for run in runs} if scaled else {}


def _measurements(runs: pl.DataFrame, probes: pl.DataFrame, general: pl.DataFrame) -> xr.Dataset:
    """Arrange the measurements on the full grid of runs, checkpoints and groups."""
    general = _numbered_from_the_end(general, runs)
    number = -int(general[schema.CHECKPOINT].to_numpy().min())
    groups = [group for group in schema.GROUPS if group in set(probes[schema.GROUP])]
    at_run = _on_every_checkpoint(runs, general, number)
    at_group = _in_every_group(at_run, probes, groups)
    shape = (len(runs), number, len(groups))
    counted = (schema.RUN, schema.GROUP, schema.CHECKPOINT)
    of_groups = {name: np.moveaxis(at_group[name].fill_null(0).to_numpy().reshape(shape), 1, 2) for name in _PROBED}
    losses = [name for name in (schema.GENERAL_LOSS, schema.BITS_PER_BYTE) if at_run[name].is_not_null().any()]
    of_runs = {name: at_run[name].to_numpy().reshape(shape[:2]) for name in (*losses, schema.TOKENS_SEEN)}
    # the rate of a group's questions, where they have one, or that of the run's facts
    rates = at_group[schema.GUESSING].to_numpy().reshape(shape)[:, -1]
    guessing = np.where(np.isnan(rates), runs[schema.GUESSING].to_numpy()[:, None], rates)
    described = [name for name in _RUN_SCHEMA if name in runs.columns and name not in (schema.RUN, schema.GUESSING)]
    curves = xr.Dataset(
        {
            **{name: (counted, values) for name, values in of_groups.items()},
            schema.GUESSING: ((schema.RUN, schema.GROUP), guessing),
            **{name: ((schema.RUN, schema.CHECKPOINT), of_runs[name]) for name in losses},
        },
        coords={
            schema.RUN: runs[schema.RUN].to_list(),
            schema.GROUP: groups,
            **{name: (schema.RUN, runs[name].to_numpy()) for name in described},
        },
    )
    if number == 1:
        return final(curves)
    return curves.assign_coords({schema.TOKENS_SEEN: ((schema.RUN, schema.CHECKPOINT), of_runs[schema.TOKENS_SEEN])})


def _numbered_from_the_end(general: pl.DataFrame, runs: pl.DataFrame) -> pl.DataFrame:
    """Rows measured once per run and checkpoint; checkpoint -1 is the end, -2 the one before it."""
    last = pl.col(schema.TOKENS_SEEN).rank("dense", descending=True).over(schema.RUN)
    ours = general.filter(pl.col(schema.RUN).is_in(runs[schema.RUN].to_list()))
    return ours.with_columns((-last.cast(pl.Int64)).alias(schema.CHECKPOINT))


def _on_every_checkpoint(runs: pl.DataFrame, general: pl.DataFrame, number: int) -> pl.DataFrame:
    """One row per run and checkpoint, in that order, with 0 tokens seen at missing checkpoints."""
    checkpoints = pl.DataFrame({schema.CHECKPOINT: range(-number, 0)}, schema={schema.CHECKPOINT: pl.Int64})
    rows = runs.select(schema.RUN).join(checkpoints, how="cross", maintain_order="left_right")
    place = [schema.RUN, schema.CHECKPOINT]
    bits = pl.col(schema.GENERAL_LOSS) / math.log(2) / pl.col("bytes_per_token")
    measured = general.select(*place, schema.TOKENS_SEEN, schema.GENERAL_LOSS, bits.alias(schema.BITS_PER_BYTE))
    return rows.join(measured, on=place, how="left", maintain_order="left").with_columns(
        pl.col(schema.TOKENS_SEEN).fill_null(0)
    )


def _in_every_group(at_run: pl.DataFrame, probes: pl.DataFrame, groups: list[str]) -> pl.DataFrame:
    """One row per run, checkpoint and group, in that order, with the probe counts."""
    rows = at_run.join(pl.DataFrame({schema.GROUP: groups}), how="cross", maintain_order="left_right")
    place = [schema.RUN, schema.TOKENS_SEEN, schema.GROUP]
    return rows.join(probes.select(*place, *_PROBED, schema.GUESSING), on=place, how="left", maintain_order="left")
