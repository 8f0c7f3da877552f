"""The sanity ladder: sweeps that differ from a reference in one thing of the recipe."""

import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import xarray as xr

from bayeskisl import schema
from bayeskisl.curves import build_curves
from bayeskisl.errors import InputError
from bayeskisl.shipped import shipped_folder
from bayeskisl.specifications import read_toml, refuse_unknown
from bayeskisl.sweeping import SweepEvents, SweepSpec, run_sweep
from bayeskisl.sweeping.reading import check_sweep, sweep_from_table

__all__ = ["RUNG", "Rung", "climb", "joined_rungs", "load_rungs"]

RUNG = "rung"  # the coordinate of a run that names its sweep


@dataclass(frozen=True)
class Rung:
    """One sweep of the ladder.

    Attributes
    ----------
    name, title : str
    sweep : SweepSpec
    """

    name: str
    title: str
    sweep: SweepSpec


def load_rungs(path: str | Path | None = None) -> tuple[Rung, ...]:
    """Read a sanity ladder, by default the shipped one; the first rung is the reference.

    Raises
    ------
    InputError
        On the first thing that is unknown, missing or impossible.
    """
    path = Path(path) if path else shipped_folder("data") / "sanity" / "rungs.toml"
    table = read_toml(path)
    refuse_unknown(table, {"sweep", "rungs"}, path.name)
    rungs = [_rung(row, table.get("sweep", {}), path.name) for row in table.get("rungs", [])]
    names = [rung.name for rung in rungs]
    if len(rungs) < 2 or len(set(names)) < len(names):
        raise InputError("at least two [[rungs]] of distinct names", ", ".join(names) or "none", path.name)
    return tuple(rungs)


def _rung(row: dict[str, Any], common: dict[str, Any], where: str) -> Rung:
    refuse_unknown(row, {"name", "title", "sweep", "training", "facts", "context"}, f"{where} [[rungs]]")
    if "name" not in row:
        raise InputError("a name in every [[rungs]]", "none", where)
    where = f"{where} [[rungs]] {row['name']}"
    changed = {**common, **row.get("sweep", {}), "name": f"sanity-{row['name']}"}
    # the ladder's own budget passes any check before its format is changed, the rung's own follows after that
    passing = {name: common[name] for name in ("tokens",) if name in common}
    spec = sweep_from_table({**changed, **passing}, where)
    try:
        ladder = replace(
            spec.ladder,
            context=row.get("context", spec.ladder.context),
            training=replace(spec.ladder.training, **row.get("training", {})),
            facts=replace(spec.ladder.facts, **row.get("facts", {})),
        )
    except TypeError as problem:
        raise InputError("keys of a training recipe or a format of facts", str(problem), where) from None
    budgets = (changed["tokens"],) if passing else spec.tokens
    spec = replace(spec, ladder=ladder, tokens=budgets)
    return Rung(row["name"], row.get("title", row["name"]), check_sweep(spec, where))


def climb(
    rungs: tuple[Rung, ...], folder: Path, *, workers: int | None = None, events: SweepEvents | None = None
) -> None:
    """Train what is missing of every rung, under ``folder/NAME``."""
    for rung in rungs:
        run_sweep(rung.sweep, folder / rung.name, workers=workers, events=events)


def joined_rungs(rungs: tuple[Rung, ...], folder: Path) -> xr.Dataset:
    """The finished runs of all rungs, with a coordinate ``rung``; one run may belong to several of them."""
    parts = []
    for rung in rungs:
        curves = build_curves(next((folder / rung.name).glob(f"{rung.sweep.name}-*")))
        names = [f"{rung.name}/{run}" for run in curves[schema.RUN].values]
        curves = curves.assign_coords({schema.RUN: names, RUNG: (schema.RUN, [rung.name] * len(names))})
        parts.append(curves)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        joined = xr.concat(parts, dim=schema.RUN, coords="minimal", compat="override", combine_attrs="drop_conflicts")
    return joined.assign_attrs(title="the sanity ladder: one sweep, and what each rung changes in it")
