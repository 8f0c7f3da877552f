"""The model, declared once: its sampled variables, and the distribution of the counts.

It is written in a small language of distributions (`Language`), which four interpreters speak: PyMC and NumPyro make a
log density of it, and two in NumPy turn draws into the quantities that people ask for, and draw from the prior. So all
have the same variables, dims and arithmetic by construction.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from bayeskisl import schema
from bayeskisl.inference.curve_of_size import coefficients_at, curve_values
from bayeskisl.inference.given import COEFFICIENT, QUANTITY, Given, GivenCurve, GivenLine
from bayeskisl.inference.lines import line_mean, place_distribution, values_at
from bayeskisl.inference.load import on_axis_stretch
from bayeskisl.inference.rough import rough_thresholds
from bayeskisl.inference.run_counts import average_over_runs, precision
from bayeskisl.laws import Law

__all__ = ["DensityLanguage", "Language", "ceiling_of", "define", "marginal_line"]

Array = Any  # of NumPy, PyTensor or JAX

_RUN, _GROUP, _CELL = schema.RUN, schema.GROUP, schema.CELL

# Positive quantities of which a few groups say little: where there are several, each is sampled by its distance from
# what the groups have in common, and is not in that one's way.
_APART = ("tau", "steepness_scatter", "lapse_scatter", "concentration", "guess_concentration")


class Language(Protocol):
    """Back end of the model. Each method declares one variable with its name and dims, and returns its value.

    Values may have leading dims, such as chain and draw; those of a sentence are always the last.
    """

    @property
    def xp(self) -> Any:
        """The array namespace."""

    @property
    def sizes(self) -> Mapping[str, int]:
        """Size of each dim."""

    def normal(self, name: str, mean: Array, sd: Array, dims: tuple[str, ...]) -> Array:
        """A normal variable."""

    def normal_of(
        self, name: str, mean: Array, sd: Array, of: Callable[[Array], tuple[Array, Array]], dims: tuple[str, ...]
    ) -> Array:
        """Normal variables that are sampled by coordinates, of which they are increasing functions.

        Parameters
        ----------
        of : callable
            ``of(coordinates)`` are the values and the derivative of each by its own coordinate; a value may depend on
            the coordinates before its own, too. Where values are drawn, nothing else may depend on coordinates.
        """

    def log_normal(self, name: str, log_mean: Array, log_sd: Array, dims: tuple[str, ...]) -> Array:
        """A positive variable, sampled by its logarithm."""

    def beta(self, name: str, a: Array, b: Array, dims: tuple[str, ...]) -> Array:
        """A variable in (0, 1), sampled by its log odds."""

    def line(
        self, name: str, line: GivenLine, common: Array | None, scatter: Array, shift: Array, unit: Array
    ) -> Array:
        """Values (cell, group) that scatter about a linear law of normal coefficients, shifted by `shift`.

        Parameters
        ----------
        name : str
            A field of `bayeskisl.inference.model.Lines`.
        line : GivenLine
            The law.
        common : array or None
            Common part of the groups' coefficients, (column,).
        scatter, unit : array
            About the law, and in which the data pin the values, (1, group).
        shift : array
            (cell, group).
        """

    def deterministic(self, name: str, value: Array, dims: tuple[str, ...]) -> Array:
        """A derived quantity."""

    def beta_binomial(
        self, name: str, chance: Array, concentration: Array, trials: Array, observed: Array, dims: tuple[str, ...]
    ) -> None:
        """Observed counts."""


class DensityLanguage(Language, Protocol):
    """A back end that builds a log density."""

    def rotated_normal(self, name: str, mean: Array, rotation: Array, scale: Array, dims: tuple[str, ...]) -> Array:
        """See `bayeskisl.inference.densities.rotated_normal_log_density`."""


def define(say: Language, given: Given, law: Law) -> None:
    """Declare the model of `law` with a back end; see `bayeskisl.inference.model.build_model`."""
    xp, groups = say.xp, say.sizes[_GROUP]
    several = groups > 1
    # what all groups have in common of each quantity, so that a group with few runs borrows from the others
    common: Any = say.normal("common", 0.0, 1.0, dims=(QUANTITY,)) if several else None
    if several:
        say.deterministic("common", common, (QUANTITY,))
    names = (*law.positive, *law.unbounded)
    prior = {name: _of_groups(given, name, common[..., i, None] if several else None) for i, name in enumerate(names)}

    effect = None
    if given.load is not None:
        effect = say.log_normal("load_effect", *prior["load_effect"], dims=(_GROUP,))
        effect = say.deterministic("load_effect", effect * given.load.counts, (_GROUP,))
    log_exposures, above, stretch, unit = _under_load(say, effect, given)
    of_groups = _positive(say, law, prior, unit, several)
    shape = law.fall.of(of_groups).map(_over)
    tau = of_groups["tau"]
    lapse_intercept = say.normal("lapse_intercept", *prior["lapse_intercept"], dims=(_GROUP,))
    lapse_intercept = say.deterministic("lapse_intercept", lapse_intercept, (_GROUP,))
    floor = _floor(say, given)

    # Cells. Behind the quantities of groups stands what groups have in common of the coefficients, threshold's first
    first, last = len(prior), say.sizes[QUANTITY] - 2 if several else None
    of_threshold, of_steepness = (common[..., first:last], common[..., last:]) if several else (None, None)
    scatter = _over(of_groups["steepness_scatter"])
    along = say.line("steepness", given.steepness, of_steepness, scatter, xp.log(stretch), 1.0)
    steepness = say.deterministic("steepness", xp.exp(along) / stretch, (_CELL, _GROUP))
    # the threshold of each cell that the data alone suggest under this steepness: the place from which it is sampled
    start = rough_thresholds(
        given.rough, given.threshold.rough, 0.0 if effect is None else _over(effect), steepness, shape, xp
    )
    over_cells = replace(given.threshold, rough=start)
    threshold = (
        _about_curve(say, of_threshold, _over(tau), above, over_cells)
        if isinstance(over_cells, GivenCurve)
        else say.line("threshold", over_cells, of_threshold, _over(tau), above, _over(unit))
    )
    say.deterministic("critical_exposures", xp.exp(threshold - above), (_CELL, _GROUP))

    # facts that are lost however often they are seen: their share scatters over cells
    lapse_log_odds = _over(of_groups["lapse_scatter"]) * say.normal("lapse_z", 0.0, 1.0, dims=(_CELL, _GROUP))
    ceiling = ceiling_of(_over(lapse_intercept) + lapse_log_odds, floor, given.uninfused, xp)
    ceiling = say.deterministic("ceiling", ceiling, (_CELL, _GROUP))

    # Runs. Those of one cell at one level have one expectation, which is computed once: a point
    cell = given.cell_of_point
    run_scatter = _over(of_groups["sigma_run"])
    if given.log_size is not None:
        exponent = say.normal("sigma_run_exponent", *prior["sigma_run_exponent"], dims=(_GROUP,))
        exponent = say.deterministic("sigma_run_exponent", exponent, (_GROUP,))
        run_scatter = run_scatter * xp.exp(_over(exponent) * given.log_size[cell][:, None])
    of_point = _at(cell, steepness, xp)
    x = of_point * (log_exposures - _at(cell, threshold, xp))
    # a run's own half-point is integrated out, so that no dimension of the sampler is a run's (see `run_counts`)
    floor = _at(cell, floor, xp)
    span = _at(cell, ceiling, xp) - floor
    share, variance = average_over_runs(shape, x, of_point * run_scatter, xp)
    recall = floor + span * share
    known, guessed = (_over(of_groups[name]) for name in ("concentration", "guess_concentration"))
    alike = precision(recall, floor, known, guessed, span**2 * variance)
    # probed = 0 contributes nothing: the beta-binomial of no trials has log density 0 whatever its chance
    recall, alike = (_at(given.point_of_run, each, xp) for each in (recall, alike))
    say.beta_binomial("counts", recall, alike, given.probed, given.recalled, dims=(_RUN, _GROUP))


def _over(of_groups: Array) -> Array:
    """Quantities of groups, (..., group), broadcast over cells or runs, (..., 1, group)."""
    return of_groups[..., None, :]


def _at(index: Array, values: Array, xp: Any) -> Array:
    """Values of cells, (..., cell, group), at each point; or values of points at each run."""
    return xp.take(values, index, axis=-2)


def _of_groups(given: Given, name: str, common: Array | None) -> tuple[Array, Array]:
    """Mean and standard deviation of each group's quantity, given the common part if there are several groups.

    The variance sd^2 is split: `pooling` of it is common to all groups, which then correlate by `pooling`.
    """
    mean, sd = given.prior[name][0], given.prior[name][1]
    if common is None:
        return mean, sd
    return mean + sd * given.pooling**0.5 * common, sd * (1 - given.pooling) ** 0.5


def _under_load(say: Language, effect: Array | None, given: Given) -> tuple[Array, Array, Array, Array]:
    """Apply the effect of the load to the coordinates, if the law has one.

    Returns
    -------
    log_exposures : array
        Worth as much at the load of their cell's half-point, dims (point, group).
    above : array
        How far thresholds there lie above their law, which is that of the reference load, dims (cell, group).
    stretch, unit : array
        See `bayeskisl.inference.load.on_axis_stretch`: of each cell, (cell, group), and of a typical one, (group,).
    """
    if effect is None or given.load is None:
        of_cells = say.sizes[_CELL], say.sizes[_GROUP]
        return given.log_exposures, np.zeros(of_cells), np.ones(of_cells), np.ones(say.sizes[_GROUP])
    return (
        given.log_exposures - _over(effect) * given.load.ahead,
        _over(effect) * given.load.at_half,
        on_axis_stretch(_over(effect), given.load.share),
        on_axis_stretch(effect, given.load.typical_share),
    )


def _positive(
    say: Language, law: Law, prior: Mapping[str, tuple[Array, Array]], unit: Array, several: bool
) -> dict[str, Array]:
    """Positive quantities of groups except the effect of the load, by name, each (group,)."""
    apart = _APART if several else ()
    found = {}
    for name in law.positive:
        if name != "load_effect" and name not in apart:
            mean, sd = prior[name]
            # the data pin how far runs scatter along the axis, and in effective exposures that is `unit` times as far
            shift, scale = (say.xp.log(unit), unit) if name == "sigma_run" else (0.0, 1.0)
            found[name] = scale * say.log_normal(name, mean - shift, sd, dims=(_GROUP,))
    for name in apart:
        mean, sd = prior[name]
        found[name] = say.xp.exp(mean + sd * say.normal(f"{name}_own", 0.0, 1.0, dims=(_GROUP,)))
    return {name: say.deterministic(name, value, (_GROUP,)) for name, value in found.items()}


def _floor(say: Language, given: Given) -> Array:
    """Recall of facts never seen, (cell, group): guessing and a small excess."""
    is_tied = given.floor_excess_b is None
    none = np.zeros(say.sizes[_GROUP])
    excess = none if is_tied else say.beta("floor_excess", 1.0, given.floor_excess_b, dims=(_GROUP,))
    excess = say.deterministic("floor_excess", excess, (_GROUP,))
    return say.deterministic("floor", given.guessing + (1 - given.guessing) * _over(excess), (_CELL, _GROUP))


def ceiling_of(lapse_log_odds: Array, floor: Array, most: Array, xp: Any) -> Array:
    """Retention at many exposures, most - lapse (most - floor), where nothing more than `most` can be retained."""
    return most - (most - floor) / (1 + xp.exp(-lapse_log_odds))


def marginal_line(
    say: DensityLanguage,
    name: str,
    line: GivenLine,
    common: Array | None,
    scatter: Array,
    shift: Array,
    unit: Array,
) -> Array:
    """Values of `Language.line` with the coefficients integrated out, under the marginal Gaussian of the cells."""
    mean = line_mean(common, line)
    along, scale = place_distribution(mean, scatter, shift, unit, line, say.xp)
    place = say.rotated_normal(f"{name}_place", along, line.rotation, scale, dims=(_CELL, _GROUP))
    return values_at(place, mean, scatter, unit, line, say.xp)


def _about_curve(say: Language, common: Array | None, tau: Array, shift: Array, curve: GivenCurve) -> Array:
    """Values (cell, group) that scatter about a law with limits, shifted by `shift`."""
    coefficients = coefficients_at(
        lambda name, mean, sd, of: say.normal_of(name, mean, sd, of, dims=(COEFFICIENT, _GROUP)),
        say.sizes[COEFFICIENT],
        common,
        curve,
        say.xp,
    )
    coefficients = say.deterministic("coefficients", coefficients, (COEFFICIENT, _GROUP))
    centre = curve_values(coefficients, curve, say.xp) + shift
    scatter = tau ** curve.own_scatter[:, None]
    # were the data normal about the value with their information, the place would be a standard normal under the
    # posterior, whatever scatter is being tried
    freedom = 1 / (1 + curve.information * scatter**2)
    scale = scatter * freedom**0.5
    place = say.normal(
        "threshold_place", (1 - freedom) * (centre - curve.rough) / scale, scatter / scale, dims=(_CELL, _GROUP)
    )
    return curve.rough + freedom * (centre - curve.rough) + scale * place
