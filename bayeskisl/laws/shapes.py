"""The fall of retention: the share of (ceiling - floor) that is kept, against scaled log exposures.

One family holds every shape: a power of exposures that turns to its ceiling at a smooth break (arXiv 2210.14891, one
break, no offset), parametrised by its half-point and its slope there, so that thresholds and steepness mean the same
whatever its asymmetry. Each function is written once, in terms of an array namespace, and serves NumPy, PyTensor and
JAX alike.
"""

import math
from typing import Any

import numpy as np

__all__ = ["SYMMETRIC", "inverse_share", "retention", "share_kept", "slope_of_share"]

Array = Any  # of NumPy, PyTensor or JAX

# The asymmetry of the logistic.
SYMMETRIC = 1.0

_LOG_HALF = math.log(0.5)

# A share of exp(-60) is far below any floor; exp(600) and its products are far from overflow.
_FARTHEST, _STEEPEST = 60.0, 600.0


def share_kept(x: Array, asymmetry: Array = SYMMETRIC, xp: Any = np) -> Array:
    """Share kept, (1 + a exp(-b x))^-asymmetry: rising in x, one half at zero, where its slope is 1/4.

    Parameters
    ----------
    x : array
        steepness * (log exposures - log critical exposures).
    asymmetry : array
        Positive; 1 is the logistic. Below it retention turns to its ceiling abruptly and rises slowly before, as a
        power of exposures; above it the turn is gentle and the rise sudden.
    xp : module
        The array namespace: `numpy`, `pytensor.tensor` or `jax.numpy`.

    Notes
    -----
    a = 2^(1/asymmetry) - 1 puts the half-point at zero, and b = 1 / (2 asymmetry (1 - 2^(-1/asymmetry))) makes the
    slope there 1/4, as that of the logistic.
    """
    if _is_symmetric(asymmetry):
        return 1 / (1 + xp.exp(-xp.clip(x, -_FARTHEST, _FARTHEST)))
    # not log1p: compilers have no vectors of it, and where the two differ nearly everything is kept
    return xp.exp(-asymmetry * xp.log(1 + _odds_against(x, asymmetry, xp)))


def slope_of_share(x: Array, asymmetry: Array = SYMMETRIC, xp: Any = np) -> Array:
    """Derivative of `share_kept` with respect to x."""
    odds = _odds_against(x, asymmetry, xp)
    return asymmetry * _rate(asymmetry, xp) * share_kept(x, asymmetry, xp) * odds / (1 + odds)


def inverse_share(share: Array, asymmetry: Array = SYMMETRIC, xp: Any = np) -> Array:
    """The x at which a share in (0, 1) is kept."""
    return (_log_odds_at(_LOG_HALF, asymmetry, xp) - _log_odds_at(xp.log(share), asymmetry, xp)) / _rate(asymmetry, xp)


def retention(
    log_exposures: Array,
    log_critical_exposures: Array,
    steepness: Array,
    floor: Array,
    ceiling: Array,
    asymmetry: Array = SYMMETRIC,
    xp: Any = np,
) -> Array:
    """Probability of recall, floor + (ceiling - floor) S(k (u - log e50)), S as `share_kept`.

    Parameters
    ----------
    log_exposures, log_critical_exposures, steepness, floor, ceiling, asymmetry : array
        Arrays of `xp` that broadcast against each other; exposures are counts, the logs natural. Critical exposures of
        zero, whose log is minus infinity, are the null in which nothing is ever lost.
    xp : module
        The array namespace.
    """
    return floor + (ceiling - floor) * share_kept(steepness * (log_exposures - log_critical_exposures), asymmetry, xp)


def _is_symmetric(asymmetry: Array) -> bool:
    """Whether it is known to be; an array that happens to be is not asked."""
    return isinstance(asymmetry, float) and asymmetry == SYMMETRIC


def _odds_against(x: Array, asymmetry: Array, xp: Any) -> Array:
    """a exp(-b x)."""
    return xp.exp(xp.clip(_log_odds_at(_LOG_HALF, asymmetry, xp) - _rate(asymmetry, xp) * x, -_STEEPEST, _STEEPEST))


def _log_odds_at(log_share: Array, asymmetry: Array, xp: Any) -> Array:
    """log(share^(-1/asymmetry) - 1), as a sum that does not overflow; at a half, log a."""
    against = -log_share / asymmetry
    return against + xp.log(1 - xp.exp(-against))


def _rate(asymmetry: Array, xp: Any) -> Array:
    """b."""
    return 1 / (2 * asymmetry * (1 - xp.exp(_LOG_HALF / asymmetry)))
