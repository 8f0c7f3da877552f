"""Beliefs along a batch: by reweighted draws as long as enough are left, then by the linearised law."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from bayeskisl.design.linearised import Linearised
from bayeskisl.design.outlook import Outlook, Score
from bayeskisl.design.problem import FEWEST_DRAWS
from bayeskisl.design.runs import Run

__all__ = ["Course"]

_Z = 1.645  # of a normal, from the middle to the ends of its central 90 %
# Standard deviation of the log of a width after a refit over the width that an imagined outcome leaves: outcomes also
# move the scatter of sizes and runs, the bends of the law, and the sampler. Set so that 90 % of 48 purchases on 24
# simulated sweeps lie within the band (`studies.promises`).
_REFIT = 0.18


@dataclass(frozen=True)
class Course:
    """An outlook after some planned runs, and the linearised law after the same runs.

    Imagined outcomes wear the draws out: each scenario rests on ever fewer of them, and gains become noise. From there
    on a run takes the share of the remaining variance that it takes in the linearised law, which needs no outcomes.

    Parameters
    ----------
    outlook : Outlook
        After the runs that the draws carried.
    linear : Linearised
        After all of them.
    removed : float
        Variance of log e50 at the target that all of them are expected to remove.
    carried : int
        How many runs the draws carried.
    """

    outlook: Outlook
    linear: Linearised
    removed: float
    carried: int = 0

    @classmethod
    def of(cls, outlook: Outlook) -> "Course":
        """Return the course of an outlook without further planned runs."""
        return cls(outlook, outlook.linear, outlook.removed)

    @property
    def carries(self) -> bool:
        """Whether enough draws are left to imagine another outcome."""
        return self.outlook.effective_draws >= FEWEST_DRAWS

    @property
    def left(self) -> float:
        """Remaining share of the reducible variance."""
        return max(1 - self.removed / self.outlook.reducible, 0.0)

    def least_width(self, offered: Iterable[Run]) -> float:
        """Width after infinitely many runs of the cells of these candidates, by the linearised law."""
        left = self.outlook.reducible - self.removed
        share = self.linear.v_share_of({run.cell: None for run in offered})
        return self.outlook.width(share * left + self.removed - self.outlook.removed)

    @property
    def width(self) -> float:
        """Expected width, see `Outlook.width`."""
        return self.outlook.width(self.removed - self.outlook.removed)

    @property
    def scenario_widths(self) -> np.ndarray:
        """Width in each imagined history, as far as the draws carry it, shape ``(scenario,)``."""
        outlook, beliefs = self.outlook, self.outlook.beliefs
        mean, weight = beliefs.target_mean, outlook.weight.astype(float)
        left = weight @ (mean**2 + beliefs.target_variance) - (weight @ mean) ** 2
        left = outlook.left_by_others * np.maximum(left, 0.0)
        return np.array([outlook.width(outlook.reducible - outlook.removed - each) for each in left])

    @property
    def band(self) -> tuple[float, float]:
        """Ends of the 90 % range of the width after a refit."""
        if not self.carried:
            return self.width, self.width
        low, high = np.log(np.quantile(self.scenario_widths, [0.05, 0.95]))
        reach = _Z * np.hypot((high - low) / (2 * _Z), _REFIT)
        return float(self.width * np.exp(-reach)), float(self.width * np.exp(reach))

    def gain(self, run: Run, score: Score = "variance") -> float:
        """Return the expected gain of one more run."""
        return self.outlook.gain(run, score) if self.carries else self._linear_gain(run)

    def gains(self, runs: Sequence[Run], score: Score = "variance") -> list[float]:
        """Return the gain of each of many runs."""
        return self.outlook.gains(runs, score) if self.carries else [self._linear_gain(run) for run in runs]

    def narrowing(self, gain: float) -> float:
        """Return the share by which removing more variance is expected to narrow the interval."""
        return 1 - self.outlook.width(self.removed - self.outlook.removed + gain) / self.width

    def after(self, run: Run, rng: np.random.Generator) -> "Course":
        """Return the course with `run` planned as well."""
        if not self.carries:
            return Course(self.outlook, self.linear.after(run), self.removed + self._linear_gain(run), self.carried)
        outlook = self.outlook.after(run, rng)
        return Course(outlook, outlook.linear, outlook.removed, self.carried + 1)

    def _linear_gain(self, run: Run) -> float:
        return self.linear.v_share(run) * max(self.outlook.reducible - self.removed, 0.0)
