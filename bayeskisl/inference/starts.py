"""Points from which chains start.

The support point of the priors lies thousands of units of log density below the posterior. A chain that falls from
there can end in an optimum that explains nothing, such as runs that scatter by a factor of 200, and stay in it.

The density has no mode where scatters are small: it grows as all cells draw near to their law and their scatter to
zero, far from where its mass is. With 200 sizes such an end of an ascent is 1,200 units too high, and so steep that a
step of 0.1 off it falls by 40 million. So chains start from ascents that hold the scatters.

Two explanations of the same curves are two optima, between which no chain may pass, and far more draws would not tell
that one of them hardly counts. Ascents of one chain hold the scatters at one place, so that their heights compare, and
the chain starts from one of them in proportion to its density: from explanations about as likely as each other chains
start alike, and R-hat tells whether they pass.
"""

from collections.abc import Callable

import numpy as np
from scipy.optimize import Bounds, OptimizeResult, minimize

from bayeskisl.arrays import BoolArray, FloatArray

__all__ = ["highest_ascent", "start_of_chain", "turned_back"]

_ValueAndGradient = Callable[[FloatArray], tuple[float, FloatArray]]

# Ascents of a chain. With 200 sizes one in four ends 18 units below the others, in an explanation of weight e^-22. All
# three of a chain would end there for one chain in 64, all five for one in 1,000. They stop before they have converged,
# since no chain needs more.
_ASCENTS, _STEPS = 5, 200

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
    """Return the start of a chain: near the end of one of a few ascents, chosen in proportion to its density.

    Parameters
    ----------
    value_and_gradient : callable
        Log density and gradient ``(length,)`` at a point ``(length,)``.
    support_point : numpy.ndarray
        Shape ``(length,)``.
    held : numpy.ndarray or bool
        Which coordinates stay at one place, near the support point, during all ascents, ``(length,)``; by default none.
    """
    ends, heights = _ascents(value_and_gradient, support_point, rng, held)
    chosen = np.argmax(heights + rng.gumbel(size=len(heights)))
    return _around(ends[chosen], _APART, rng)


def highest_ascent(
    value_and_gradient: _ValueAndGradient, support_point: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """Return the highest end of a few ascents from around the support point; parameters as of `start_of_chain`."""
    ends, heights = _ascents(value_and_gradient, support_point, rng)
    return ends[np.argmax(heights)]


def turned_back(value_and_gradient: _ValueAndGradient) -> _ValueAndGradient:
    """Return minus the log density and its gradient, a wall where they are not finite."""

    def depth(point: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = value_and_gradient(point)
        inside = np.isfinite(value) and np.isfinite(gradient).all()
        return (-value, -gradient) if inside else (_DEEPEST, np.zeros_like(point))

    return depth


def _ascents(
    value_and_gradient: _ValueAndGradient,
    support_point: FloatArray,
    rng: np.random.Generator,
    held: BoolArray | bool = False,
) -> tuple[list[FloatArray], FloatArray]:
    """Return the ends of ascents from around the support point, and their log densities ``(ascent,)``."""
    depth, place = turned_back(value_and_gradient), _around(support_point, _AROUND, rng)
    bounds = Bounds(np.where(held, place, -np.inf), np.where(held, place, np.inf))

    def ascent() -> OptimizeResult:
        start = np.where(held, place, _around(support_point, _AROUND, rng))
        return minimize(depth, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": _STEPS})

    ascents = [ascent() for _ in range(_ASCENTS)]
    return [each.x for each in ascents], -np.array([float(each.fun) for each in ascents])


def _around(point: FloatArray, far: float, rng: np.random.Generator) -> FloatArray:
    return point + rng.uniform(-far, far, size=len(point))
