"""Points from which chains start.

The support point of the priors lies thousands of units of log density below the posterior. A chain that falls from
there can end in an optimum that explains nothing, such as runs that scatter by a factor of 200, and stay in it.

The density has no mode where scatters are small: it grows as all cells draw near to their law and their scatter to
zero, far from where its mass is. With 200 sizes such an end of an ascent is 1,200 units too high, and so steep that a
step of 0.1 off it falls by 40 million. So chains start from ascents that hold the scatters.
"""

from collections.abc import Callable

import numpy as np
from scipy.optimize import Bounds, OptimizeResult, minimize

from bayeskisl.arrays import BoolArray, FloatArray

__all__ = ["highest_ascent", "start_of_chain", "turned_back"]

_ValueAndGradient = Callable[[FloatArray], tuple[float, FloatArray]]

# Ascents of which the highest counts: on 360 runs one ascent in twelve ends 400 units below the others. They stop
# before they have converged, since no chain needs more.
_ASCENTS, _STEPS = 3, 200

# How far a start lies off the support point, and off the end of its ascent, so that chains differ.
_AROUND, _APART = 1.0, 0.1

# The depth of places outside the support: an ascent turns back from there.
_DEEPEST = 1e15


def start_of_chain(
    value_and_gradient: _ValueAndGradient,
    support_point: FloatArray,
    rng: np.random.Generator,
    held: BoolArray | bool = False,
) -> FloatArray:
    """Return the start of a chain: near the `highest_ascent`."""
    return _around(highest_ascent(value_and_gradient, support_point, rng, held), _APART, rng)


def highest_ascent(
    value_and_gradient: _ValueAndGradient,
    support_point: FloatArray,
    rng: np.random.Generator,
    held: BoolArray | bool = False,
) -> FloatArray:
    """Return the highest end of a few ascents from around the support point.

    Parameters
    ----------
    value_and_gradient : callable
        Log density and gradient ``(length,)`` at a point ``(length,)``.
    support_point : numpy.ndarray
        Shape ``(length,)``.
    held : numpy.ndarray or bool
        Which coordinates stay where an ascent starts, ``(length,)``; by default none.
    """
    depth = turned_back(value_and_gradient)

    def ascent(start: FloatArray) -> OptimizeResult:
        bounds = Bounds(np.where(held, start, -np.inf), np.where(held, start, np.inf))
        return minimize(depth, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": _STEPS})

    ascents = [ascent(_around(support_point, _AROUND, rng)) for _ in range(_ASCENTS)]
    return min(ascents, key=lambda each: float(each.fun)).x


def turned_back(value_and_gradient: _ValueAndGradient) -> _ValueAndGradient:
    """Return minus the log density and its gradient, a wall where they are not finite."""

    def depth(point: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = value_and_gradient(point)
        inside = np.isfinite(value) and np.isfinite(gradient).all()
        return (-value, -gradient) if inside else (_DEEPEST, np.zeros_like(point))

    return depth


def _around(point: FloatArray, far: float, rng: np.random.Generator) -> FloatArray:
    return point + rng.uniform(-far, far, size=len(point))
