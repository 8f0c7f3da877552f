"""Coefficients of a law with limits, and the scatter about it, drawn again given the critical exposures of the cells.

Two limits can explain the same critical exposures: a capacity that binds the largest sizes, or an exponent that turns.
A sampler that follows gradients stays with one explanation for long, since each has its own scales. Given the critical
exposures nothing else depends on these few quantities, so that they can be drawn again by other means:

1. An ensemble explores their posterior by tempering. There, what the data say of each cell is a normal. For the next
   round it moves on.
2. Each draw of the sampler chooses among the members of the ensemble and its own values, by importance. This step
   leaves the posterior exactly as it is, however rough that normal is (iterated sampling importance resampling:
   Andrieu, Lee & Vihola 2018, doi:10.3150/15-BEJ785).

What groups have in common would hold each where it is. It is integrated out meanwhile: a group is drawn given the
coefficients of the others, and the common part afterwards given those of all.

Every chain has an ensemble of its own, so that R-hat tells whether ensembles agree.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from arviz_stats.base import array_stats

from bayeskisl import schema
from bayeskisl.arrays import BoolArray, FloatArray
from bayeskisl.inference.given import QUANTITY
from bayeskisl.inference.model import Model
from bayeskisl.inference.tempering import MOST_DIMENSIONS, Draws, moved, tempered_draws
from bayeskisl.laws import LawOfSize, LimitsLaw

__all__ = ["Places", "redraw_coefficients"]

# Members of an ensemble for each draw of its chain, and their smallest number. Several groups are drawn in turn, so
# many times: along `memory-dose` three rounds leave some 350 effective draws of the slowest coefficient and six 700,
# where the sampler had 38 of 4,000 (LOG.md, 2026-12-01). A single group waits for no other, and 1 % of its draws stay.
_MEMBERS_FOR_EACH_DRAW, _FEWEST, _ROUNDS = 1, 512, 6

# A sampler moves freely if half of its draws or more are effective.
_FREELY = 0.5

# A cell's posterior is narrower than its likelihood, by what its law adds: at most about as much again.
_WIDER = 2.0


@dataclass(frozen=True)
class Places:
    """Places of a group: its free coefficients and log tau, each in standard deviations of the prior of a single group.

    Parameters
    ----------
    law : LawOfSize
    log_tau : tuple of float
        Prior mean and standard deviation of log tau.
    """

    law: LawOfSize
    log_tau: tuple[float, float]

    @cached_property
    def free(self) -> BoolArray:
        """Which coefficients have a place, ``(column,)``."""
        return self.law.sd > 0

    def of(self, coefficients: FloatArray, tau: FloatArray) -> FloatArray:
        """Places ``(..., dimension)`` of coefficients ``(..., column)`` and tau ``(...)``."""
        of_law = (coefficients - self.law.mean)[..., self.free] / self.law.sd[self.free]
        return np.concatenate([of_law, ((np.log(tau) - self.log_tau[0]) / self.log_tau[1])[..., None]], axis=-1)

    def at(self, places: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Coefficients ``(..., column)`` and tau ``(...)`` at places ``(..., dimension)``."""
        coefficients = np.tile(self.law.mean, (*places.shape[:-1], 1))
        coefficients[..., self.free] += self.law.sd[self.free] * places[..., :-1]
        return coefficients, np.exp(self.log_tau[0] + self.log_tau[1] * places[..., -1])

    def line(self, places: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Log critical exposures of the law, shape ``(member, cell)``, and tau, shape ``(member, 1)``."""
        coefficients, tau = self.at(places)
        return self.law.log_critical_exposures(coefficients, values), tau[:, None]

    def log_likelihood(
        self, places: FloatArray, values: FloatArray, centre: FloatArray, variance: FloatArray | float
    ) -> FloatArray:
        """Log likelihood ``(member,)`` if each cell's log critical exposures were measured with a normal error.

        Parameters
        ----------
        places : numpy.ndarray
            Shape ``(member, dimension)``.
        values : numpy.ndarray
            Covariates of the cells, shape ``(cell, place)``.
        centre, variance : numpy.ndarray
            Measured values, and the variance of their errors, shape ``(cell,)``.
        """
        line, tau = self.line(places, values)
        total = tau**2 + variance
        return np.asarray(-0.5 * np.sum((centre - line) ** 2 / total + np.log(total), axis=1))


@dataclass(frozen=True)
class _Conditional:
    """Places of one group in one chain, given what depends on them.

    Parameters
    ----------
    places : Places
    values : numpy.ndarray
        Covariates of the cells, shape ``(cell, place)``.
    critical : numpy.ndarray
        Log critical exposures, at the reference load, shape ``(draw, cell)``.
    expected : numpy.ndarray
        Prior mean of a place given those of the other groups, shape ``(draw, dimension)``.
    own_share : float
        Share of the prior variance that the others leave: 1 for a single group.
    """

    places: Places
    values: FloatArray
    critical: FloatArray
    expected: FloatArray
    own_share: float

    def ensemble(self, before: Draws | None, rng: np.random.Generator) -> Draws:
        """Return a new ensemble, or one that moved on, and its heights."""
        if before is not None:
            return moved(before, self._rough_likelihood, rng)
        draws, dimensions = self.expected.shape
        return tempered_draws(self._rough_likelihood, dimensions, max(_FEWEST, _MEMBERS_FOR_EACH_DRAW * draws), rng)

    def redrawn(self, own: FloatArray, members: Draws, rng: np.random.Generator) -> FloatArray:
        """Draw places ``(draw, dimension)`` again: among the members of an ensemble, or one's own."""
        ensemble, heights = members
        of_ensemble = self._log_density(ensemble) - heights
        of_own = np.diagonal(self._log_density(own)) - self._rough_likelihood(own)
        weights = np.column_stack([of_ensemble, of_own])
        chosen = np.argmax(weights + rng.gumbel(size=weights.shape), axis=1)
        stays = chosen == len(ensemble)
        return np.where(stays[:, None], own, ensemble[np.where(stays, 0, chosen)])

    @cached_property
    def _centre(self) -> FloatArray:
        """Mean of the log critical exposures over the draws, ``(cell,)``."""
        return self.critical.mean(axis=0)

    @cached_property
    def _variance(self) -> FloatArray:
        """Variance of each cell's likelihood, about, ``(cell,)``."""
        return _WIDER * self.critical.var(axis=0)

    def _rough_likelihood(self, places: FloatArray) -> FloatArray:
        """Log likelihood ``(member,)`` if the data said a normal about each cell."""
        return self.places.log_likelihood(places, self.values, self._centre, self._variance)

    def _log_density(self, places: FloatArray) -> FloatArray:
        """Log density ``(draw, member)`` given each draw's critical exposures, over the prior of a single group."""
        line, tau = self.places.line(places, self.values)
        off = _squared_distances(self.critical - self._centre, line - self._centre) / tau.T**2
        of_prior = _squared_distances(self.expected, places) / self.own_share - np.sum(places**2, axis=1)
        return -0.5 * (off + of_prior) - line.shape[1] * np.log(tau.T)


def redraw_coefficients(
    named: Mapping[str, FloatArray], model: Model, rng: np.random.Generator, workers: int = 1
) -> dict[str, FloatArray]:
    """Draw the coefficients of a law with limits and tau again.

    A linear law integrates its coefficients out and has nothing to draw. Of many domains, or where tau is fixed,
    nothing is drawn either. Nor is it of groups in which the sampler moved freely, since an ensemble is coarser than
    its draws where many sizes pin the coefficients.

    Parameters
    ----------
    named : mapping
        Quantities of every draw, as `bayeskisl.inference.with_numpy.replay` returns them, ``(chain, draw, ...)``.
    workers : int
        Threads.

    Returns
    -------
    dict of numpy.ndarray
        ``coefficients`` ``(chain, draw, column, group)``, ``tau`` ``(chain, draw, group)`` and, of several groups,
        ``common`` ``(chain, draw, quantity)``.
    """
    law, log_tau = model.data.size_law, model.law.priors.tau
    if not isinstance(law, LimitsLaw) or np.sum(law.sd > 0) >= MOST_DIMENSIONS or not log_tau.log_sd:
        return {}
    places = Places(law, (log_tau.log_median, log_tau.log_sd))
    drawn = places.of(np.moveaxis(named["coefficients"], -1, 0), np.moveaxis(named["tau"], -1, 0))
    stuck = [group for group, of_group in enumerate(drawn) if not _effective_share(of_group) >= _FREELY]
    if not stuck:
        return {}
    critical = np.log(named[schema.CRITICAL_EXPOSURES])
    together = _Together(model.law.pooling)
    common = named["common"].copy() if "common" in named else None

    def redraw(chain: int, own_rng: np.random.Generator) -> None:
        of_groups = drawn[:, chain]  # (group, draw, dimension)
        ensembles: dict[int, Draws] = {}
        for group in (_ROUNDS if len(drawn) > 1 else 1) * stuck:
            given = critical[chain, ..., group], *together.given_others(of_groups, group)
            conditional = _Conditional(places, model.data.covariates, *given)
            ensembles[group] = conditional.ensemble(ensembles.get(group), own_rng)
            of_groups[group] = conditional.redrawn(of_groups[group], ensembles[group], own_rng)
        if common is not None:
            common[chain][:, _columns_of_common(model, places.free)] = together.common(of_groups, own_rng)

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(redraw, range(drawn.shape[1]), rng.spawn(drawn.shape[1])))
    coefficients, tau = places.at(drawn)
    found = {"coefficients": np.moveaxis(coefficients, 0, -1), "tau": np.moveaxis(tau, 0, -1)}
    return found if common is None else {**found, "common": common}


