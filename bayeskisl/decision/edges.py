"""Edges: reasons why a decision is a bound instead of a number, and the run that would change that.

A bound is one on the answer at the target, and is printed only where the draws at the target bear it out: what a swept
level was to a smaller model is not what it is to the target.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.curves import Side, curves_of_cells, levels_of_runs
from bayeskisl.decision.about import AboutDecision
from bayeskisl.decision.caveat import Caveat
from bayeskisl.decision.caveats import said
from bayeskisl.decision.choices import chance_constrained_choice, least_sufficient
from bayeskisl.decision.planned_model import PlannedModel
from bayeskisl.errors import way
from bayeskisl.quantities import three_digits

__all__ = ["edges"]

_NOTICEABLE = 0.01
# Where more infused facts are sought at all, see `bayeskisl.decision.choices.Gains`.
_FARTHEST = ", or to a hundred times the collapse point"
# A quantile with ten draws beyond it has a standard error of a third of its risk.
_DRAWS_BEYOND = 10


def edges(data: xr.Dataset, about: AboutDecision, target: PlannedModel, curves: xr.Dataset) -> Iterator[Caveat]:
    """Return the edges of a decision, of which `data` and `about` are the parts."""
    swept = _Swept.of(curves)
    supported = _Supported(data[about.bounds].values.ravel(), about.risk)
    yield from _about_sides(about, target, curves, swept, supported)
    yield from _about_the_choice(data, about, target, swept, supported)
    yield from _about_the_optimum(data, about, target, swept)
    yield from _about_the_domain(data, about, target)
    yield from _about_the_loss_price(about)
    yield from _about_the_draws(supported.draws, data.sizes["chain"], about.risk)


@dataclass(frozen=True)
class _Swept:
    """The range of levels that were swept, and the largest size in words.

    Parameters
    ----------
    low, high : float
        In the unit of the axis.
    largest : str
    """

    low: float
    high: float
    largest: str

    @classmethod
    def of(cls, curves: xr.Dataset) -> "_Swept":
        levels = levels_of_runs(curves)
        largest = np.asarray(curves[schema.PARAMS].values, dtype=float).max()
        return cls(float(levels.min()), float(levels.max()), said(largest))

    def covers(self, place: float) -> bool:
        return self.low <= place <= self.high

    def end_towards(self, place: float) -> float:
        """The end of the range nearest to a place outside it."""
        return self.high if place > self.high else self.low


class _Supported:
    """Ends of bounds that the draws at the target support.

    Parameters
    ----------
    draws : numpy.ndarray
        The largest infusion that each draw admits, or the smallest that it finds enough, shape ``(draw,)``.
    risk : float
        Largest share of the draws that may contradict a bound.
    """

    def __init__(self, draws: FloatArray, risk: float) -> None:
        self.draws, self._risk = draws, risk

    def at_least(self, end: float) -> float:
        """The end, or as much of it as the draws support."""
        return min(end, chance_constrained_choice(self.draws, self._risk))

    def at_most(self, end: float) -> float | None:
        """The end, if the draws support it."""
        return float(end) if np.mean(self.draws <= end) >= 1 - self._risk else None

    def enough_at(self, end: float) -> float:
        """The end, or as much more as the draws require."""
        return max(end, least_sufficient(self.draws, self._risk))

    def more_than(self, end: float) -> float | None:
        """The end, if the draws require more than it."""
        return float(end) if np.mean(self.draws >= end) >= 1 - self._risk else None


# What a sweep says whose sizes all lie on one side of a half, by that side and by whether more infusion harms.
_ONE_SIDED = {
    (Side.KEPT, True): (
        "no_collapse",
        "no run of the sweep lost half of its {group}: collapse lies above what was swept, at a distance "
        "that only the prior gives",
    ),
    (Side.LOST, True): (
        "never_kept",
        "no run of the sweep kept half of its {group}: collapse lies below what was swept at every trained size, "
        "at a distance that only the prior gives, at the target too",
    ),
    (Side.KEPT, False): (
        "never_ignorant",
        "every run of the sweep knew half of its {group}: the onset lies below what was swept, at a distance "
        "that only the prior gives",
    ),
    (Side.LOST, False): (
        "never_learned",
        "no run of the sweep knew half of its {group}: the onset lies above what was swept, at a distance "
        "that only the prior gives",
    ),
}


def _about_sides(
    about: AboutDecision, target: PlannedModel, curves: xr.Dataset, swept: _Swept, supported: _Supported
) -> Iterator[Caveat]:
    """Return the edge of a sweep whose sizes lie on one side of their half-point: only the prior gives the distance.

    The choice is a bound if that holds of the group that allows the least. Where it holds of the group alone whose
    half-point is predicted, or where runs lost less than half and yet more than the level allows, the choice does not
    rest on it.
    """
    for group in dict.fromkeys([about.limiting_group, target.group]):
        side = _only_side(curves, group)
        if side is not None:
            edge = _of_one_side(group, side, target, swept, supported)
            measured = side == Side.KEPT and target.harms and _shows_loss(curves, group, about.levels[group])
            yield (
                edge
                if group == about.limiting_group and not measured
                else replace(edge, concerns="", at_least=None, at_most=None, weight="note")
            )


def _only_side(curves: xr.Dataset, group: str) -> Side | None:
    """The side of its half-point on which all sizes of a group lie; None if they lie on both."""
    sides = {curve.side for curve in curves_of_cells(curves, group) if curve.levels.size}
    return next(iter(sides)) if len(sides) == 1 and sides != {Side.CROSSED} else None


def _shows_loss(curves: xr.Dataset, group: str, level: float) -> bool:
    """Whether runs of at least half of the sizes keep less than a level of what they hold at best."""
    shown = [curve for curve in curves_of_cells(curves, group) if curve.levels.size]
    return bool(np.mean([curve.means.min() < level * curve.ceiling for curve in shown]) >= 0.5)


def _of_one_side(group: str, side: Side, target: PlannedModel, swept: _Swept, supported: _Supported) -> Caveat:
    code, sentence = _ONE_SIDED[side, target.harms]
    above = (side == Side.KEPT) == target.harms  # where the half-point must lie
    end = swept.high if above else swept.low
    least, most = (
        (supported.at_least, supported.at_most) if target.harms else (supported.more_than, supported.enough_at)
    )
    return Caveat(
        code,
        sentence.format(group=target.named(group)),
        concerns="choice",
        at_least=least(end) if above else None,
        at_most=None if above else most(end),
        buy=f"{swept.largest} parameters at infusions {'above' if above else 'below'} {said(end)} "
        f"{target.axis.in_words}",
        weight="care" if side == Side.KEPT else "unusable",
    )


def _about_the_choice(
    data: xr.Dataset, about: AboutDecision, target: PlannedModel, swept: _Swept, supported: _Supported
) -> Iterator[Caveat]:
    """Return the edge of a choice at an end of the range, or outside the levels that were swept."""
    choice, least, most = (data[name].item() for name in (schema.CHOICE, "least", "most"))
    if target.harms and choice <= least:
        yield _none_admissible(least, about, swept)
    elif target.harms and choice >= most:
        yield _whole_range(most, target)
    elif not target.harms and choice >= most:
        yield _none_sufficient(most, about, target, swept, limited=_is_limited(data, target))
    elif not target.harms and choice <= least:
        yield _least_is_enough(least, target)
    elif not swept.covers(choice):
        yield _outside_what_was_swept(choice, target, swept, supported)


def _none_admissible(least: float, about: AboutDecision, swept: _Swept) -> Caveat:
    """Return the edge of a range whose smallest infusion keeps too little."""
    group = about.limiting_group
    if group in (*about.above_ceiling, *about.of_uninfused):
        return _above_the_ceiling("none_admissible", group, about, at_most=least)
    sentence = f"even almost no infusion leaves the {about.named(group)} short of the required share"
    return _out_of_reach("none_admissible", sentence, group, swept, at_most=least)


def _none_sufficient(most: float, about: AboutDecision, target: PlannedModel, swept: _Swept, limited: bool) -> Caveat:
    """Return the edge of a range whose largest infusion teaches too little; `limited` is one that the user limits."""
    group = target.group
    if group in about.above_ceiling:
        return _above_the_ceiling("none_sufficient", group, about, at_least=most)
    limit = f"your limit of {three_digits(most)}" if limited else "the largest possible infusion"
    sentence = f"even {limit} leaves the {about.named(group)} short of the required share"
    edge = _out_of_reach("none_sufficient", sentence, group, swept, at_least=most)
    return replace(edge, buy="nothing: raise your limit") if limited else edge


def _least_is_enough(least: float, target: PlannedModel) -> Caveat:
    """Return the edge of a range whose smallest infusion teaches enough."""
    return Caveat(
        "least_is_enough",
        f"the smallest possible infusion{_seen_once(target)} is within the risk",
        concerns="choice",
        at_most=least,
        buy="nothing",
    )


def _above_the_ceiling(code: str, group: str, about: AboutDecision, **ends: float) -> Caveat:
    """Return the edge of a share that no exposures reach."""
    of_score = group in about.of_uninfused
    sentence = (
        f"any infusion at all may cost the {group} more than the required share allows at that risk, as it cost the "
        "models that were trained"
        if of_score
        else f"the ceiling of the {about.named(group)} may lie below the required share, and no infusion "
        "reaches that at that risk"
    )
    less = way("ask for less", "ask for less with `--keep`")
    return Caveat(
        code,
        sentence,
        concerns="choice",
        buy="nothing: fewer facts do not undo it" if of_score else "nothing: more exposures do not raise a ceiling",
        weight="care",
        remedy=less
        if of_score
        else way("ask for less, or for `keep_of='ceiling'`", "ask for less, or for `--keep-of ceiling`"),
        **ends,
    )


def _out_of_reach(
    code: str,
    sentence: str,
    group: str,
    swept: _Swept,
    at_least: float | None = None,
    at_most: float | None = None,
) -> Caveat:
    """Return the edge of a range whose safest end exceeds the risk."""
    return Caveat(
        code,
        f"{sentence} at that risk",
        concerns="choice",
        at_least=at_least,
        at_most=at_most,
        buy=f"{swept.largest} parameters with more {group} exposures, by a larger budget or fewer such facts",
        weight="care",
    )


def _outside_what_was_swept(choice: float, target: PlannedModel, swept: _Swept, supported: _Supported) -> Caveat:
    if not target.axis.moves_ratio:
        # Thresholds move with size on this axis: a larger model's choice lies beyond the levels of small ones.
        return Caveat(
            "outside_levels",
            f"the choice lies outside the levels that were swept ({said(swept.low)} to {said(swept.high)} "
            f"{target.axis.in_words})",
        )
    end, above = swept.end_towards(choice), choice > swept.high
    if target.harms:
        at_least, at_most = (end, None) if above else (None, supported.at_most(end))
    else:
        at_least, at_most = (supported.more_than(end), None) if above else (None, end)
    return _beyond_swept("choice", choice, target, swept, at_least, at_most)


def _seen_once(target: PlannedModel) -> str:
    """Describe the outermost infusion; relative exposures have no unit in which a fact could be seen once."""
    return f" (one exposure of each {target.group} fact)" if target.exposures_are_known else ""


def _whole_range(most: float, target: PlannedModel) -> Caveat:
    """Return the edge of a risk that holds over the whole possible or planned range."""
    once = most >= target.range[1] * (1 - 1e-9)
    return Caveat(
        "one_exposure" if once else "whole_range",
        f"the risk holds up to the largest possible infusion{_seen_once(target)}; nothing was measured there"
        if once
        else "the risk holds over the whole planned range, whose end is not a collapse point",
        concerns="choice",
        at_least=most,
        buy=f"{said(target.params)} parameters, or the largest available size, near {said(most)} {target.axis.in_words}"
        if once
        else "nothing, unless more is to be infused",
        weight="care" if once else "note",
    )


def _beyond_swept(
    what: str, place: float, target: PlannedModel, swept: _Swept, at_least: float | None, at_most: float | None
) -> Caveat:
    """Return the edge of a place far from every level of the sweep; the answer becomes a bound if one is known."""
    above, end = place > swept.high, swept.end_towards(place)
    return Caveat(
        "beyond_swept",
        f"the {what} lies {'above the largest' if above else 'below the smallest'} {target.coordinate} that was "
        f"swept, {said(end)}",
        concerns="" if at_least is None and at_most is None else what,
        at_least=at_least,
        at_most=at_most,
        buy=f"{swept.largest} parameters at a {target.coordinate} {'above' if above else 'below'} {said(end)}",
        weight="care",
    )


def _about_the_optimum(data: xr.Dataset, about: AboutDecision, target: PlannedModel, swept: _Swept) -> Iterator[Caveat]:
    """Return the edge of an optimum at an end of the range, for single draws or for their mean."""
    optima = data[schema.OPTIMUM].values
    always_more, always_less = float(np.mean(np.isinf(optima))), float(np.mean(optima == 0))
    side = int(data["risk_neutral_side"].item())
    if side:
        more, last = "more" if side > 0 else "less", f"the end of the range{_FARTHEST * target.axis.harms_infused}"
        yield Caveat(
            "no_interior_optimum",
            f"on average {more} is always worth more, up to {last}: there is no best infusion inside it",
            concerns="optimum",
            at_least=float(min(swept.high, data["most"].item())) if side > 0 else None,
            at_most=swept.low if side < 0 else None,
            buy=_beyond_the_optimum(_is_limited(data, target), about.has_costs, target, swept, side),
        )
    elif always_more + always_less > _NOTICEABLE:
        shares = {"more is always worth more": always_more, "less is always worth more": always_less}
        told = [f"in {100 * share:.0f} % of the draws {what}" for what, share in shares.items() if share > 0.005]
        yield Caveat("no_interior_optimum", f"{' and '.join(told)}; they have no best infusion")
    best = data["risk_neutral_choice"].item()
    if not side and target.axis.moves_ratio and not swept.covers(best):
        end, above = swept.end_towards(best), best > swept.high
        bounds = (end, None) if above else (None, end)
        yield _beyond_swept("optimum", best, target, swept, *bounds)


def _beyond_the_optimum(limited: bool, has_costs: bool, target: PlannedModel, swept: _Swept, side: int) -> str:
    """Name the run that would show an optimum beyond an end of the range, or what ends the range instead of data."""
    if side > 0 and limited:
        return "nothing: your limit ends the range"
    if has_costs:
        return "nothing: the price ends the range"
    if side > 0 and not target.harms:
        return "nothing: no group was probed that more infusion harms"
    if side < 0 and target.harms and not target.axis.harms_infused and target.rising_group is None:
        return "nothing: no group was probed that more infusion teaches"
    where = f"above {said(swept.high)}" if side > 0 else f"below {said(swept.low)}"
    return f"{swept.largest} parameters at infusions {where} {target.axis.in_words}, where knowledge turns down"


def _is_limited(data: xr.Dataset, target: PlannedModel) -> bool:
    """Whether the range ends at a limit of the user's own."""
    return bool(data["most"].item() < target.range[1] * (1 - 1e-9))


