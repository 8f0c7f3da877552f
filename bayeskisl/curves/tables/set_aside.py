"""Rows that are left out although nothing is wrong with them: unfinished runs, and runs without infusion."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from bayeskisl import schema
from bayeskisl.curves.tables.fields import FINISHED, PLANNED, STATE, UNFINISHED, state_in
from bayeskisl.curves.tables.mapping import evaluate
from bayeskisl.curves.tables.problems import Findings, shown
from bayeskisl.curves.tables.raw import RawTable
from bayeskisl.errors import InputError

__all__ = ["finished_and_infused", "stopped_early"]

_NOTHING_INFUSED = (schema.FACTS, schema.RATIO, schema.EXPOSURES, "infused_tokens")
_WITHOUT_GUESSES = 0.02  # share recalled without infusion up to which 0 will do as the guessing rate
_SAME = 0.999  # steps are logged at intervals, and the last one may be counted from 0


def finished_and_infused(
    table: RawTable, mapping: Mapping[str, str | float], findings: Findings, decimal: str | None
) -> RawTable:
    """The table without runs that did not finish, and without those that no fact was infused into.

    Both are counted and listed. A run that crashed shows what a part of its training taught; a run without infusion
    is a baseline and has no exposures.
    """
    told = {field: source for field, source in mapping.items() if field in (STATE, *_NOTHING_INFUSED)}
    if not told:
        return table
    aside = Findings(findings.origin, findings.places)  # what is wrong with these fields is found again
    values, _ = evaluate(told, table, aside, decimal)
    out = np.zeros(len(table), dtype=bool)
    for cells, reason in _reasons(values):
        findings.leave_out(cells & ~out, reason)
        out |= cells
    if not out.any():
        return table
    _note_guesses(table, mapping, _uninfused(values), findings, decimal)
    if out.all():
        raise InputError("runs that finished and have infused facts", "none", findings.origin)
    kept = np.flatnonzero(~out)
    findings.places = [table.places[row] for row in kept]
    columns = {name: [cells[row] for row in kept] for name, cells in table.columns.items()}
    return replace(table, columns=columns, places=findings.places)


def _reasons(values: Mapping[str, np.ndarray]) -> list[tuple[np.ndarray, str]]:
    reasons = []
    if STATE in values:
        states = np.array([state_in(str(state)) if state is not None else "" for state in values[STATE]])
        reasons += [(states == state, f"its state is {shown(state)}")
                    for state in sorted(set(states.tolist()) & UNFINISHED)]  # fmt: skip
        strange = sorted(set(states.tolist()) - UNFINISHED - FINISHED - {""})
        reasons += [(states == state, f"its state {shown(state)} is unknown") for state in strange]
    nothing = _uninfused(values)
    return reasons if nothing is None else [*reasons, (nothing, "nothing was infused")]


def _uninfused(values: Mapping[str, np.ndarray]) -> np.ndarray | None:
    """Mark the runs that no fact was infused into, ``(row,)``; None where no field says."""
    nothing = [values[name] == 0 for name in _NOTHING_INFUSED if name in values]
    return np.any(nothing, axis=0) if nothing else None


def _note_guesses(
    table: RawTable,
    mapping: Mapping[str, str | float],
    controls: np.ndarray | None,
    findings: Findings,
    decimal: str | None,
) -> None:
    """Say what runs without infusion recall, where no guessing rate was stated: it is what a guess gets right."""
    fields = {field: mapping[field] for field in (schema.RECALLED, schema.PROBED) if field in mapping}
    if controls is None or not controls.any() or schema.GUESSING in mapping or len(fields) < 2:
        return
    values, _ = evaluate(fields, table, Findings(findings.origin, findings.places), decimal)
    recalled, probed = (values[field][controls] for field in (schema.RECALLED, schema.PROBED))
    rate = float(np.nansum(recalled) / np.nansum(probed)) if np.nansum(probed) > 0 else 0.0
    if rate > _WITHOUT_GUESSES:
        remedy = f"state it, --map guessing={rate:.2g}"
        if schema.DOMAIN in mapping:
            remedy = "fit each domain by itself, with the rate of its own such runs"
        findings.notes.append(
            f"runs in which nothing was infused recall {rate:.2g} of their facts: that is the guessing rate, "
            f"and not 0; {remedy}"
        )


def stopped_early(rows: Mapping[str, np.ndarray], good: np.ndarray, findings: Findings) -> np.ndarray:
    """Mark those of the `good` rows that end before the planned last step. Shape ``(row,)``."""
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
