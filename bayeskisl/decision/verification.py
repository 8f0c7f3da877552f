"""Verification: comparison of a recorded prediction with runs that were trained later."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arguments import require_answer
from bayeskisl.arrays import BoolArray, FloatArray
from bayeskisl.axes import Axis
from bayeskisl.card import card, escaped
from bayeskisl.curves import final, levels_of_runs, validate
from bayeskisl.curves.benchmark import NEXT_TO_NONE, known_uninfused, most_recalled
from bayeskisl.curves.curve import sums_by_level
from bayeskisl.curves.groups import infused_group, probed_groups
from bayeskisl.decision.about import About, AboutDecision, about_of
from bayeskisl.decision.criterion import KeepOf
from bayeskisl.decision.decision import Decision
from bayeskisl.decision.measure import Measurement, measure_collapse
from bayeskisl.decision.scores import Scores, scores_of
from bayeskisl.decision.summary import verification_summary
from bayeskisl.errors import InputError
from bayeskisl.intervals import HITS, Interval, Outcome, interval
from bayeskisl.kinds import VERIFICATION
from bayeskisl.knowledge.guessing import kept, known
from bayeskisl.quantities import SAME_HELD, SAME_SIZE, size_and_budget, three_digits

__all__ = ["AtChoice", "KeptByLevel", "Verification", "bounds_between_levels", "verify"]

# Levels are whole facts and whole sequences: a run at the choice is within rounding of it.
_NEAR = 1.02


@dataclass(frozen=True)
class AtChoice:
    """Retention at the recommended infusion, of every group that over-infusion harms.

    Parameters
    ----------
    levels : mapping
        The share that each group was to keep.
    keep_of : {"ceiling", "facts", "fewest", "uninfused"}
        Reference of these shares.
    shares : mapping
        Knowledge of a group that each run at the recommendation kept, over the reference of its level: that at the
        predicted ceiling, all facts, or what is predicted to be kept without infusion; ``(run,)`` by group.
    bounds : mapping
        The least and the most that each group keeps at the recommendation, by the means of the nearest levels on both
        sides of it; 0 and 1 where a side has no level. Retention moves one way along the axis. Empty if nothing was
        recommended.
    baseline : {"predicted", "measured"}
        Whether the reference is the prediction's, or what the target's own runs without infusion hold.
    """

    levels: Mapping[str, float]
    keep_of: KeepOf
    shares: Mapping[str, FloatArray]
    bounds: Mapping[str, tuple[float, float]]
    baseline: Literal["predicted", "measured"] = "predicted"

    @property
    def runs(self) -> int:
        """Number of runs at the recommendation."""
        return len(next(iter(self.shares.values())))

    @property
    def fell_short(self) -> int:
        """Number of runs that retained less than required in some group."""
        return int(np.any([self.shares[group] < level for group, level in self.levels.items()], axis=0).sum())

    @property
    def held(self) -> bool | None:
        """Whether every group keeps its share at the recommended infusion on average; None if the runs leave it open.

        Runs on both sides of the infusion decide as well as runs at it.
        """
        ends = [(*self.bounds[group], level) for group, level in self.levels.items() if group in self.bounds]
        if any(most < level for _, most, level in ends):
            return False
        return True if ends and all(least >= level for least, _, level in ends) else None


@dataclass(frozen=True)
class KeptByLevel:
    """Retained knowledge at every trained infusion, averaged over its runs.

    Parameters
    ----------
    infusions, facts : tuple of float
        Infusion, rising, and facts kept above guessing, all groups that were trained on, the background with the
        decision's weight; empty if no run probed all of these, or a benchmark has no stated value.
    runs : tuple of int
        Number of runs at each.
    axis : Axis
        Axis of the infusions.
    """

    infusions: tuple[float, ...]
    facts: tuple[float, ...]
    runs: tuple[int, ...]
    axis: Axis

    @property
    def best(self) -> tuple[float, float]:
        """The smallest and the largest infusion that retained most; several may retain the same. NaN without levels."""
        most = [place for place, facts in zip(self.infusions, self.facts, strict=True) if facts == max(self.facts)]
        return (most[0], most[-1]) if most else (np.nan, np.nan)

    @property
    def best_is_inside(self) -> bool:
        """Whether less was retained on both sides of them, so that the runs show an optimum."""
        return bool(self.infusions) and self.infusions[0] < self.best[0] and self.best[1] < self.infusions[-1]

    def given_up_at(self, infusion: float) -> float | None:
        """Loss at `infusion` as a share of the most that was retained; None if no run is near, or none retained any."""
        near = [at for at, place in enumerate(self.infusions) if _is_near(np.array(place), infusion, self.axis)]
        nearest = min(near, key=lambda at: abs(self.infusions[at] - infusion), default=None)
        most = max(self.facts, default=0.0)
        return 1 - self.facts[nearest] / most if nearest is not None and most > 0 else None


@dataclass(frozen=True, repr=False)
class Verification:
    """A prediction and a measurement of the same point.

    Parameters
    ----------
    params, tokens : float
        The target.
    predicted : Interval
        Predicted interval of the collapse point of a cell, as its runs measure it.
    ci_prob : float
        Probability of that interval.
    measured : Measurement
        The half-retention point with its own uncertainty.
    verdict : {"hit", "miss", "undecided"}
        Whether the measured median lies inside the predicted interval; undecided if the runs give only a bound that
        does not decide.
    rank : float
        Share of the predictive distribution below the measurement, averaged over the measurement's own uncertainty:
        values near 0 or 1 are a surprise.
    verdict_by_law : dict
        The same for the interval of each law; empty for answers of earlier versions, which have no cell of each law.
    at_choice : AtChoice or None
        Retention at the recommended infusion; None for a prediction, which recommends nothing.
    unit : str
        Unit of all infusions.
    kept : KeptByLevel
        Retained knowledge at every level.
    choice, optimum : float
        The recommended infusion, which may be the safe end of a bound, and the risk-neutral choice; NaN without them.
    optimum_interval : tuple of float
        Interval of the posterior of the infusion that keeps most facts; NaN where the decision's utility is another.
    scores : Scores, optional
        Scores of the forecast, beside two rules of thumb; None if the runs give only a bound.
    attrs : mapping
        Attributes of the measured curves, which say how these were made.
    assumed : tuple of str
        Names of the target's quantities that an import assumed, such as ``tokens``.
    of_mean : bool
        Whether the predicted interval is that of the mean of many runs, and not of one new run; False for answers of
        earlier versions.
    """

    kind: ClassVar[str] = VERIFICATION
    params: float
    tokens: float
    predicted: Interval
    ci_prob: float
    measured: Measurement
    verdict: Outcome
    rank: float
    verdict_by_law: dict[str, Outcome]
    at_choice: AtChoice | None
    unit: str
    kept: KeptByLevel
    choice: float = np.nan
    optimum: float = np.nan
    optimum_interval: tuple[float, float] = (np.nan, np.nan)
    scores: Scores | None = None
    attrs: Mapping[str, Any] = field(default_factory=dict)
    assumed: tuple[str, ...] = ()
    of_mean: bool = False

    @property
    def interval_in_words(self) -> str:
        """Sentence about what the predicted interval is of; empty where it is that of a decision."""
        if not self.of_mean:
            return ""
        return "The interval is for the mean of many runs; a decision states the wider one for a single new run."

    @property
    def target_in_words(self) -> str:
        """Size and budget of the target; a budget that an import assumed is left out."""
        return size_and_budget(self.params, self.tokens, schema.TOKENS not in self.assumed)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, as `verify --json` prints, see `bayeskisl.decision.verification_summary`."""
        return verification_summary(self)

    def __repr__(self) -> str:
        place, measured = self.target_in_words, self.measured
        bound = f"{measured.bound} " if measured.bound else ""
        found = f"{measured.half_point} measured at {bound}{three_digits(measured.median)} {self.unit}"
        return f"<Verification for {place}: {self.verdict}, {found}>"

    def _repr_html_(self) -> str:
        measured, predicted, half = self.measured, self.predicted, self.measured.half_point
        ends = f"{three_digits(predicted.low)} to {three_digits(predicted.high)} {self.unit}"
        rows = [
            ("target", self.target_in_words),
            ("verdict", self.verdict),
            (f"predicted {half}", f"{ends} ({100 * self.ci_prob:g} % interval)"),
            ("interval", self.interval_in_words),
            (f"measured {half}", f"{measured.bound} {three_digits(measured.median)} {self.unit}".strip()),
            ("by law", ", ".join(f"{law} {outcome}" for law, outcome in self.verdict_by_law.items())),
        ]
        return card("verification", escaped(rows))

    @property
    def optimum_hit(self) -> bool | None:
        """Whether the best levels reach into the interval of the optimum; None if the runs show no interior optimum."""
        low, high = self.optimum_interval
        if not self.kept.best_is_inside or np.isnan(low):
            return None
        first, last = self.kept.best
        return low <= last and first <= high

    @property
    def hit(self) -> bool | None:
        """The verdict as a truth value; None where it is undecided."""
        return HITS[self.verdict]

    @property
    def hit_by_law(self) -> dict[str, bool | None]:
        """The verdict on each law as a truth value."""
        return {law: HITS[verdict] for law, verdict in self.verdict_by_law.items()}


