"""Input of a planner, and the basket that it fills."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bayeskisl.arrays import BoolArray
from bayeskisl.design.costs import Costs
from bayeskisl.design.outlook import Outlook, Score
from bayeskisl.design.runs import Run

__all__ = ["FEWEST_DRAWS", "Basket", "Problem", "size_and_reserve"]

_ROUNDING = 1e-12  # of the budget: a sum of costs that equals it is within it
# Fewer posterior draws than this behind a scenario, and the next gain is noise: the batch ends, and a refit is due.
FEWEST_DRAWS = 40


@dataclass(frozen=True)
class Problem:
    """Input of a planner.

    Parameters
    ----------
    outlook : Outlook
        Beliefs, with pending runs already imagined.
    candidates : tuple of Run
        In their order.
    costs : Costs
    budget : float
        In the unit of `costs`.
    batch : int
        Runs at most.
    score : {"variance", "information", "regret"}
        Value of a run.
    kappa : float, optional
        A gain is divided by cost ** kappa; None leaves it to the planner, which looks ahead, and is 1 elsewhere.
    exact : bool
        Whether `batch` runs are wanted, no fewer, as far as the budget pays for them.
    available : mapping, optional
        How often each candidate may still be chosen; left out, as often as you like.
    trained : tuple of Run
        Runs of the fit.
    """

    outlook: Outlook
    candidates: tuple[Run, ...]
    costs: Costs
    budget: float
    batch: int
    score: Score = "variance"
    kappa: float | None = None
    exact: bool = False
    available: dict[Run, int] | None = None
    trained: tuple[Run, ...] = ()

    def cost_of(self, run: Run) -> float:
        """Cost of a run, replicates included."""
        return self.costs.of(run)

    def per_cost(self, gain: float, run: Run) -> float:
        """Gain per cost."""
        return gain / self.cost_of(run) ** (1.0 if self.kappa is None else self.kappa)


class Basket:
    """Chosen runs, the money left, and the runs that may still be chosen."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.money = problem, problem.budget
        self.runs: list[Run] = []
        self.size, self.cheapest = size_and_reserve(problem)
        self.available = dict(problem.available) if problem.available is not None else None

    @property
    def full(self) -> bool:
        """Whether the basket has as many runs as fit."""
        return len(self.runs) >= self.size

    @property
    def most_for_one(self) -> float:
        """Largest cost of the next run that leaves enough for the required later runs."""
        reserve = (self.size - len(self.runs) - 1) * self.cheapest
        return self.money - reserve + self.problem.budget * _ROUNDING

    def admits(self, run: Run) -> bool:
        """Return whether a run is affordable and leaves enough for required later runs."""
        enough = self.available is None or self.available.get(run, 0) > 0
        return enough and self.problem.cost_of(run) <= self.most_for_one

    def on_offer(self, runs: Sequence[Run]) -> BoolArray:
        """Whether each run may still be chosen, at any cost; shape ``(run,)``."""
        if self.available is None:
            return np.ones(len(runs), dtype=bool)
        return np.array([self.available.get(run, 0) > 0 for run in runs], dtype=bool)

    def put(self, run: Run) -> None:
        """Add a run and pay for it."""
        self.runs.append(run)
        self.money -= self.problem.cost_of(run)
        if self.available is not None:
            self.available[run] -= 1


def size_and_reserve(problem: Problem) -> tuple[int, float]:
    """Return how many candidates fit, and the reserve for each required later run."""
    if not problem.exact:
        return problem.batch, 0.0
    cheapest = min(map(problem.cost_of, problem.candidates), default=1.0)
    return int(min(problem.batch, problem.budget * (1 + _ROUNDING) // cheapest)), cheapest
