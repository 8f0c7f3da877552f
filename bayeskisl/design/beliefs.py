"""Beliefs of a posterior about untrained cells: particles, and their knowledge of the size law.

A particle is one posterior draw together with a fresh threshold and steepness for every cell that it is asked about.
Given its thresholds, the size law's coefficients are Gaussian (`bayeskisl.inference.coefficients`), so the target's
mean follows in closed form: the noise of drawing coefficients never enters the value of a run.

All of it is about one probe group, the one that over-infusion harms: the infused of an amount sweep, the background of
a ratio or dose. Of the infused facts of a ratio or dose it is remembered what each particle expects at the target, for
those who ask what a choice is worth; no run changes that. In a law that knows the load, the target's line is read at
the load of its typical half-point, where it says the same of the sweep's axis whatever the effect of the load.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from bayeskisl import schema
from bayeskisl.arrays import FloatArray, IntArray
from bayeskisl.curves import cell_table
from bayeskisl.decision.planned_model import PlannedModel, cells_like, of_target
from bayeskisl.errors import InputError
from bayeskisl.inference.coefficients import conditional_moments
from bayeskisl.inference.fitted_law_of_size import FittedLawOfSize
from bayeskisl.inference.storage import posterior_group
from bayeskisl.laws import Law, LawOfSize
from bayeskisl.laws.falls import Shape, typical_shape
from bayeskisl.target import Target

if TYPE_CHECKING:
    import xarray as xr

    from bayeskisl.inference import Fit

__all__ = ["Beliefs", "Cell", "Infused", "Place", "believe", "planned_laws"]

Cell = tuple[float, float]  # non-embedding parameters, tokens

# Particles share the laws by weight. On 48 runs of four sizes 8,000 leave 2 % of Monte Carlo error in the best gain.
PARTICLES = 8_000

_TYPICAL = ("concentration", "guess_concentration", "floor", "ceiling")


@dataclass(frozen=True)
class Place:
    """One cell as every particle sees it.

    Parameters
    ----------
    row : numpy.ndarray
        What each particle's coefficients are multiplied with, shape ``(particle, column)``.
    log_threshold, steepness : numpy.ndarray
        log e50, at the reference load, and k, shape ``(particle,)``.
    at_load : numpy.ndarray
        What the load of a typical half-point adds to log e50, shape ``(particle,)``.
    seen : bool
        Whether the posterior knows the cell's own threshold already.
    """

    row: FloatArray
    log_threshold: FloatArray
    steepness: FloatArray
    at_load: FloatArray
    seen: bool

    @property
    def on_axis(self) -> FloatArray:
        """log e50 where the cell's half-point is expected, ``(particle,)``."""
        return self.log_threshold + self.at_load


@dataclass(frozen=True)
class Infused:
    """The infused facts of one fresh run of the target, where it is the background that over-infusion harms.

    Parameters
    ----------
    log_threshold, steepness : numpy.ndarray
        log e50, at the reference load, and k, shape ``(particle,)``.
    shape : Shape
        The fall of a typical run.
    """

    log_threshold: FloatArray
    steepness: FloatArray
    shape: Shape