def verify(prediction: xr.Dataset | Decision, curves: xr.Dataset) -> Verification:
    """Measure the collapse point of a predicted model, and judge the prediction.

    Parameters
    ----------
    prediction : xarray.Dataset or Decision
        Result of `predict` or `decide`.
    curves : xarray.Dataset
        Retention curves that contain runs of the predicted size and budget, with the fixed quantities of the
        prediction. Other runs are ignored.

    Raises
    ------
    InputError
        If no run belongs to the target, or a run of the target was already in the fit.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> fit = bk.load_fit("desk-four")
    >>> verification = bk.verify(bk.predict(fit, 98_304), bk.load_curves("desk-amount"))
    >>> verification.verdict, round(verification.measured.median, -2)
    ('hit', 1000.0)
    """
    require_answer(prediction)
    data = prediction.data if isinstance(prediction, Decision) else prediction
    about = about_of(data)
    weight = about.background_weight if isinstance(about, AboutDecision) else 1.0
    runs = _runs_of_target(about, final(validate(curves)))
    measured = measure_collapse(runs, ci_prob=about.ci_prob)
    # runs of a cell measure the cell's half-point, and not that of one run
    half = about.half_point
    judged = f"{half}_of_cell" if f"{half}_of_cell" in data else half
    draws = data[judged].values.ravel()
    predicted = interval(draws, measured.ci_prob)
    laws = data["law"].values if f"{judged}_by_law" in data else ()
    ends_by_law = {str(law): interval(data[f"{judged}_by_law"].sel(law=law).values, measured.ci_prob) for law in laws}
    return Verification(
        params=float(about.params),
        tokens=float(about.tokens),
        predicted=predicted,
        ci_prob=measured.ci_prob,
        measured=measured,
        verdict=measured.outcome(predicted),
        rank=_rank(measured, draws),
        scores=scores_of(about.axis, draws, measured, about.rules),
        verdict_by_law={law: measured.outcome(ends) for law, ends in ends_by_law.items()},
        unit=about.unit,
        kept=_nothing_kept(about.axis) if _lacks_value(about) else _kept_by_level(about.axis, weight, runs),
        attrs=curves.attrs,
        assumed=tuple(about.invented),
        of_mean=judged != half and about.kind == "new_run",
        **_of_decision(data, runs),
    )


