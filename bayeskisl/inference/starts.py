"""Points from which chains start.

The support point of the priors lies thousands of units of log density below the posterior. A chain that falls from
there can end in an optimum that explains nothing, such as runs that scatter by a factor of 200, and stay in it.
"""

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize

from bayeskisl.arrays import FloatArray

__all__ = ["start_of_chain"]

# Ascents of which the highest counts: on 360 runs one ascent in twelve ends 400 units below the others. They stop
# before they have converged, since no chain needs more.
_ASCENTS, _STEPS = 3, 200

# How far a start lies off the support point, and off the end of its ascent, so that chains differ.
_AROUND, _APART = 1.0, 0.1

# The depth of places outside the support: an ascent turns back from there.
_DEEPEST = 1e15


def start_of_chain(
    value_and_gradient: Callable[[FloatArray], tuple[float, FloatArray]],
    support_point: FloatArray,
    rng: np.random.Generator,
) -> FloatArray:
    """Return the start of a chain: near the highest end of a few ascents from around the support point.

    Parameters
    ----------
    value_and_gradient : callable
        Log density and gradient ``(length,)`` at a point ``(length,)``.
    support_point : numpy.ndarray
        Shape ``(length,)``.
    """

    def depth(point: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = value_and_gradient(point)
        inside = np.isfinite(value) and np.isfinite(gradient).all()
        return (-value, -gradient) if inside else (_DEEPEST, np.zeros_like(point))

    def around(point: FloatArray, far: float) -> FloatArray:
        return point + rng.uniform(-far, far, size=len(point))

    ascents = [
        minimize(depth, around(support_point, _AROUND), jac=True, method="L-BFGS-B", options={"maxiter": _STEPS})
        for _ in range(_ASCENTS)
    ]
    return around(min(ascents, key=lambda each: float(each.fun)).x, _APART)