@dataclass(frozen=True)
class Beliefs:
    """Equally weighted particles of the law mixture.

    Parameters
    ----------
    target : PlannedModel
    law : numpy.ndarray
        Index of each particle's law, shape ``(particle,)``.
    centre, covariance : numpy.ndarray
        Moments of the coefficients given the thresholds, shapes ``(particle, column)`` and
        ``(particle, column, column)``.
    coefficients : numpy.ndarray
        A draw of them, from which fresh cells come, ``(particle, column)``.
    tau, sigma_run : numpy.ndarray
        Scatter of sizes and of runs, log units, ``(particle,)``.
    load_effect : numpy.ndarray
        Zero in a law that does not know the load, ``(particle,)``.
    target_row : numpy.ndarray
        ``(particle, column)``.
    target_fresh, target_steepness, target_at_load : numpy.ndarray
        How far one fresh run of the target lies off its line, in log e50, its steepness, and what the load of its
        typical half-point adds to its line, ``(particle,)``.
    typical : dict
        ``concentration``, ``guess_concentration``, ``floor``, ``ceiling`` (posterior medians) and ``shape`` of a run.
    places : dict
        By cell.
    infused : Infused, optional
        None along an amount, where the group itself is infused.
    """

    target: PlannedModel
    laws: tuple[str, ...]
    law: IntArray
    centre: FloatArray
    covariance: FloatArray
    coefficients: FloatArray
    tau: FloatArray
    sigma_run: FloatArray
    load_effect: FloatArray
    target_row: FloatArray
    target_fresh: FloatArray
    target_steepness: FloatArray
    target_at_load: FloatArray
    typical: dict[str, Any]
    places: dict[Cell, Place]
    infused: Infused | None = None

    @property
    def target_mean(self) -> FloatArray:
        """Mean of log e50 at the target given each particle, fresh scatter left out, ``(particle,)``."""
        return np.einsum("sp,sp->s", self.target_row, self.centre) + self.target_at_load

    @property
    def target_variance(self) -> FloatArray:
        """Variance of that mean left by the coefficients, ``(particle,)``."""
        return np.einsum("sp,spq,sq->s", self.target_row, self.covariance, self.target_row)

    @property
    def target_line(self) -> FloatArray:
        """The target's line under the drawn coefficients, ``(particle,)``."""
        return np.einsum("sp,sp->s", self.target_row, self.coefficients) + self.target_at_load

    @property
    def reducible_variance(self) -> float:
        """Variance of log e50 at the target that more runs of other sizes can remove."""
        return float(self.target_mean.var() + self.target_variance.mean())

    @cached_property
    def width(self) -> tuple[float, float]:
        """Width of the 90 % interval of log e50 of a fresh run of the target, now and with its line known exactly."""
        return _width(self.target_line + self.target_fresh), _width(self.target_fresh)

    def ahead(self, cell: Cell, level: float) -> FloatArray:
        """Return the distance of a level from its cell's half-point, k (u - log e50), ``(particle,)``."""
        place = self.places[cell]
        at = replace(self.target, params=cell[0], tokens=cell[1])
        log_exposures = at.log_exposures(np.asarray(level), load_effect=self.load_effect)
        return place.steepness * (log_exposures - place.log_threshold)

    def mean_knowing(self, place: Place) -> FloatArray:
        """`target_mean` if the threshold of `place` were known as well, ``(particle,)``."""
        if place.seen:
            return self.target_mean
        spread = np.einsum("spq,sq->sp", self.covariance, place.row)
        variance = np.einsum("sp,sp->s", place.row, spread) + self.tau**2
        surprise = place.log_threshold - np.einsum("sp,sp->s", place.row, self.centre)
        return self.target_mean + np.einsum("sp,sp->s", self.target_row, spread) / variance * surprise

    def knowing(self, cell: Cell) -> "Beliefs":
        """The same particles, conditioned on the threshold that each has drawn for a new cell."""
        place = self.places[cell]
        if place.seen:
            return self
        spread = np.einsum("spq,sq->sp", self.covariance, place.row)
        variance = np.einsum("sp,sp->s", place.row, spread) + self.tau**2
        gain = spread / variance[:, None]
        surprise = place.log_threshold - np.einsum("sp,sp->s", place.row, self.centre)
        return replace(
            self,
            centre=self.centre + gain * surprise[:, None],
            covariance=self.covariance - gain[:, :, None] * spread[:, None, :],
            places={**self.places, cell: replace(place, seen=True)},
        )