def _of_decision(data: xr.Dataset, runs: xr.Dataset) -> dict[str, Any]:
    """Verify the parts of a decision besides its prediction."""
    if schema.CHOICE not in data:
        return {"at_choice": None}
    decision = Decision(data)
    choice, optimum = (np.nan if found is None else found for found in (decision.advised, decision.optimum.value))
    _, low, high = interval(data[schema.OPTIMUM].values, decision.about.ci_prob)
    return {
        "at_choice": _at_choice(decision, choice, runs),
        "choice": choice,
        "optimum": optimum,
        "optimum_interval": (low, high) if decision.about.is_facts_kept else (np.nan, np.nan),
    }


def _lacks_value(about: About) -> bool:
    """Whether questions of a benchmark without a stated value would be counted as facts."""
    return isinstance(about, AboutDecision) and about.lacks_value


def _nothing_kept(axis: Axis) -> KeptByLevel:
    return KeptByLevel((), (), (), axis)


def _kept_by_level(axis: Axis, background_weight: float, runs: xr.Dataset) -> KeptByLevel:
    """Retained knowledge by level above the known guessing rate, so that no prediction enters the measurement.

    Runs that left out a group that others probed are left out.
    """
    asked = probed_groups(runs)
    counted = [group for group in asked if group in (infused_group(asked), schema.BACKGROUND)]
    runs = runs.isel({schema.RUN: np.flatnonzero((runs[schema.PROBED].sel(group=counted) > 0).all(schema.GROUP))})
    background = background_weight * runs[schema.BACKGROUND_FACTS].values
    total = np.zeros(runs.sizes[schema.RUN])
    for group in counted:
        facts = background if group == schema.BACKGROUND else runs[schema.FACTS].values
        recalled, probed, guessing = (runs[name].sel(group=group).values for name in schema.COUNTS)
        total += kept(facts, recalled / probed, guessing)
    levels, sums, counts = sums_by_level(levels_of_runs(runs), total)
    return KeptByLevel(tuple(levels.tolist()), tuple((sums / counts).tolist()), tuple(counts.tolist()), axis)


