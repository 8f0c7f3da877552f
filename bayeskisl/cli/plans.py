"""Display of a plan: its runs and the reason to stop first, then the frontier, the candidates and the costs."""

from typing import TYPE_CHECKING, Any

from bayeskisl.cli.display import echo, show, slim_table
from bayeskisl.quantities import amount, factor, short, size

if TYPE_CHECKING:
    from bayeskisl.design import Plan

__all__ = ["show_plan"]

_ROWS = 12  # of the table of candidates
_STRAIGHT = (
    "A factor is the upper end of the 90 % interval over its lower end. Planning takes the law as a straight line; "
    "`decide` reads the whole law and may state another factor."
)


def show_plan(plan: "Plan") -> None:
    """Print a plan."""
    if plan.advice:
        echo(plan.advice)
    echo(_STRAIGHT)
    _show_order(plan)
    echo(plan.verdict)
    if plan.stop:
        echo(plan.stop)
    _show_frontier(plan)
    _show_candidates(plan)
    echo(f"Costs in {plan.costs.unit}: {plan.costs.source}.")
    for note in plan.notes:
        echo(f"note: {note}")


def _show_order(plan: "Plan") -> None:
    if not plan.purchases:
        return
    several = _has_budgets(plan)
    table = slim_table(*_columns(several, "level", "runs", "spent", "factor", "why"), words=["why"])
    for place, p in enumerate(plan.steps, start=1):
        table.add_row(str(place), *_model(p.run, several), _level(p.run), str(p.run.replicates), amount(p.spent),
                      factor(p.width), p.why)  # fmt: skip
    echo("The plan, in order; each factor is expected after that row and all before it:")
    show(table)


def _show_frontier(plan: "Plan") -> None:
    if len(plan.points) < 2:
        return
    table = slim_table("spent", "runs", "factor", "90 %", "regret", "risk", *(["loss"] if plan.worth else []))
    for point in plan.points:
        loss = [amount(plan.worth.loss(point))] if plan.worth else []
        band = f"{factor(point.low)} to {factor(point.high)}"
        table.add_row(amount(point.spent), str(point.runs), factor(point.width), band, amount(point.regret),
                      f"{100 * point.risk:.0f} %", *loss)  # fmt: skip
    lost = f"; loss: regret, risk and cost in {plan.costs.unit}" if plan.worth else ""
    echo(
        "Frontier: least factor for each amount, with the expected regret in facts and the risk that one run of the "
        "target is beyond its collapse point, where half is lost (the risk that `decide` states is of keeping less "
        f"than its level, by default 90 %), at the infusion that maximises expected facts{lost}:"
    )
    show(table)


def _show_candidates(plan: "Plan") -> None:
    from bayeskisl.design.candidate_table import PER

    _, per = PER[plan.costs.unit]
    several = _has_budgets(plan)
    table = slim_table(*_columns(several, "level", "runs", "cost", "factor", "narrowing", "why"), words=["why"])
    chosen = _numbers(plan)
    for row in plan.table.head(_ROWS).itertuples():
        number = next((str(n) for run, n in chosen.items() if _is(run, row)), "")
        table.add_row(
            number, *_model(row, several), _level(row), str(row.replicates), amount(row.cost),
            factor(row.width), f"{row.narrowing_per_cost:.3g}", row.why,
        )  # fmt: skip
    echo(
        f"The best of {len(plan.table)} candidates, each alone (cost in {plan.costs.unit}, expected factor, narrowing "
        f"of its natural logarithm per {per}; a number is the place in the plan):"
    )
    show(table)


def _numbers(plan: "Plan") -> dict[Any, int]:
    """Place in the plan of each purchased run, the first one of several."""
    places = reversed(list(enumerate(plan.steps, start=1)))
    of_place = {(*step.run.cell, step.run.level): number for number, step in places}
    return {each.run: of_place[(*each.run.cell, each.run.level)] for each in plan.purchases}


def _columns(several: bool, *rest: str) -> tuple[str, ...]:
    return ("", "params", *(["tokens"] if several else []), *rest)


def _model(run: Any, several: bool) -> list[str]:
    """Size of a run and, where there are several, its budget."""
    return [size(run.params), *([short(run.tokens)] if several else [])]


def _level(run: Any) -> str:
    return f"{run.level:,.6g}" if run.level < 1e6 else short(run.level)


def _has_budgets(plan: "Plan") -> bool:
    return bool(plan.table["tokens"].nunique() > 1)


def _is(run: object, row: object) -> bool:
    return all(getattr(run, name) == getattr(row, name) for name in ("params", "tokens", "level", "replicates"))
