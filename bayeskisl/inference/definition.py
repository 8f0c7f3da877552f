"""The model, declared once: what is sampled under which name, and how the counts follow from it.

It is written in a small language of distributions (`Language`), which PyMC and NumPyro both speak, so that the two back
ends have the same variables, dims and densities by construction.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from bayeskisl import schema
from bayeskisl.inference.correlation import correlations, pairs, triangular_root
from bayeskisl.inference.curve_of_size import coefficients_at, curve_values
from bayeskisl.inference.freedom import information_of_runs
from bayeskisl.inference.lines import line_mean, place_distribution, values_at
from bayeskisl.inference.load import on_axis_stretch
from bayeskisl.inference.rough import ROUGH_PARTS, rough_half_points, rough_thresholds
from bayeskisl.laws import Law
from bayeskisl.laws.shapes import SYMMETRIC, retention

__all__ = [
    "APART", "COEFFICIENT", "CURVE_PARTS", "DIMS", "LINES", "LINE_PARTS", "PAIR", "QUANTITY", "TURN", "Language",
    "about_common", "define", "half_points", "of_groups", "partly_centred", "scale_between",
]  # fmt: skip

Array = Any  # of NumPy, PyTensor or JAX

_RUN, _GROUP, _CELL = schema.RUN, schema.GROUP, schema.CELL

# Dims of several groups: pairs of them, and the quantities that they have in common.
PAIR, QUANTITY = "pair", "quantity"

# Dim of the order in which a run takes its groups.
TURN = "turn"

# Dim of the coefficients of a law that saturates.
COEFFICIENT = "coefficient"

# Positive quantities of which a few groups say little: where there are several, each is sampled by its distance from
# what the groups have in common, and is not in that one's way.
APART = ("tau", "steepness_scatter", "lapse_scatter", "concentration")

# The linear laws over cells: of log critical exposures, and of log steepness.
LINES = ("threshold", "steepness")

_LINE_DIMS = {
    "mean": None,
    "common": None,
    "rotation": None,
    "variance": (_CELL,),
    "own_scatter": (_CELL,),
    "rough": (_CELL, _GROUP),
    "freedom": (_CELL, _GROUP),
}

LINE_PARTS = tuple(_LINE_DIMS)
CURVE_PARTS = ("mean", "sd", "is_free", "common", "design", "own_scatter", "rough", "freedom")

# Of what the model is given, see `bayeskisl.inference.model.model_inputs`; priors have none.
DIMS = {
    "recalled": (_RUN, _GROUP),
    "probed": (_RUN, _GROUP),
    "log_exposures": (_RUN, _GROUP),
    "run_turns": (_RUN, TURN, _GROUP),
    "run_crosses": (_RUN, _GROUP),
    "run_share": (_RUN, _GROUP),
    **{f"rough_{part}": (_CELL, _GROUP) for part in ROUGH_PARTS},
    "guessing": (_GROUP,),
    "log_size": (_CELL,),
    "cell_of_run": (_RUN,),
    "load_ahead": (_RUN, _GROUP),
    "load_at_half": (_CELL, _GROUP),
    "load_share": (_CELL, _GROUP),
    "load_typical_share": (_GROUP,),
    **{f"{name}_{part}": dims for name in LINES for part, dims in _LINE_DIMS.items()},
}


class Language(Protocol):
    """What a back end can say. Each sentence declares one variable under its name and dims, and returns its value."""

    xp: Any
    """The array namespace."""
    sizes: Mapping[str, int]
    """Of each dim."""

    def normal(self, name: str, mean: Array, sd: Array, dims: tuple[str, ...]) -> Array:
        """A normal variable."""

    def log_normal(self, name: str, log_mean: Array, log_sd: Array, dims: tuple[str, ...]) -> Array:
        """A positive variable, sampled by its logarithm."""

    def beta(self, name: str, a: Array, b: Array, dims: tuple[str, ...]) -> Array:
        """A variable in (0, 1), sampled by its log odds."""

    def rotated_normal(self, name: str, mean: Array, rotation: Array, scale: Array, dims: tuple[str, ...]) -> Array:
        """See `bayeskisl.inference.densities.rotated_normal_log_density`."""

    def beta_binomial(
        self, name: str, chance: Array, concentration: Array, trials: Array, observed: Array, dims: tuple[str, ...]
    ) -> None:
        """Counts that were observed."""


def define(say: Language, given: Mapping[str, Array], law: Law) -> None:
    """Declare the model of `law` in the language of a back end; see `bayeskisl.inference.model.build_model`."""
    xp = say.xp
    several = say.sizes[_GROUP] > 1
    common = say.normal("common", 0.0, 1.0, dims=(QUANTITY,)) if several else None
    names = (*law.positive, *law.unbounded)
    prior = {name: of_groups(name, common[i] if several else None, given) for i, name in enumerate(names)}
    effect = say.log_normal("load_effect", *prior["load_effect"], dims=(_GROUP,)) if law.knows_load else None
    log_exposures, above, stretch, unit = _under_load(say, effect, given)
    prior["sigma_run"] = prior["sigma_run"][0] - xp.log(unit), prior["sigma_run"][1]
    apart = APART if several else ()
    positive = {
        name: say.log_normal(name, *prior[name], dims=(_GROUP,))
        for name in law.positive
        if name != "load_effect" and name not in apart
    } | {name: about_common(say.normal(f"{name}_own", 0.0, 1.0, dims=(_GROUP,)), *prior[name], xp) for name in apart}
    lapse_intercept = say.normal("lapse_intercept", *prior["lapse_intercept"], dims=(_GROUP,))
    tied = law.priors.floor_excess.tied
    excess = 0.0 if tied else say.beta("floor_excess", 1.0, given["prior_floor_excess"], dims=(_GROUP,))

    columns = say.sizes[QUANTITY] - len(prior) - 2 if several else 0
    of_threshold = common[len(prior) : len(prior) + columns] if several else None
    of_steepness = common[len(prior) + columns :] if several else None
    scatter = positive["steepness_scatter"]
    steepness = xp.exp(_along_line(say, "steepness", of_steepness, scatter, xp.log(stretch), 1.0, given)) / stretch
    asymmetry = positive.get("asymmetry", SYMMETRIC)
    rough = rough_thresholds(given, 0.0 if effect is None else effect, steepness, asymmetry, xp)
    given = {**given, "threshold_rough": rough}
    if law.saturates:
        threshold = _about_curve(say, of_threshold, positive["tau"], above, given)
    else:
        threshold = _along_line(say, "threshold", of_threshold, positive["tau"], above, unit, given)
    lapse_log_odds = lapse_intercept + positive["lapse_scatter"] * say.normal("lapse_z", 0.0, 1.0, dims=(_CELL, _GROUP))
    floor = given["guessing"] + (1 - given["guessing"]) * excess
    ceiling = 1 - (1 - floor) / (1 + xp.exp(-lapse_log_odds))

    cell = given["cell_of_run"]
    concentration = positive["concentration"]
    rough_of_run = rough_half_points(log_exposures, given["run_share"], steepness[cell], asymmetry, xp)
    run_scatter = unit * positive["sigma_run"]
    if "sigma_run_exponent" in prior:
        exponent = say.normal("sigma_run_exponent", *prior["sigma_run_exponent"], dims=(_GROUP,))
        run_scatter = run_scatter * xp.exp(exponent * given["log_size"][cell][:, None])
    information = information_of_runs(given, steepness[cell], concentration)
    own_threshold = _run_threshold(say, threshold[cell], run_scatter, rough_of_run, information, given)
    recall = (
        retention(log_exposures, own_threshold, steepness[cell], floor, ceiling[cell], asymmetry, xp)
        if law.falls
        else ceiling[cell]
    )
    # probed = 0 contributes nothing: the beta-binomial of no trials has log density 0 whatever its chance
    say.beta_binomial("counts", recall, concentration, given["probed"], given["recalled"], dims=(_RUN, _GROUP))


def _under_load(say: Language, effect: Array | None, given: Mapping[str, Array]) -> tuple[Array, Array, Array, Array]:
    """What an effect of the load does to the coordinates; without one, nothing.

    Returns
    -------
    log_exposures : array
        Worth as much at the load of their cell's half-point, dims (run, group).
    above : array
        How far thresholds there lie above their law, which is that of the reference load, dims (cell, group).
    stretch, unit : array
        See `bayeskisl.inference.load.on_axis_stretch`: of each cell, (cell, group), and of a typical one, (group,).
    """
    if effect is None:
        of_cells = say.sizes[_CELL], say.sizes[_GROUP]
        return given["log_exposures"], np.zeros(of_cells), np.ones(of_cells), np.ones(say.sizes[_GROUP])
    return (
        given["log_exposures"] - effect * given["load_ahead"],
        effect * given["load_at_half"],
        on_axis_stretch(effect, given["load_share"]),
        on_axis_stretch(effect, given["load_typical_share"]),
    )


def scale_between(freedom: Array, scatter: Array, log_typical: Array, xp: Any) -> Array:
    """What a sampled place is multiplied with: the scatter itself where free, its prior median where pinned."""
    typical = xp.exp(log_typical)
    return typical * (scatter / typical) ** freedom


def partly_centred(place: Array, centre: Array, rough: Array, freedom: Array, scale: Array) -> Array:
    """The value of a sampled place, between the value itself and its distance from `centre` in units of scatter."""
    return rough + freedom * (centre - rough) + scale * place


def of_groups(name: str, common: Array | None, given: Mapping[str, Array]) -> tuple[Array, Array]:
    """Mean and standard deviation of each group's quantity, given what the groups, if several, have in common of it."""
    mean, sd = given[f"prior_{name}"][0], given[f"prior_{name}"][1]
    if common is None:
        return mean, sd
    pooling = given["prior_pooling"]
    return mean + sd * pooling**0.5 * common, sd * (1 - pooling) ** 0.5


