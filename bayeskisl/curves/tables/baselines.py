"""Runs without infusion along an axis on which infusion displaces the general corpus."""

from pathlib import PurePath

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.axes import Axis, axis_named
from bayeskisl.curves.tables.controls import Control, Controls
from bayeskisl.curves.tables.problems import Findings

__all__ = ["with_baselines"]

# An axis of ratios has no 0. At a thousandth, background facts lose a thousandth of their exposures.
_NEXT_TO_NONE, _BELOW_LEVELS = 1e-3, 0.1


def with_baselines(curves: xr.Dataset, controls: Controls, axis: str, findings: Findings) -> xr.Dataset:
    """Return the curves with the runs without infusion, of which the background alone counts.

    Each is a run of its model at a ratio of 0.001, or at a tenth of the smallest ratio if that is less, and probes no
    infused facts. Runs of models that the curves lack stay left out.
    """
    if not controls.runs or schema.BACKGROUND not in curves[schema.GROUP] or not axis_named(axis).moves_ratio:
        return curves
    ratio = min(_NEXT_TO_NONE, _BELOW_LEVELS * float(curves[schema.RATIO].min()))
    told = zip(*(curves[name].values.tolist() for name in controls.of), strict=True)
    of_model = {model: run for run, model in enumerate(told)}
    kept = [control for control in controls.runs if control.model in of_model]
    if not kept:
        return curves
    origin = PurePath(findings.origin).name
    runs = [
        _run(curves.isel({schema.RUN: [of_model[each.model]]}), each, ratio, axis_named(axis), f"{origin} {each.place}")
        for each in kept
    ]
    places = {control.place for control in kept}
    findings.left_out = [(place, reason) for place, reason in findings.left_out if place not in places]
    findings.notes.append(
        f"{len(places)} run{'s' if len(places) > 1 else ''} without infusion show what models know of the background: "
        f"they count as runs of a ratio of {ratio:.2g}"
    )
    return xr.concat([curves, *runs], dim=schema.RUN, data_vars="all", coords="minimal", join="override")


def _run(like: xr.Dataset, control: Control, ratio: float, axis: Axis, name: str) -> xr.Dataset:
    """Return the run of a control, at the place of a run of the same model but for its infusion."""
    fixed = {each: like[each].values.astype(float) for each in schema.RUN_COORDINATES}
    place = axis.place(axis.at_ratio(np.array([ratio]), fixed), fixed)
    of_background = (like[schema.GROUP] == schema.BACKGROUND).astype(int)
    counts = {schema.RECALLED: control.recalled, schema.PROBED: control.probed}
    unknown = {str(each): like[each].astype(float) * np.nan for each in like.data_vars if each not in schema.COUNTS}
    return like.assign(
        unknown | {each: like[each] * 0 + of_background * int(count) for each, count in counts.items()}
    ).assign_coords({schema.RUN: [name], **{each: (schema.RUN, value) for each, value in place.items()}})
