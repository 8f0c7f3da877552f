"""Worlds with a known truth, to see how often an extrapolation is right: the well-specified one and ways to be wrong.

A world says how log critical exposures move with size and how single sizes scatter about that. Everything else is the
same in all of them: steepness that grows with size, run effects, beta-binomial counts, two seeds at levels a factor
of two apart, as a first sweep has them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.curves import group_exposures
from bayeskisl.inference.simulate import design_curves
from bayeskisl.laws.falls import LOGISTIC, SMOOTH_BREAK, Shape

__all__ = ["DESK", "LABORATORY", "SEEDS", "TARGETS", "WORLDS", "Scale", "Target", "World", "simulate_sweep"]

SIZES = (4, 5, 6)
SEEDS, TARGETS = 2, (10, 100)

# The truth that all worlds share.
_STEEPNESS, _STEEPNESS_EXPONENT = 5.0, 0.3
_LOGISTIC = LOGISTIC.with_values()
_SIGMA_RUN, _CONCENTRATION, _LAPSE, _FLOOR = 0.1, 300.0, 0.01, 0.002

Line = Callable[[FloatArray], FloatArray]
Scatter = Callable[[int, int, np.random.Generator], FloatArray]


@dataclass(frozen=True)
class Scale:
    """Sizes of models, and what they are trained on.

    Parameters
    ----------
    sizes : tuple of tuple of int
        Parameters of four, five and six sizes.
    facts : tuple of int
        Levels.
    tokens, ratio, tokens_per_fact : number
        The same in every run.
    reference : float
        Parameters of a size in the middle.
    half_kept : float
        Facts of which a model of that size keeps half.
    bits_per_fact : float, optional
        What a laboratory knows of its facts.
    """

    sizes: tuple[tuple[int, ...], ...]
    facts: tuple[int, ...]
    tokens: int
    ratio: float
    tokens_per_fact: int
    reference: float
    half_kept: float
    bits_per_fact: float | None = None

    @property
    def at_reference(self) -> float:
        """Log critical exposures at the reference."""
        return self.log_exposures(self.half_kept)

    def log_exposures(self, facts: float) -> float:
        """Log exposures of each of so many facts."""
        return float(np.log(self.ratio * self.tokens / (facts * self.tokens_per_fact)))

    def z(self, params: np.ndarray | float) -> FloatArray:
        """log(params / reference)."""
        return np.log(np.asarray(params) / self.reference)

    def runs(self, params: tuple[int, ...]) -> xr.Dataset:
        """Curves of every level at some sizes, with nothing recalled yet."""
        design = design_curves(
            params=list(params),
            facts=list(self.facts),
            tokens=self.tokens,
            ratio=self.ratio,
            tokens_per_fact=self.tokens_per_fact,
            seeds=SEEDS,
        )
        if self.bits_per_fact is None:
            return design
        return design.assign_coords({schema.BITS_PER_FACT: (schema.RUN, np.full(len(design.run), self.bits_per_fact))})


# Sizes and levels a factor of two apart, budget and ratio of the prototype's sweep.
DESK = Scale(
    sizes=tuple(tuple(6_144 * 2**i for i in range(sizes)) for sizes in SIZES),
    facts=tuple(31 * 2**i for i in range(10)),
    tokens=1_843_200,
    ratio=0.5,
    tokens_per_fact=6,
    reference=24_576,
    half_kept=500,
)

# Ladders of laboratories. Ten million facts of 15 bits are seen 1,000 times in a model of 265M, so that critical
# exposures stay above one at 100 times the largest size in every world.
LABORATORY = Scale(
    sizes=(
        (70_000_000, 160_000_000, 410_000_000, 1_000_000_000),
        (70_000_000, 140_000_000, 265_000_000, 510_000_000, 1_000_000_000),
        (70_000_000, 120_000_000, 200_000_000, 350_000_000, 590_000_000, 1_000_000_000),
    ),
    facts=tuple(500_000 * 2**i for i in range(10)),
    tokens=2_000_000_000_000,
    ratio=0.5,
    tokens_per_fact=100,
    reference=265e6,
    half_kept=10e6,
    bits_per_fact=15.0,
)


@dataclass(frozen=True)
class World:
    """A truth.

    Parameters
    ----------
    name, title : str
    line : callable
        Log critical exposures over those at the reference, against z = log(params / reference).
    scatter : callable
        ``scatter(seen, unseen, rng)``: how far the sizes of the sweep, and after them the targets, lie off the line.
    shape : Shape
        The fall.
    scale : Scale
    """

    name: str
    title: str
    line: Line
    scatter: Scatter
    shape: Shape = _LOGISTIC
    scale: Scale = DESK

    def log_thresholds(self, params: np.ndarray | float) -> FloatArray:
        """Log critical exposures of sizes on the line."""
        return self.scale.at_reference + self.line(self.scale.z(params))

    def steepness(self, params: np.ndarray | float) -> FloatArray:
        """Slope of the fall."""
        return _STEEPNESS * np.exp(_STEEPNESS_EXPONENT * self.scale.z(params))


@dataclass(frozen=True)
class Target:
    """What really happens at the target: one fresh run of a size that scatters off the line like any other.

    Parameters
    ----------
    params : float
    log_threshold : float
        Its log critical exposures, run effect included.
    steepness : float
    world : World
    """

    params: float
    log_threshold: float
    steepness: float
    world: World

    @property
    def log_collapse(self) -> float:
        """Log of the facts of which it keeps half."""
        return self.world.scale.log_exposures(1.0) - self.log_threshold

    def log_admissible(self, keep: float = 0.9) -> float:
        """Log of the facts of which it keeps `keep` of what its ceiling allows."""
        return float(self.log_collapse - self.world.shape.inverse(keep) / self.steepness)


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
    params = np.array(world.scale.sizes[number % len(SIZES)])
    seen, unseen = len(params), len(TARGETS)
    off_line = world.scatter(seen, unseen, rng)
    targets = {
        times: _fresh_run(world, params[-1] * times, off, rng)
        for times, off in zip(TARGETS, off_line[seen:], strict=True)
    }
    design = world.scale.runs(tuple(params.tolist()))
    return design.assign({schema.RECALLED: _recalled(design, world, off_line[:seen], rng)}), targets


def _recalled(design: xr.Dataset, world: World, off_line: FloatArray, rng: np.random.Generator) -> xr.DataArray:
    """Counts, dims ``(run, group)``."""
    params, size = np.unique(design[schema.PARAMS].values, return_inverse=True)
    effect = _SIGMA_RUN * rng.standard_normal(len(size))
    chance = world.shape.retention(
        np.log(group_exposures(design).values[:, 0]),
        (world.log_thresholds(params) + off_line)[size] + effect,
        world.steepness(params)[size],
        _FLOOR,
        1 - _LAPSE,
    )
    share = rng.beta(chance * _CONCENTRATION, (1 - chance) * _CONCENTRATION)
    probed = design[schema.PROBED]
    return probed.copy(data=rng.binomial(probed.values, share[:, None]))


def _fresh_run(world: World, params: float, off_line: float, rng: np.random.Generator) -> Target:
    threshold = world.log_thresholds(params) + off_line + _SIGMA_RUN * rng.standard_normal()
    return Target(float(params), float(threshold), float(world.steepness(params)), world)


def _power(exponent: float) -> Line:
    return lambda z: -exponent * z


def _bent(bend: float) -> Line:
    """log x50 bends by `bend` per squared log unit, so that critical exposures bend the other way."""
    return lambda z: -0.7 * z - bend * z**2


def _turning(small: float, large: float) -> Line:
    """The exponent of small sizes turns into that of large ones over a factor of e about the reference."""
    return lambda z: -small * z - (large - small) * (np.logaddexp(0.0, z) - np.log(2.0))


def _saturating(exponent: float, minimum: float) -> Line:
    """A power law and a minimum of exposures, as shares of critical exposures at the reference, 1 in all."""
    return lambda z: np.log((1 - minimum) * np.exp(-exponent * z) + minimum)


def _crossing(z: FloatArray) -> FloatArray:
    """Capacity-limited (e50 falls as 1/N) below twice the reference, limited by exposures (constant) above."""
    at = np.log(2.0)
    return np.logaddexp(at - z, 0.0) - np.logaddexp(at, 0.0)


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
            World("power-0", "a power of size, no size scatter", _power(0.7), _normal(0.0)),
            World("power-1", "a power of size, size scatter 0.1", _power(0.7), _normal(0.1)),
            World("power-3", "a power of size, size scatter 0.3", _power(0.7), _normal(0.3)),
            World("break", "another shape of the fall", _power(0.7), _normal(0.1), SMOOTH_BREAK.with_values(0.5)),
            World("bend-03", "a bend of -0.03 per squared log unit", _bent(-0.03), _normal(0.1)),
            World("bend-10", "a bend of -0.1 per squared log unit", _bent(-0.1), _normal(0.1)),
            World("crossing", "from capacity- to exposure-limited", _crossing, _normal(0.1)),
            World("heavy-tails", "size scatter with heavy tails", _power(0.7), _heavy_tailed(0.1)),
            World("outlier", "one size lies off by a factor of two", _power(0.7), _one_outlying(0.05, np.log(2.0))),
            World("lab-power", "70M to 1B: a power of size", _power(0.7), _normal(0.1), scale=LABORATORY),
            # 20 exposures of 1,000 at the reference, which are half of all from some 20B on
            World("lab-saturating", "70M to 1B: a minimum of exposures", _saturating(0.9, 0.02), _normal(0.1),
                  scale=LABORATORY),
            # from 0.6 bits per parameter at the reference to 0.9 at 100 times the largest size: capacity allows it
            World("lab-upwards", "70M to 1B: larger models learn ever better", _turning(0.5, 1.15), _normal(0.1),
                  scale=LABORATORY),
            # from 1 bit per parameter at 70M to 2 at 100 times the largest size
            World("lab-capacity", "70M to 1B: capacity binds", _turning(1.4, 1.0), _normal(0.1),
                  scale=replace(LABORATORY, bits_per_fact=40.0)),
        )
    }
)  # fmt: skip
