"""Choice of a batch: score, weight of the cost, number of runs, and stakes."""

from dataclasses import dataclass
from typing import TypedDict, get_args

from bayeskisl.arguments import require_whole
from bayeskisl.design.outlook import Score
from bayeskisl.design.particles import PARTICLES
from bayeskisl.design.planners import PLANNERS
from bayeskisl.design.pricing import PricingKeywords
from bayeskisl.design.problem import FEWEST_DRAWS
from bayeskisl.design.sizes import SizesKeywords
from bayeskisl.errors import InputError, argument
from bayeskisl.quantities import as_number
from bayeskisl.specifications import refuse_unknown, shown
from bayeskisl.target import TargetKeywords

__all__ = ["PlanKeywords", "Strategy", "StrategyKeywords"]

SCORES: tuple[Score, ...] = get_args(Score)


@dataclass(frozen=True)
class Strategy:
    """Rules by which a batch of runs is chosen.

    Parameters
    ----------
    score : {"variance", "information", "regret"}
        Expected reduction of the reducible variance of the plan's `quantity`, expected information about it, or
        expected gain in retained facts, infused and background, of a choice by expected retained facts.
    kappa : float, optional
        Gains are divided by cost ** kappa; 0 ignores costs. By default whole batches are made in several ways, and the
        one with the narrowest expected interval is chosen, see `bayeskisl.design.lookahead`.
    batch : int, optional
        Largest number of candidates; a candidate is one run or a few replicates. By default as many as narrow the
        interval, at most 24.
    runs : int, optional
        Exact number of runs to train, as far as the budget pays for them; replicates count, and `batch` is ignored.
    planner : str
        ``"greedy"``, or a baseline of `bayeskisl.design.PLANNERS`.
    particles : int
        Number of posterior particles over all laws, at least 40.
    worth_of_fact, cost_of_miss : float or str, optional
        Worth of one more retained fact at the target, and cost of a target run beyond its collapse point: in the unit
        of the costs, or with a unit, as ``"2usd"``. The plan then ends when a further run costs more than it is worth.

    Raises
    ------
    InputError
        If a value is out of range or a name is unknown.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> bk.Strategy(runs=4).runs
    4
    """

    score: Score = "variance"
    kappa: float | None = None
    batch: int | None = None
    planner: str = "greedy"
    particles: int = PARTICLES
    runs: int | None = None
    worth_of_fact: float | str | None = None
    cost_of_miss: float | str | None = None

    def __post_init__(self) -> None:
        if self.batch is not None:
            require_whole(self.batch, "batch", least=1)
        if self.runs is not None:
            require_whole(self.runs, argument("runs"), least=1)
        if self.kappa is not None and not 0 <= as_number(self.kappa) <= 1:
            raise InputError("a number in [0, 1]", shown(self.kappa), "kappa")
        require_whole(self.particles, "particles", least=FEWEST_DRAWS)
        refuse_unknown([self.score], SCORES, "score", "a score")
        refuse_unknown([self.planner], PLANNERS, "planner", "a planner")


class StrategyKeywords(TypedDict, total=False):
    """Keywords of a short call, from which a `Strategy` is built."""

    score: Score
    kappa: float | None
    batch: int | None
    planner: str
    particles: int
    runs: int | None
    worth_of_fact: float | str | None
    cost_of_miss: float | str | None


class PlanKeywords(TargetKeywords, StrategyKeywords, SizesKeywords, PricingKeywords, total=False):
    """Keywords of a short call of `plan`."""
