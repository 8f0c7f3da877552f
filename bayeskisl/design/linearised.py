"""Local Gaussian approximation of the beliefs: classical designs, and the gain from other probe groups."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from bayeskisl.arrays import FloatArray, IntArray
from bayeskisl.design.beliefs import Beliefs, Probe
from bayeskisl.design.probing import Probing
from bayeskisl.design.runs import Cell, Run

__all__ = ["Linearised", "Measured", "removed", "updated"]

_NOTHING_TOLD = 1e12  # variance of a measurement without information


@dataclass(frozen=True)
class Measured:
    """Rows of a covariance that runs measure, each with noise, shape ``(run, group)`` or ``(group,)``."""

    rows: IntArray
    noise: FloatArray

    def __getitem__(self, index: int) -> "Measured":
        return Measured(self.rows[index], self.noise[index])


def removed(covariance: FloatArray, measured: Measured) -> FloatArray:
    """Return the variance of the first quantity that each run removes, ``(run,)``, or ``()`` for one run."""
    rows = measured.rows
    across = covariance[0, rows]
    within = covariance[rows[..., :, None], rows[..., None, :]]
    if rows.shape[-1] == 1:
        return across[..., 0] ** 2 / (within[..., 0, 0] + measured.noise[..., 0])
    noisy = within + measured.noise[..., None] * np.eye(rows.shape[-1])
    return np.sum(across * np.linalg.solve(noisy, across[..., None])[..., 0], axis=-1)


def updated(covariance: FloatArray, measured: Measured) -> FloatArray:
    """Return the covariance after one run, which does not depend on its outcome."""
    across = covariance[:, measured.rows]
    if len(measured.rows) == 1:
        return covariance - across * (across.T / (covariance[measured.rows[0], measured.rows[0]] + measured.noise[0]))
    within = covariance[np.ix_(measured.rows, measured.rows)] + np.diag(measured.noise)
    return covariance - across @ np.linalg.solve(within, across.T)


@dataclass(frozen=True)
class Linearised:
    """Joint Gaussian of the target's line, the law's coefficients and every cell's log e50, from the particles.

    A run measures its cell's log e50 of every probe group with the Fisher information of its counts at the median
    curve, blurred by the median run scatter. V-optimality takes most from the variance of the target's line,
    D-optimality most from the generalised variance of the coefficients.

    Parameters
    ----------
    beliefs : Beliefs
    probing : Probing
    covariance : numpy.ndarray
        Covariance of line, coefficients and cells, in this order.
    columns : int
        Number of coefficients.
    index : dict
        Rows of each cell, one for each probe group, that of the target's first.
    noises : dict
        Cached results of `noise`, which do not depend on the plan.
    """

    beliefs: Beliefs
    probing: Probing
    covariance: FloatArray
    columns: int
    index: dict[Cell, IntArray]
    noises: dict[Run, FloatArray] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, beliefs: Beliefs, probing: Probing) -> "Linearised":
        """Return the Gaussian with the moments of the particles."""
        columns, groups = beliefs.coefficients.shape[1], len(beliefs.probes)
        index = {cell: 1 + columns + groups * i + np.arange(groups) for i, cell in enumerate(beliefs.places)}
        return cls(beliefs, probing, np.cov(_values(beliefs)), columns, index)

    @property
    def values(self) -> FloatArray:
        """Line, coefficients and half-points of every particle, ``(quantity, particle)``."""
        return _values(self.beliefs)

    def measured(self, runs: Sequence[Run]) -> Measured:
        """Return the rows that each run measures."""
        groups = len(self.beliefs.probes)
        rows = np.array([self.index[run.cell] for run in runs], dtype=int).reshape(-1, groups)
        return Measured(rows, np.array([self.noise(run) for run in runs]).reshape(-1, groups))

    def noise(self, run: Run) -> FloatArray:
        """Variance with which a run measures its cell's log e50 of each probe group, ``(group,)``."""
        if run not in self.noises:
            self.noises[run] = np.array([self._noise(run, probe) for probe in self.beliefs.probes])
        return self.noises[run]

    def _noise(self, run: Run, probe: Probe) -> float:
        probed = self.probing.facts(run, probe.group)
        if not probed:
            return _NOTHING_TOLD
        steepness, sigma_run = self._medians[probe.group, run.cell]
        x = float(np.median(probe.ahead(run.cell, run.level)))
        told = max(probe.typical_of(run.cell).information(x, steepness, probed), 1 / _NOTHING_TOLD)
        return (1 / told + sigma_run**2) / run.replicates

    @cached_property
    def _medians(self) -> dict[tuple[str, Cell], tuple[float, float]]:
        """Steepness of every cell, and the run scatter, by probe group."""
        scatters = {probe.group: float(np.median(probe.sigma_run)) for probe in self.beliefs.probes}
        return {
            (probe.group, cell): (float(np.median(curve.steepness)), scatters[probe.group])
            for probe in self.beliefs.probes
            for cell, curve in probe.curves.items()
        }

    def gains(self, measured: Measured) -> FloatArray:
        """Variance of the target's line that each run removes, ``(run,)``."""
        return removed(self.covariance, measured)

    def v_gain(self, run: Run) -> float:
        """Variance of the target's line that a run removes."""
        return float(self.gains(self.measured([run])[0]))

    def v_share(self, run: Run) -> float:
        """Share of the variance of the target's line that a run removes."""
        return self.v_gain(run) / max(float(self.covariance[0, 0]), 1e-300)

    def share_of_others(self, run: Run) -> float:
        """Share of the variance left by the target's group that counts of the other groups remove.

        It is never negative: what is known as well can only help.
        """
        if not self.beliefs.others:
            return 0.0
        every = self.measured([run])[0]
        own = float(self.gains(Measured(every.rows[:1], every.noise[:1])))
        left = max(float(self.covariance[0, 0]) - own, 1e-300)
        return min(max((float(self.gains(every)) - own) / left, 0.0), 1.0)

    def v_share_of(self, cells: Iterable[Cell]) -> float:
        """Share of the variance of the target's line that vanishes once the log e50 of these cells is known."""
        rows = np.concatenate([self.index[cell] for cell in cells])
        across = self.covariance[0, rows]
        explained = across @ np.linalg.pinv(self.covariance[np.ix_(rows, rows)], hermitian=True) @ across
        return float(explained / max(float(self.covariance[0, 0]), 1e-300))

    def d_gain(self, run: Run) -> float:
        """Reduction of the log determinant of the coefficients' covariance."""
        measured, own = self.measured([run])[0], slice(1, 1 + self.columns)
        across = self.covariance[own, measured.rows]
        variance = self.covariance[np.ix_(measured.rows, measured.rows)]
        noise, explained = np.diag(measured.noise), across.T @ self._precision @ across
        # rounding may leave a variance below zero, where the coefficients say all of a half-point
        axes, sizes = np.linalg.eigh(variance - explained)[::-1]
        unexplained = (axes * np.maximum(sizes, 0.0)) @ axes.T
        return float(np.linalg.slogdet(variance + noise)[1] - np.linalg.slogdet(unexplained + noise)[1])

    @cached_property
    def _precision(self) -> FloatArray:
        own = slice(1, 1 + self.columns)
        return np.linalg.pinv(self.covariance[own, own], hermitian=True)

    def after(self, run: Run) -> "Linearised":
        """Return the Gaussian after `run`, which does not depend on its outcome."""
        return replace(self, covariance=updated(self.covariance, self.measured([run])[0]))


def _values(beliefs: Beliefs) -> FloatArray:
    half_points = [probe.curves[cell].on_axis for cell in beliefs.places for probe in beliefs.probes]
    return np.vstack([beliefs.target_line, beliefs.coefficients.T, *half_points])
