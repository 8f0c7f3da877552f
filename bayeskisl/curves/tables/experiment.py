"""The experiment in a table: its axis, and the rows that belong to one run."""

from typing import Any

import numpy as np

from bayeskisl import schema
from bayeskisl.arrays import BoolArray, FloatArray
from bayeskisl.axes import AXES
from bayeskisl.curves.tables.identity import Infusion
from bayeskisl.curves.tables.problems import Findings, Said

__all__ = ["RunKey", "axis_of", "last_checkpoints", "runs_of"]

RunKey = tuple[Any, ...]
"""What rows of one run have in common."""

_SAME = 0.02
_VARIED = (schema.FACTS, schema.RATIO, schema.EXPOSURES)


def axis_of(infusion: Infusion, told: frozenset[str], axis: str | None, findings: Findings) -> str | None:
    """Return the axis of the experiment, as named or as inferred from the infusion; None if it is unknown.

    Parameters
    ----------
    infusion : Infusion
        Terms of the infusion of all rows; faulty rows do not count.
    told : frozenset of str
        Fields that the table names itself; the others follow from r D = K f l.
    axis : str, optional
        As the user names it.
    findings : Findings
        Takes what contradicts.
    """
    good = ~findings.bad_rows
    varies = frozenset(name for name in _VARIED if _varies(getattr(infusion, name)[good]))
    if axis is not None:
        # a ratio that follows from a budget of ours is no level of the user's
        own = varies - {schema.RATIO} if {schema.RATIO, schema.TOKENS} & set(findings.invented) else varies
        return axis if _agrees(axis, own, findings) else None
    shown = [name for name in AXES if AXES[name].shown_by(varies, told)]
    if shown:
        return shown[0]
    if schema.RATIO in varies:
        findings.refuse(
            "one axis: facts vary (amount), the ratio varies (ratio), both at fixed exposures (dose), or exposures "
            "of the same facts (frequency)", "facts, ratio and exposures that all vary", "rows together",
            "import each experiment separately, or name the axis with --axis; the rest then distinguishes cells",
        )  # fmt: skip
    elif not findings.of_table and (findings.skips or not findings.of_rows):  # else what is wrong may hide what varies
        differs = findings.what_differs
        remedy = f"map what varies, if it is {differs}, as in --map exposures=COLUMN; or name" if differs else "name"
        findings.refuse("facts, a ratio or exposures that vary", "one level", "rows together",
                        f"{remedy} the axis with --axis")  # fmt: skip
    return None


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
                        "omit --axis, so that the axis is inferred from the rows")  # fmt: skip
        return False
    return True


def last_checkpoints(keys: list[RunKey], checkpoint: FloatArray, findings: Findings) -> BoolArray:
    """Mark the rows with the last checkpoint of their run and group, and report the others. Shape ``(row,)``."""
    last: dict[RunKey, float] = {}
    for key, at in zip(keys, checkpoint, strict=True):
        last[key] = max(last.get(key, -np.inf), -np.inf if np.isnan(at) else at)
    keep = np.array([at == last[key] or np.isnan(at) for key, at in zip(keys, checkpoint, strict=True)], dtype=bool)
    findings.leave_out(~keep, "not the last checkpoint of its run")
    return keep


def runs_of(keys: list[RunKey], rows: BoolArray, replicates: bool, named: bool, findings: Findings) -> list[RunKey]:
    """Return the key of each row's run, with replicates numbered; contradictory duplicates are refused.

    Parameters
    ----------
    keys : list of tuple
        Keys that identify run and group of each row, the group last.
    rows : numpy.ndarray
        Which rows are used, shape ``(row,)``.
    replicates : bool
        Whether equal keys are separate runs.
    named : bool
        Whether the table has a name or a seed of each run.
    findings : Findings
        Takes the duplicates.
    """
    seen: dict[RunKey, int] = {}
    first: dict[RunKey, int] = {}
    numbered, twice, stands = [], np.zeros(len(keys), dtype=bool), [""] * len(keys)
    for row, key in enumerate(keys):
        number = seen.get(key, 0) if rows[row] else 0
        if rows[row]:
            seen[key] = number + 1
            if number == 0:
                first[key] = row
            elif not replicates:
                twice[row] = True
                stands[row] = Said(f"a repetition of {findings.places[first[key]]}")
        numbered.append((*key[:-1], number if replicates else 0))
    remedy = "remove one" if named else "remove one, or make them separate runs with --replicates or a column of seeds"
    if findings.what_differs:
        remedy = (
            f"map the column in which they differ, if it is {findings.what_differs}, as in --map checkpoint=COLUMN or "
            f"--map exposures=COLUMN, or choose rows with --where; else {remedy}"
        )
    findings.refuse_rows(twice, "each run and group once", stands, remedy)
    return numbered
