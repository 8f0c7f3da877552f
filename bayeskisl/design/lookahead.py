"""Batches that spend a whole budget, built in several ways; the narrowest expected interval wins.

Choosing one run after the other is short-sighted: cheap runs may eat what one dear run would have used better, and a
dear one may leave nothing for those that would tell more together. So whole batches are made in several ways, from the
draws and from the linearised law, which is cheap enough to exchange runs in; every batch is then judged by re-weighting
the draws, all with the same random numbers. With gains that fall as runs are added, the better of "gain per cost" and
"gain" is never far from the best batch (Leskovec et al. 2007, doi:10.1145/1281192.1281239).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from bayeskisl.design.course import Course
from bayeskisl.design.greedy import best_first
from bayeskisl.design.linear_batches import Shelf
from bayeskisl.design.problem import Problem
from bayeskisl.design.runs import Run

__all__ = ["Batch", "batches", "greedy", "judged"]

# Batches of the linearised law that are judged by the draws: those that it thinks best. A judgement costs as much as
# imagining the outcomes of its runs.
_JUDGED = 3
_EXPONENTS = (1.0, 0.5, 0.0)


@dataclass(frozen=True)
class Batch:
    """Ordered runs, the beliefs after each of them, and the way in which they were chosen.

    Attributes
    ----------
    runs : tuple of Run
    courses : tuple of Course
        Before the first run and after each, shape ``(runs + 1,)``.
    how : str
    """

    runs: tuple[Run, ...]
    courses: tuple[Course, ...]
    how: str

    @property
    def width(self) -> float:
        """Expected width after the last run."""
        return self.courses[-1].width


def batches(problem: Problem, seed: int) -> list[Batch]:
    """Return affordable batches, the narrowest interval first.

    With an exponent of cost that is given, gains are divided by that power of cost and nothing else is tried.
    """
    start = Course.of(problem.outlook)
    if problem.kappa is not None:
        return [_by_draws(problem, start, problem.kappa, seed)]
    made = [_by_draws(problem, start, kappa, seed) for kappa in _EXPONENTS]
    if problem.score == "variance":
        made += [_judged(start, runs, how, seed) for runs, how in _by_linear_law(problem, start)]
    return sorted(made, key=lambda batch: batch.width)


def greedy(problem: Problem, rng: np.random.Generator) -> list[Run]:
    """Return the best batch for the whole budget as far as the draws carry it; then a refit is due."""
    best = batches(problem, int(rng.integers(2**31)))[0]
    return list(best.runs if problem.exact else best.runs[: max(best.courses[-1].carried, 1)])


def _by_draws(problem: Problem, start: Course, kappa: float, seed: int) -> Batch:
    runs, courses = best_first(replace(problem, kappa=kappa), start, np.random.default_rng(seed))
    return Batch(runs, courses, {1.0: "by gain per cost", 0.0: "by gain"}.get(kappa, f"by gain per cost ** {kappa:g}"))


def judged(problem: Problem, runs: tuple[Run, ...], how: str, seed: int) -> Batch:
    """Return runs in their order with the beliefs after each."""
    return _judged(Course.of(problem.outlook), runs, how, seed)


def _judged(start: Course, runs: tuple[Run, ...], how: str, seed: int) -> Batch:
    rng, courses = np.random.default_rng(seed), [start]
    for run in runs:
        courses.append(courses[-1].after(run, rng))
    return Batch(runs, tuple(courses), how)


def _by_linear_law(problem: Problem, start: Course) -> Iterator[tuple[tuple[Run, ...], str]]:
    """Yield the best batches of the linearised law, by exponent and by the size of their first run, exchanged."""
    shelf = Shelf.of(problem, start.linear)
    begun: dict[str, list[int]] = {"": []}
    for (size, domain), best_run in shelf.best_of_each_size().items():
        begun[f", one run of {size:,.0f} parameters{domain and f' of {domain}'} first"] = [best_run]
    found: dict[tuple[int, ...], str] = {}  # by runs in any order, the V-optimal batch for the money first
    for name, first in begun.items():
        for kappa in _EXPONENTS:
            found.setdefault(tuple(sorted(shelf.filled(first, kappa))), f"by the linearised law{name}")
    v_optimal, (best, *others) = next(iter(found)), sorted(found, key=shelf.variance)[:_JUDGED]
    improved = tuple(sorted(shelf.exchanged(list(best))))
    for batch in dict.fromkeys([improved, *others, v_optimal]):
        yield shelf.ordered(list(batch)), found.get(batch, found[best])
