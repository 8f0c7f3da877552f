"""Beliefs of a posterior about untrained cells, as particles, and their update by a known half-point.

A particle is one posterior draw together with a fresh threshold and steepness for every cell that it is asked about
(`bayeskisl.design.particles`). Given its thresholds, the size law's coefficients are Gaussian, so the target's mean
follows in closed form: the noise of drawing coefficients never enters the value of a run.

The target's mean is about one probe group, the one that over-infusion harms: the infused of an amount sweep, the
background of a ratio or dose. Groups are partly pooled, so that what a run shows of the others counts as well: their
curves are kept beside. Of the infused facts of a ratio or dose it is remembered what each particle expects at the
target, for those who ask what a choice is worth; no run changes that. In a law that knows the load, the target's line
is read at the load of its typical half-point, where it says the same of the sweep's axis whatever the effect of the
load.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from bayeskisl.arrays import FloatArray, IntArray
from bayeskisl.decision.planned_model import PlannedModel
from bayeskisl.design.runs import Cell
from bayeskisl.design.typical_run import TypicalRun

__all__ = ["Beliefs", "Curve", "Elsewhere", "Infused", "Place", "Probe"]


@dataclass(frozen=True)
class Curve:
    """One probe group in one cell, as each particle represents it.

    Parameters
    ----------
    log_threshold, steepness : numpy.ndarray
        log e50, at the reference load, and k, shape ``(particle,)``.
    at_load : numpy.ndarray
        Shift of log e50 by the load of a typical half-point, shape ``(particle,)``.
    """

    log_threshold: FloatArray
    steepness: FloatArray
    at_load: FloatArray

    @property
    def on_axis(self) -> FloatArray:
        """log e50 where the cell's half-point is expected, ``(particle,)``."""
        return self.log_threshold + self.at_load


@dataclass(frozen=True)
class Place(Curve):
    """A cell's curve of the harmed group, and the cell's place on the law of size.

    Parameters
    ----------
    row : numpy.ndarray
        Factors of each particle's coefficients, shape ``(particle, column)``.
    seen : bool
        Whether the posterior knows the cell's own threshold already.
    """

    row: FloatArray
    seen: bool


@dataclass(frozen=True)
class Elsewhere:
    """Runs of another domain than the target's.

    Parameters
    ----------
    target : PlannedModel
        The target with what runs of that domain hold fixed.
    typical : TypicalRun
    """

    target: PlannedModel
    typical: TypicalRun


@dataclass(frozen=True)
class Probe:
    """One probe group in every cell.

    Parameters
    ----------
    group : str
    target : PlannedModel
        Tells the exposures of a level.
    curves : dict
        By cell.
    sigma_run, load_effect : numpy.ndarray
        Run scatter and effect of the load of the group, ``(particle,)``.
    typical : TypicalRun
        A typical run of the target's domain.
    elsewhere : dict
        By the name of each other domain that may get a run.
    """

    group: str
    target: PlannedModel
    curves: Mapping[Cell, Curve]
    sigma_run: FloatArray
    load_effect: FloatArray
    typical: TypicalRun
    elsewhere: Mapping[str, Elsewhere] = field(default_factory=dict)

    def at(self, cell: Cell) -> PlannedModel:
        """Return the model of a cell, with what its domain holds fixed."""
        there = self.elsewhere.get(cell.domain, self).target
        return replace(there, params=cell.params, tokens=cell.tokens)

    def typical_of(self, cell: Cell) -> TypicalRun:
        """Return a typical run of the domain of a cell."""
        return self.elsewhere.get(cell.domain, self).typical

    def ahead(self, cell: Cell, level: float) -> FloatArray:
        """Return the distance of a level from its cell's half-point, k (u - log e50), ``(particle,)``."""
        curve, at = self.curves[cell], self.at(cell)
        log_exposures = at.log_exposures(np.asarray(level), self.group, load_effect=self.load_effect)
        return curve.steepness * (log_exposures - curve.log_threshold)


@dataclass(frozen=True)
class Infused:
    """The infused facts of one new run of the target, if over-infusion harms the background.

    Parameters
    ----------
    log_threshold, steepness : numpy.ndarray
        log e50, at the reference load, and k, shape ``(particle,)``.
    typical : TypicalRun
    """

    log_threshold: FloatArray
    steepness: FloatArray
    typical: TypicalRun