def about_common(own: Array, mean: Array, sd: Array, xp: Any) -> Array:
    """A positive quantity `APART` of each group, from its own standard normal and what `of_groups` returns."""
    return xp.exp(mean + sd * own)


def _along_line(
    say: Language,
    name: str,
    common: Array | None,
    scatter: Array,
    shift: Array,
    unit: Array,
    given: Mapping[str, Array],
) -> Array:
    """Values (cell, group) under the marginal Gaussian of a linear law, and `shift` above it, pinned in a `unit`."""
    line = {part: given[f"{name}_{part}"] for part in LINE_PARTS}
    mean = line_mean(common, line)
    along, scale = place_distribution(mean, scatter, shift, unit, line, say.xp)
    place = say.rotated_normal(f"{name}_place", along, line["rotation"], scale, dims=(_CELL, _GROUP))
    return values_at(place, mean, scatter, unit, line, say.xp)


def _about_curve(say: Language, common: Array | None, tau: Array, shift: Array, given: Mapping[str, Array]) -> Array:
    """Values (cell, group) that scatter about a law that saturates, and `shift` above it."""
    curve = {part: given[f"threshold_{part}"] for part in CURVE_PARTS}
    coefficients = coefficients_at(
        lambda name, mean, sd: say.normal(name, mean, sd, dims=(_GROUP,)),
        say.sizes[COEFFICIENT],
        common,
        curve,
        say.xp,
    )
    centre = curve_values(coefficients, curve, say.xp) + shift
    scatter = tau ** curve["own_scatter"][:, None]
    scale = scale_between(curve["freedom"], scatter, given["prior_tau"][0], say.xp)
    from_rough = (1 - curve["freedom"]) * (centre - curve["rough"])
    place = say.normal("threshold_place", from_rough / scale, scatter / scale, dims=(_CELL, _GROUP))
    return partly_centred(place, centre, curve["rough"], curve["freedom"], scale)


