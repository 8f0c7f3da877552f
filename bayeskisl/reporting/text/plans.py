"""Sentences about plans: the runs and the reason to stop first, then the frontier, the candidates and the costs."""

from collections.abc import Iterator
from typing import Any

from bayeskisl import schema
from bayeskisl.design import Plan
from bayeskisl.design.candidate_table import PER
from bayeskisl.quantities import amount, factor, short, size
from bayeskisl.reporting.numbers import percent
from bayeskisl.reporting.text.tables import aligned

__all__ = ["describe_plan"]

_ROWS = 12  # of the table of candidates
_STRAIGHT = (
    "A factor is the upper end of the 90 % interval over its lower end. Planning takes the law as a straight line; "
    "`decide` reads the whole law and may state another factor."
)
_WHY = "why"


def describe_plan(plan: Plan, columns: int = 80) -> str:
    """Describe a plan, in lines: the runs first, then the frontier, the best single candidates and the costs.

    Parameters
    ----------
    plan : Plan
        Result of `plan`.
    columns : int
        Width to which tables are folded, in characters.

    Returns
    -------
    str
        Plain text: tables of the runs, of the frontier and of candidates, and one statement a line.
    """
    return "\n".join(_lines(plan, columns))


def _lines(plan: Plan, columns: int) -> Iterator[str]:
    if plan.advice:
        yield plan.advice
    yield _STRAIGHT
    yield ""
    if plan.purchases:
        yield "The plan, in order; each factor is expected after that row and all before it:"
        yield from aligned(_order(plan), words=[schema.DOMAIN, _WHY], columns=columns)
        yield ""
    yield plan.verdict
    if plan.stop:
        yield plan.stop
    yield ""
    if len(plan.points) > 1:
        yield _about_frontier(plan)
        yield from aligned(_frontier(plan), columns=columns)
        yield ""
    yield (
        f"The best of {len(plan.table)} candidates, each alone (cost in {plan.costs.unit}, expected factor, narrowing "
        f"of its natural logarithm per {PER[plan.costs.unit][1]}; a number is the place in the plan):"
    )
    yield from aligned(_candidates(plan), words=[schema.DOMAIN, _WHY], columns=columns)
    yield ""
    yield f"Costs in {plan.costs.unit}: {plan.costs.source}."
    for note in plan.notes:
        yield f"note: {note}"


def _order(plan: Plan) -> list[tuple[str, ...]]:
    """Rows of the runs in the order in which they are bought."""
    apart = _apart(plan)
    rows = [
        (str(place), *_model(each.run, apart), _level(each.run), str(each.run.replicates), amount(each.spent),
         factor(each.width), each.why)
        for place, each in enumerate(plan.steps, start=1)
    ]  # fmt: skip
    return [_head(apart, "level", "runs", "spent", "factor", _WHY), *rows]


def _about_frontier(plan: Plan) -> str:
    lost = f"; loss: regret, risk and cost in {plan.costs.unit}" if plan.worth else ""
    return (
        "Frontier: least factor for each amount, with the expected regret in facts and the risk that one run of the "
        "target is beyond its collapse point, where half is lost (the risk that `decide` states is of keeping less "
        f"than its level, by default 90 %), at the infusion that maximises expected facts{lost}:"
    )


def _frontier(plan: Plan) -> list[tuple[str, ...]]:
    """Rows of the least width for each amount; with a worth of facts, of the loss too."""
    head = ("runs", "spent", "factor", "90 %", "regret", "risk", *(["loss"] if plan.worth else []))
    rows = [
        (str(point.runs), amount(point.spent), factor(point.width), f"{factor(point.low)} to {factor(point.high)}",
         amount(point.regret), percent(round(point.risk, 2)), *([amount(plan.worth.loss(point))] if plan.worth else []))
        for point in plan.points
    ]  # fmt: skip
    return [head, *rows]


def _candidates(plan: Plan) -> list[tuple[str, ...]]:
    """Rows of the best single candidates, with the place in the plan of those that it has."""
    apart, places = _apart(plan), _places(plan)
    rows = [
        (places.get(_named(row), ""), *_model(row, apart), _level(row), str(row.replicates), amount(row.cost),
         factor(row.width), amount(row.narrowing_per_cost), row.why)
        for row in plan.table.head(_ROWS).itertuples()
    ]  # fmt: skip
    return [_head(apart, "level", "runs", "cost", "factor", "narrowing", _WHY), *rows]


def _places(plan: Plan) -> dict[tuple[float, ...], str]:
    """Place in the plan of each purchased run, the first one of several."""
    of_step = {
        (*step.run.cell, step.run.level): str(place) for place, step in reversed([*enumerate(plan.steps, start=1)])
    }
    return {_named(each.run): of_step[(*each.run.cell, each.run.level)] for each in plan.purchases}


def _named(run: Any) -> tuple[Any, ...]:
    return run.params, run.tokens, run.level, run.replicates, getattr(run, schema.DOMAIN, "")


def _apart(plan: Plan) -> list[str]:
    """Return what tells candidates apart besides size and level: budgets and domains where there are several."""
    names = (schema.TOKENS, schema.DOMAIN)
    return [name for name in names if name in plan.table and plan.table[name].nunique() > 1]


def _head(apart: list[str], *rest: str) -> tuple[str, ...]:
    return ("", "params", *apart, *rest)


def _model(run: Any, apart: list[str]) -> list[str]:
    """Size of a run and, where there are several, its budget and its domain."""
    of_run = {schema.TOKENS: short(run.tokens), schema.DOMAIN: getattr(run, schema.DOMAIN, "")}
    return [size(run.params), *(of_run[name] for name in apart)]


def _level(run: Any) -> str:
    return f"{run.level:,.6g}" if run.level < 1e6 else short(run.level)
