"""Draws from a small posterior that may have several modes, by sequential Monte Carlo along a tempered likelihood.

Del Moral, Doucet & Jasra 2006, doi:10.1111/j.1467-9868.2006.00553.x. Members start in the prior, where all modes are
one body, and settle in each as the likelihood counts more; resampling gives each mode its weight. They move by
differences of two other members (ter Braak 2006, doi:10.1007/s11222-006-8769-1), which have the posterior's scales and
directions.
"""

from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq

from bayeskisl.arrays import FloatArray
from bayeskisl.resampling import systematic

__all__ = ["MOST_DIMENSIONS", "Draws", "largest_power", "moved", "resampled", "tempered_draws"]

# An ensemble knows the posterior of a normal of so many dimensions to a few per cent of its standard deviations; of 30
# dimensions, those of many domains, it misses a tenth.
MOST_DIMENSIONS = 20

# Each step of the temperature leaves half of the members effective. Members then move until each has accepted so many
# proposals in the mean, or until that many were made. With half as many the weights of two peaks scatter by 0.03
# between ensembles, with these by 0.01.
_EFFECTIVE, _ACCEPTED, _PROPOSALS = 0.5, 8.0, 60

# Every so many-th proposal is a whole difference of two members, which leads from one mode to another.
_WHOLE = 5

# Places ``(member, dimension)`` and their log likelihoods ``(member,)``.
Draws = tuple[FloatArray, FloatArray]


def tempered_draws(
    log_likelihood: Callable[[FloatArray], FloatArray], dimensions: int, members: int, rng: np.random.Generator
) -> Draws:
    """Draw from the posterior under a standard normal prior.

    Parameters
    ----------
    log_likelihood : callable
        Log likelihood ``(member,)`` of places ``(member, dimension)``.

    Returns
    -------
    places : numpy.ndarray
        Equally weighted, shape ``(member, dimension)``.
    heights : numpy.ndarray
        Their log likelihoods, shape ``(member,)``.
    """
    places = rng.standard_normal((members, dimensions))
    heights = log_likelihood(places)
    power = 0.0
    while power < 1:
        step = largest_power(heights, 1 - power, _EFFECTIVE)
        power = min(1.0, power + step)
        chosen = resampled(step * heights, members, rng)
        places, heights = moved((places[chosen], heights[chosen]), log_likelihood, rng, power)
    return places, heights


def largest_power(heights: FloatArray, rest: float, share: float) -> float:
    """Return the largest power of weights, at most `rest`, that leaves a share of them effective.

    Parameters
    ----------
    heights : numpy.ndarray
        Logarithms of the weights, shape ``(member,)``.
    rest : float
        Positive.
    share : float
        The effective number of members, (sum w)^2 / sum w^2, over their number.
    """
    off = heights - heights.max()

    def excess(power: float) -> float:
        weights = np.exp(power * off)
        return float(weights.sum() ** 2 / np.sum(weights**2) / len(weights) - share)

    return rest if excess(rest) >= 0 else float(brentq(excess, 0.0, rest))


def resampled(log_weights: FloatArray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return `count` indices by systematic resampling."""
    return systematic(np.exp(log_weights - log_weights.max()), count, rng.random())


def moved(
    start: Draws, log_likelihood: Callable[[FloatArray], FloatArray], rng: np.random.Generator, power: float = 1.0
) -> Draws:
    """Move the members so that they keep the posterior of a power of the likelihood.

    Parameters
    ----------
    start : tuple of numpy.ndarray
        Places and log likelihoods, as `tempered_draws` returns them.
    log_likelihood : callable
        As for `tempered_draws`.
    power : float
        In (0, 1].
    """
    places, heights = (each.copy() for each in start)
    count, dimensions = places.shape
    accepted = 0.0
    for number in range(1, _PROPOSALS + 1):
        first, second = rng.permutation(count), rng.permutation(count)
        # the best scale of such a difference in a normal posterior; a third of it where the posterior is narrower
        best = 2.38 / np.sqrt(2 * dimensions) * rng.choice([1 / 3, 1.0], (count, 1))
        scale = 1.0 if number % _WHOLE == 0 else best
        proposed = places + scale * (places[first] - places[second])
        there = log_likelihood(proposed)
        gain = power * (there - heights) - 0.5 * np.sum(proposed**2 - places**2, axis=1)
        better = np.log(rng.random(count)) < gain
        places[better], heights[better] = proposed[better], there[better]
        accepted += float(better.mean())
        if accepted >= _ACCEPTED:
            break
    return places, heights
