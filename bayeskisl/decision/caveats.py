"""Caveats of an answer: warnings, and edges at which an answer is a bound instead of a number.

Each caveat has a weight: a note, a matter of care, or a reason not to use the answer, see `bayeskisl.decision.verdict`.
"""

from collections.abc import Iterator

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.curves import cell_at, cell_table, further_covariates
from bayeskisl.curves.by_size import REMEDY, against_size, in_words
from bayeskisl.curves.cells import tokens_per_parameter
from bayeskisl.decision.caveat import Caveat
from bayeskisl.decision.planned_model import PlannedModel
from bayeskisl.errors import way
from bayeskisl.intervals import interval
from bayeskisl.quantities import SAME_HELD, short, three_digits

__all__ = ["APART", "about_points", "about_prediction", "has_short_ladder", "said", "size_that_tests"]

# One order of magnitude beyond the sizes seen: where studies with R2 above .98 were off by factors.
_FAR = 10.0
# Two orders of magnitude beyond them the form of the law alone decides. The farthest real size that was ever predicted,
# 131,392 parameters from sizes up to 4,668, lay 28 times beyond.
_TOO_FAR, _CHECKED = 100.0, 28
# Quantities that set exposures, and that no law knows unless it names them as covariates.
_NO_COVARIATES = {schema.RATIO, schema.BACKGROUND_SHARE, schema.TOKENS_PER_FACT}
# Sizes from which on predictions of sizes more than twice as large held in the table of real sizes, and the smallest
# size from which on fewer sizes held as well: below it the exponent still changes from size to size.
_LADDER, _WELL_ABOVE, _TINY = 7, 2.0, 4_000
# How often the 90 % interval held in the table of 16 real sizes on which the law was chosen (docs/trust.md): with up to
# five sizes that began below _TINY, and with six that began at 532 parameters; each beside the ladders that did better.
_FEW, _HELD_BY_FEW, _HELD_BY_SIX = (
    5,
    "on real runs, 90 % intervals from such ladders held 32 of 69 larger sizes, and those from ladders that began "
    f"above {_TINY:,} parameters 158 of 166",
    "on real runs, 90 % intervals from such ladders held 6 of 10 larger sizes, and those from seven sizes or more "
    "45 of 45",
)
# Laws whose median critical exposures differ by more than this factor.
APART = 2.0
# Above it the risk-neutral choice exceeds the median collapse point (normal log x50, steep fall).
_WIDE_LOG_SD = 0.8
# A 90 % interval whose ends differ by more than this factor is no basis for a decision (EFSA Scientific Committee 2022,
# doi:10.2903/j.efsa.2022.7584, of benchmark doses).
_NO_BASIS = 50.0
# The laws' priors of an exponent have a standard deviation of about .5: at three times what was tried the prior alone
# spans a factor of 3^(3.29 x .5) = 6 from end to end.
_PRIOR_REACH = 3.0
# Draws whose half-point lies below one exposure of a fact, which no training gives every fact.
_UNSEEN_SHARE = 0.05


def about_prediction(
    ahead: xr.Dataset, target: PlannedModel, curves: xr.Dataset, apart: float = APART
) -> Iterator[Caveat]:
    """Return the caveats of the prediction `ahead`."""
    yield from _about_distance(ahead, target, curves)
    yield from _about_laws(ahead, target, apart)
    critical = ahead[schema.CRITICAL_EXPOSURES].values
    yield from _about_width(critical, target.axis.harms_infused and _best_mean_collapses(ahead))
    yield from _about_unseen(critical, target)


def about_points(
    critical: FloatArray, target: PlannedModel, curves: xr.Dataset, log_points: FloatArray, has_limits: bool
) -> Iterator[Caveat]:
    """Return the caveats of a forecast from critical points.

    Parameters
    ----------
    critical : numpy.ndarray
        Draws of the target's critical exposures, of any shape.
    target : PlannedModel
    curves : xarray.Dataset
        The points.
    log_points : numpy.ndarray
        Log critical exposures of each point, ``(run,)``.
    has_limits : bool
        Whether the law has limits.
    """
    sizes = np.asarray(curves[schema.PARAMS].values, dtype=float)
    yield from _about_far_sizes(target, sizes)
    yield from _about_the_ladder(target, curves, sizes)
    yield from _about_width(critical, best_mean_collapses=False)
    budget = np.log(curves[schema.TOKENS].values.astype(float))
    if has_limits and (code := against_size(sizes, log_points - budget)):
        yield Caveat(code, in_words(code, sizes, "exposures"), weight="unusable", remedy=REMEDY)


