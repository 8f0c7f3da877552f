"""Rows that are checkpoints of one run, of which the last counts."""

import re
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from bayeskisl import schema
from bayeskisl.arrays import BoolArray, FloatArray, IntArray
from bayeskisl.curves.tables.fields import PLANNED, STATE, Sources, Values
from bayeskisl.curves.tables.names import names_runs
from bayeskisl.curves.tables.problems import Findings
from bayeskisl.curves.tables.quantities import as_text, read_quantity
from bayeskisl.curves.tables.states import FINISHED, state_in

__all__ = ["are_tokens_seen", "last_checkpoints", "rows_are_runs", "stopped_early", "with_planned_tokens"]

_ROUNDED = 0.02
_SAME = 0.999  # steps are logged at intervals, and the last one may be counted from 0
_IDENTITY = re.compile(r"(^|[^a-zA-Z])(id|ID|Id)$")  # columns of names that tell rows apart


def are_tokens_seen(keys: IntArray, tokens: FloatArray, checkpoint: FloatArray) -> bool:
    """Whether tokens vary among rows of equal keys, and there in proportion to the checkpoint."""
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.where(checkpoint > 0, tokens / checkpoint, np.nan)
    rows = pl.DataFrame({"key": keys, "tokens": tokens, "each": each})
    known = rows.fill_nan(None).drop_nulls().group_by("key")
    spread = known.agg((pl.all().max() / pl.all().min() - 1).name.keep()).filter(pl.col("tokens") > _ROUNDED)
    return spread.height > 0 and bool((spread["each"] <= _ROUNDED).all())


def rows_are_runs(rows: Values, findings: Findings) -> bool:
    """Whether every row is a run of its own: it finished, or a name tells it from all others."""
    if STATE in rows and all(state is not None and state_in(str(state)) in FINISHED for state in rows[STATE]):
        return True
    if PLANNED in rows and bool((rows["checkpoint"] >= rows[PLANNED]).all()):
        return True
    texts = ([as_text(cells[row]) for row in findings.rows.tolist()]
             for name, cells in findings.settings.items() if names_runs(name) or _IDENTITY.search(name))  # fmt: skip
    return any(_names_rows(each, rows[schema.GROUP], rows["checkpoint"]) for each in texts)


def _names_rows(names: Sequence[str], groups: np.ndarray, checkpoint: FloatArray) -> bool:
    """Whether texts name every row of a group apart, and are no names of checkpoints that end in their steps."""
    if all(read_quantity(name) is not None for name in names):
        return False
    if len(set(zip(names, groups.tolist(), strict=True))) < len(names):
        return False
    steps = (f"{step:.0f}" for step in checkpoint.tolist())
    return not all(re.search(rf"(?<!\d){step}(?!\d)", name) for name, step in zip(names, steps, strict=True))


def last_checkpoints(keys: IntArray, checkpoint: FloatArray, good: BoolArray, findings: Findings) -> BoolArray:
    """Mark the rows with the last checkpoint of their run and group, and report the other good ones. Shape ``(row,)``.

    Run and group are told apart by `keys`, from `first_alike`. A run whose last row is bad has none: what it recalled
    half-way is not what it recalled in the end.
    """
    unknown = np.isnan(checkpoint)
    last = np.full(len(keys), -np.inf)
    np.maximum.at(last, keys, np.where(unknown, -np.inf, checkpoint))
    keep = unknown | (checkpoint == last[keys])
    findings.leave_out(good & ~keep, "not the last checkpoint of its run")
    return keep


def stopped_early(rows: Mapping[str, np.ndarray], good: BoolArray, findings: Findings) -> BoolArray:
    """Mask of the `good` rows that end before the planned last step. Shape ``(row,)``."""
    if "checkpoint" not in rows or PLANNED not in rows:
        return np.zeros(len(good), dtype=bool)
    with np.errstate(invalid="ignore"):
        early = good & (rows["checkpoint"] + 1 < _SAME * rows[PLANNED])
    if early.any() and (early == good).all():
        findings.notes.append("no run came to its planned_steps, which then count something else; none was left out")
        return np.zeros(len(good), dtype=bool)
    for row in np.flatnonzero(early):
        at, planned = rows["checkpoint"][row], rows[PLANNED][row]
        findings.left_out.append((findings.places[row], f"it stopped at step {at:,.0f} of {planned:,.0f}"))
    return early


def with_planned_tokens(rows: Values, mapping: Sources, findings: Findings) -> Values:
    """Return the rows with the planned end of each run: its tokens, where checkpoints count the tokens seen."""
    counts_tokens = "token" in str(mapping.get("checkpoint")).lower() and schema.TOKENS not in findings.invented
    return {PLANNED: rows[schema.TOKENS], **rows} if counts_tokens else rows
