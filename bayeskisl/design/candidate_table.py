"""Table of single candidates: cost, expected width and gain."""

from typing import TYPE_CHECKING

from bayeskisl.budgets import DOLLARS, FLOP, SECONDS
from bayeskisl.design.problem import Problem
from bayeskisl.design.reasons import reason

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PER", "candidate_table"]

# The unit of money for which a table states what a run narrows, with its name.
PER = {FLOP: (1e15, "1e15 FLOP"), SECONDS: (3600.0, "device-hour"), DOLLARS: (100.0, "$100")}


def candidate_table(problem: Problem) -> "pd.DataFrame":
    """Return one row per candidate, the best value first; see `bayeskisl.design.Plan`."""
    import pandas as pd

    outlook, costs = problem.outlook, problem.costs
    now, (per, _) = outlook.width(), PER[costs.unit]
    removable = outlook.gains(problem.candidates)
    gains = removable if problem.score == "variance" else outlook.gains(problem.candidates, problem.score)
    rows = []
    for run, removed, gain in zip(problem.candidates, removable, gains, strict=True):
        cost = costs.of(run)
        width = outlook.width(removed)
        rows.append(
            {
                **run.summary(), "cost": cost, "width": width, "gain": gain,
                "narrowing_per_cost": (now - width) / cost * per, "score": problem.per_cost(gain, run),
                "why": reason(run, outlook),
            }
        )  # fmt: skip
    table = pd.DataFrame(rows).sort_values("score", ascending=False, kind="stable", ignore_index=True)
    return table.drop(columns="score")
