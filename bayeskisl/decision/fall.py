"""The fall of retention at one place, draw by draw, with its closed-form points."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize.elementwise import find_root
from scipy.special import betainc, ndtr

from bayeskisl.arrays import FloatArray
from bayeskisl.knowledge.guessing import known
from bayeskisl.laws.falls import Curve

__all__ = ["Fall"]

# Bisection halves [-60, 60], the range in which a shape is told from its limits, to below 1e-13.
_FARTHEST, _HALVINGS = 60.0, 50

# Shares between which the expected one is sought.
_LEAST, _MOST = 1e-9, 1 - 1e-9
# A share above 0, of what is retained nowhere under extreme draws.
_NOTHING = 1e-300


@dataclass(frozen=True)
class Fall:
    """Retention against log exposures, floor + (ceiling - floor) S(k (u - log e50)), for posterior draws at one place.

    Parameters
    ----------
    log_threshold : numpy.ndarray
        log e50 of the run that is predicted (its run effect included), shape ``(draw,)``; minus infinity where nothing
        is ever lost.
    steepness, floor, ceiling : numpy.ndarray
        k per unit of log exposures, recall of facts never seen, recall of facts seen often; each ``(draw,)``.
    shape : Curve
        S, with parameters ``(draw,)``.
    load_effect : numpy.ndarray or float
        How much less an exposure is worth the more is learned, ``(draw,)``, see `bayeskisl.axes.LoadEffect`;
        exposures here are effective ones. Zero where the load does not count.
    concentration, share_effect : numpy.ndarray, optional
        The share of facts that a run knows is beta distributed about its expectation m, with the shapes m phi and
        (1 - m) phi. ``concentration`` is phi, and ``share_effect`` the standard normal score of the run's share in that
        distribution; each ``(draw,)``. None for the mean of many runs.
    """

    log_threshold: FloatArray
    steepness: FloatArray
    floor: FloatArray
    ceiling: FloatArray
    shape: Curve
    load_effect: FloatArray | float = 0.0
    concentration: FloatArray | None = None
    share_effect: FloatArray | None = None

    @property
    def knows_load(self) -> bool:
        """Whether the load reduces the effect of exposures."""
        return bool(np.any(self.load_effect))

    def retention(self, log_exposures: FloatArray) -> FloatArray:
        """Probability of recall, shape ``(draw, point)`` for `log_exposures` of shape ``(point,)``."""
        of_draw = (self.log_threshold, self.steepness, self.floor, self.ceiling)
        return self._over_points.retention(log_exposures, *(np.asarray(each)[:, None] for each in of_draw))

    def known_at_best(self) -> FloatArray:
        """Share of facts known at many exposures, without guesses: (ceiling - floor) / (1 - floor); ``(draw,)``."""
        return known(self.ceiling, self.floor)

    def share_of_ceiling(self, log_exposures: FloatArray) -> FloatArray:
        """S: retained knowledge relative to the ceiling, shape ``(draw, point)``.

        Knowledge is counted above the floor, so this share is one half at the threshold and zero for facts never seen.
        """
        x = np.asarray(self.steepness)[:, None] * (log_exposures - np.asarray(self.log_threshold)[:, None])
        return self._over_points.share(x)

    def log_exposures_keeping(self, share: float | FloatArray) -> FloatArray:
        """Log exposures at which `share` in (0, 1) of the ceiling is retained, shape ``(draw,)``.

        The share is one number, or one for each draw.
        """
        return self.log_threshold + self.shape.inverse(np.maximum(share, _NOTHING)) / self.steepness

    def log_exposures_holding(self, share: FloatArray) -> FloatArray:
        """Log exposures at which the run retains a share above 0 of its ceiling, ``(draw,)``; infinite if none do."""
        expected = self._expected_share(share)
        possible = expected < 1
        return np.where(possible, self.log_exposures_keeping(np.where(possible, expected, 0.5)), np.inf)

    def _expected_share(self, share: FloatArray) -> FloatArray:
        """Share of its ceiling that the run must be expected to retain, so that it retains `share`, ``(draw,)``."""
        if self.share_effect is None or self.concentration is None:
            return share
        at_best = self.known_at_best()
        known_facts, probability = np.minimum(share * at_best, _MOST), ndtr(self.share_effect)

        def excess(expected: FloatArray, level: FloatArray, phi: FloatArray, of_run: FloatArray) -> FloatArray:
            return np.asarray(betainc(expected * phi, (1 - expected) * phi, level) - of_run)

        found = find_root(excess, (_LEAST, _MOST), args=(known_facts, self.concentration, probability))
        return np.where(share < 1, found.x / at_best, np.inf)

    def log_exposures_at_optimum(self) -> FloatArray:
        """Log exposures that maximise the number of retained facts if exposures fall as 1 / facts, shape ``(draw,)``.

        K S(k log(x50 / K)) has the slope 1 - k S'/S in log K, and S'/S falls from its limit to 0 as exposures rise, so
        the optimum is the one root, found by bisection. For the logistic it is K = x50 (k - 1)^(-1/k). Minus infinity
        where more facts are always worth more (logistic: k <= 1): no interior optimum.
        """
        low, high = np.full_like(self.steepness, -_FARTHEST), np.full_like(self.steepness, _FARTHEST)
        interior = self._gain_of_exposures(low) > 1
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            too_few = self._gain_of_exposures(middle) > 1
            low, high = np.where(too_few, middle, low), np.where(too_few, high, middle)
        return np.where(interior, self.log_threshold + (low + high) / 2 / self.steepness, -np.inf)

    def _gain_of_exposures(self, x: FloatArray) -> FloatArray:
        """d log S / d log exposures: above 1, more exposures per fact are worth more than more facts."""
        return self.steepness * self.shape.log_slope(x)

    @property
    def _over_points(self) -> Curve:
        return self.shape.map(lambda of_draw: np.asarray(of_draw)[:, None])