def _unplanned(data: xr.Dataset) -> float:
    """The choice; no limit where the end of the planned range sets it, and not the group that over-infusion harms."""
    choice = float(data[schema.CHOICE].item())
    return choice if choice < data["most"].item() * (1 - 1e-9) else np.inf


def _about_the_domain(data: xr.Dataset, about: AboutDecision, target: PlannedModel) -> Iterator[Caveat]:
    facts, beyond = round(data["domain_facts"].item()), about.above_ceiling
    domain = f"a domain of {facts:,.0f} fact{'' if facts == 1 else 's'}"
    remedy = "nothing: ask for a lower share" if beyond else "nothing: a larger budget or fewer facts"
    if "domain_ratio" in data and data["domain_ratio"].item() > 1:
        yield Caveat("ratio_above_one", f"no mixture of the budget holds {domain}", buy=remedy)
    if "sufficient_ratio" in data:
        too_much = float(np.mean(data["sufficient_ratio"].values > 1))
        if too_much > _NOTICEABLE:
            never = f"with probability {100 * too_much:.0f} % no mixture of the budget teaches {domain}"
            yield Caveat("ratio_above_one", never, buy=remedy)
    yield from _about_the_limit(data, target)
    if "least_sufficient" in data and target.harms and data["least_sufficient"].item() > _unplanned(data):
        yield _no_window(data, target, beyond)