@dataclass(frozen=True)
class Beliefs:
    """Equally weighted particles of the law mixture.

    Parameters
    ----------
    target : PlannedModel
    law, draw : numpy.ndarray
        Index of each particle's law, and of its posterior draw among those of all laws, shape ``(particle,)``. Several
        particles may share a draw.
    binding : numpy.ndarray
        The limit that binds at the target, see `bayeskisl.laws.LawOfSize.largest`, ``(particle,)``.
    centre, covariance : numpy.ndarray
        Moments of the coefficients given the thresholds, shapes ``(particle, column)`` and
        ``(particle, column, column)``.
    coefficients : numpy.ndarray
        A draw of them, from which fresh cells come, ``(particle, column)``.
    tau, sigma_run : numpy.ndarray
        Scatter of sizes and of runs, log units, ``(particle,)``.
    load_effect : numpy.ndarray
        Zero in a law that does not know the load, ``(particle,)``.
    target_row : numpy.ndarray
        ``(particle, column)``.
    target_fresh, target_steepness, target_at_load : numpy.ndarray
        How far one fresh run of the target lies off its line, in log e50, its steepness, and what the load of its
        typical half-point adds to its line, ``(particle,)``.
    typical : TypicalRun
    places : dict
        By cell.
    others : tuple of Probe
        The probe groups that over-infusion does not harm, or harms as well.
    infused : Infused, optional
        None along an amount, where the group itself is infused.
    elsewhere : dict
        By the name of each other domain that may get a run, for the target's group.
    """

    target: PlannedModel
    laws: tuple[str, ...]
    law: IntArray
    draw: IntArray
    binding: IntArray
    centre: FloatArray
    covariance: FloatArray
    coefficients: FloatArray
    tau: FloatArray
    sigma_run: FloatArray
    load_effect: FloatArray
    target_row: FloatArray
    target_fresh: FloatArray
    target_steepness: FloatArray
    target_at_load: FloatArray
    typical: TypicalRun
    places: dict[Cell, Place]
    others: tuple[Probe, ...] = ()
    infused: Infused | None = None
    elsewhere: Mapping[str, Elsewhere] = field(default_factory=dict)

    @cached_property
    def halves(self) -> tuple[IntArray, IntArray]:
        """Particles of the first half of every law's draws, and of the second: other chains, if there are several."""
        first = np.zeros(len(self.draw), dtype=bool)
        for law in np.unique(self.law):
            ours = self.law == law
            first[ours] = self.draw[ours] <= np.median(self.draw[ours])
        return np.flatnonzero(first), np.flatnonzero(~first)

    @cached_property
    def probes(self) -> tuple[Probe, ...]:
        """All probe groups, the harmed group first."""
        target = self.target
        own = Probe(target.group, target, self.places, self.sigma_run, self.load_effect, self.typical, self.elsewhere)
        return own, *self.others

    @property
    def target_mean(self) -> FloatArray:
        """Mean of log e50 at the target given each particle, without new scatter, ``(particle,)``."""
        return np.einsum("sp,sp->s", self.target_row, self.centre) + self.target_at_load

    @property
    def target_variance(self) -> FloatArray:
        """Variance of that mean due to the coefficients, ``(particle,)``."""
        return np.einsum("sp,spq,sq->s", self.target_row, self.covariance, self.target_row)

    @property
    def target_line(self) -> FloatArray:
        """The target's line under the drawn coefficients, ``(particle,)``."""
        return np.einsum("sp,sp->s", self.target_row, self.coefficients) + self.target_at_load

    @property
    def reducible_variance(self) -> float:
        """Variance of log e50 at the target that more runs of other sizes can remove."""
        return float(self.target_mean.var() + self.target_variance.mean())

    @cached_property
    def width(self) -> tuple[float, float]:
        """Width of the 90 % interval of log e50 of a new run of the target, now and with its line known exactly."""
        return _width(self.target_line + self.target_fresh), _width(self.target_fresh)

    def ahead(self, cell: Cell, level: float) -> FloatArray:
        """See `Probe.ahead`, for the harmed group."""
        return self.probes[0].ahead(cell, level)

    def mean_knowing(self, place: Place) -> FloatArray:
        """`target_mean` if the threshold of `place` were also known, ``(particle,)``."""
        if place.seen:
            return self.target_mean
        spread, variance, surprise = self._learned(place)
        return self.target_mean + np.einsum("sp,sp->s", self.target_row, spread) / variance * surprise

    def knowing(self, cell: Cell) -> "Beliefs":
        """Return the particles conditioned on the threshold that each has drawn for a new cell."""
        place = self.places[cell]
        if place.seen:
            return self
        spread, variance, surprise = self._learned(place)
        gain = spread / variance[:, None]
        return replace(
            self,
            centre=self.centre + gain * surprise[:, None],
            covariance=self.covariance - gain[:, :, None] * spread[:, None, :],
            places={**self.places, cell: replace(place, seen=True)},
        )

    def _learned(self, place: Place) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Covariance of the coefficients with a place's threshold, its variance, and its distance from the line."""
        spread = (self.covariance @ place.row[:, :, None])[:, :, 0]
        variance = np.einsum("sp,sp->s", place.row, spread) + self.tau**2
        return spread, variance, place.log_threshold - np.einsum("sp,sp->s", place.row, self.centre)


def _width(draws: FloatArray) -> float:
    return float(np.diff(np.quantile(draws, [0.05, 0.95]))[0])
