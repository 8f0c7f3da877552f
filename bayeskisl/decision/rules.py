"""Two rules of thumb for a target: the least that a forecast has to beat."""

import numpy as np
import xarray as xr

from bayeskisl.curves import Side, cell_table, curves_of_cells
from bayeskisl.decision.planned_model import PlannedModel, cells_like
from bayeskisl.laws.two_rules import two_rules

__all__ = ["rules_at"]


def rules_at(curves: xr.Dataset, target: PlannedModel) -> dict[str, float | None]:
    """The half-point at the target by each of `bayeskisl.laws.two_rules`, in the unit of the axis.

    The rules know sizes alone: they take the half-points of the target's budget where there are any, or else of the
    nearest budget, read off the levels.
    """
    cells, _ = cell_table(curves)
    measured = [
        each for i, each in enumerate(curves_of_cells(curves, target.group))
        if i in cells_like(target, cells) and each.levels.size and each.side == Side.CROSSED
    ]  # fmt: skip
    if not measured:
        return {"proportional": None, "power_law": None}
    nearest = min((each.tokens for each in measured), key=lambda tokens: abs(np.log(tokens / target.tokens)))
    ours = {each.params: each.half_point for each in measured if each.tokens == nearest}
    found = two_rules(np.array(list(ours)), np.array(list(ours.values())), target.params)
    return {
        name: float(target.infusion(np.float64(log))) if np.isfinite(log) else None
        for name, log in found._asdict().items()
    }