def _no_window(data: xr.Dataset, target: PlannedModel, beyond: list[str]) -> Caveat:
    message = f"no {target.coordinate} keeps both groups at that risk each: "
    if beyond:
        message += f"the ceiling of the {' and '.join(map(target.named, beyond))} may lie below the required share"
        return Caveat("no_window", message, buy="nothing: ask for a lower share", weight="care")
    return Caveat(
        "no_window",
        f"{message}the infused facts need at least {three_digits(data['least_sufficient'].item())}, and at most "
        f"{three_digits(data[schema.CHOICE].item())} keep the {target.named(target.group)}; a larger "
        "budget or fewer facts would open one",
        buy="nothing: a larger budget, fewer facts, or a lower share to be kept",
        weight="care",
    )


def _about_the_limit(data: xr.Dataset, target: PlannedModel) -> Iterator[Caveat]:
    """Return the caveat about a limit of one's own that ends before the infused facts are taught."""
    most = data["most"].item()
    if "least_sufficient" not in data or not target.harms or not _is_limited(data, target):
        return
    if most < data["least_sufficient"].item() <= target.range[1]:
        needed = three_digits(data["least_sufficient"].item(), up=True)
        yield Caveat(
            "limit_too_low",
            f"no {target.coordinate} up to your limit of {three_digits(most)} teaches the infused facts: they need at "
            f"least {needed}",
            weight="care",
            remedy=way(f"raise `at_most` above {needed}", f"raise `--at-most` above {needed}"),
        )


def _about_the_loss_price(about: AboutDecision) -> Iterator[Caveat]:
    """Return the caveat about a price of the general loss that one ratio cannot tell against no infusion."""
    if "loss_price" in about.prices and not about.axis.moves_ratio:
        yield Caveat(
            "loss_price_at_one_ratio",
            "the price counts the rise of the general loss above that with one fact, far below what was swept, at the "
            "same ratio; its line in log facts is an assumption there",
            weight="care",
            buy="nothing: price the loss along a sweep of the ratio",
        )


def _about_the_draws(draws: FloatArray, chains: int, risk: float) -> Iterator[Caveat]:
    """Return the caveat about a risk that is finer than the draws."""
    if risk * draws.size < _DRAWS_BEYOND * (1 - 1e-9):
        needed = int(np.ceil(_DRAWS_BEYOND / risk))
        each = -(-needed // chains)
        yield Caveat(
            "few_draws",
            f"the posterior has {draws.size:,} draws, and a risk of {100 * risk:.3g} % needs at least {needed:,}",
            weight="care",
            remedy=way(f"fit again with `draws={each}`, or ask for a larger risk",
                       f"fit again with `--draws {each}`, or ask for a larger risk"),
        )  # fmt: skip
