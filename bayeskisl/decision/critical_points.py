"""The law of size from critical points alone: one number for each size, as papers print them.

No run is modelled, so that no shoulder and no risk of a level follow. The law, its priors, and the scatter of sizes
about it are those of a fit. An ensemble draws the few coefficients by tempering, in seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Unpack

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arguments import require_positive, require_share
from bayeskisl.arrays import FloatArray, IntArray
from bayeskisl.axes import axis_of
from bayeskisl.card import card, escaped
from bayeskisl.curves import cell_table, curves_from_table, group_exposures
from bayeskisl.curves.tables import Reading
from bayeskisl.curves.tables.reading import ReadingKeywords
from bayeskisl.curves.tables.spelling import as_sql, map_option
from bayeskisl.decision.caveat import Caveat, ranked
from bayeskisl.decision.caveats import about_points
from bayeskisl.decision.planned_model import PlannedModel, planned_model
from bayeskisl.decision.rolling_origin import FEWEST_SIZES
from bayeskisl.decision.verdict import Verdict, verdict_on
from bayeskisl.errors import InputError, way
from bayeskisl.intervals import Interval, interval, interval_name
from bayeskisl.keywords import from_keywords
from bayeskisl.kinds import CRITICAL_POINTS
from bayeskisl.laws import LIMITS, Law, load_law, two_rules
from bayeskisl.quantities import short, three_digits
from bayeskisl.target import Target

if TYPE_CHECKING:
    from bayeskisl.inference.fitted_law_of_size import FittedLawOfSize

__all__ = ["CriticalPoints", "extrapolate_points"]

# Independent ensembles, and the members of each: their disagreement tells whether they found the posterior.
_ENSEMBLES, _MEMBERS = 4, 3000
# Means of ensembles then differ by a seventh of the posterior standard deviation, or less.
_LARGEST_RHAT = 1.02
# A slope needs two sizes.
_FEWEST = 2


@dataclass(frozen=True, repr=False)
class CriticalPoints:
    """Forecast of the critical point of a larger model, from those of smaller ones.

    Parameters
    ----------
    curves : xarray.Dataset
        The points, one run each; their counts mean nothing.
    law : Law
        The law of size.
    target : PlannedModel
        The larger model.
    error : float
        Relative error of each point.
    draws : numpy.ndarray
        Critical points of the target, in the unit of the axis, shape ``(ensemble, member)``: with the scatter of sizes
        about the law, without an error of measurement.
    exponent : numpy.ndarray
        Local exponent of size at the target, d log e / d log N of critical exposures, ``(ensemble, member)``.
    limit : numpy.ndarray
        Index in `bayeskisl.laws.LIMITS` of the limit that binds at the target, ``(ensemble, member)``; -1 under a law
        without limits.
    rhat : float
        Agreement of the ensembles on the critical point.
    ci_prob : float
        Probability of the intervals.
    left_out : CriticalPoints, optional
        Forecast of the largest size from the other ones, where these are at least three.
    """

    kind: ClassVar[str] = CRITICAL_POINTS
    curves: xr.Dataset
    law: Law
    target: PlannedModel
    error: float
    draws: FloatArray
    exponent: FloatArray
    limit: IntArray
    rhat: float
    ci_prob: float
    left_out: "CriticalPoints | None" = None

    @property
    def passed(self) -> bool:
        """Whether the ensembles agree."""
        return self.rhat < _LARGEST_RHAT

    @cached_property
    def predicted(self) -> Interval:
        """Median and interval of the target's critical point."""
        return interval(self.draws, self.ci_prob)

    @cached_property
    def caveats(self) -> list[Caveat]:
        """Caveats of the forecast, the gravest first."""
        critical = np.exp(self.target.log_exposures(self.draws))
        disagree = Caveat(
            "ensembles_disagree",
            f"the ensembles disagree about the target (R-hat {self.rhat:.3f})",
            weight="unusable",
            remedy=way("try another `seed`", "try another --seed"),
        )
        points = _log_exposures(self.curves, self.target)
        found = about_points(critical, self.target, self.curves, points, self.law.has_limits)
        return ranked([*found, *([] if self.passed else [disagree])])

    @cached_property
    def verdict(self) -> Verdict:
        """Whether the forecast may be used."""
        return verdict_on(self.caveats)

    @cached_property
    def limits(self) -> dict[str, float]:
        """Probability that each limit binds at the target; empty under a law without limits."""
        return {name: float((self.limit == i).mean()) for i, name in enumerate(LIMITS)} if self.law.has_limits else {}

    @cached_property
    def rules(self) -> dict[str, float]:
        """Critical point by two rules of thumb, see `bayeskisl.laws.two_rules`; NaN where a rule has too few sizes."""
        # the rules know sizes alone, so that points count as infusions at the target's own budget
        points = self.target.axis.values(self.curves).values.astype(float)
        places = self.target.log_exposures(points)
        found = two_rules(self.curves[schema.PARAMS].values, places, self.target.params)
        return {name: float(self.target.infusion(np.float64(log))) for name, log in found._asdict().items()}

    @cached_property
    def point_left_out(self) -> float | None:
        """The point of the largest size, which the forecast `left_out` did not see."""
        if self.left_out is None:
            return None
        points = self.target.axis.values(self.curves).values
        return float(points[int(self.curves[schema.PARAMS].values.argmax())])

    @property
    def left_out_is_held(self) -> bool | None:
        """Whether the interval of the forecast `left_out` holds the point, which has an error of its own."""
        if self.left_out is None or self.point_left_out is None:
            return None
        shift = self.error * np.random.default_rng(0).standard_normal(self.left_out.draws.shape)
        measured = self.left_out.target.from_line(self.left_out.target.to_line(self.left_out.draws) + shift)
        _, low, high = interval(measured, self.ci_prob)
        return low <= self.point_left_out <= high

    @property
    def times_the_largest(self) -> float:
        """Size of the target over the largest size with a point."""
        return self.target.params / float(self.curves[schema.PARAMS].max())

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, as `extrapolate --json` prints them."""
        median, low, high = self.predicted
        exponent, name = interval(self.exponent, self.ci_prob), interval_name(self.ci_prob)
        return {
            "params": self.target.params,
            "times_the_largest": self.times_the_largest,
            "verdict": self.verdict.to_dict(),
            self.target.half_point: {"median": median, name: [low, high]},
            "unit": self.target.axis.in_words,
            "exponent": {"median": exponent.median, name: [exponent.low, exponent.high]},
            "limits": self.limits,
            "rules": self.rules,
            "sizes": [float(each) for each in self.curves[schema.PARAMS].values],
            "error": self.error,
            "law": self.law.name,
            "gate": {"passed": self.passed, "rhat": self.rhat},
            "warnings": [caveat.to_dict() for caveat in self.caveats],
        }

    def __repr__(self) -> str:
        median, low, high = map(three_digits, self.predicted)
        return (
            f"<{self.target.half_point.capitalize()} of {short(self.target.params)} parameters: {median} "
            f"{self.target.axis.in_words} ({low} to {high})>"
        )

    def _repr_html_(self) -> str:
        median, low, high = map(three_digits, self.predicted)
        rows = [
            ("target", f"{short(self.target.params)} parameters, {self.times_the_largest:.3g} times the largest"),
            (f"predicted {self.target.half_point}", f"{median} ({low} to {high}) {self.target.axis.in_words}"),
            ("points", f"{self.curves.sizes[schema.RUN]}, relative error {self.error:g}"),
            ("verdict", self.verdict.grade),
            ("law", self.law.name),
            ("ensembles agree", f"{'yes' if self.passed else 'no'} (R-hat {self.rhat:.3f})"),
        ]
        return card("critical points", escaped(rows))


def extrapolate_points(
    table: Any,
    params: float | str | Target,
    mapping: Mapping[str, Any] | None = None,
    reading: Reading | None = None,
    *,
    axis: str | None = None,
    law: str | Law = "limits",
    error: float = 0.1,
    ci_prob: float = 0.9,
    seed: int = 0,
    **short_reading: Unpack[ReadingKeywords],
) -> CriticalPoints:
    """Predict the critical point of a larger model from a table with one critical point for each size.

    Parameters
    ----------
    table : path, frame, mapping of columns or sequence of mappings
        One row for each size: the size, and the number of facts, the infusion ratio or the exposures at which half is
        retained.
    params : float, str or Target
        The larger model.
    mapping, reading, axis
        See `bayeskisl.curves_from_table`. Nothing that was recalled is needed. Along a ratio the group says what the
        points are: ``{"group": "'infused'"}`` where half of the facts is learned, ``{"group": "'background'"}`` where
        half of a benchmark is lost.
    law : str or Law
        A law of size, of `bayeskisl.laws`.
    error : float
        Relative error of each point, the standard deviation of its logarithm; 0.1 is that of a run about its curve.
    ci_prob : float
        Probability of the intervals.
    seed : int
        Seed of the ensembles.
    **short_reading
        Keywords of `Reading`, instead of the object.

    Returns
    -------
    CriticalPoints
        Draws of the target's critical point, its exponent and the limit that binds there, beside two rules of thumb.

    Raises
    ------
    InputError
        If the table has fewer than two sizes, a size has several points, or the target is ambiguous; a `TableError` as
        `bayeskisl.curves_from_table` raises it.

    Notes
    -----
    Log critical exposures of each point are normal about the law, with the variance tau^2 + error^2. Coefficients and
    log tau are drawn by sequential Monte Carlo along a tempered likelihood.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> points = {"size": ["70M", "160M", "410M", "1B"], "facts": [9_000, 22_000, 60_000, 140_000]}
    >>> forecast = bk.extrapolate_points(points, "7B", {"params": "size"})
    >>> 300_000 < forecast.predicted.median < 1_500_000
    True
    """
    require_positive(error, "error", "a relative error above 0")
    require_share(ci_prob=ci_prob)
    (how,) = from_keywords(short_reading, (Reading, reading), of=extrapolate_points)
    curves = _points(table, {**(mapping or {})}, how, axis)
    law = load_law(law)
    target = params if isinstance(params, Target) else Target(params)
    planned = planned_model(curves, target)
    forecast = _forecast(curves, law, planned, error, ci_prob, seed)
    return replace(forecast, left_out=_largest_left_out(curves, law, error, ci_prob, seed))


def _points(table: Any, mapping: dict[str, Any], how: Reading, axis: str | None) -> xr.Dataset:
    """Read the points; where the importer asks for what was recalled, nothing of one fact is said."""
    if mapping.get(schema.GROUP) == as_sql(schema.BACKGROUND):  # a benchmark has no facts and no length of them
        mapping = {schema.FACTS: 1, schema.TOKENS_PER_FACT: 1, **mapping}
    curves = curves_from_table(table, {**mapping, schema.RECALLED: 0, schema.PROBED: 1}, how, axis=axis)
    if schema.GROUP not in mapping and axis_of(curves).bounded and axis_of(curves).teaches > 0:
        either = " or ".join(map_option(schema.GROUP, as_sql(group)) for group in (schema.INFUSED, schema.BACKGROUND))
        raise InputError("whether half of the infused facts is learned at these points or half of a benchmark is lost",
                         "neither", "table", f"say which: {either}")  # fmt: skip
    cells, cell_of_run = cell_table(curves)
    sizes = cells[schema.PARAMS].values
    if len(np.unique(sizes)) < _FEWEST:
        raise InputError("critical points of at least two sizes", f"{len(np.unique(sizes))}", "table")
    if len(cell_of_run) > len(sizes):
        first = sizes[np.flatnonzero(np.bincount(cell_of_run) > 1)[0]]
        raise InputError("one critical point for each size", f"several for {first:,.0f} parameters", "table",
                         f"average them, or fit the runs with {way('`bk.fit`', '`bayeskisl fit`')}")  # fmt: skip
    return curves


def _largest_left_out(curves: xr.Dataset, law: Law, error: float, ci_prob: float, seed: int) -> "CriticalPoints | None":
    """Forecast of the largest size from the other ones, where these are enough for a slope and its bend."""
    sizes = curves[schema.PARAMS].values
    others, largest = np.flatnonzero(sizes < sizes.max()), int(sizes.argmax())
    if len(np.unique(sizes[others])) < FEWEST_SIZES:
        return None
    of_largest = curves.isel({schema.RUN: [largest]})
    target = planned_model(of_largest, Target(float(sizes[largest]), float(of_largest[schema.TOKENS][0])))
    return _forecast(curves.isel({schema.RUN: others}), law, target, error, ci_prob, seed)


def _forecast(
    curves: xr.Dataset, law: Law, target: PlannedModel, error: float, ci_prob: float, seed: int
) -> CriticalPoints:
    from arviz_stats.base import array_stats

    from bayeskisl.inference.data import varied_covariates
    from bayeskisl.inference.fitted_law_of_size import FittedLawOfSize

    size, points = FittedLawOfSize.of_curves(curves, law, varied_covariates(curves, law)), _log_points(curves, target)
    rng = np.random.default_rng(seed)
    ensembles = [_ensemble(size, law, points, error, each) for each in rng.spawn(_ENSEMBLES)]
    coefficients, tau = (np.stack(each) for each in zip(*ensembles, strict=True))
    there = {**target.everything_else, schema.PARAMS: target.params}
    place = size.place_of(there)
    log_exposures = size.law.log_critical_exposures(coefficients, place)
    log_exposures = log_exposures + tau * rng.standard_normal(tau.shape)
    return CriticalPoints(
        curves=curves,
        law=law,
        target=target,
        error=error,
        draws=np.asarray(target.infusion(log_exposures)),
        exponent=_exponent(size, coefficients, there),
        limit=size.law.largest(coefficients, place),
        rhat=float(array_stats.rhat(log_exposures)),
        ci_prob=ci_prob,
    )


def _log_points(curves: xr.Dataset, target: PlannedModel) -> FloatArray:
    """Log critical exposures of each cell, ``(cell,)``."""
    _, cell_of_run = cell_table(curves)
    return _log_exposures(curves, target)[np.argsort(cell_of_run)]


def _log_exposures(curves: xr.Dataset, target: PlannedModel) -> FloatArray:
    """Log critical exposures of each point, ``(run,)``."""
    return np.asarray(np.log(group_exposures(curves).sel(group=target.group).values))


def _ensemble(
    size: "FittedLawOfSize", law: Law, points: FloatArray, error: float, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Coefficients ``(member, column)`` and tau ``(member,)`` of one ensemble."""
    from bayeskisl.inference.redraw import Places
    from bayeskisl.inference.tempering import tempered_draws

    prior = law.priors.tau
    places = Places(size.law, (prior.log_median, prior.log_sd))

    def log_likelihood(members: FloatArray) -> FloatArray:
        return places.log_likelihood(members, size.places, points, error**2)

    members, _ = tempered_draws(log_likelihood, int(places.free.sum()) + 1, _MEMBERS, rng)
    return places.at(members)


# Of a difference quotient in log size.
_STEP = 1e-3


def _exponent(size: "FittedLawOfSize", coefficients: FloatArray, target: Mapping[str, float]) -> FloatArray:
    """Local exponent of size, -d log e / d log N, at a target."""
    smaller, larger = (
        size.law.log_critical_exposures(coefficients, size.place_of({**target, schema.PARAMS: params}))
        for params in target[schema.PARAMS] * np.exp([-_STEP, _STEP])
    )
    return (smaller - larger) / (2 * _STEP)
