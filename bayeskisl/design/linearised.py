"""The local, Gaussian view of the same question, for the classical baselines: D- and V-optimal designs."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from bayeskisl.arrays import FloatArray
from bayeskisl.design.beliefs import Cell
from bayeskisl.design.candidates import probed_facts
from bayeskisl.design.outlook import Outlook
from bayeskisl.design.runs import Run
from bayeskisl.inference.run_counts import precision

__all__ = ["Linearised"]


@dataclass(frozen=True)
class Linearised:
    """A joint Gaussian of the target's line, the law's coefficients and every cell's log e50, as particles scatter.

    A run measures its cell's log e50 with the Fisher information of its counts at the median curve, blurred by the
    median run scatter. V-optimality takes most from the variance of the target's line, D-optimality most from the
    generalised variance of the coefficients.

    Parameters
    ----------
    outlook : Outlook
        What is believed; its plan is not read.
    covariance : numpy.ndarray
        Of line, coefficients and cells, in this order.
    columns : int
        Number of coefficients.
    index : dict
        Row of each cell.
    noises : dict
        What `noise` has computed; it does not depend on the plan.
    """

    outlook: Outlook
    covariance: FloatArray
    columns: int
    index: dict[Cell, int]
    noises: dict[Run, float] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, outlook: Outlook) -> "Linearised":
        """From particles."""
        beliefs = outlook.beliefs
        cells = [place.on_axis for place in beliefs.places.values()]
        columns = beliefs.coefficients.shape[1]
        values = np.vstack([beliefs.target_line, beliefs.coefficients.T, *cells])
        index = {cell: 1 + columns + i for i, cell in enumerate(beliefs.places)}
        return cls(outlook, np.cov(values), columns, index)

    def noise(self, run: Run) -> float:
        """Variance with which a run measures its cell's log e50."""
        if run not in self.noises:
            self.noises[run] = self._noise(run)
        return self.noises[run]

    def _noise(self, run: Run) -> float:
        beliefs, typical = self.outlook.beliefs, self.outlook.beliefs.typical
        place = beliefs.places[run.cell]
        steepness = float(np.median(place.steepness))
        x = float(np.median(beliefs.ahead(run.cell, run.level)))
        height = typical["ceiling"] - typical["floor"]
        chance = typical["floor"] + height * typical["shape"].share(x)
        probed = probed_facts(run, self.outlook.curves, beliefs.target.group)
        counts = precision(chance, typical["floor"], typical["concentration"], typical["guess_concentration"])
        trials = probed * (counts + 1) / (counts + probed)
        slope = height * steepness * typical["shape"].slope(x)
        information = trials * slope**2 / (chance * (1 - chance))
        return (1 / max(information, 1e-12) + float(np.median(beliefs.sigma_run)) ** 2) / run.replicates

    def v_gain(self, run: Run) -> float:
        """Variance of the target's line that a run removes."""
        cell = self.index[run.cell]
        return float(self.covariance[0, cell] ** 2 / (self.covariance[cell, cell] + self.noise(run)))

    def v_share(self, run: Run) -> float:
        """Share of the variance of the target's line that a run removes."""
        return self.v_gain(run) / max(float(self.covariance[0, 0]), 1e-300)

    @property
    def v_share_of_all_cells(self) -> float:
        """Share of the variance of the target's line that goes once every cell's log e50 is known."""
        cells = slice(1 + self.columns, None)
        across = self.covariance[0, cells]
        explained = across @ np.linalg.pinv(self.covariance[cells, cells], hermitian=True) @ across
        return float(explained / max(float(self.covariance[0, 0]), 1e-300))

    def d_gain(self, run: Run) -> float:
        """Reduction of the log determinant of the coefficients' covariance."""
        cell, own = self.index[run.cell], slice(1, 1 + self.columns)
        across, noise = self.covariance[own, cell], self.noise(run)
        explained = across @ self._precision @ across
        variance = self.covariance[cell, cell]
        return float(np.log((variance + noise) / (max(variance - explained, 0.0) + noise)))

    @cached_property
    def _precision(self) -> FloatArray:
        own = slice(1, 1 + self.columns)
        return np.linalg.pinv(self.covariance[own, own], hermitian=True)

    def after(self, run: Run) -> "Linearised":
        """The same once `run` is made, whatever it answers."""
        cell = self.index[run.cell]
        across = self.covariance[:, cell]
        left = self.covariance - np.outer(across, across) / (self.covariance[cell, cell] + self.noise(run))
        return replace(self, covariance=left)