def said(value: float) -> str:
    """Format a number for a sentence; a share near 1 keeps the digits that distinguish it from 1."""
    if value >= 1e6:
        return short(value)
    if 0.9 < value < 1:
        return three_digits(value)
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def _about_distance(ahead: xr.Dataset, target: PlannedModel, curves: xr.Dataset) -> Iterator[Caveat]:
    for name in target.prior_driven:
        of_law = name not in _NO_COVARIATES or name in further_covariates(curves)
        yield _of_prior(name, target, curves, of_law)
    around = _around_its_half_point(ahead, target)
    if _is_trained(target, curves):
        yield Caveat(
            "trained_size",
            "the target is a trained size; its own runs decide, and the law of size has almost no influence",
            concerns="target",
            buy=f"if anything, more runs of the target itself, {around}",
        )
        return
    sizes, budgets = (np.asarray(curves[name].values, dtype=float) for name in (schema.PARAMS, schema.TOKENS))
    yield from _about_far_sizes(target, sizes)
    yield from _about_the_ladder(target, curves, sizes)
    yield from _about_budget(target, budgets, sizes)
    yield from _about_the_side(target, budgets, sizes, around)


def _around_its_half_point(ahead: xr.Dataset, target: PlannedModel) -> str:
    """Name runs of the target, at infusions around its half-point where it has one in its range."""
    median = interval(ahead[target.half_point].values, 0.9)[0]
    place = f" at infusions around {said(median)} {target.axis.in_words}"
    return f"{said(target.params)} parameters{place if target.range[0] <= median <= target.range[1] else ''}"


def _about_far_sizes(target: PlannedModel, sizes: FloatArray) -> Iterator[Caveat]:
    """Return the caveat about a target far above or far below all sizes."""
    above, below = target.params / sizes.max(), sizes.min() / target.params
    if above > _TOO_FAR * (1 + 1e-9):
        yield _too_far(above, _size_between(target, sizes.max()))
    elif above >= _FAR * (1 - 1e-9):
        where = f"the target is {above:,.0f} times the largest size seen ({said(sizes.max())} parameters)"
        yield _far(where, _size_between(target, sizes.max()))
    if below >= _FAR * (1 - 1e-9):
        where = f"the smallest size seen ({said(sizes.min())} parameters) is {below:,.0f} times the target"
        yield _far(where, _size_between(target, sizes.min()))


def _about_the_ladder(target: PlannedModel, curves: xr.Dataset, sizes: FloatArray) -> Iterator[Caveat]:
    """Return the caveat about a short ladder of sizes."""
    if has_short_ladder(target, curves):
        count = len(np.unique(sizes))
        yield Caveat(
            "short_ladder",
            f"only {count} size{'s were' if count > 1 else ' was'} trained, the smallest of {said(sizes.min())} "
            f"parameters; {_HELD_BY_FEW if count <= _FEW else _HELD_BY_SIX}",
            buy=_size_between(target, sizes.max()),
            weight="care",
        )


def _about_the_side(target: PlannedModel, budgets: FloatArray, sizes: FloatArray, around: str) -> Iterator[Caveat]:
    """Return the caveat about a target within the sizes and budgets seen, or below all sizes."""
    within = budgets.min() / (1 + SAME_HELD) <= target.tokens <= budgets.max() * (1 + SAME_HELD)
    if within and sizes.min() <= target.params <= sizes.max():
        yield Caveat(
            "inside_data",
            "the target lies within the sizes seen; this is an interpolation",
            concerns="target",
            buy=f"if anything, runs of the target itself, {around}",
        )
    if target.params < sizes.min():
        yield Caveat(
            "below_data",
            f"the target is smaller than the smallest size seen ({said(sizes.min())} parameters)",
            concerns="target",
            buy=f"runs of the target itself, {around}, which cost less than any run of the sweep",
        )


def _far(where: str, buy: str) -> Caveat:
    """Return the caveat about a target far from all sizes."""
    message = f"{where}; the law's form beyond the data is an assumption"
    return Caveat("far_extrapolation", message, buy=buy, weight="care")


