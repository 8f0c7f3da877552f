"""The axis of the experiment in a table, and rows and groups that do not suit it."""

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.axes import AXES, axis_named
from bayeskisl.curves.cells import cell_table, distinct_levels
from bayeskisl.curves.tables.identity import Infusion
from bayeskisl.curves.tables.problems import Findings, shown
from bayeskisl.curves.tables.spelling import map_option, option
from bayeskisl.errors import argument

__all__ = ["axis_of", "note_levels", "note_nothing_to_harm", "refuse_ratios_of_one"]

_SAME = 0.02
_MANY = 100_000  # runs, among which nobody looks for a single level
_VARIED = (schema.FACTS, schema.RATIO, schema.EXPOSURES)


def axis_of(infusion: Infusion, axis: str | None, findings: Findings) -> str:
    """Return the axis as the user names it, or as inferred from the infusion of good rows; empty if it is unknown."""
    good = ~findings.bad_rows
    varies = frozenset(name for name in _VARIED if _varies(getattr(infusion, name)[good]))
    if axis is not None:
        # a ratio that follows from a budget of ours is no level of the user's
        own = varies - {schema.RATIO} if {schema.RATIO, schema.TOKENS} & set(findings.invented) else varies
        return axis if _agrees(axis, own, findings) else ""
    showing = [name for name in AXES if AXES[name].shown_by(varies, infusion.told)]
    if showing:
        return showing[0]
    if schema.RATIO in varies:
        findings.refuse(
            "one axis: facts vary (amount), the ratio varies (ratio), both at fixed exposures (dose), or exposures "
            "of the same facts (frequency)", "facts, ratio and exposures that all vary", "rows together",
            f"import each experiment separately, or name the axis with {argument('axis')}; "
            "the rest then distinguishes cells",
        )  # fmt: skip
    elif not findings.of_table and (findings.skips or not findings.of_rows):  # else what is wrong may hide what varies
        differs = " or ".join(map(shown, findings.unread[:3]))
        mapped = f"map what varies, if it is {differs}, as in {map_option(schema.EXPOSURES, 'COLUMN')}; or "
        remedy = f"{mapped if differs else ''}name"
        findings.refuse("facts, a ratio or exposures that vary", "one level", "rows together",
                        f"{remedy} the axis with {argument('axis')}")  # fmt: skip
    return ""


def _varies(values: FloatArray) -> bool:
    known = values[np.isfinite(values)]
    return len(known) > 0 and bool(known.max() > known.min() * (1 + _SAME))


def _agrees(axis: str, varies: frozenset[str], findings: Findings) -> bool:
    """Return whether rows can be a sweep along the named axis: its quantities vary, or none does."""
    if axis not in AXES:
        findings.refuse(f"an axis among {', '.join(AXES)}", repr(axis), "axis")
        return False
    of_tables = AXES[axis].coordinate in (schema.FACTS, schema.RATIO)  # else exposures tell where runs lie
    moved = AXES[axis].moved if of_tables else frozenset({schema.EXPOSURES})
    if varies and not moved <= varies:
        needed, still = " and ".join(sorted(moved)), ", ".join(sorted(moved - varies))
        findings.refuse(f"several levels of {needed}, for the axis {axis}", f"one level of {still}", "rows together",
                        f"omit {argument('axis')}, so that the axis is inferred from the rows")  # fmt: skip
        return False
    return True


def refuse_ratios_of_one(infusion: Infusion, axis: str, source: str | float, findings: Findings) -> None:
    """Refuse runs of infused facts alone along an axis of the ratio, whose log odds they do not have."""
    if axis not in AXES or AXES[axis].admits_one:
        return
    condition = f"{source if isinstance(source, str) else f'{source:.10g}'} < 1"
    findings.refuse_rows((infusion.ratio == 1) & ~findings.bad_rows, "a ratio below 1 along the axis " + axis,
                         infusion.ratio.tolist(), f"use the other rows, {option('where', condition)}")  # fmt: skip


def note_levels(curves: xr.Dataset, axis: str, findings: Findings) -> None:
    """Note cells with a single level: they show how sizes differ, but no fall within a size."""
    if curves.sizes[schema.RUN] > _MANY:
        return
    _, cell_of_run = cell_table(curves.assign_attrs(axis=axis))
    levels = np.asarray(axis_named(axis).values(curves), dtype=float)
    distinct = set(zip(cell_of_run.tolist(), distinct_levels(levels)[1].tolist(), strict=True))
    if len(distinct) == len(set(cell_of_run.tolist())):
        coordinate = axis_named(axis).coordinate
        findings.notes.append(f"every cell has one level of {coordinate}: nothing shows how recall moves along it")


def note_nothing_to_harm(curves: xr.Dataset, axis: str, findings: Findings) -> None:
    """Note that, without a group that over-infusion harms, runs have an onset and no collapse point."""
    missing = axis_named(axis).nothing_to_harm(curves[schema.GROUP].values)
    if missing:
        findings.notes.append(f"{missing} Map a general benchmark too: {map_option(schema.BACKGROUND, 'COLUMN')}")