def believe(
    fit: "Fit",
    target: Target,
    cells: Iterable[Cell],
    *,
    particles: int = PARTICLES,
    seed: int = 0,
) -> Beliefs:
    """Particles of a fit's law mixture, with a place for every cell that may get a run.

    Parameters
    ----------
    fit : Fit
    target : Target
        The model that is planned.
    cells : iterable of tuple
        ``(params, tokens)`` of every candidate. Everything else is as in the target: under a law of depth, candidates
        have its depth.
    particles : int
        How many, all laws together.
    seed : int
        Of the fresh thresholds and steepnesses.

    Raises
    ------
    InputError
        If the target or a cell differs from the sweep in what the sweep never varied, or no fitted law can be planned
        with.
    """
    fit, planned = of_target(fit, target)
    cells = sorted({(float(n), float(d)) for n, d in cells})
    seen = _seen_cells(fit, planned)
    _require_known_budgets(cells, fit)
    weights = planned_laws(fit)
    edges = np.cumsum([0.0, *weights.values()]) / sum(weights.values())
    counts = np.diff(np.round(edges * particles).astype(int))
    rng = np.random.default_rng(seed)
    used = {name: _particles_of(fit, name, int(count), rng) for name, count in zip(weights, counts, strict=True)}
    laws = [_LawDraws.of(fit, name, planned, planned.group, used[name]) for name in weights]
    parts = _of_equal_width([_law_particles(law, planned, seen, cells, rng) for law in laws])
    joined = {key: np.concatenate([part[key] for part in parts], axis=axis) for key, axis in _PARTICLE_AXIS.items()}
    places = {
        cell: Place(
            row=joined["rows"][i],
            log_threshold=joined["threshold"][i],
            steepness=joined["steepness"][i],
            at_load=joined["at_load"][i],
            seen=cell in seen,
        )
        for i, cell in enumerate(cells)
    }
    return Beliefs(
        target=planned,
        laws=tuple(weights),
        law=np.repeat(np.arange(len(counts)), counts),
        target_row=joined["rows"][-1],
        typical={**{name: float(np.median(joined[name])) for name in _TYPICAL}, "shape": _typical_shape(laws)},
        places=places,
        **{
            name: joined[name]
            for name in (
                "centre",
                "covariance",
                "coefficients",
                "tau",
                "sigma_run",
                "load_effect",
                "target_fresh",
                "target_steepness",
            )
        },
        target_at_load=joined["at_load"][-1],
        infused=_infused(fit, used, planned, seed),
    )