def _runs_of_target(about: About, curves: xr.Dataset) -> xr.Dataset:
    if curves.attrs["axis"] != about.axis.name:
        raise InputError(f"curves along {about.axis.name!r}", repr(curves.attrs["axis"]), "curves")
    curves = _of_domain(curves, about.domain)
    ours = np.isclose(curves[schema.PARAMS].values, about.params, rtol=SAME_SIZE)
    _require_some(curves, ours, schema.PARAMS, about.params)
    for name, value in {schema.TOKENS: about.tokens, **about.held_fixed}.items():
        if name in about.invented:  # an import assumes it anew for each table
            continue
        if name not in curves.variables:
            raise InputError(f"curves with the run coordinate {name!r}, {value:g} as predicted", "none of that name",
                             "curves", "give every run its value")  # fmt: skip
        ours &= np.isclose(curves[name].values.astype(float), value, rtol=SAME_HELD)
        _require_some(curves, ours, name, value)
    runs = curves.isel(run=np.flatnonzero(ours))
    seen = {str(run) for run in runs["run"].values} & set(about.fitted_runs)
    # a target above all fitted sizes has no run in the fit; lines of two files can have one name, "runs.csv line 2"
    if seen and about.extrapolation_decades <= 0:
        raise InputError("runs that the fit has not seen", f"{len(seen)} of them, the first {min(seen)!r}", "curves",
                         "predict from a fit without the target's size")  # fmt: skip
    return runs


def _of_domain(curves: xr.Dataset, domain: str) -> xr.Dataset:
    """Runs of the domain that the prediction is about; runs without a domain are taken as they are."""
    if not domain or schema.DOMAIN not in curves.coords:
        return curves
    ours = curves[schema.DOMAIN].values == domain
    if not ours.any():
        found = ", ".join(map(repr, np.unique(curves[schema.DOMAIN].values)))
        raise InputError(f"runs of the domain {domain!r}, as predicted", found, "curves")
    return curves.isel({schema.RUN: np.flatnonzero(ours)})


def _require_some(curves: xr.Dataset, ours: BoolArray, name: str, value: float) -> None:
    if not ours.any():
        found = ", ".join(f"{each:,.0f}" if each >= 1 else f"{each:.6g}" for each in np.unique(curves[name].values)[:8])
        raise InputError(f"runs with {name} = {value:,.6g}, as predicted", found, "curves",
                         "train the predicted model at levels around its choice")  # fmt: skip


def _rank(measured: Measurement, draws: FloatArray) -> float:
    below = np.searchsorted(np.sort(draws), measured.values, side="right") / draws.size
    return float(measured.probability @ below)


def _is_near(places: FloatArray, place: float, axis: Axis) -> BoolArray:
    """Return whether infusions are equal up to rounding, on the transformed axis."""
    if not 0 < place < (1 if axis.bounded else np.inf):
        return np.zeros(places.shape, dtype=bool)
    return np.abs(axis.to_line(places) - axis.to_line(place)) <= np.log(_NEAR)


