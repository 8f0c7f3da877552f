"""Ways to choose the next runs within a budget: the planner, and the baselines that it has to beat.

Every planner is a function ``(problem, rng) -> runs``: a batch in the order in which it was chosen, whose cost stays
within the budget. None of them sees an outcome of a run that is not in the fit.
"""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from bayeskisl.design.costs import Costs
from bayeskisl.design.linearised import Linearised
from bayeskisl.design.outlook import Outlook, Score
from bayeskisl.design.runs import Run

__all__ = ["PLANNERS", "Planner", "Problem"]

# Fewer particles than this behind a scenario, and the next gain is noise: the batch ends, and a refit is due.
FEWEST_PARTICLES = 40


@dataclass(frozen=True)
class Problem:
    """A planner's input.

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
        What a run is worth.
    kappa : float
        A gain is divided by cost ** kappa.
    available : mapping, optional
        How often each candidate may still be chosen; left out, as often as you like.
    """

    outlook: Outlook
    candidates: tuple[Run, ...]
    costs: Costs
    budget: float
    batch: int
    score: Score = "variance"
    kappa: float = 1.0
    available: dict[Run, int] | None = None
    trained: tuple[Run, ...] = field(default=())

    def cost_of(self, run: Run) -> float:
        return self.costs.of(run)

    def per_cost(self, gain: float, run: Run) -> float:
        """A gain for its price."""
        return gain / self.cost_of(run) ** self.kappa


Planner = Callable[[Problem, np.random.Generator], list[Run]]


class _Basket:
    """Runs chosen so far, and what may still be chosen."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.left = problem, problem.budget
        self.runs: list[Run] = []
        self.available = dict(problem.available) if problem.available is not None else None

    @property
    def full(self) -> bool:
        return len(self.runs) >= self.problem.batch

    def admits(self, run: Run) -> bool:
        enough = self.available is None or self.available.get(run, 0) > 0
        return enough and self.problem.cost_of(run) <= self.left * (1 + 1e-12)

    def put(self, run: Run) -> None:
        self.runs.append(run)
        self.left -= self.problem.cost_of(run)
        if self.available is not None:
            self.available[run] -= 1


def greedy(problem: Problem, rng: np.random.Generator) -> list[Run]:
    """The run of most expected gain per cost, then the best given that one's imagined outcomes, and so on.

    Where the money ends the batch, cheap runs may have eaten what one dear run would have used better. So the same is
    tried regardless of cost, and the batch that is expected to remove more variance is taken (Leskovec et al. 2007,
    doi:10.1145/1281192.1281239: the better of the two is never far from the best batch).
    """
    runs, outlook = _best_first(problem, rng)
    if len(runs) < problem.batch and problem.kappa > 0 and outlook.effective_particles() >= FEWEST_PARTICLES:
        regardless, other = _best_first(replace(problem, kappa=0.0), rng)
        if other.removed > outlook.removed:
            return regardless
    return runs


def _best_first(problem: Problem, rng: np.random.Generator) -> tuple[list[Run], Outlook]:
    """The greedy batch, and the outlook after it.

    Gains seldom grow as runs are added, so that each candidate's last gain bounds its next one: only those that may
    still win are computed again (the accelerated greedy algorithm, Minoux 1978, doi:10.1007/BFb0006528).
    """
    outlook, basket = problem.outlook, _Basket(problem)
    admitted = [(index, run) for index, run in enumerate(problem.candidates) if basket.admits(run)]
    gains = outlook.gains([run for _, run in admitted], problem.score)
    bounds = [(-problem.per_cost(gain, run), index, 0) for (index, run), gain in zip(admitted, gains, strict=True)]
    heapq.heapify(bounds)
    while bounds and not basket.full and outlook.effective_particles() >= FEWEST_PARTICLES:
        value, index, computed = heapq.heappop(bounds)
        run = problem.candidates[index]
        if not basket.admits(run):
            continue
        if computed < len(basket.runs):
            gain = outlook.gain(run, problem.score)
            heapq.heappush(bounds, (-problem.per_cost(gain, run), index, len(basket.runs)))
            continue
        basket.put(run)
        heapq.heappush(bounds, (value, index, computed))
        outlook = outlook.after(run, rng)
    return basket.runs, outlook


def in_order(order: Callable[[Problem, np.random.Generator], Iterator[Run]]) -> Planner:
    """A planner that follows an order fixed in advance, as far as its budget goes."""

    def planner(problem: Problem, rng: np.random.Generator) -> list[Run]:
        basket = _Basket(problem)
        for run in order(problem, rng):
            if basket.full:
                break
            if basket.admits(run):
                basket.put(run)
        return basket.runs

    planner.__doc__ = order.__doc__
    return planner


def stepwise(score_of: Callable[[Problem], "Stepper"]) -> Planner:
    """A planner that scores every candidate again after each choice, by a rule that needs no outcomes."""

    def planner(problem: Problem, rng: np.random.Generator) -> list[Run]:
        basket, stepper = _Basket(problem), score_of(problem)
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


class Stepper:
    """Values of candidates that change as runs are added."""

    def value(self, run: Run) -> float:
        raise NotImplementedError

    def add(self, run: Run) -> None:
        raise NotImplementedError


def _random(problem: Problem, rng: np.random.Generator) -> Iterator[Run]:
    """Any run, all alike likely."""
    yield from _drawn(problem, np.ones(len(problem.candidates)), rng)


def _inverse_cost_random(problem: Problem, rng: np.random.Generator) -> Iterator[Run]:
    """Random runs with probability in inverse proportion to cost: each candidate gets equal compute on average."""
    yield from _drawn(problem, 1 / np.array([problem.cost_of(run) for run in problem.candidates]), rng)


def _cheapest(problem: Problem, rng: np.random.Generator) -> Iterator[Run]:
    """The cheapest runs first, ties in random order."""
    tie = rng.permutation(len(problem.candidates))
    order = sorted(range(len(tie)), key=lambda i: (problem.cost_of(problem.candidates[i]), tie[i]))
    yield from (problem.candidates[i] for i in order for _ in range(problem.batch))


def _drawn(problem: Problem, weight: np.ndarray, rng: np.random.Generator) -> Iterator[Run]:
    if len(weight):
        for _ in range(20 * problem.batch + 5 * len(weight)):
            yield problem.candidates[rng.choice(len(weight), p=weight / weight.sum())]


class _SpaceFilling(Stepper):
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

    def _scaled(self, run: Run) -> np.ndarray:
        return (self._point(run) - self.low) / self.range

    @staticmethod
    def _point(run: Run) -> np.ndarray:
        return np.log([run.params, run.tokens, run.level])


class _Optimal(Stepper):
    """A criterion of optimal design on the linearised law, per cost."""

    def __init__(self, problem: Problem, criterion: str) -> None:
        self.problem, self.criterion = problem, criterion
        self.linear = Linearised.of(problem.outlook)

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
    }
)
