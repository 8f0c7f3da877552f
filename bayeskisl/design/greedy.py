"""Greedy batches: at each step the run of most expected gain per cost, given imagined outcomes of earlier ones."""

from dataclasses import dataclass

import numpy as np

from bayeskisl.arrays import BoolArray, FloatArray
from bayeskisl.design.course import Course
from bayeskisl.design.linearised import Measured
from bayeskisl.design.problem import Basket, Problem
from bayeskisl.design.runs import Run

__all__ = ["best_first"]

# The batch ends where the best further run would narrow the interval by less than this share.
_NOTHING = 1e-3
_TINY = 1e-300


def best_first(problem: Problem, start: Course, rng: np.random.Generator) -> tuple[tuple[Run, ...], tuple[Course, ...]]:
    """Return the greedy batch for one exponent of cost, and the courses before its first run and after each run.

    A gain is computed again only where it may be the best: each candidate's last one, times what the linearised law
    says that it has lost since, tells which to try first. It is a lazy greedy algorithm (Minoux 1978,
    doi:10.1007/BFb0006528) whose bound, that gains never grow, is replaced by a prediction: the bound alone left some
    70 candidates to compute for each choice among 1,000, the prediction leaves about seven.
    """
    course, courses, basket = start, [start], Basket(problem)
    field = _Field.of(problem, start, basket)
    while not basket.full and (open_ := field.admitted(basket)).any():
        best = field.best(course, open_, len(basket.runs))
        if not problem.exact and _narrowing(problem, course, field.runs[best], field.gain[best]) < _NOTHING:
            field.drop(best, course, all_weaker=problem.score == "variance")
            continue
        basket.put(field.runs[best])
        course = course.after(field.runs[best], rng)
        courses.append(course)
    return tuple(basket.runs), tuple(courses)


def _narrowing(problem: Problem, course: Course, run: Run, gain: float) -> float:
    return course.narrowing(gain if problem.score == "variance" else course.gain(run))


@dataclass
class _Field:
    """Candidates with their last gains, arrays ``(candidate,)``.

    Parameters
    ----------
    problem : Problem
    runs : tuple of Run
    measured : Measured
        By each, in the linearised law.
    cost, price : numpy.ndarray
        Cost, and what a gain is divided by.
    gain, linear, computed : numpy.ndarray
        The last gain, what the linearised law said then, and after how many choices it was.
    dropped : numpy.ndarray
        Whether one has turned out to be worth nothing.
    """

    problem: Problem
    runs: tuple[Run, ...]
    measured: Measured
    cost: FloatArray
    price: FloatArray
    gain: FloatArray
    linear: FloatArray
    computed: np.ndarray
    dropped: BoolArray

    @classmethod
    def of(cls, problem: Problem, course: Course, basket: Basket) -> "_Field":
        """Return the candidates that are available now."""
        runs = tuple(run for run in problem.candidates if basket.admits(run))
        measured = course.linear.measured(runs)
        return cls(
            problem=problem,
            runs=runs,
            measured=measured,
            cost=np.array([problem.cost_of(run) for run in runs]),
            price=np.array([1 / problem.per_cost(1.0, run) for run in runs]),
            gain=np.array(course.gains(runs, problem.score)),
            linear=course.linear.gains(measured),
            computed=np.zeros(len(runs), dtype=int),
            dropped=np.zeros(len(runs), dtype=bool),
        )

    def admitted(self, basket: Basket) -> BoolArray:
        """Return a mask of the available candidates."""
        return ~self.dropped & (self.cost <= basket.most_for_one) & basket.on_offer(self.runs)

    def best(self, course: Course, open_: BoolArray, choices: int) -> int:
        """Return the available candidate with the most gain per cost."""
        now = course.linear.gains(self.measured)
        value = np.where(open_, self._expected(now) / self.price, -np.inf)
        best, most = -1, -np.inf
        for i in np.argsort(-value, kind="stable").tolist():
            if not open_[i] or value[i] <= most:
                break
            if self.computed[i] < choices:
                self.gain[i] = course.gain(self.runs[i], self.problem.score)
                self.linear[i], self.computed[i] = now[i], choices
            if self.gain[i] / self.price[i] > most:
                best, most = i, self.gain[i] / self.price[i]
        return best

    def drop(self, index: int, course: Course, *, all_weaker: bool) -> None:
        """Remove a candidate, and all candidates without further expected gain."""
        self.dropped[index] = True
        if all_weaker:
            self.dropped |= self._expected(course.linear.gains(self.measured)) <= self.gain[index]

    def _expected(self, linear: FloatArray) -> FloatArray:
        return self.gain * linear / np.maximum(self.linear, _TINY)
