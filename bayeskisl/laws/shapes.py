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
    """

    name: str
    kept: Callable[[Array, Any], Array]
    slope: Callable[[Array, Any], Array]
    inverse: Callable[[float], float]


def _logistic(x: Array, xp: Any) -> Array:
    return 1 / (1 + xp.exp(-xp.clip(x, -_FARTHEST, _FARTHEST)))


def _logistic_slope(x: Array, xp: Any) -> Array:
    kept = _logistic(x, xp)
    return kept * (1 - kept)


def _logit(share: float) -> float:
    return math.log(share) - math.log1p(-share)


SHAPES = MappingProxyType({"logistic": Shape("logistic", _logistic, _logistic_slope, _logit)})


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
