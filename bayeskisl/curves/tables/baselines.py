"""Runs without infusion along an axis on which infusion displaces the general corpus."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.axes import Axis, axis_named
from bayeskisl.curves.benchmark import NEXT_TO_NONE
from bayeskisl.curves.cells import cell_table, told_apart
from bayeskisl.curves.tables.controls import Control, Controls
from bayeskisl.curves.tables.problems import Findings
from bayeskisl.quantities import short

__all__ = ["with_baselines"]

# Where the smallest ratio is less than ten times the one that stands for none, a tenth of it does.
_BELOW_LEVELS = 0.1

_LONELY = "nothing was infused, and no other run has its size and budget"


def with_baselines(curves: xr.Dataset, controls: Controls, axis: str, findings: Findings, table: str) -> xr.Dataset:
    """Return the curves with the runs without infusion, of which the background alone counts.

    Each is a run of its model at a ratio of 0.001, or at a tenth of the smallest ratio if that is less, and probes no
    infused facts. Where the table does not tell its budget, it is a run of each budget of its model. Runs of models
    that the curves lack stay left out.
    """
    if not controls.runs or schema.BACKGROUND not in curves[schema.GROUP] or not axis_named(axis).moves_ratio:
        return curves
    ratio = min(NEXT_TO_NONE, _BELOW_LEVELS * float(curves[schema.RATIO].min()))
    of_model = _runs_of_models(curves.assign_attrs(axis=axis), controls.of)
    kept = [(control, like) for control in controls.runs for like in of_model.get(control.model, [])]
    cells = _names_of_cells(curves.assign_attrs(axis=axis), controls.of)
    _tell(controls.runs, kept, ratio, findings)
    if not kept:
        return curves
    moved = axis_named(axis)
    runs = [
        _run(curves.isel({schema.RUN: [like]}), control, ratio, moved, f"{table} {control.place}, {cells[like]}")
        for control, like in kept
    ]
    joined = xr.concat([curves, *runs], dim=schema.RUN, data_vars="all", coords="minimal", join="override")
    return joined.assign_coords({schema.FACTS: joined[schema.FACTS].astype(curves[schema.FACTS].dtype)})


def _runs_of_models(curves: xr.Dataset, of: tuple[str, ...]) -> dict[tuple[object, ...], list[int]]:
    """A run of each cell of each model, by the fields `of` that tell models apart."""
    _, firsts = np.unique(cell_table(curves)[1], return_index=True)
    found: dict[tuple[object, ...], list[int]] = {}
    for run in firsts.tolist():
        found.setdefault(tuple(curves[name].values[run].item() for name in of), []).append(run)
    return found


def _names_of_cells(curves: xr.Dataset, of: tuple[str, ...]) -> list[str]:
    """Name the cell of each run: its budget, and what else tells it from other cells of its size and budget."""
    cells, cell_of_run = cell_table(curves)
    names = [f"{short(tokens)} tokens{rest}"
             for tokens, rest in zip(cells[schema.TOKENS].values.tolist(), told_apart(cells), strict=True)]  # fmt: skip
    if schema.CELL_DOMAIN in cells.coords and schema.DOMAIN not in of:
        names = [f"{name}, {domain}" for name, domain in zip(names, cells[schema.CELL_DOMAIN].values, strict=True)]
    return [names[cell] for cell in cell_of_run.tolist()]


def _tell(runs: Sequence[Control], kept: Sequence[tuple[Control, int]], ratio: float, findings: Findings) -> None:
    """Note the runs that are kept, and say why the others are left out."""
    places = dict.fromkeys(control.place for control, _ in kept)
    lonely = {run.place for run in runs} - set(places)
    findings.left_out = [
        (place, _LONELY if place in lonely else reason) for place, reason in findings.left_out if place not in places
    ]
    if not kept:
        return
    budgets = ", each at every budget of its size" if len(kept) > len(places) else ""
    findings.notes.append(
        f"{len(places)} run{'s' if len(places) > 1 else ''} without infusion show what models know of the background: "
        f"they count as runs of a ratio of {ratio:.2g}{budgets}"
    )


def _run(like: xr.Dataset, control: Control, ratio: float, axis: Axis, name: str) -> xr.Dataset:
    """Return the run of a control, at the place of a run of the same cell but for its infusion."""
    fixed = {each: like[each].values.astype(float) for each in schema.RUN_COORDINATES}
    place = axis.place(axis.at_ratio(np.array([ratio]), fixed), fixed)
    facts = np.maximum(np.round(place[schema.FACTS]), 1.0)
    of_background = (like[schema.GROUP] == schema.BACKGROUND).astype(int)
    counts = {schema.RECALLED: control.recalled, schema.PROBED: control.probed}
    unknown = {str(each): like[each].astype(float) * np.nan for each in like.data_vars if each not in schema.COUNTS}
    exact = {schema.FACTS: facts, schema.RATIO: place[schema.RATIO] * facts / place[schema.FACTS]}
    return like.assign(
        unknown | {each: like[each] * 0 + of_background * count for each, count in counts.items()}
    ).assign_coords({schema.RUN: [name], **{each: (schema.RUN, value) for each, value in (place | exact).items()}})
