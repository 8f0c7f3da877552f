"""Choices: the largest infusion within a risk, the best mean, and the nearly optimal range."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np
import xarray as xr

from bayeskisl.arrays import FloatArray
from bayeskisl.decision.maximum import FINE, NODES, ROUNDS, Maximum, maximise
from bayeskisl.decision.prospect import Prospect
from bayeskisl.decision.utility import KeptFacts, Utility

__all__ = [
    "Gains",
    "chance_constrained_choice",
    "least_sufficient",
    "sufficient_ratio",
]


_FAR_BEYOND, _NEARLY_ALL = 100.0, 0.99


@dataclass(frozen=True)
class Gains:
    """Expected utility of infusions at a target, over the possible or the planned range.

    Parameters
    ----------
    prospect : Prospect
    utility : Utility
    low, high : float
        The range, in the unit of the axis.
    is_exact : bool
        Whether optima are searched for, and not read from a grid.
    """

    prospect: Prospect
    utility: Utility
    low: float
    high: float
    is_exact: ClassVar[bool] = True

    def __call__(self, infusion: FloatArray) -> FloatArray:
        """Utility of every draw, ``(sample, point)``, at infusions ``(1, point)`` or ``(sample, point)``."""
        return self.worth(self.prospect.outcome(infusion))

    def worth(self, outcome: xr.Dataset) -> FloatArray:
        """Utility of outcomes, ``(sample, point)``."""
        return self.utility(outcome).transpose("sample", "point").values

    def mean(self, infusion: FloatArray) -> FloatArray:
        """Mean utility over the draws, shape ``(point,)``."""
        return self(np.atleast_2d(infusion)).mean(axis=0)

    def optima(self) -> Maximum:
        """Best infusion of every draw; infinite at the upper end of the range, zero at the lower end."""
        target = self.prospect.target
        found = maximise(lambda line: self(target.from_line(line)), *self._ends())
        place = np.where(found.side == 0, target.from_line(found.place), np.where(found.side > 0, np.inf, 0.0))
        return Maximum(place, found.value, found.side)

    def best_mean(self) -> Maximum:
        """The infusion with the best mean utility; arrays of length one."""
        target = self.prospect.target
        found = maximise(lambda line: self.mean(target.from_line(line))[None, :], *self._ends())
        return Maximum(target.from_line(found.place), found.value, found.side)

    def near_optimal(self, best: Maximum, share: float) -> tuple[float, float]:
        """Ends of the infusions around the best mean that lose less than `share` of its utility, before costs.

        Mean utility is followed down from its maximum on either side until it is lost, on ever finer grids; what is as
        good beyond a valley does not belong to it.
        """
        target = self.prospect.target
        enough = self._enough(best, share)
        middle = float(target.to_line(best.place[0]))

        def end(outside: float) -> float:
            inside = middle
            for nodes in (NODES, *[FINE] * ROUNDS):
                steps = np.linspace(inside, outside, nodes)
                lost = np.flatnonzero(self.mean(target.from_line(steps)) < enough)
                if not lost.size:
                    return outside
                inside, outside = steps[max(lost[0] - 1, 0)], steps[lost[0]]
            return inside

        low, high = (float(target.from_line(end(outer))) for outer in self._ends())
        return low, high

    def _enough(self, best: Maximum, share: float) -> float:
        """Least mean utility of what is nearly optimal."""
        return float(best.value[0]) - share * self._before_costs(best)

    def _before_costs(self, best: Maximum) -> float:
        """Mean utility at the best mean without prices: a cost that no infusion avoids makes no infusion better."""
        if not isinstance(self.utility, KeptFacts):
            return abs(float(best.value[0]))
        gross = replace(self.utility, token_price=0.0, loss_price=0.0)
        return float(replace(self, utility=gross).mean(best.place)[0])

    def _ends(self) -> tuple[float, float]:
        line = self.prospect.target.to_line
        return float(line(self.low)), float(line(max(self.low, min(self.high, self._reach))))

    @cached_property
    def _reach(self) -> float:
        """Infusion beyond which no optimum is sought: a hundred times that at which nearly every draw has collapsed.

        In a draw whose steepness is below 1, more facts are worth more without end. Where the range ends at an
        exposure or less, a few such draws would decide every mean.
        """
        if not self.prospect.target.axis.harms_infused:
            return np.inf
        return _FAR_BEYOND * max(self.low, float(np.quantile(self.prospect.keeping(0.5), _NEARLY_ALL, method="higher")))


def chance_constrained_choice(admissible: FloatArray, risk: float) -> float:
    """The largest infusion that is inadmissible in at most a share `risk` of the draws.

    Since retention falls along the axis, a draw admits all infusions up to one, `admissible`, of shape ``(draw,)``. The
    choice is therefore a quantile over draws, exact and without a grid.
    """
    return float(np.quantile(admissible, risk, method="lower"))


def least_sufficient(sufficient: FloatArray, risk: float) -> float:
    """The smallest infusion that is insufficient in at most a share `risk` of the draws."""
    return float(np.quantile(sufficient, 1 - risk, method="higher"))


def sufficient_ratio(log_exposures: FloatArray, facts: float, tokens: float, tokens_per_fact: float) -> FloatArray:
    """The ratio that gives each of `facts` facts the exposures it needs, r = K e l / D, shape ``(draw,)``.

    It assumes that the exposures a fact needs do not depend on the ratio itself. Above 1, no mixture of the budget is
    enough.
    """
    with np.errstate(over="ignore"):  # a draw of a wide prior may need more than any exposures
        return facts * np.exp(log_exposures) * tokens_per_fact / tokens