def _at_choice(decision: Decision, choice: float, runs: xr.Dataset) -> AtChoice:
    about = decision.about
    # the groups that over-infusion harms, where the decision tells their ends and the runs probed them
    judged = set(about.harmed) & set(about.floors_and_ceilings) & set(probed_groups(runs))
    levels = {group: level for group, level in about.levels.items() if group in {about.group, *judged}}
    probed = (runs[schema.PROBED].sel(group=list(levels)) > 0).all(schema.GROUP).values
    infusion = levels_of_runs(runs)
    at = np.flatnonzero(_is_near(infusion, choice, about.axis) & probed)

    # without a choice no run lies at it, and nothing is asked of the others
    shares = {group: _shares(decision, group, runs) for group in levels} if np.isfinite(choice) else {}
    own = any(_kept_uninfused(about, group, runs) is not None for group in levels)
    return AtChoice(
        levels,
        about.keep_of,
        {group: shares[group][at] if shares else np.zeros(0) for group in levels},
        {
            group: bounds_between_levels(about.axis, infusion, of_runs, choice, not decision.is_least)
            for group, of_runs in shares.items()
        },
        "measured" if own else "predicted",
    )


def bounds_between_levels(
    axis: Axis, infusion: FloatArray, shares: FloatArray, place: float, falls: bool = True
) -> tuple[float, float]:
    """Return the least and the most that is kept at a place, by the means of the nearest levels on both sides.

    Parameters
    ----------
    axis : Axis
    infusion, shares : numpy.ndarray
        Infusion of each run, and its share kept; a share is NaN where a run was not probed.
    place : float
        An infusion, which may lie beyond all levels.
    falls : bool
        Whether retention falls along the axis, or rises.

    Returns
    -------
    least, most : float
        0 and 1 where a side has no level.
    """
    probed = np.isfinite(shares)
    levels, sums, counts = sums_by_level(infusion[probed], shares[probed])
    means, near = sums / counts, _is_near(levels, place, axis)
    before, behind = means[(levels <= place) | near][-1:], means[(levels >= place) | near][:1]
    least, most = (behind, before) if falls else (before, behind)
    return max(0.0, float(least[0])) if least.size else 0.0, float(most[0]) if most.size else 1.0


def _shares(decision: Decision, group: str, runs: xr.Dataset) -> FloatArray:
    """Share that each run kept of what the group holds at best, or of its facts, as the level asks, ``(run,)``."""
    own = [float(decision.data[name].median()) for name in ("floor", "ceiling")]  # of the group that it is about
    floor, ceiling = decision.about.floors_and_ceilings.get(group, own)
    about = decision.about
    at_best = known(ceiling, floor)
    predicted = at_best * about.kept_uninfused if about.kept_uninfused else 1.0
    measured = _kept_uninfused(about, group, runs)
    of_background = predicted if measured is None else measured
    whole = {"ceiling": at_best, "facts": 1.0}.get(about.reference(group), of_background)
    recalled, probed, guessing = (runs[name].sel(group=group).values for name in schema.COUNTS)
    most = _most_recalled(about, group, runs)
    share = np.divide(recalled, probed, out=np.full(len(probed), np.nan), where=probed > 0)
    return np.asarray(known(share, np.maximum(floor, guessing), most) / whole, dtype=float)


def _kept_uninfused(about: About, group: str, runs: xr.Dataset) -> float | None:
    """Knowledge that the target's own runs without infusion hold, along a ratio, where a level refers to it."""
    # runs of that ratio realise it a little differently
    none = (runs[schema.RATIO].values <= 1.1 * NEXT_TO_NONE) & (runs[schema.PROBED].sel(group=group).values > 0)
    if about.reference(group) != "uninfused" or not about.axis.moves_ratio or not none.any():
        return None
    recalled, probed, guessing = (runs[name].sel(group=group).values[none] for name in schema.COUNTS)
    return float(known(recalled / probed, guessing).mean())


def _most_recalled(about: About, group: str, runs: xr.Dataset) -> FloatArray:
    """Largest share that each run can recall of what the answer refers to, ``(run,)``."""
    if group not in about.of_uninfused or not runs.sizes[schema.RUN]:
        return np.ones(runs.sizes[schema.RUN])
    place = list(runs[schema.GROUP].values).index(group)
    if not known_uninfused(runs)[place]:
        raise InputError("the target's own score of the benchmark before anything is infused", "none", "runs",
                         "add a run with 0 facts to the table, or map uninfused.background")  # fmt: skip
    return most_recalled(runs)[:, place]
