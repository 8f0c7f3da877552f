"""Worlds with a known truth, to see how often an extrapolation is right: the well-specified one and ways to be wrong.

A world says how log critical exposures move with size and how single sizes scatter about that. Everything else is the
same in all of them: steepness that grows with size, run effects, beta-binomial counts, two seeds at levels a factor
of two apart, as a first sweep has them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.curves import group_exposures
from bayeskisl.inference.simulate import design_curves
from bayeskisl.laws.falls import LOGISTIC, SMOOTH_BREAK, Shape

__all__ = ["TARGETS", "WORLDS", "Target", "World", "simulate_sweep"]

# The design: sizes a factor of two apart, facts a factor of two apart, budget and ratio of the prototype's sweep.
SMALLEST, STEP = 6_144, 2.0
SIZES = (4, 5, 6)
FACTS = tuple(31 * 2**i for i in range(10))
TOKENS, RATIO, TOKENS_PER_FACT, SEEDS = 1_843_200, 0.5, 6, 2
TARGETS = (10, 100)

# The truth that all worlds share. Half of 500 facts are kept at the reference, the middle of the sizes on a log scale.
REFERENCE = 24_576
AT_REFERENCE = np.log(TOKENS * RATIO / (500 * TOKENS_PER_FACT))
_EXPONENT, _STEEPNESS, _STEEPNESS_EXPONENT = 0.7, 5.0, 0.3
_LOGISTIC = LOGISTIC.with_values()
_SIGMA_RUN, _CONCENTRATION, _LAPSE, _FLOOR = 0.1, 300.0, 0.01, 0.002

Line = Callable[[FloatArray], FloatArray]
Scatter = Callable[[int, int, np.random.Generator], FloatArray]


@dataclass(frozen=True)
class World:
    """A truth.

    Parameters
    ----------
    name, title : str
    line : callable
        log critical exposures, against z = log(params / reference).
    scatter : callable
        ``scatter(seen, unseen, rng)``: how far the sizes of the sweep, and after them the targets, lie off the line.
    shape : Shape
        The fall.
    """

    name: str
    title: str
    line: Line
    scatter: Scatter
    shape: Shape = _LOGISTIC


@dataclass(frozen=True)
class Target:
    """What really happens at the target: one fresh run of a size that scatters off the line like any other.

    Parameters
    ----------
    params : float
    log_threshold : float
        Its log critical exposures, run effect included.
    steepness : float
    shape : Shape
        The fall.
    """

    params: float
    log_threshold: float
    steepness: float
    shape: Shape

    @property
    def log_collapse(self) -> float:
        """Log of the facts of which it keeps half."""
        return float(np.log(RATIO * TOKENS / TOKENS_PER_FACT) - self.log_threshold)

    def log_admissible(self, keep: float = 0.9) -> float:
        """Log of the facts of which it keeps `keep` of what its ceiling allows."""
        return float(self.log_collapse - self.shape.inverse(keep) / self.steepness)


def simulate_sweep(world: World, number: int, seed: int = 0) -> tuple[xr.Dataset, dict[int, Target]]:
    """One sweep in a world, and what happens at the targets, 10 and 100 times the largest size.

    Parameters
    ----------
    world : World
    number : int
        Of the simulation; it decides the number of sizes, so that all are equally frequent.
    seed : int
        Of the whole study.

    Returns
    -------
    curves : xarray.Dataset
    targets : dict
        By how many times larger than the largest size.
    """
    rng = np.random.default_rng([seed, number, *world.name.encode()])
    sizes = SIZES[number % len(SIZES)]
    params = np.round(SMALLEST * STEP ** np.arange(sizes)).astype(int)
    design = design_curves(
        params=params.tolist(),
        facts=list(FACTS),
        tokens=TOKENS,
        ratio=RATIO,
        tokens_per_fact=TOKENS_PER_FACT,
        seeds=SEEDS,
    )
    off_line = world.scatter(sizes, len(TARGETS), rng)
    thresholds = world.line(_z(params)) + off_line[:sizes]
    targets = {
        times: _fresh_run(world, params[-1] * times, off, rng)
        for times, off in zip(TARGETS, off_line[sizes:], strict=True)
    }
    return design.assign({schema.RECALLED: _recalled(design, params, thresholds, world.shape, rng)}), targets


def _recalled(
    design: xr.Dataset, params: np.ndarray, thresholds: FloatArray, shape: Shape, rng: np.random.Generator
) -> xr.DataArray:
    """Counts, dims ``(run, group)``."""
    size = np.searchsorted(params, design[schema.PARAMS].values)
    effect = _SIGMA_RUN * rng.standard_normal(len(size))
    chance = shape.retention(
        np.log(group_exposures(design).values[:, 0]),
        thresholds[size] + effect,
        _steepness(params)[size],
        _FLOOR,
        1 - _LAPSE,
    )
    share = rng.beta(chance * _CONCENTRATION, (1 - chance) * _CONCENTRATION)
    probed = design[schema.PROBED]
    return probed.copy(data=rng.binomial(probed.values, share[:, None]))


def _fresh_run(world: World, params: float, off_line: float, rng: np.random.Generator) -> Target:
    threshold = world.line(_z(params)) + off_line + _SIGMA_RUN * rng.standard_normal()
    return Target(float(params), float(threshold), float(_steepness(params)), world.shape)


def _z(params: np.ndarray | float) -> FloatArray:
    return np.log(np.asarray(params) / REFERENCE)


def _steepness(params: np.ndarray | float) -> FloatArray:
    return _STEEPNESS * np.exp(_STEEPNESS_EXPONENT * _z(params))


def _power(z: FloatArray) -> FloatArray:
    return AT_REFERENCE - _EXPONENT * z


def _bent(bend: float) -> Line:
    """log x50 bends by `bend` per squared log unit, so that critical exposures bend the other way."""
    return lambda z: _power(z) - bend * z**2


def _crossing(z: FloatArray) -> FloatArray:
    """Capacity-limited (e50 falls as 1/N) below twice the reference, limited by exposures (constant) above."""
    at = np.log(2.0)
    return AT_REFERENCE + np.logaddexp(at - z, 0.0) - np.logaddexp(at, 0.0)


def _normal(tau: float) -> Scatter:
    return lambda seen, unseen, rng: tau * rng.standard_normal(seen + unseen)


def _heavy_tailed(tau: float) -> Scatter:
    """Student's t with 2 degrees of freedom."""
    return lambda seen, unseen, rng: tau * rng.standard_t(2, size=seen + unseen)


