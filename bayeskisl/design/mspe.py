"""The rule of published planners for scaling laws: least expected squared error of the prediction, per cost ** 0.4.

Li et al. 2026 (arXiv:2604.22753) approximate what is believed by a few Gaussian modes, and choose one run after the
other by the expected fall of the mean squared prediction error at the target: of the variance within modes, which is
V-optimality, and of the disagreement between them, over outcomes of the run. Their modes are clusters of fits from many
starts. Ours are the laws of the mixture and, under a law with limits, the limit that binds at the target.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.special import roots_hermitenorm

from bayeskisl.arrays import FloatArray
from bayeskisl.design.beliefs import Beliefs
from bayeskisl.design.linearised import Measured, removed, updated
from bayeskisl.design.problem import Problem
from bayeskisl.design.runs import Run

__all__ = ["COST_EXPONENT", "Modes"]

COST_EXPONENT = 0.4  # theirs

# A mode of fewer particles has no covariance worth the name; theirs are left out below a weight of 0.001.
_FEWEST = 50
# Of an outcome, about each mode's expectation.
_NODES, _WEIGHTS = roots_hermitenorm(15)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


@dataclass
class Modes:
    """Gaussians of the target's line and every cell's half-point, which a run updates.

    Parameters
    ----------
    problem : Problem
    weight : numpy.ndarray
        Shape ``(mode,)``.
    mean : numpy.ndarray
        Shape ``(mode, quantity)``, in the order of `bayeskisl.design.linearised.Linearised`.
    covariance : numpy.ndarray
        Shape ``(mode, quantity, quantity)``.
    """

    problem: Problem
    weight: FloatArray
    mean: FloatArray
    covariance: FloatArray

    @classmethod
    def of(cls, problem: Problem) -> "Modes":
        """Return the modes of the beliefs."""
        linear = problem.outlook.linear
        values = linear.values.T
        members = list(_members(linear.beliefs))
        weight = np.array([len(each) for each in members], dtype=float)
        return cls(
            problem=problem,
            weight=weight / weight.sum(),
            mean=np.array([values[each].mean(axis=0) for each in members]),
            covariance=np.array([np.cov(values[each], rowvar=False) for each in members]),
        )

    def value(self, run: Run) -> float:
        """Expected reduction of the squared error of the prediction per cost."""
        measured = self._own(run)
        within = sum(w * float(removed(c, measured)) for w, c in zip(self.weight, self.covariance, strict=True))
        return (within + self._agreement(measured)) / self.problem.cost_of(run) ** COST_EXPONENT

    def add(self, run: Run) -> None:
        """Plan a run, independently of its outcome."""
        self.covariance = np.array([updated(each, self._own(run)) for each in self.covariance])

    def _own(self, run: Run) -> Measured:
        """The half-point of the target's group."""
        every = self.problem.outlook.linear.measured([run])[0]
        return Measured(every.rows[:1], every.noise[:1])

    def _agreement(self, measured: Measured) -> float:
        """Expected reduction of the variance of the modes' predictions."""
        if len(self.weight) == 1:
            return 0.0
        cell, ahead = measured.rows[0], self.mean[:, 0]
        spread = self.covariance[:, cell, cell] + measured.noise[0]
        outcomes = self.mean[:, cell, None] + np.sqrt(spread)[:, None] * _NODES  # (mode, node)
        off = outcomes[..., None] - self.mean[:, cell]
        log_chance = np.log(self.weight) - np.log(spread) / 2 - off**2 / spread / 2
        chance = np.exp(log_chance - log_chance.max(axis=-1, keepdims=True))
        predicted = ahead + self.covariance[:, 0, cell] / spread * off
        after = np.sum(self.weight[:, None] * _WEIGHTS * _variance(predicted, chance))
        return float(_variance(ahead, self.weight) - after)


def _members(beliefs: Beliefs) -> Iterable[np.ndarray]:
    """Particles of each mode that is large enough, or all particles as one mode."""
    modes = np.stack([beliefs.law, beliefs.binding])
    found = [np.flatnonzero((modes == mode[:, None]).all(axis=0)) for mode in np.unique(modes, axis=1).T]
    return [each for each in found if len(each) >= _FEWEST] or [np.arange(modes.shape[1])]


def _variance(values: FloatArray, weight: FloatArray) -> FloatArray:
    """Weighted variance along the last axis."""
    weight = weight / weight.sum(axis=-1, keepdims=True)
    mean = np.sum(weight * values, axis=-1, keepdims=True)
    return np.sum(weight * (values - mean) ** 2, axis=-1)
