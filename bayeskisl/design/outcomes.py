"""Outcomes of a run under a particle: exact beta-binomial counts, with the run effect integrated out.

A run of m replicates counts as one run with m times the probes and a run effect smaller by sqrt(m). Its retention lies,
on the fall's own scale, at x - b z with x = k (u - log e50), b = k sigma_run / sqrt(m) and
z ~ N(0, 1). So the probability of every outcome is a function of x and b alone, tabulated once per number of probes.
"""

from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
from scipy.special import gammaln, ndtr

from bayeskisl.arrays import Float32Array, FloatArray
from bayeskisl.design.typical_run import TypicalRun

__all__ = ["OUTCOMES", "Outcomes", "outcomes_of"]

# Counts are put into bins that are even in arcsin sqrt(share), where binomial noise is even too: .13 wide in log odds
# at one half. Runs scatter by .5 to 1 there, so that coarsening hides less than 1 % of a gain; it never adds to one.
OUTCOMES = 48

# More trials than this are not told apart: the arcsine of the root of an observed share scatters by 1 / (2 sqrt(n)), at
# 2,000 by a third of a bin. Tables of 131,072 facts took 640 MB each.
_MOST_TRIALS = 2_000

# More than 50 trials are rounded to 500 times a power of 1.1: 5 % of the binomial's variance, which is itself a tenth
# of what runs scatter. So candidates of a thousand levels share a hundred tables.
_EXACT_TRIALS, _COMMON_TRIALS, _RATIO = 50, 500, 1.1

# Beyond +-10 every run is saturated. Retention varies by x over a unit or so: the nearest of steps of .1 does, which is
# a blur of .03 where run effects blur by .1 or more.
_REACH, _STEP = 10.0, 0.1
_GRID = np.linspace(-_REACH, _REACH, round(2 * _REACH / _STEP) + 1)
# Blur by run effects; the nearest is taken, at most 7 % off, within what a posterior knows of sigma_run.
_BLURS = np.geomspace(0.1, 4.0, 28)


@dataclass(frozen=True)
class Outcomes:
    """Probability of every outcome bin of one kind of run.

    Parameters
    ----------
    sharp : numpy.ndarray
        Without run effects, shape ``(grid, bin)``.
    replicates : int
        Runs that differ in nothing but their seed.
    """

    sharp: Float32Array
    replicates: int
    _blurred: dict[int, Float32Array] = field(default_factory=dict, repr=False, compare=False)

    def likelihood(self, ahead: FloatArray, blur: FloatArray) -> Float32Array:
        """P(bin | particle), shape ``(particle, bin)``.

        Parameters
        ----------
        ahead : numpy.ndarray
            x = k (u - log e50), shape ``(particle,)``.
        blur : numpy.ndarray
            k sigma_run, shape ``(particle,)``.
        """
        place = np.clip(np.rint((ahead + _REACH) / _STEP), 0, len(_GRID) - 1).astype(np.int64)
        nearest = np.log(blur / (np.sqrt(self.replicates) * _BLURS[0])) / np.log(_BLURS[1] / _BLURS[0])
        nearest = np.clip(np.rint(nearest), 0, len(_BLURS) - 1).astype(np.int64)
        least, most = int(nearest.min()), int(nearest.max())
        table = np.concatenate([self._table(each) for each in range(least, most + 1)])
        return table[(nearest - least) * len(_GRID) + place]

    def _table(self, blur: int) -> Float32Array:
        """Table of probabilities, ``(grid, bin)``."""
        if blur not in self._blurred:
            self._blurred[blur] = _blurring(blur) @ self.sharp
        return self._blurred[blur]


def outcomes_of(probed: int, replicates: int, run: TypicalRun) -> Outcomes:
    """Return the table of one kind of run.

    Parameters
    ----------
    probed : int
        Facts that each replicate is asked.
    replicates : int
        Runs that differ in nothing but their seed.
    run : TypicalRun
        One of them.
    """
    return _outcomes(_told_apart(probed * replicates), replicates, run)


def _told_apart(trials: int) -> int:
    """The number of trials whose table is used for a given one."""
    if trials <= _EXACT_TRIALS:
        return trials
    steps = np.rint(np.log(min(trials, _MOST_TRIALS) / _COMMON_TRIALS) / np.log(_RATIO))
    return int(np.rint(_COMMON_TRIALS * _RATIO**steps))


@lru_cache(maxsize=512)
def _outcomes(trials: int, replicates: int, run: TypicalRun) -> Outcomes:
    return Outcomes(np.ascontiguousarray(_binned(_pmf(trials, replicates, run)), dtype=np.float32), replicates)


def _pmf(trials: int, replicates: int, run: TypicalRun) -> FloatArray:
    """Beta-binomial probability of every count along the grid, ``(grid, count)``."""
    together = replace(
        run,
        concentration=replicates * run.concentration,
        guess_concentration=replicates * run.guess_concentration,
    )
    chance, alike = together.chance(_GRID), together.precision(_GRID)[:, None]
    right, wrong = _log_rising(chance * alike[:, 0], trials), _log_rising((1 - chance) * alike[:, 0], trials)
    counts = np.arange(trials + 1)
    choose = gammaln(trials + 1) - gammaln(counts + 1) - gammaln(trials - counts + 1)
    return np.exp(right + wrong[:, ::-1] + choose + gammaln(alike) - gammaln(trials + alike))


def _log_rising(start: FloatArray, trials: int) -> FloatArray:
    """log of start (start + 1) ... (start + y - 1) for y = 0 ... trials, ``(grid, count)``."""
    logs = np.log(start[:, None] + np.arange(trials))
    return np.concatenate([np.zeros((len(start), 1)), np.cumsum(logs, axis=1)], axis=1)


def _binned(pmf: FloatArray) -> FloatArray:
    """Sums over bins that are even in the arcsine of the square root of the observed share, ``(grid, bin)``."""
    share = np.arange(pmf.shape[1]) / (pmf.shape[1] - 1)
    place = (np.arcsin(np.sqrt(share)) / (np.pi / 2) * OUTCOMES).astype(int)
    first = np.flatnonzero(np.diff(np.minimum(place, OUTCOMES - 1), prepend=-1))
    return np.add.reduceat(pmf, first, axis=1)


@lru_cache(maxsize=len(_BLURS))
def _blurring(blur: int) -> Float32Array:
    """Return weights of x - b z for one blur b, ``(grid, grid)``; rows sum to 1."""
    edges = (_GRID[1:] + _GRID[:-1]) / 2
    below = ndtr((edges - _GRID[:, None]) / _BLURS[blur])
    ends = np.zeros((len(_GRID), 1)), np.ones((len(_GRID), 1))
    return np.diff(np.concatenate([ends[0], below, ends[1]], axis=1), axis=1).astype(np.float32)