@dataclass(frozen=True)
class _Together:
    """Places of several groups: each is sqrt(pooling) common + sqrt(1 - pooling) own, with standard normals."""

    pooling: float

    def given_others(self, places: FloatArray, group: int) -> tuple[FloatArray, float]:
        """Mean ``(draw, dimension)`` and variance of a group's place given those of the others.

        Parameters
        ----------
        places : numpy.ndarray
            Shape ``(group, draw, dimension)``.
        """
        mean, variance = self._of_common(np.delete(places, group, axis=0))
        return np.sqrt(self.pooling) * mean, 1 - self.pooling + self.pooling * variance

    def common(self, places: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Draw the common part ``(draw, dimension)`` given the places of all groups."""
        mean, variance = self._of_common(places)
        return mean + np.sqrt(variance) * rng.standard_normal(mean.shape)

    def _of_common(self, places: FloatArray) -> tuple[FloatArray, float]:
        """Mean and variance of the common part given some groups' places."""
        variance = (1 - self.pooling) / (1 - self.pooling + len(places) * self.pooling)
        return variance * np.sqrt(self.pooling) / (1 - self.pooling) * places.sum(axis=0), variance


def _columns_of_common(model: Model, free: BoolArray) -> list[int]:
    """Indices of the common parts of the free coefficients, and of tau, among the common quantities."""
    names = model.labels[QUANTITY]
    of_threshold = model.lines.common_of_threshold(np.arange(float(len(names))))
    assert of_threshold is not None
    return [*of_threshold[free].astype(int).tolist(), names.index("tau")]


def _effective_share(quantities: FloatArray) -> float:
    """Effective draws of the slowest of some quantities, ``(chain, draw, quantity)``, for each draw."""
    chains, draws, count = quantities.shape
    return min(float(array_stats.ess(quantities[..., i])) for i in range(count)) / (chains * draws)


def _squared_distances(first: FloatArray, second: FloatArray) -> FloatArray:
    """Squared distances between rows of two arrays, shape ``(first, second)``."""
    return np.sum(first**2, axis=1)[:, None] - 2 * first @ second.T + np.sum(second**2, axis=1)
