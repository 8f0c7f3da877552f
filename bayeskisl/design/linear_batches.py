"""Batches under the linearised law, where a run's value needs no outcomes: filled, exchanged, ordered."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bayeskisl.arrays import BoolArray, FloatArray
from bayeskisl.design.linearised import Linearised, Measured, removed, updated
from bayeskisl.design.problem import Problem, size_and_reserve
from bayeskisl.design.runs import Run

__all__ = ["Shelf"]

_SWEEPS = 2  # over all runs of a batch; a third one changed nothing in 20 plans


@dataclass(frozen=True)
class Shelf:
    """Candidates as arrays, shape ``(candidate,)``, with the limits on their number.

    Parameters
    ----------
    runs : tuple of Run
    measured : Measured
        Rows that each candidate measures.
    cost, most : numpy.ndarray
        Its price, and how often it may be chosen.
    covariance : numpy.ndarray
        Covariance of the target's line, coefficients and cells.
    budget : float
    size : int
        Runs at most.
    reserve : float
        Price that is kept back for each run that must follow.
    """

    runs: tuple[Run, ...]
    measured: Measured
    cost: FloatArray
    most: np.ndarray
    covariance: FloatArray
    budget: float
    size: int
    reserve: float

    @classmethod
    def of(cls, problem: Problem, linear: Linearised) -> "Shelf":
        """Return the affordable candidates."""
        size, reserve = size_and_reserve(problem)
        runs = tuple(run for run in problem.candidates if problem.cost_of(run) <= problem.budget * (1 + 1e-12))
        available = problem.available
        return cls(
            runs=runs,
            measured=linear.measured(runs),
            cost=np.array([problem.cost_of(run) for run in runs]),
            most=np.array([np.inf if available is None else available.get(run, 0) for run in runs]),
            covariance=linear.covariance,
            budget=problem.budget * (1 + 1e-12),
            size=size,
            reserve=reserve,
        )

    def best_of_each_size(self) -> dict[tuple[float, str], int]:
        """Return the candidate of most gain of each size and domain, among possible first runs."""
        gains, best = self._gains(self.covariance), dict[tuple[float, str], int]()
        open_ = self._open_to([])
        for i in np.argsort(-gains, kind="stable"):
            if open_[i]:
                best.setdefault((self.runs[i].params, self.runs[i].domain), int(i))
        return best

    def filled(self, chosen: Sequence[int], kappa: float) -> list[int]:
        """Return the chosen candidates, completed by those of most gain per cost ** kappa within the budget."""
        chosen, covariance = list(chosen), self._after(chosen)
        while len(chosen) < self.size and (open_ := self._open_to(chosen)).any():
            best = int(np.argmax(np.where(open_, self._gains(covariance) / self.cost**kappa, -1.0)))
            chosen.append(best)
            covariance = self._updated(covariance, best)
        return chosen

    def exchanged(self, chosen: list[int]) -> list[int]:
        """Return a batch after exchanging each run for one that leaves less variance at the same cost."""
        best = self.variance(chosen)
        for _ in range(_SWEEPS):
            for place in range(len(chosen)):
                others = chosen[:place] + chosen[place + 1 :]
                for kappa in (0.0, 1.0):
                    tried = self.filled(others, kappa)
                    if (variance := self.variance(tried)) < best * (1 - 1e-6):
                        chosen, best = tried, variance
                        break
        return chosen

    def ordered(self, chosen: list[int]) -> tuple[Run, ...]:
        """Return the runs of a batch in greedy order of gain per cost."""
        left, covariance, order = list(chosen), self.covariance, []
        while left:
            value = self._gains(covariance)[left] / self.cost[left]
            best = left.pop(int(np.argmax(value)))
            order.append(best)
            covariance = self._updated(covariance, best)
        return tuple(self.runs[i] for i in order)

    def variance(self, chosen: Sequence[int]) -> float:
        """Return the variance of the target's line that a batch leaves."""
        return float(self._after(chosen)[0, 0])

    def _open_to(self, chosen: list[int]) -> BoolArray:
        taken = np.bincount(chosen, minlength=len(self.runs)) if chosen else np.zeros(len(self.runs))
        left = self.budget - self.cost[chosen].sum() - self.reserve * (self.size - len(chosen) - 1)
        return (taken < self.most) & (self.cost <= left)

    def _gains(self, covariance: FloatArray) -> FloatArray:
        return removed(covariance, self.measured)

    def _after(self, chosen: Sequence[int]) -> FloatArray:
        covariance = self.covariance
        for i in chosen:
            covariance = self._updated(covariance, i)
        return covariance

    def _updated(self, covariance: FloatArray, i: int) -> FloatArray:
        return updated(covariance, self.measured[i])