def _too_far(times: float, buy: str) -> Caveat:
    """Return the caveat about a target so far above all sizes that its answer is of no use."""
    message = (
        f"the target is {times:,.0f} times the largest trained size. On real runs no forecast was checked beyond "
        f"{_CHECKED} times. The interval assumes that the law holds over this whole distance. "
        "Do not use this number for a training run."
    )
    return Caveat("far_extrapolation", message, buy=buy, weight="unusable")


def has_short_ladder(target: PlannedModel, curves: xr.Dataset) -> bool:
    """Whether few sizes were trained, the smallest of them tiny, for a target well above the largest."""
    sizes = np.unique(np.asarray(curves[schema.PARAMS].values, dtype=float))
    is_short = len(sizes) < _LADDER and sizes[0] < _TINY
    return is_short and target.params > _WELL_ABOVE * sizes[-1] * (1 + 1e-9)


def size_that_tests(target: PlannedModel, curves: xr.Dataset) -> float | None:
    """A size between the target and the largest trained one, where a decision asks for one to test the law."""
    largest = float(np.max(curves[schema.PARAMS].values))
    far = target.params >= _FAR * largest * (1 - 1e-9)
    return _halfway(target, largest) if far or has_short_ladder(target, curves) else None


def _halfway(target: PlannedModel, size: float) -> float:
    return float(f"{np.sqrt(target.params * size):.2g}")


def _size_between(target: PlannedModel, size: float) -> str:
    """Name a size between the target and the nearest one that was trained."""
    between = _halfway(target, size)
    point = "collapse point" if target.harms else "onset"
    return f"a size between, such as {said(between)} parameters, at infusions around its {point}"


def _about_budget(target: PlannedModel, budgets: FloatArray, sizes: FloatArray) -> Iterator[Caveat]:
    """Return the caveat about a budget far from all that were tried, unless it only follows the size, as theirs do."""
    low, high = budgets.min(), budgets.max()
    factor = max(target.tokens / high, low / target.tokens)
    a_parameter, planned = budgets / sizes, target.tokens / target.params
    one_each = len(np.unique(np.stack([sizes, budgets]), axis=1).T) == len(np.unique(sizes))
    follows = one_each and a_parameter.min() / (1 + SAME_HELD) <= planned <= a_parameter.max() * (1 + SAME_HELD)
    if factor >= _FAR * (1 - 1e-9) and not follows and schema.TOKENS not in target.prior_driven:
        yield Caveat(
            "far_budget",
            f"the target's budget of {said(target.tokens)} tokens lies a factor of {factor:,.0f} "
            f"{'above the largest' if target.tokens > high else 'below the smallest'} budget that was tried; the law's "
            "form there is an assumption",
            buy="the smallest sizes again at a budget between",
            weight="care",
        )


def _is_trained(target: PlannedModel, curves: xr.Dataset) -> bool:
    """Whether the target is a cell of the sweep."""
    return cell_at(cell_table(curves)[0], {**target.everything_else, schema.PARAMS: target.params}) is not None


def _of_prior(name: str, target: PlannedModel, curves: xr.Dataset, of_law: bool) -> Caveat:
    """Return the caveat about a quantity that the sweep never varied up to the target's value.

    The law knows its effect, by its prior alone, or only that of the exposures that follow from it.
    """
    swept = np.asarray(curves[name].values, dtype=float)
    value = {**target.everything_else, schema.PARAMS: target.params}[name]
    words = name.replace("_", " ") if name != schema.PARAMS else "size"
    low, high = float(swept.min()), float(swept.max())
    each = tokens_per_parameter(curves) if name == schema.TOKENS else None
    if each is not None:  # the budget varied with the size alone
        low, high, value, words = each, each, value / target.params, "tokens per parameter"
    factor = max(value / high, low / value)
    of_form = "the law's form there is an assumption"
    assumed = f"{words} is assumed not to matter beyond the exposures, and the interval does not include that"
    if high <= low * (1 + SAME_HELD):
        message = (
            f"every run had one value of {words}, {said(low)}, and the target has {said(value)}, "
            f"{'a factor of ' + said(factor) + ' away' if factor > 1.1 else 'next to it'}: "
            f"{'the effect of that rests on the prior alone' if of_law else assumed}"
        )
    else:
        message = (
            f"the target's {words} of {said(value)} lies outside what was swept, {said(low)} to {said(high)}; "
            f"{of_form if of_law else assumed}"
        )
    further = high * min(factor, 10.0) if value > high else low / min(factor, 10.0)
    further = further if 0.9 < further < 1 else float(f"{further:.2g}")  # a share near 1 is not rounded up to it
    return Caveat(
        "prior_driven_target",
        message,
        buy=f"the smallest sizes of the sweep again, with {words} of {said(further)}"
        if name != schema.PARAMS
        else f"a second size, {said(further)} parameters, at infusions around its half-point",
        weight="unusable" if factor > _PRIOR_REACH and high <= low * (1 + SAME_HELD) else "care",
    )