def _one_outlying(tau: float, far: float) -> Scatter:
    """One of the sizes of the sweep, never the target, lies `far` off, on either side."""

    def scatter(seen: int, unseen: int, rng: np.random.Generator) -> FloatArray:
        off_line = tau * rng.standard_normal(seen + unseen)
        off_line[rng.integers(seen)] += far * rng.choice([-1.0, 1.0])
        return off_line

    return scatter


WORLDS = MappingProxyType(
    {
        world.name: world
        for world in (
            World("power-0", "the law is right, no size scatter", _power, _normal(0.0)),
            World("power-1", "the law is right, size scatter 0.1", _power, _normal(0.1)),
            World("power-3", "the law is right, size scatter 0.3", _power, _normal(0.3)),
            World("break", "another shape of the fall", _power, _normal(0.1), shape=SMOOTH_BREAK.with_values(0.5)),
            World("bend-03", "a bend of -.03 per squared log unit", _bent(-0.03), _normal(0.1)),
            World("bend-10", "a bend of -.1 per squared log unit", _bent(-0.1), _normal(0.1)),
            World("crossing", "from capacity- to exposure-limited", _crossing, _normal(0.1)),
            World("heavy-tails", "size scatter with heavy tails", _power, _heavy_tailed(0.1)),
            World("outlier", "one size lies off by a factor of two", _power, _one_outlying(0.05, np.log(2.0))),
        )
    }
)
