"""Shapes of the fall: the share of (ceiling - floor) that is kept, against scaled log exposures.

Every shape is parametrised by its half-point, so that thresholds compare across shapes. Each is written once, in
terms of an array namespace, and serves NumPy, PyTensor and JAX alike.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

__all__ = ["SHAPES", "Shape", "retention"]

Array = Any  # of NumPy, PyTensor or JAX

# exp(60) is far from overflow, and a share of exp(-60) is far below any floor.
_FARTHEST = 60.0


@dataclass(frozen=True)
class Shape:
    """One shape of the fall.

    Parameters
    ----------
    name : str
        As the law file spells it.
    kept : callable
        ``kept(x, xp)``: the share kept at ``x = steepness * (log exposures - log critical exposures)``, rising, one
        half at zero; `xp` is the array namespace (`numpy`, `pytensor.tensor` or `jax.numpy`).
    slope : callable
        ``slope(x, xp)``: the derivative of `kept` with respect to x.
    inverse : callable
        ``inverse(share)``: the x at which a share in (0, 1) is kept.
    falls : bool
        False for the null, in which nothing is ever lost and no threshold means anything.
    """

    name: str
    kept: Callable[[Array, Any], Array]
    slope: Callable[[Array, Any], Array]
    inverse: Callable[[float], float]
    falls: bool = True


def _logistic(x: Array, xp: Any) -> Array:
    return 1 / (1 + xp.exp(-xp.clip(x, -_FARTHEST, _FARTHEST)))


def _logistic_slope(x: Array, xp: Any) -> Array:
    kept = _logistic(x, xp)
    return kept * (1 - kept)


def _logit(share: float) -> float:
    return math.log(share) - math.log1p(-share)


def _broken(bend: float) -> Shape:
    """A smoothly broken power law of exposures, S = (1 + a e^(-b x))^-bend (arXiv 2210.14891, one break, no offset).

    Retention rises as a power of exposures and turns to its ceiling, the more abruptly the smaller `bend`; 1 is the
    logistic. a = 2^(1/bend) - 1 puts the half-point at zero, and b = 1 / (2 bend (1 - 2^(-1/bend))) makes the slope
    there 1/4, as that of the logistic, so that thresholds and steepness mean the same under both.
    """
    a, b = 2 ** (1 / bend) - 1, 1 / (2 * bend * (1 - 2 ** (-1 / bend)))

    def kept(x: Array, xp: Any) -> Array:
        return xp.exp(-bend * xp.log1p(a * xp.exp(-b * xp.clip(x, -_FARTHEST, _FARTHEST))))

    def slope(x: Array, xp: Any) -> Array:
        share = kept(x, xp)
        return bend * b * share * (1 - share ** (1 / bend))

    def inverse(share: float) -> float:
        return -math.log((share ** (-1 / bend) - 1) / a) / b

    return Shape("break", kept, slope, inverse)


_NONE = Shape("none", lambda x, xp: 1.0 + 0.0 * x, lambda x, xp: 0.0 * x, inverse=lambda share: -math.inf, falls=False)

# The break's bend: see LOG.md, 2026-11-24.
SHAPES = MappingProxyType(
    {"logistic": Shape("logistic", _logistic, _logistic_slope, _logit), "break": _broken(0.5), "none": _NONE}
)


def retention(
    shape: Shape,
    log_exposures: Array,
    log_critical_exposures: Array,
    steepness: Array,
    floor: Array,
    ceiling: Array,
    xp: Any = np,
) -> Array:
    """Probability of recall, floor + (ceiling - floor) S(k (u - log e50)).

    Parameters
    ----------
    shape : Shape
        S.
    log_exposures, log_critical_exposures, steepness, floor, ceiling : array
        Arrays of `xp` that broadcast against each other; exposures are counts, the logs natural.
    xp : module
        The array namespace.
    """
    return floor + (ceiling - floor) * shape.kept(steepness * (log_exposures - log_critical_exposures), xp)