def _run_threshold(
    say: Language, threshold: Array, sigma_run: Array, rough: Array, information: Array, given: Mapping[str, Array]
) -> Array:
    """Each run's own half-point, N(threshold, sigma_run) and correlated over its groups, dims (run, group)."""
    correlation = []
    if say.sizes[_GROUP] > 1:
        shape = given["prior_run_partial"]
        correlation = correlations(2 * say.beta("run_partial", shape, shape, dims=(PAIR,)) - 1, say.sizes[_GROUP])
    return half_points(
        lambda turn, mean, sd: say.normal(f"run_place_{turn}", mean, sd, dims=(_RUN,)),
        threshold,
        sigma_run,
        correlation,
        rough,
        given["run_turns"],
        information,
        say.xp,
    )


def half_points(
    place_of: Callable[[int, Array, Array], Array],
    centre: Array,
    sigma_run: Array,
    correlation: list[Array],
    rough: Array,
    turns: Array,
    information: Array,
    xp: Any,
) -> Array:
    """Half-points of runs, ``(..., run, group)``, that scatter about `centre` and correlate over groups.

    Each run takes its groups in turns, the best known first, every half-point partly centred on what those before it
    let expect: a place that its data leave free is then a standard normal whatever the correlation, which sampled
    beside correlated places would hardly move, and none is pinned by one that comes later. How far it is centred
    follows the scatter and the fall being tried: were a run's counts normal about its half-point with the information
    that they have, its place would be a standard normal under the posterior, and tell nothing of either.

    Parameters
    ----------
    place_of : callable
        ``place_of(turn, mean, sd)`` is the sampled place of every run, ``(..., run)``.
    correlation : list
        Of each pair of groups, see `bayeskisl.inference.correlation.pairs`; empty for a single group.
    rough : array
        See `bayeskisl.inference.rough.rough_half_points`.
    turns : array
        See `bayeskisl.inference.freedom.Freedoms`.
    information : array
        See `bayeskisl.inference.freedom.information_of_runs`, ``(..., run, group)``.
    """
    groups = range(round((1 + (1 + 8 * len(correlation)) ** 0.5) / 2))

    def at(turn: int, values: Array) -> Array:
        return sum(turns[:, turn, group] * values[..., group] for group in groups)

    def between(turn: int, before: int) -> Array:
        """The correlation of two turns' groups, whichever they are, ``(..., run)``."""
        return sum(
            (turns[:, turn, i] * turns[:, before, j] + turns[:, turn, j] * turns[:, before, i]) * value
            for (i, j), value in zip(pairs(len(groups)), correlation, strict=True)
        )

    white: list[Array] = []
    found: list[Array] = []
    for turn, row in enumerate(triangular_root([[between(turn, b) for b in range(turn)] for turn in groups], xp)):
        sigma = at(turn, sigma_run)
        expected = at(turn, centre) + sigma * sum(a * z for a, z in zip(row, white, strict=False))
        sd = sigma * row[turn]
        free = 1 / (1 + at(turn, information) * sd**2)
        scale = sd * free**0.5
        start = at(turn, rough)
        place = place_of(turn, (1 - free) * (expected - start) / scale, sd / scale)
        found.append(partly_centred(place, expected, start, free, scale))
        white.append((found[-1] - expected) / sd)
    # side by side by sums: the gradient of a stack has no C, see `bayeskisl.inference.c_source`
    return sum(turns[:, turn, :] * found[turn][..., None] for turn in groups)
