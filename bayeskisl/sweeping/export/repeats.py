"""Repeat-matched runs: small budgets with the target's exposures per fact.

A level is meant at the target's budget D*. At a smaller budget D the same level would show every fact D / D* as often,
and repeats alone change what is learned from data (arXiv:2606.07597). So the facts shrink with the budget: K D / D*,
which keeps the exposures f = r D / (K l), and so do background facts. Along `dose` exposures of infused facts are the
same already.
"""

from dataclasses import replace

from bayeskisl import schema
from bayeskisl.axes import axis_named
from bayeskisl.errors import InputError, argument
from bayeskisl.sweeping.spec import Cell, RunSpec, SweepSpec

__all__ = ["repeat_matched_runs"]


def repeat_matched_runs(spec: SweepSpec, target_tokens: int) -> tuple[RunSpec, ...]:
    """Return the runs of a sweep with the levels and facts of the target, each at its own budget.

    Parameters
    ----------
    spec : SweepSpec
    target_tokens : int
        D*.

    Raises
    ------
    InputError
        If a budget is above the target's, or so small that less than one fact is left, or that levels become the same.
    """
    if not spec.levels or spec.replicates:
        raise InputError("a sweep with levels and without [[replicates]]", "a plan, or replicates",
                         argument("repeat_matched"),
                         "leave it out: a plan's levels are those of its own budgets")  # fmt: skip
    runs = [run for cell in spec.cells() for run in _of_cell(spec, cell, target_tokens)]
    return tuple(dict.fromkeys(runs))


def _of_cell(spec: SweepSpec, cell: Cell, target_tokens: int) -> tuple[RunSpec, ...]:
    share = cell.tokens / target_tokens
    if share > 1:
        raise InputError(f"budgets of at most the target's {target_tokens:,} tokens", f"{cell.tokens:,}",
                         argument("repeat_matched"), "name the target's own budget")  # fmt: skip
    spec, cell = _with_background(spec, cell, share)
    axis = axis_named(spec.axis)
    if axis.coordinate == schema.FACTS:
        levels = tuple(float(round(level * share)) for level in spec.levels)
        if min(levels) < 1 or len(set(levels)) < len(levels):
            raise InputError("levels that stay different whole numbers of facts at every budget",
                             f"{', '.join(f'{level:g}' for level in levels)} at {cell.tokens:,} tokens",
                             argument("repeat_matched"), "raise the levels or the budget")  # fmt: skip
        return spec.runs_of(cell, levels)
    if axis.given != schema.FACTS:
        return spec.runs_of(cell, spec.levels)
    crossed = dict(cell.crossed)
    facts = round((crossed.pop(schema.FACTS, None) or spec.facts) * share)
    if facts < 1:
        raise InputError("at least one fact at every budget", f"{facts} at {cell.tokens:,} tokens",
                         argument("repeat_matched"), "raise the facts or the budget")  # fmt: skip
    # the ratio of a level of `frequency` is its value times the facts, which shrink
    levels = tuple(level / share if axis.name == "frequency" else level for level in spec.levels)
    return replace(spec, facts=facts).runs_of(replace(cell, crossed=tuple(crossed.items())), levels)


def _with_background(spec: SweepSpec, cell: Cell, share: float) -> tuple[SweepSpec, Cell]:
    """The sweep and a cell with as many background facts as its budget shows as often as the target's does."""
    crossed = dict(cell.crossed)
    at_target = int(crossed.pop(schema.BACKGROUND_FACTS, spec.background_facts))
    facts = round(at_target * share)
    if at_target and facts < 1:
        raise InputError("at least one background fact at every budget", f"{facts} at {cell.tokens:,} tokens",
                         argument("repeat_matched"), "raise the background facts or the budget")  # fmt: skip
    return replace(spec, background_facts=facts), replace(cell, crossed=tuple(crossed.items()))
