"""Correct rows that are left out: unfinished runs, runs without infusion, and sums of domains."""

from collections.abc import Mapping

import numpy as np

from bayeskisl import schema
from bayeskisl.arrays import BoolArray
from bayeskisl.curves.tables.aggregates import sums_of_domains
from bayeskisl.curves.tables.controls import Controls, recalled_by, uninfused
from bayeskisl.curves.tables.evaluation import evaluate
from bayeskisl.curves.tables.fields import NOTHING_INFUSED, STATE, Sources
from bayeskisl.curves.tables.problems import Findings, shown
from bayeskisl.curves.tables.raw import RawTable
from bayeskisl.curves.tables.spelling import as_sql, option, where_option
from bayeskisl.curves.tables.states import FINISHED, UNFINISHED, state_in
from bayeskisl.errors import InputError

__all__ = ["finished_and_infused"]


def finished_and_infused(
    table: RawTable, mapping: Sources, findings: Findings, decimal: str | None
) -> tuple[RawTable, Controls]:
    """Leave out unfinished runs, runs without infused facts, and what was measured over all domains together.

    They are counted and listed. A run that crashed shows what a part of its training taught; a run without infusion
    has no exposures of an infused fact, but shows what a guess gets right, and what a model knows of the background.
    """
    told = {field: source for field, source in mapping.items() if field in (STATE, *NOTHING_INFUSED)}
    if not told and schema.DOMAIN not in mapping:
        return table, Controls()
    aside = Findings(findings.origin, findings.places)  # what is wrong with these fields is found again
    values, _ = evaluate(told, table, aside, decimal)
    out = np.zeros(len(table), dtype=bool)
    if STATE in values and not findings.skips:
        _refuse_strange_states(values[STATE], str(mapping[STATE]), findings)
    sums = sums_of_domains(table, mapping, decimal)
    for cells, reason in [*_reasons(values), (sums, "it sums up the domains of other rows")]:
        findings.leave_out(cells & ~out, reason)
        out |= cells
    if not out.any():
        return table, Controls()
    controls = recalled_by(table, mapping, uninfused(values), decimal, findings)
    if out.all():
        raise InputError("runs that finished and have infused facts", "none", findings.origin)
    kept = np.flatnonzero(~out)
    findings.places = [table.places[row] for row in kept]
    findings.rows = np.arange(len(kept))
    return table.rows(kept.tolist()), controls


def _reasons(values: Mapping[str, np.ndarray]) -> list[tuple[BoolArray, str]]:
    reasons = []
    if STATE in values:
        states = np.array([state_in(str(state)) if state is not None else "" for state in values[STATE]])
        reasons += [(states == state, f"its state is {shown(state)}")
                    for state in sorted(set(states.tolist()) & UNFINISHED)]  # fmt: skip
        strange = sorted(set(states.tolist()) - UNFINISHED - FINISHED - {""})  # refused unless such rows are skipped
        reasons += [(states == state, f"its state {shown(state)} is unknown") for state in strange]
    nothing = uninfused(values)
    return reasons if nothing is None else [*reasons, (nothing, "nothing was infused")]


def _refuse_strange_states(states: np.ndarray, source: str, findings: Findings) -> None:
    """Refuse states that neither say that a run ended well nor that it did not."""
    told = [str(state) for state in dict.fromkeys(states.tolist()) if state is not None]
    bad = tuple(word for word in UNFINISHED if not word.isdigit())  # OOM'd is oom
    strange = [state for state in told if state_in(state) not in FINISHED and not state_in(state).startswith(bad)]
    if strange:
        column = source.strip('"')
        others = where_option(column, f"NOT IN ({', '.join(map(as_sql, strange))})")
        findings.refuse("states such as finished, completed, failed or crashed", ", ".join(map(shown, strange)),
                        f"column {shown(column)}", f"leave such runs out with {others}, or if they count, use "
                        f"{option('ignore', column)}")  # fmt: skip
