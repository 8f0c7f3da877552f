"""The run of most expected gain per cost, then the best given its imagined outcomes, and so on."""

import heapq

import numpy as np

from bayeskisl.design.course import Course
from bayeskisl.design.problem import Basket, Problem
from bayeskisl.design.runs import Run

__all__ = ["best_first"]

# The batch ends where the best further run would narrow the interval by less than this share.
_NOTHING = 1e-3


def best_first(problem: Problem, start: Course, rng: np.random.Generator) -> tuple[tuple[Run, ...], tuple[Course, ...]]:
    """Return the greedy batch for one exponent of cost, and the courses before its first run and after each.

    Gains seldom grow as runs are added, so that each candidate's last gain bounds its next one: only those that may
    still win are computed again (the accelerated greedy algorithm, Minoux 1978, doi:10.1007/BFb0006528).
    """
    course, courses, basket = start, [start], Basket(problem)
    admitted = [(index, run) for index, run in enumerate(problem.candidates) if basket.admits(run)]
    gains = course.gains([run for _, run in admitted], problem.score)
    bounds = [
        (-problem.per_cost(gain, run), index, 0, gain) for (index, run), gain in zip(admitted, gains, strict=True)
    ]
    heapq.heapify(bounds)
    while bounds and not basket.full:
        value, index, computed, gain = heapq.heappop(bounds)
        run = problem.candidates[index]
        if not basket.admits(run):
            continue
        if computed < len(basket.runs):
            gain = course.gain(run, problem.score)
            heapq.heappush(bounds, (-problem.per_cost(gain, run), index, len(basket.runs), gain))
            continue
        if not problem.exact and _narrowing(problem, course, run, gain) < _NOTHING:
            continue
        basket.put(run)
        course = course.after(run, rng)
        courses.append(course)
        heapq.heappush(bounds, (value, index, computed, gain))
    return tuple(basket.runs), tuple(courses)


def _narrowing(problem: Problem, course: Course, run: Run, gain: float) -> float:
    return course.narrowing(gain if problem.score == "variance" else course.gain(run))