def _particles_of(fit: "Fit", law: str, count: int, rng: np.random.Generator) -> IntArray:
    """Choose the draws of a law that become particles, in random order and repeated where there are too few."""
    sizes = posterior_group(fit.tree, law).sizes
    total = sizes["chain"] * sizes["draw"]
    return np.concatenate([rng.permutation(total) for _ in range(-(-count // total) or 1)])[:count]


def _infused(fit: "Fit", used: dict[str, IntArray], target: PlannedModel, seed: int) -> Infused | None:
    """The infused facts, under the same draws as the group that over-infusion harms."""
    if target.group == schema.INFUSED or schema.INFUSED not in target.groups:
        return None
    rng = np.random.default_rng([seed, 1])
    laws = [_LawDraws.of(fit, name, target, schema.INFUSED, particles) for name, particles in used.items()]
    thresholds, steepnesses = zip(*(_one_run_of_target(law, target, rng) for law in laws), strict=True)
    return Infused(np.concatenate(thresholds), np.concatenate(steepnesses), _typical_shape(laws))


def _typical_shape(laws: "list[_LawDraws]") -> Shape:
    return typical_shape([law.shape for law in laws], [len(law.draws["tau"]) for law in laws])


def _width(draws: FloatArray) -> float:
    return float(np.diff(np.quantile(draws, [0.05, 0.95]))[0])


def planned_laws(fit: "Fit") -> dict[str, float]:
    """Weights of laws that can be planned with: a fall, and one run scatter for all sizes."""

    def suits(law: Law) -> bool:
        return law.falls and "sigma_run_exponent" not in law.unbounded

    usable = {name: weight for name, weight in fit.weights.items() if suits(fit.laws[name])}
    if not usable:
        raise InputError("a fitted law with a collapse, of one run scatter for all sizes",
                         ", ".join(fit.weights), "fit", "fit 'limits' or 'power'")  # fmt: skip
    return usable


def _of_equal_width(parts: list[dict[str, FloatArray]]) -> list[dict[str, FloatArray]]:
    """The parts with coefficients of zero appended, which multiply nothing, to laws that have fewer."""
    most = max(part["centre"].shape[-1] for part in parts)

    def widened(name: str, values: FloatArray) -> FloatArray:
        lacking = most - values.shape[-1]
        own = {"covariance": 2, "centre": 1, "coefficients": 1, "rows": 1}.get(name, 0)
        return np.pad(values, [(0, 0)] * (values.ndim - own) + [(0, lacking)] * own) if own else values

    return [{name: widened(name, values) for name, values in part.items()} for part in parts]


# Which axis of an array counts particles.
_PARTICLE_AXIS = {
    "centre": 0, "covariance": 0, "coefficients": 0, "tau": 0, "sigma_run": 0, "concentration": 0,
    "guess_concentration": 0, "floor": 0, "ceiling": 0, "load_effect": 0, "target_fresh": 0, "target_steepness": 0,
    "rows": 1, "threshold": 1, "steepness": 1, "at_load": 1,
}  # fmt: skip


@dataclass(frozen=True)
class _LawDraws:
    """Draws of one law that became particles, arrays ``(particle, ...)``; `held` is what the target holds.

    A law with limits is taken as its tangent at the posterior mean of its coefficients, `about`. The offset of a
    tangent is one more coefficient, which is known to be 1.
    """

    size: FittedLawOfSize
    about: FloatArray
    mean: FloatArray
    sd: FloatArray
    shape: Shape
    draws: dict[str, FloatArray]
    held: Mapping[str, float]

    @classmethod
    def of(cls, fit: "Fit", name: str, target: PlannedModel, group: str, used: IntArray) -> "_LawDraws":
        posterior = posterior_group(fit.tree, name).sel(group=group, drop=True)
        flat = posterior.stack(particle=("chain", "draw")).transpose("particle", ...)
        law = fit.laws[name]
        size = FittedLawOfSize.of(fit.tree, law)
        draws = {str(key): flat[key].values[used] for key in flat.data_vars}
        draws.setdefault("load_effect", np.zeros(len(used)))
        mean, sd = _own_priors(size.law, law.pooling, flat, used)
        mean, sd = np.insert(mean, mean.shape[-1], 1.0, axis=-1), np.append(sd, 0.0)
        about = size.law.coefficients_of(draws).mean(axis=0)
        shape, held = law.fall.of(draws), target.held_fixed
        return cls(size, about, mean, sd, shape, draws, held)

    def row(self, params: float, tokens: float) -> FloatArray:
        """The design row of one place, shape ``(column,)``."""
        place = {**self.held, schema.PARAMS: params, schema.TOKENS: tokens}
        return self._design(self.size.place_of(place)[None])[0]

    def _design(self, values: FloatArray) -> FloatArray:
        """Shape ``(cell, column)``."""
        return np.column_stack(self.size.law.linear_at(self.about, values))

    @property
    def log_thresholds(self) -> FloatArray:
        """log e50 of the cells that were trained, ``(particle, cell)``."""
        return np.log(self.draws[schema.CRITICAL_EXPOSURES])

    def coefficient_moments(self) -> tuple[FloatArray, FloatArray]:
        """Mean and a root of the covariance of the coefficients given the thresholds."""
        design = self._design(self.size.places)
        return conditional_moments(self.log_thresholds, self.draws["tau"], design, self.mean, self.sd)

    def fresh(
        self, params: float, tokens: float, coefficients: FloatArray, noise: "_Noise"
    ) -> tuple[FloatArray, FloatArray]:
        """log e50 and k of a cell that was not trained, ``(particle,)``."""
        size, draws = np.log(params / self.size.law.reference[0]), self.draws
        log_steepness = draws["steepness_intercept"] + draws["steepness_exponent"] * size
        return (
            coefficients @ self.row(params, tokens) + draws["tau"] * noise(),
            np.exp(log_steepness + draws["steepness_scatter"] * noise()),
        )


def _own_priors(
    size_law: LawOfSize, pooling: float, draws: "xr.Dataset", used: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Prior means and standard deviations of the group's coefficients, given what groups have in common if several."""
    if "common" not in draws:
        return size_law.mean, size_law.sd
    common = draws["common"].sel(quantity=list(size_law.columns)).transpose("particle", "quantity").values[used]
    return size_law.mean + np.sqrt(pooling) * size_law.sd * common, np.sqrt(1 - pooling) * size_law.sd


def _law_particles(
    law: _LawDraws, target: PlannedModel, seen: dict[Cell, int], cells: list[Cell], rng: np.random.Generator
) -> dict[str, FloatArray]:
    draws, thresholds, tau = law.draws, law.log_thresholds, law.draws["tau"]
    centre, root = law.coefficient_moments()
    noise = _Noise(centre, rng)
    coefficients = _drawn(centre, root, noise)
    target_threshold, target_steepness = law.fresh(target.params, target.tokens, coefficients, noise)
    off_line = target_threshold - coefficients @ law.row(target.params, target.tokens)
    known = [
        (thresholds[:, seen[c]], draws["steepness"][:, seen[c]]) if c in seen else law.fresh(*c, coefficients, noise)
        for c in cells
    ]
    everywhere = [*cells, (target.params, target.tokens)]
    rows = np.stack([law.row(*place) for place in everywhere])
    effect = draws["load_effect"]
    at_load = [
        _at_load(replace(target, params=place[0], tokens=place[1]), threshold, effect)
        for place, threshold in zip(everywhere, [*(threshold for threshold, _ in known), target_threshold], strict=True)
    ]
    return {
        "centre": centre,
        "covariance": root @ np.swapaxes(root, -1, -2),
        "coefficients": coefficients,
        "target_fresh": off_line + draws["sigma_run"] * noise(),
        "target_steepness": target_steepness,
        "rows": np.repeat(rows[:, None], len(tau), axis=1),
        "threshold": np.array([threshold for threshold, _ in known]).reshape(len(cells), len(tau)),
        "steepness": np.array([steepness for _, steepness in known]).reshape(len(cells), len(tau)),
        "ceiling": draws["ceiling"].mean(axis=1),
        "at_load": np.array(at_load),
        "floor": draws["floor"].mean(axis=1),
        **{name: draws[name] for name in ("tau", "sigma_run", *_TYPICAL[:2], "load_effect")},
    }


def _one_run_of_target(law: _LawDraws, target: PlannedModel, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    centre, root = law.coefficient_moments()
    noise = _Noise(centre, rng)
    log_threshold, steepness = law.fresh(target.params, target.tokens, _drawn(centre, root, noise), noise)
    return log_threshold + law.draws["sigma_run"] * noise(), steepness


def _drawn(centre: FloatArray, root: FloatArray, noise: "_Noise") -> FloatArray:
    """Coefficients, ``(particle, column)``."""
    return centre + np.einsum("spq,sq->sp", root, np.stack([noise() for _ in range(centre.shape[1])], axis=1))


def _at_load(at: PlannedModel, log_threshold: FloatArray, effect: FloatArray) -> FloatArray:
    """Return the effect of the load at a place's typical half-point on log e50, ``(particle,)``."""
    if not effect.any():
        return 0 * effect
    typical = np.median(at.infusion(log_threshold, load_effect=effect))
    return at.log_exposures(typical) - at.log_exposures(typical, load_effect=effect)


class _Noise:
    """Standard normals over particles, in the sample exactly of mean zero, variance one, and uncorrelated with the
    draws and with each other: what is independent by construction adds no chance correlation to a gain.
    """

    def __init__(self, draws: FloatArray, rng: np.random.Generator) -> None:
        self._rng = rng
        known = np.column_stack([np.ones(len(draws)), draws])
        # columns that do not vary, as a coefficient that is fixed, have no direction of their own
        directions, sizes, _ = np.linalg.svd(known, full_matrices=False)
        self._taken = list(directions[:, sizes > 1e-9 * sizes.max(initial=0.0)].T)

    def __call__(self) -> FloatArray:
        """One more, shape ``(particle,)``."""
        fresh = self._rng.standard_normal(len(self._taken[0]))
        for direction in self._taken:
            fresh -= direction * (direction @ fresh)
        fresh /= np.linalg.norm(fresh)
        self._taken.append(fresh)
        return fresh * np.sqrt(len(fresh))


def _seen_cells(fit: "Fit", target: PlannedModel) -> dict[Cell, int]:
    """Indices of the cells that were trained and differ from the target in size and budget alone."""
    table, _ = cell_table(fit.curves)
    sizes, budgets = (table[name].values.astype(float) for name in (schema.PARAMS, schema.TOKENS))
    return {(float(sizes[i]), float(budgets[i])): int(i) for i in cells_like(target, table)}


def _require_known_budgets(cells: list[Cell], fit: "Fit") -> None:
    budgets = np.unique(fit.curves[schema.TOKENS].values.astype(float)).tolist()
    other = sorted({tokens for _, tokens in cells} - set(budgets))
    if len(budgets) == 1 and other:
        raise InputError(f"candidates at the only token budget of the sweep, {budgets[0]:,.0f}", f"{other[0]:,.0f}",
                         schema.TOKENS, "sweep a second budget first")  # fmt: skip
