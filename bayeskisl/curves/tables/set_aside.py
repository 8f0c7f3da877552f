"""Correct rows that are left out: unfinished runs, and runs without infusion."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from bayeskisl import schema
from bayeskisl.arrays import BoolArray
from bayeskisl.curves.tables.fields import FINISHED, PLANNED, STATE, UNFINISHED, split_group, state_in
from bayeskisl.curves.tables.mapping import evaluate
from bayeskisl.curves.tables.problems import Findings, shown
from bayeskisl.curves.tables.raw import RawTable
from bayeskisl.errors import InputError

__all__ = ["finished_and_infused", "stopped_early"]

_NOTHING_INFUSED = (schema.FACTS, schema.RATIO, schema.EXPOSURES, "infused_tokens")
_COUNTED = (schema.RECALLED, schema.PROBED)
_SAME = 0.999  # steps are logged at intervals, and the last one may be counted from 0


def finished_and_infused(
    table: RawTable, mapping: Mapping[str, str | float], findings: Findings, decimal: str | None
) -> tuple[RawTable, dict[str, float]]:
    """Leave out unfinished runs and runs without infused facts.

    Both are counted and listed. A run that crashed shows what a part of its training taught; a run without infusion
    is a baseline and has no exposures, but shows what a guess gets right.

    Returns
    -------
    table : RawTable
        The other rows.
    guesses : dict
        Share that runs without infusion recall, by domain ("" where the table names none).
    """
    told = {field: source for field, source in mapping.items() if field in (STATE, *_NOTHING_INFUSED)}
    if not told:
        return table, {}
    aside = Findings(findings.origin, findings.places)  # what is wrong with these fields is found again
    values, _ = evaluate(told, table, aside, decimal)
    out = np.zeros(len(table), dtype=bool)
    for cells, reason in _reasons(values):
        findings.leave_out(cells & ~out, reason)
        out |= cells
    if not out.any():
        return table, {}
    guesses = _recalled_by_guessing(table, mapping, _uninfused(values), decimal)
    if out.all():
        raise InputError("runs that finished and have infused facts", "none", findings.origin)
    kept = np.flatnonzero(~out)
    findings.places = [table.places[row] for row in kept]
    columns = {name: [cells[row] for row in kept] for name, cells in table.columns.items()}
    return replace(table, columns=columns, places=findings.places), guesses


def _reasons(values: Mapping[str, np.ndarray]) -> list[tuple[BoolArray, str]]:
    reasons = []
    if STATE in values:
        states = np.array([state_in(str(state)) if state is not None else "" for state in values[STATE]])
        reasons += [(states == state, f"its state is {shown(state)}")
                    for state in sorted(set(states.tolist()) & UNFINISHED)]  # fmt: skip
        strange = sorted(set(states.tolist()) - UNFINISHED - FINISHED - {""})
        reasons += [(states == state, f"its state {shown(state)} is unknown") for state in strange]
    nothing = _uninfused(values)
    return reasons if nothing is None else [*reasons, (nothing, "nothing was infused")]


def _uninfused(values: Mapping[str, np.ndarray]) -> BoolArray | None:
    """Mask of runs without infused facts, ``(row,)``; None if no field shows it."""
    nothing = [values[name] == 0 for name in _NOTHING_INFUSED if name in values]
    return np.any(nothing, axis=0) if nothing else None


def _recalled_by_guessing(
    table: RawTable, mapping: Mapping[str, str | float], controls: BoolArray | None, decimal: str | None
) -> dict[str, float]:
    """Share recalled by runs without infusion, by domain ("" if the table names none).

    Nothing, where the table states a guessing rate or does not count what such runs recall.
    """
    fields = {field: mapping[field] for field in (*_COUNTED, schema.GROUP, schema.DOMAIN) if field in mapping}
    if controls is None or not controls.any() or any(split_group(field)[0] == schema.GUESSING for field in mapping):
        return {}
    values, _ = evaluate(fields, table, Findings(table.origin, table.places), decimal)
    asked = controls & _of_infused(values, len(table))
    if not asked.any() or not {schema.RECALLED, schema.PROBED} <= set(values):
        return {}
    domain = values.get(schema.DOMAIN, np.full(len(table), ""))
    recalled, probed = (np.where(asked, values[field], 0.0) for field in _COUNTED)
    counted = probed > 0
    return {
        str(name): float(recalled[counted & (domain == name)].sum() / probed[counted & (domain == name)].sum())
        for name in dict.fromkeys(domain[counted].tolist())
    }


def _of_infused(values: Mapping[str, np.ndarray], rows: int) -> BoolArray:
    """Mask of rows that probe infused facts; other facts may be known without infusion."""
    if schema.GROUP not in values:
        return np.ones(rows, dtype=bool)
    return np.array([name is not None and str(name).lower() == schema.INFUSED for name in values[schema.GROUP]])


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