def _about_laws(ahead: xr.Dataset, target: PlannedModel, apart: float) -> Iterator[Caveat]:
    """Return the caveat about laws that disagree, compared on critical exposures, which are unbounded.

    Every law with a weight is compared: weights have a floor, since a handful of sizes does not separate laws.
    """
    heard = ahead.isel(law=np.flatnonzero(ahead["weight"].values > 0))
    medians = {
        str(law): interval(heard["critical_exposures_by_law"].sel(law=law).values, 0.9)[0]
        for law in heard["law"].values
    }
    least = min(medians.values())
    factor = max(medians.values()) / least if least > 0 else np.inf
    if factor > apart:
        by_law = heard[f"{target.half_point}_by_law"]
        halves = [interval(by_law.sel(law=law).values, 0.9)[0] for law in heard["law"].values]
        points = "collapse points" if target.harms else "onsets"
        weights = ", ".join(f"{law} {weight:.2f}" for law, weight in heard["weight"].to_series().items())
        yield Caveat(
            "laws_apart",
            f"the laws disagree about the critical exposures at the target by {_factor(factor)} (more than "
            f"{apart:g}); their weights ({weights}) come from the sizes seen and may be others there, so read the "
            "choice by law beside the mixture",
            concerns="choice",
            buy=f"a larger size than any so far, at infusions between the laws' {points}"
            f"{_from_to(min(halves), max(halves), target)}",
            weight="care",
        )


def _from_to(low: float, high: float, target: PlannedModel) -> str:
    """State the range of the laws' half-points; nothing if no law has one."""
    if not np.isfinite(low):
        return ""
    ends = f"{said(low)} to {said(high)}" if np.isfinite(high) else f"at least {said(low)}"
    return f" (at the target {ends} {target.axis.in_words})"


def _factor(factor: float) -> str:
    return f"a factor of {said(factor)}" if np.isfinite(factor) else "an infinite factor: one of them never collapses"


def _about_width(critical: FloatArray, best_mean_collapses: bool) -> Iterator[Caveat]:
    spread = float(np.log(critical[critical > 0]).std()) if (critical > 0).any() else 0.0
    if spread > _WIDE_LOG_SD:
        _, low, high = interval(critical[critical > 0], 0.9)
        ratio = high / low
        consequence = (
            "; the infusion that keeps most on average would then more likely collapse than not, and is not recommended"
            if best_mean_collapses
            else ""
        )
        yield Caveat(
            "wide",
            f"the 90 % interval of the critical exposures spans a factor of {said(ratio)}{consequence}",
            weight="unusable" if ratio > _NO_BASIS else "care",
            remedy=way(
                "ask `bayeskisl.plan` which runs narrow it most per cost",
                "ask `bayeskisl plan` which runs narrow it most per cost",
            ),
        )


def _best_mean_collapses(ahead: xr.Dataset) -> bool:
    """Whether the best mean collapses more often than not: a plan may end below it. A prediction has no plan."""
    if "risk_neutral_choice" not in ahead:
        return True
    end = "most" if ahead["risk_neutral_side"].item() > 0 else "least"
    best = ahead["risk_neutral_choice"].fillna(ahead[end]).item()
    return float((ahead[schema.COLLAPSE] < best).mean()) > 0.5


def _about_unseen(critical: FloatArray, target: PlannedModel) -> Iterator[Caveat]:
    unseen = float((critical < 1).mean())
    if unseen > _UNSEEN_SHARE and target.exposures_are_known and target.axis.moves(target.group) and target.harms:
        yield Caveat(
            "below_one_exposure",
            f"in {100 * unseen:.0f} % of the draws half of the {target.group} facts are kept at less than one exposure "
            "of a fact, where some facts are never seen at all",
            weight="care",
            buy=f"{said(float(target.params))} parameters or the largest available size, near one exposure of a fact",
        )
