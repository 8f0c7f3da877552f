"""The smooth break: a power of exposures that bends to its ceiling with an adjustable sharpness.

Broken neural scaling laws (arXiv 2210.14891) with one break and no offset, parametrised by the half-point and the slope
there.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayeskisl.laws.falls.fall import Array, Fall, Parameter
from bayeskisl.laws.priors import LogNormalPrior

__all__ = ["SMOOTH_BREAK", "SmoothBreak"]

# Median 1, the logistic, and from 0.37 to 2.7 in 90 %.
_ASYMMETRY = Parameter("asymmetry", LogNormalPrior(median=1.0, log_sd=0.6))

_LOG_HALF = math.log(0.5)

# exp(600) = 1e260 and its products with numbers of ordinary size are far from overflow, at 1.8e308.
_STEEPEST = 600.0


@dataclass(frozen=True)
class SmoothBreak(Fall):
    """S(x) = (1 + a exp(-b x))^-s with asymmetry s.

    An asymmetry of 1 is the logistic. Below it retention turns to its ceiling abruptly and rises slowly before, as a
    power of exposures; above it the turn is gentle and the rise sudden.

    Notes
    -----
    a = 2^(1/s) - 1 puts the half-point at zero. The slope there, s b a (1 + a)^(-s - 1) = s b (1 - 2^(-1/s)) / 2, is
    1/4 where b = 1 / (2 s (1 - 2^(-1/s))).
    """

    name: str = "break"
    title: str = "a power of exposures that turns to its ceiling at a smooth break"
    parameters: tuple[Parameter, ...] = (_ASYMMETRY,)

    def share(self, x: Array, own: tuple[Array, ...], xp: Any = np) -> Array:
        """See `Fall.share`."""
        (asymmetry,) = own
        # not log1p: compilers have no vectors of it, and where the two differ nearly everything is kept
        return xp.exp(-asymmetry * xp.log(1 + self._odds_against(x, asymmetry, xp)))

    def log_slope(self, x: Array, own: tuple[Array, ...], xp: Any = np) -> Array:
        """Return s b a exp(-b x) / (1 + a exp(-b x))."""
        (asymmetry,) = own
        odds = self._odds_against(x, asymmetry, xp)
        return asymmetry * self._rate(asymmetry, xp) * odds / (1 + odds)

    def inverse(self, share: Array, own: tuple[Array, ...], xp: Any = np) -> Array:
        """See `Fall.inverse`."""
        (asymmetry,) = own
        ahead = self._log_odds_at(_LOG_HALF, asymmetry, xp) - self._log_odds_at(xp.log(share), asymmetry, xp)
        return ahead / self._rate(asymmetry, xp)

    def _odds_against(self, x: Array, asymmetry: Array, xp: Any) -> Array:
        """a exp(-b x)."""
        log_odds = self._log_odds_at(_LOG_HALF, asymmetry, xp) - self._rate(asymmetry, xp) * x
        return xp.exp(xp.clip(log_odds, -_STEEPEST, _STEEPEST))

    def _log_odds_at(self, log_share: Array, asymmetry: Array, xp: Any) -> Array:
        """log(share^(-1/s) - 1), as a sum that does not overflow; at a half, log a."""
        against = -log_share / asymmetry
        return against + xp.log(1 - xp.exp(-against))

    def _rate(self, asymmetry: Array, xp: Any) -> Array:
        """b."""
        return 1 / (2 * asymmetry * (1 - xp.exp(_LOG_HALF / asymmetry)))


SMOOTH_BREAK = SmoothBreak()
