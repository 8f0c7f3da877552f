"""Methods that choose the next runs within a budget: the planner, and its baselines.

Every planner is a function ``(problem, rng) -> runs``: a batch in the order in which it was chosen, whose cost stays
within the budget. None of them sees an outcome of a run that is not in the fit. Stepwise ones are optimal designs,
space-filling, and the rule of published planners for scaling laws (`bayeskisl.design.mspe`).
"""

from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Protocol

import numpy as np

from bayeskisl.arrays import FloatArray
from bayeskisl.design.lookahead import greedy
from bayeskisl.design.mspe import Modes
from bayeskisl.design.problem import Basket, Problem
from bayeskisl.design.runs import Run

__all__ = ["PLANNERS", "Planner"]

Planner = Callable[[Problem, np.random.Generator], list[Run]]


def in_order(order: Callable[[Problem, np.random.Generator], Iterator[Run]]) -> Planner:
    """Return a planner that follows a fixed order as far as its budget allows."""

    def planner(problem: Problem, rng: np.random.Generator) -> list[Run]:
        basket = Basket(problem)
        for run in order(problem, rng):
            if basket.full:
                break
            if basket.admits(run):
                basket.put(run)
        return basket.runs

    planner.__doc__ = order.__doc__
    return planner


def stepwise(score_of: "Callable[[Problem], Stepper]") -> Planner:
    """Return a planner that scores every candidate again after each choice, by a rule without outcomes."""

    def planner(problem: Problem, rng: np.random.Generator) -> list[Run]:
        basket, stepper = Basket(problem), score_of(problem)
        while not basket.full:
            open_to_choice = [run for run in problem.candidates if basket.admits(run)]
            if not open_to_choice:
                break
            values = [stepper.value(run) for run in open_to_choice]
            run = open_to_choice[int(np.argmax(values))]
            basket.put(run)
            stepper.add(run)
        return basket.runs

    planner.__doc__ = score_of.__doc__
    return planner


class Stepper(Protocol):
    """Values of candidates that change as runs are added."""

    def value(self, run: Run) -> float:
        """Return the value of a run now."""

    def add(self, run: Run) -> None:
        """Plan a run."""


def _random(problem: Problem, rng: np.random.Generator) -> Iterator[Run]:
    """Any run, with equal probability."""
    yield from _drawn(problem, np.ones(len(problem.candidates)), rng)


def _inverse_cost_random(problem: Problem, rng: np.random.Generator) -> Iterator[Run]:
    """Random runs with probability inversely proportional to cost: equal expected compute per candidate."""
    yield from _drawn(problem, 1 / np.array([problem.cost_of(run) for run in problem.candidates]), rng)


def _cheapest(problem: Problem, rng: np.random.Generator) -> Iterator[Run]:
    """The cheapest runs first, ties in random order."""
    tie = rng.permutation(len(problem.candidates))
    order = sorted(range(len(tie)), key=lambda i: (problem.cost_of(problem.candidates[i]), tie[i]))
    yield from (problem.candidates[i] for i in order for _ in range(problem.batch))


def _drawn(problem: Problem, weight: FloatArray, rng: np.random.Generator) -> Iterator[Run]:
    if len(weight):
        for _ in range(20 * problem.batch + 5 * len(weight)):
            yield problem.candidates[rng.choice(len(weight), p=weight / weight.sum())]


class _SpaceFilling:
    """Choose the run farthest from all others in log size, log budget and log level, each over its range."""

    def __init__(self, problem: Problem) -> None:
        everything = [self._point(run) for run in (*problem.candidates, *problem.trained)]
        self.low, self.range = np.min(everything, axis=0), np.maximum(np.ptp(everything, axis=0), 1e-12)
        self.taken = [self._scaled(run) for run in problem.trained]

    def value(self, run: Run) -> float:
        if not self.taken:
            return 0.0
        return float(np.min(np.linalg.norm(self._scaled(run) - np.array(self.taken), axis=1)))

    def add(self, run: Run) -> None:
        self.taken.append(self._scaled(run))

    def _scaled(self, run: Run) -> FloatArray:
        return (self._point(run) - self.low) / self.range

    @staticmethod
    def _point(run: Run) -> FloatArray:
        return np.log([run.params, run.tokens, run.level])


class _Optimal:
    """A criterion of optimal design on the linearised law, per cost."""

    def __init__(self, problem: Problem, criterion: str) -> None:
        self.problem, self.criterion = problem, criterion
        self.linear = problem.outlook.linear

    def value(self, run: Run) -> float:
        return self.problem.per_cost(getattr(self.linear, self.criterion)(run), run)

    def add(self, run: Run) -> None:
        self.linear = self.linear.after(run)


PLANNERS: MappingProxyType[str, Planner] = MappingProxyType(
    {
        "greedy": greedy,
        "random": in_order(_random),
        "cheapest": in_order(_cheapest),
        "inverse-cost": in_order(_inverse_cost_random),
        "space-filling": stepwise(_SpaceFilling),
        "d-optimal": stepwise(lambda problem: _Optimal(problem, "d_gain")),
        "v-optimal": stepwise(lambda problem: _Optimal(problem, "v_gain")),
        "mspe": stepwise(Modes.of),
    }
)
