"""The frontier: width, regret and risk at the target against money, and the point where more runs no longer pay.

After runs that leave a share s of the reducible variance, the target's line is believed to lie about a mean that is not
known yet: that mean scatters with the variance removed, the rest shrinks by sqrt(s), and the scatter of sizes and of
runs stays. Regret and risk are averages over that mean, of an infusion that is chosen once it is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from bayeskisl.design.beliefs import Beliefs
from bayeskisl.design.lookahead import Batch
from bayeskisl.design.outlook import WORTH_WHILE, kept_at
from bayeskisl.design.problem import Problem
from bayeskisl.design.runs import Run

__all__ = ["Offer", "Point", "Worth", "best_for_money", "frontier_of", "offer_of", "stakes"]

# Means of the target that may turn out, of equal probability; 25 in place of 9 moved a regret by less than 1 %.
_MEANS = 9
# Draws and infusions of a regret: 96 infusions are some 2 % apart, where regret is flat about its optimum.
_DRAWS, _CHOICES = 1_000, 96


@dataclass(frozen=True)
class Point:
    """A width, a regret and a risk expected for an amount of money.

    Attributes
    ----------
    spent : float
        In the plan's unit.
    width : float
        Expected width of the 90 % interval, see `bayeskisl.design.Plan`.
    low, high : float
        Ends between which the width comes out with 90 %, once the runs are in and fitted.
    regret : float
        Expected facts that one run of the target loses against the infusion that would have been best for it, if the
        infusion is chosen by expected kept facts.
    risk : float
        Probability that this run lies beyond its collapse point, where half of what it keeps at best is lost; the
        risk of a decision is that of keeping less than its level, by default 90 %.
    runs : int
        Replicates included.
    """

    spent: float
    width: float
    low: float
    high: float
    regret: float
    risk: float
    runs: int


@dataclass(frozen=True)
class Worth:
    """Stakes at the target, in the unit of the costs.

    Parameters
    ----------
    of_fact : float
        Worth of one more retained fact at the target.
    of_miss : float
        Cost of a run of the target that lies beyond its collapse point.
    """

    of_fact: float = 0.0
    of_miss: float = 0.0

    def __bool__(self) -> bool:
        return self.of_fact > 0 or self.of_miss > 0

    def loss(self, point: Point) -> float:
        """Return the expected loss at the target, and the cost of the runs before it."""
        return self.of_fact * point.regret + self.of_miss * point.risk + point.spent


@dataclass(frozen=True)
class Offer:
    """A point of the frontier, and the first `count` runs of a batch that reaches it."""

    point: Point
    batch: Batch
    count: int

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs of the offer."""
        return self.batch.runs[: self.count]


def frontier_of(problem: Problem, made: Sequence[Batch]) -> list[Offer]:
    """Return the least width for each amount of money among the beginnings of all batches, the cheapest first.

    Offers that narrow the interval by less than 2 % beyond the one before are left out, so that the last one is the
    cheapest that comes within 2 % of the best.
    """
    beginnings = [(batch, count) for batch in made for count in range(len(batch.runs) + 1)]
    beginnings.sort(key=lambda each: (_spent(problem, *each), each[0].courses[each[1]].width))
    kept = [beginnings[0]]
    for batch, count in beginnings:
        before, here = kept[-1][0].courses[kept[-1][1]].width, batch.courses[count].width
        if here <= (1 - WORTH_WHILE) * before:
            kept.append((batch, count))
    return [offer_of(problem, *each) for each in kept]


def offer_of(problem: Problem, batch: Batch, count: int) -> Offer:
    """Return the offer of the first `count` runs of a batch."""
    course, runs = batch.courses[count], sum(run.replicates for run in batch.runs[:count])
    regret, risk = stakes(problem.outlook.beliefs, course.left)
    return Offer(Point(_spent(problem, batch, count), course.width, *course.band, regret, risk, runs), batch, count)


def _spent(problem: Problem, batch: Batch, count: int) -> float:
    return float(sum(map(problem.cost_of, batch.runs[:count])))


def best_for_money(offers: Sequence[Offer], worth: Worth) -> Offer:
    """Return the offer at which stakes and costs together are least."""
    return min(offers, key=lambda offer: worth.loss(offer.point))


def stakes(beliefs: Beliefs, left: float) -> tuple[float, float]:
    """Expected regret, in facts, and risk of the infusion that will be chosen.

    Parameters
    ----------
    beliefs : Beliefs
    left : float
        Share of the reducible variance that is left when it is chosen, in [0, 1].
    """
    some = slice(None, None, max(len(beliefs.law) // _DRAWS, 1))
    line, fresh = beliefs.target_line[some], beliefs.target_fresh[some]
    middle = line.mean()
    residual = np.sqrt(left) * (line - middle) + fresh
    nodes = ndtri((np.arange(_MEANS) + 0.5) / _MEANS)
    means = middle + np.sqrt(max(1 - left, 0.0)) * line.std() * nodes / nodes.std()
    results = [_stakes_at(beliefs, mean + residual, some, line + fresh) for mean in means]
    regret, risk = np.mean(results, axis=0)
    return float(regret), float(risk)


def _stakes_at(beliefs: Beliefs, threshold: np.ndarray, some: slice, before: np.ndarray) -> tuple[float, float]:
    choices, kept = kept_at(beliefs, threshold, some, before, _CHOICES)
    chosen = int(kept.mean(axis=0).argmax())
    exposures = beliefs.target.log_exposures(choices[chosen])
    return float((kept.max(axis=1) - kept[:, chosen]).mean()), float(np.mean(exposures < threshold))
