"""Two rules of thumb for a target, which a forecast has to beat."""

from dataclasses import replace

import numpy as np
import xarray as xr

from bayeskisl.curves import Side, cell_table, curves_of_cells
from bayeskisl.curves.curve import Curve
from bayeskisl.decision.planned_model import PlannedModel, cells_like
from bayeskisl.laws.two_rules import two_rules

__all__ = ["rules_at"]


def rules_at(curves: xr.Dataset, target: PlannedModel) -> dict[str, float | None]:
    """Half-point of the target by each of `bayeskisl.laws.two_rules`, in the unit of the axis.

    The rules know sizes alone. They take the infusions at the half-points of the target's budget, of all sizes where
    each size has a budget of its own, or else of the budget nearest to the target's.
    """
    ours = {each.params: _at_the_budget_of(target, each) for each in _of_one_ladder(_measured(curves, target), target)}
    if not ours:
        return {"proportional": None, "power_law": None}
    found = two_rules(np.array(list(ours)), np.array(list(ours.values())), target.params)
    return {
        name: float(target.infusion(np.float64(log))) if np.isfinite(log) else None
        for name, log in found._asdict().items()
    }


def _measured(curves: xr.Dataset, target: PlannedModel) -> list[Curve]:
    """Cells like the target that cross their half-point."""
    cells, _ = cell_table(curves)
    alike = cells_like(target, cells)
    return [
        each
        for i, each in enumerate(curves_of_cells(curves, target.group))
        if i in alike and each.levels.size and each.side == Side.CROSSED
    ]


def _of_one_ladder(measured: list[Curve], target: PlannedModel) -> list[Curve]:
    """One cell for each size: of one budget, or of all where the budget follows the size."""
    sizes, budgets = {each.params for each in measured}, {each.tokens for each in measured}
    if len(sizes) == len(budgets) == len(measured) and target.tokens not in budgets:
        return measured
    nearest = min(budgets, key=lambda tokens: abs(np.log(tokens / target.tokens)), default=None)
    return [each for each in measured if each.tokens == nearest]


def _at_the_budget_of(target: PlannedModel, cell: Curve) -> float:
    """Log exposures that the infusion at a cell's half-point would give at the target's budget."""
    infusion = replace(target, tokens=cell.tokens).infusion(np.float64(cell.half_point))
    return float(target.log_exposures(infusion))
