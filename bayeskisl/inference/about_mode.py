"""Draws near the mode of a log density: a normal about it, corrected by importance.

The normal is that of Laplace's method (Tierney & Kadane 1986, doi:10.1080/01621459.1986.10478240). Candidates with
wider tails than its own are resampled in proportion to a power of their importance, one where that leaves enough of
them; in many dimensions it would leave a few, and a smaller power leaves more of the normal.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from scipy.optimize import minimize

from bayeskisl.arrays import FloatArray
from bayeskisl.inference.starts import highest_ascent, turned_back
from bayeskisl.inference.tempering import largest_power, resampled

__all__ = ["draws_about_mode"]

# Candidates for each draw, and degrees of freedom of their Student's t. The share of candidates that stays effective.
_CANDIDATES, _DEGREES, _EFFECTIVE = 6, 8.0, 0.05

# The ascent to the mode has converged long before; half of the span over which a gradient is differenced.
_MOST_STEPS, _HALF_SPAN = 2000, 1e-4

# Along a direction without curvature, or with a wrong one, candidates lie two units apart: those of a standard normal
# coordinate whose data say little.
_LEAST_CURVATURE = 0.25

_ValueAndGradient = Callable[[FloatArray], tuple[float, FloatArray]]


def draws_about_mode(
    value_and_gradient: _ValueAndGradient,
    support_point: FloatArray,
    count: int,
    rng: np.random.Generator,
    workers: int = 1,
) -> FloatArray:
    """Return draws near the mode, some of them equal, in random order.

    Parameters
    ----------
    value_and_gradient : callable
        Log density and gradient ``(length,)`` at a point ``(length,)``, called from several threads.
    support_point : numpy.ndarray
        Shape ``(length,)``; ascents start around it.
    count : int
        Number of draws.
    workers : int
        Threads.

    Returns
    -------
    numpy.ndarray
        Shape ``(draw, length)``.
    """
    start = highest_ascent(value_and_gradient, support_point, rng, workers=workers)
    mode = minimize(
        turned_back(value_and_gradient), start, jac=True, method="L-BFGS-B", options={"maxiter": _MOST_STEPS}
    ).x
    number = _CANDIDATES * count
    offsets = rng.standard_normal((number, len(mode)))
    offsets *= np.sqrt(_DEGREES / rng.chisquare(_DEGREES, (number, 1)))
    offsets[0] = 0.0  # so that one candidate lies inside the support
    candidates = mode + offsets @ _root_of_covariance(value_and_gradient, mode).T
    of_proposal = -0.5 * (_DEGREES + len(mode)) * np.log1p(np.sum(offsets**2, axis=1) / _DEGREES)
    with ThreadPoolExecutor(workers) as pool:
        parts = np.array_split(candidates, workers)
        heights = np.concatenate(list(pool.map(lambda part: _heights(value_and_gradient, part), parts)))
    importance = heights - of_proposal
    inside = np.isfinite(importance)
    importance, candidates = importance[inside], candidates[inside]
    power = largest_power(importance, 1.0, _EFFECTIVE)
    chosen = resampled(power * importance, count, rng)
    return rng.permutation(candidates[chosen])


def _heights(value_and_gradient: _ValueAndGradient, points: FloatArray) -> FloatArray:
    return np.array([value_and_gradient(point)[0] for point in points])


def _root_of_covariance(value_and_gradient: _ValueAndGradient, mode: FloatArray) -> FloatArray:
    """Return a root of the inverse of minus the Hessian, which central differences of the gradient give."""
    steps = _HALF_SPAN * np.eye(len(mode))
    rise = [value_and_gradient(mode + step)[1] - value_and_gradient(mode - step)[1] for step in steps]
    hessian = np.array(rise) / (2 * _HALF_SPAN)
    curvature, directions = np.linalg.eigh(-(hessian + hessian.T) / 2)
    return directions / np.sqrt(np.maximum(curvature, _LEAST_CURVATURE))
