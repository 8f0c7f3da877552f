"""The planner: the run of most expected gain per cost, then the best given its imagined outcomes, and so on."""

import heapq
from dataclasses import dataclass, replace

import numpy as np

from bayeskisl.design.linearised import Linearised
from bayeskisl.design.outlook import Outlook
from bayeskisl.design.problem import FEWEST_PARTICLES, Basket, Problem
from bayeskisl.design.runs import Run

__all__ = ["Batch", "greedy", "weighed"]


@dataclass(frozen=True)
class Batch:
    """Runs in the order in which they were chosen, the outlook after them, and the weight of costs.

    Gains were divided by cost ** `kappa`. A `full` batch has as many candidates as it may have, whatever money is left.
    """

    runs: list[Run]
    outlook: Outlook
    kappa: float
    full: bool


def greedy(problem: Problem, rng: np.random.Generator) -> list[Run]:
    """The run of most expected gain per cost, then the best given that one's imagined outcomes, and so on."""
    return weighed(problem, rng)[1].runs


def weighed(problem: Problem, rng: np.random.Generator) -> tuple[Batch, Batch]:
    """Return the batch by gain per cost, and the one to take: the same, or one for which costs count less.

    Where the money ends the batch, cheap runs may have eaten what one dear run would have used better. So the same is
    tried regardless of cost, and the batch that is expected to remove more variance is taken (Leskovec et al. 2007,
    doi:10.1145/1281192.1281239: the better of the two is never far from the best batch). Where the count of runs ends
    it, the cheapest runs may have filled it and left the money unspent. So costs count less, if that leaves a clearly
    narrower interval, unless the exponent was given and the batch helps.
    """
    first = best = _best_first(replace(problem, kappa=1.0 if problem.kappa is None else problem.kappa), rng)
    for kappa in _lower_weights(problem, first):
        other = _best_first(replace(problem, kappa=kappa), rng)
        if _is_better(other, best, problem.outlook, clearly=first.full):
            best = other
    return first, best


def _lower_weights(problem: Problem, first: Batch) -> tuple[float, ...]:
    """Return the exponents of cost that are worth a try after the first one."""
    worn_out = not first.full and first.outlook.effective_particles() < FEWEST_PARTICLES
    if first.kappa == 0 or worn_out:
        return ()
    if not first.full:
        return (0.0,)
    if problem.kappa is None:
        return (0.5, 0.0)
    return () if first.outlook.narrows(problem.outlook) else (0.0,)


def _is_better(other: Batch, best: Batch, start: Outlook, *, clearly: bool) -> bool:
    if not clearly:
        return other.outlook.removed > best.outlook.removed
    helps_alone = other.outlook.narrows(start) and not best.outlook.narrows(start)
    return other.outlook.narrows(best.outlook) or helps_alone


def _best_first(problem: Problem, rng: np.random.Generator) -> Batch:
    """Return the greedy batch for one exponent of cost.

    Gains seldom grow as runs are added, so that each candidate's last gain bounds its next one: only those that may
    still win are computed again (the accelerated greedy algorithm, Minoux 1978, doi:10.1007/BFb0006528).
    """
    outlook, basket = problem.outlook, Basket(problem)
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
    if problem.exact:
        outlook = _completed(problem, basket, outlook, rng)
    return Batch(basket.runs, outlook, float(problem.kappa or 0.0), basket.full)


def _completed(problem: Problem, basket: Basket, outlook: Outlook, rng: np.random.Generator) -> Outlook:
    """Fill the basket where too few particles are left to imagine more: by the linearised law, which needs none."""
    linear = Linearised.of(problem.outlook)
    for run in basket.runs:
        linear = linear.after(run)
    while not basket.full and (admitted := [run for run in problem.candidates if basket.admits(run)]):
        values = [problem.per_cost(linear.v_gain(run), run) for run in admitted]
        run = admitted[int(np.argmax(values))]
        basket.put(run)
        linear, outlook = linear.after(run), outlook.after(run, rng)
    return outlook
