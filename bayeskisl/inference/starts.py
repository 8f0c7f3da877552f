"""Points from which chains start.

The support point of the priors lies thousands of units of log density below the posterior. A chain that falls from
there can end in an optimum that explains nothing, such as runs that scatter by a factor of 200, and stay in it.

The density has no mode where scatters are small: it grows as all cells draw near to their law and their scatter to
zero, far from where its mass is. With 200 sizes such an end of an ascent is 1,200 units too high, and so steep that a
step of 0.1 off it falls by 40 million. So chains start from ascents that hold the scatters.

A chain of a few dozen sizes starts from the highest of three ascents of its own, with scatters of its own. With
hundreds of sizes two explanations of the same curves are two optima, between which no chain passes, and no number of
draws would tell that one of them hardly counts. So all ascents hold the scatters at one place there, where their
heights compare, and chains start from them in proportion to their densities. From explanations about as likely as each
other chains start alike, and R-hat tells whether they pass. With few sizes such starts leave fewer effective draws: 218
to 529 in a tail where those of their own leave 532 to 628.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, OptimizeResult, minimize

from bayeskisl.arrays import BoolArray, FloatArray

__all__ = ["OF_CHAINS", "Ascents", "ascents", "highest_ascent", "start_of_chain", "turned_back"]

_ValueAndGradient = Callable[[FloatArray], tuple[float, FloatArray]]

# Ascents of all chains. With 200 sizes a third of them end 18 units below the others, in an explanation of weight
# e^-22; or eight in ten, where a few members of an ensemble lay there, from which the coordinates were made. From twice
# as far fewer do, but more stay unfinished. They stop before they have converged, since no chain needs more.
OF_CHAINS, _STEPS = 12, 200

# Ascents of one chain, of which the highest counts: on 360 runs one in twelve ends 400 units below the others.
_OF_A_CHAIN = 3

# How far a start lies off the support point, in turn, and off the end of its ascent, so that chains differ.
_AROUND, _APART = (1.0, 2.0), 0.1

# The depth of places outside the support: an ascent turns back from there.
_DEEPEST = 1e15


@dataclass(frozen=True)
class Ascents:
    """Ends of ascents from around the support point.

    Attributes
    ----------
    ends : numpy.ndarray
        Shape ``(ascent, length)``.
    heights : numpy.ndarray
        Their log densities, shape ``(ascent,)``.
    """

    ends: FloatArray
    heights: FloatArray

    @property
    def highest(self) -> FloatArray:
        """The highest end, ``(length,)``."""
        return self.ends[np.argmax(self.heights)]

    def start_of_chain(self, rng: np.random.Generator) -> FloatArray:
        """Return a place near an end that is chosen in proportion to its density, ``(length,)``."""
        chosen = np.argmax(self.heights + rng.gumbel(size=len(self.heights)))
        return _around(self.ends[chosen], _APART, rng)


def ascents(
    value_and_gradient: _ValueAndGradient,
    support_point: FloatArray,
    rng: np.random.Generator,
    held: BoolArray | bool = False,
    workers: int = 1,
    count: int = OF_CHAINS,
    alike: bool = True,
) -> Ascents:
    """Ascend the density from around the support point.

    Parameters
    ----------
    value_and_gradient : callable
        Log density and gradient ``(length,)`` at a point ``(length,)``, called from several threads.
    support_point : numpy.ndarray
        Shape ``(length,)``.
    held : numpy.ndarray or bool
        Which coordinates stay where an ascent starts, ``(length,)``; by default none.
    workers : int
        Threads.
    count : int
        How many ascents there are.
    alike : bool
        Whether they hold those coordinates at the support point, so that their heights compare.
    """
    depth, reaches = turned_back(value_and_gradient), _AROUND if alike else _AROUND[:1]

    def ascent(start: FloatArray) -> OptimizeResult:
        bounds = Bounds(np.where(held, start, -np.inf), np.where(held, start, np.inf))
        return minimize(depth, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": _STEPS})

    starts = [_around(support_point, reaches[i % len(reaches)], rng) for i in range(count)]
    starts = [np.where(held, support_point, each) for each in starts] if alike else starts
    with ThreadPoolExecutor(workers) as pool:
        found = list(pool.map(ascent, starts))
    return Ascents(np.stack([each.x for each in found]), -np.array([float(each.fun) for each in found]))


def start_of_chain(
    value_and_gradient: _ValueAndGradient,
    support_point: FloatArray,
    rng: np.random.Generator,
    held: BoolArray | bool = False,
) -> FloatArray:
    """Return a place near the `highest_ascent`."""
    return _around(highest_ascent(value_and_gradient, support_point, rng, held), _APART, rng)


def highest_ascent(
    value_and_gradient: _ValueAndGradient,
    support_point: FloatArray,
    rng: np.random.Generator,
    held: BoolArray | bool = False,
    workers: int = 1,
) -> FloatArray:
    """Return the highest end of a few ascents, each with its own place of what is held; see `ascents`."""
    return ascents(value_and_gradient, support_point, rng, held, workers, _OF_A_CHAIN, alike=False).highest


def turned_back(value_and_gradient: _ValueAndGradient) -> _ValueAndGradient:
    """Return minus the log density and its gradient, a wall where they are not finite."""

    def depth(point: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = value_and_gradient(point)
        inside = np.isfinite(value) and np.isfinite(gradient).all()
        return (-value, -gradient) if inside else (_DEEPEST, np.zeros_like(point))

    return depth


def _around(point: FloatArray, far: float, rng: np.random.Generator) -> FloatArray:
    return point + rng.uniform(-far, far, size=len(point))
