"""Where a decision is a bound and not a number, why, and which run would change that.

A bound is one on the answer at the target, and is printed only where the draws at the target bear it out: what a swept
level was to a smaller model is not what it is to the target.
"""

from collections.abc import Iterator

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.curves import Side, curves_of_cells
from bayeskisl.decision.caveats import Caveat, said
from bayeskisl.decision.planned_model import PlannedModel

__all__ = ["edges"]

_NOTICEABLE = 0.01


def edges(data: xr.Dataset, target: PlannedModel, curves: xr.Dataset, risk: float) -> Iterator[Caveat]:
    """Everything about a decision that a number alone would hide; `data` is that of a `Decision`."""
    swept = np.asarray(target.axis.values(curves), dtype=float)
    largest = said(np.asarray(curves[schema.PARAMS].values, dtype=float).max())
    supported = _Supported(data["admissible" if target.harms else "sufficient"].values.ravel(), risk)
    yield from _about_sides(target, curves, swept, largest, supported)
    yield from _about_the_choice(data, target, swept, largest, supported)
    yield from _about_the_optimum(data, target, swept, largest)
    yield from _about_the_domain(data, target)


class _Supported:
    """Ends of bounds that the draws at the target bear out.

    Parameters
    ----------
    draws : numpy.ndarray
        The largest infusion that each draw admits, or the smallest that it finds enough, shape ``(draw,)``.
    risk : float
        Largest share of the draws that may contradict a bound.
    """

    def __init__(self, draws: FloatArray, risk: float) -> None:
        self._draws, self._risk = draws, risk

    def at_least(self, end: float) -> float:
        """The end, or as much of it as the draws bear out."""
        return float(min(end, np.quantile(self._draws, self._risk, method="lower")))

    def at_most(self, end: float) -> float | None:
        """The end, where the draws bear it out."""
        return float(end) if np.mean(self._draws <= end) >= 1 - self._risk else None

    def enough_at(self, end: float) -> float:
        """The end, or as much more as the draws ask for."""
        return float(max(end, np.quantile(self._draws, 1 - self._risk, method="higher")))

    def more_than(self, end: float) -> float | None:
        """The end, where the draws need more than it."""
        return float(end) if np.mean(self._draws >= end) >= 1 - self._risk else None


def _about_sides(
    target: PlannedModel, curves: xr.Dataset, swept: FloatArray, largest: str, supported: _Supported
) -> Iterator[Caveat]:
    """No size of the sweep lost half of what it holds at best, or none kept half: only the prior says how far."""
    sides = {curve.side for curve in curves_of_cells(curves, target.group) if curve.levels.size}
    above, below = (
        f"{largest} parameters at infusions {where} {said(end)} {target.axis.in_words}"
        for where, end in (("above", swept.max()), ("below", swept.min()))
    )
    if sides == {Side.KEPT} and target.harms:
        yield Caveat(
            "no_collapse",
            f"no run of the sweep lost half of its {target.group} facts: collapse lies above what was swept, and only "
            "the prior says how far",
            concerns="choice",
            at_least=supported.at_least(swept.max()),
            buy=above,
            weight="care",
        )
    elif sides == {Side.LOST} and target.harms:
        yield Caveat(
            "never_kept",
            f"no run of the sweep kept half of its {target.group} facts: collapse lies below what was swept at every "
            "size that was trained, and only the prior says how far, at the target too",
            concerns="choice",
            at_most=supported.at_most(swept.min()),
            buy=below,
            weight="unusable",
        )
    elif sides == {Side.KEPT}:
        yield Caveat(
            "never_ignorant",
            f"every run of the sweep knew half of its {target.group} facts: the onset lies below what was swept, and "
            "only the prior says how far",
            concerns="choice",
            at_most=supported.enough_at(swept.min()),
            buy=below,
            weight="care",
        )
    elif sides == {Side.LOST}:
        yield Caveat(
            "never_learned",
            f"no run of the sweep knew half of its {target.group} facts: the onset lies above what was swept, and only "
            "the prior says how far",
            concerns="choice",
            at_least=supported.more_than(swept.max()),
            buy=above,
            weight="unusable",
        )


def _about_the_choice(
    data: xr.Dataset, target: PlannedModel, swept: FloatArray, largest: str, supported: _Supported
) -> Iterator[Caveat]:
    choice, least = data[schema.CHOICE].item(), data["least"].item()
    if not target.harms and choice >= data["most"].item():
        yield Caveat(
            "none_sufficient",
            f"even the most that was planned would leave the {target.group} facts short of what must be kept at that "
            "risk",
            concerns="choice",
            at_least=data["most"].item(),
            buy=f"{largest} parameters with more {target.group} exposures, by a larger budget or fewer such facts",
            weight="care",
        )
    elif not target.harms and choice <= least:
        yield Caveat(
            "least_is_enough",
            "the least that there can be, one exposure of each fact, is within the risk",
            concerns="choice",
            at_most=least,
            buy="nothing",
        )
    elif choice <= least:
        yield Caveat(
            "none_admissible",
            f"even next to no infusion would leave the {target.group} facts short of what must be kept at that risk",
            concerns="choice",
            at_most=least,
            buy=f"{largest} parameters with more {target.group} exposures, by a larger budget or fewer such facts",
            weight="care",
        )
    elif choice >= data["most"].item():
        yield from _whole_range(data, target)
    elif swept.min() <= choice <= swept.max():
        return
    elif not target.axis.bounded:
        # Thresholds move with size on this axis: a larger model's choice lies beyond the levels of small ones.
        yield Caveat(
            "outside_levels",
            f"the choice lies outside the levels that were swept ({said(swept.min())} to {said(swept.max())} "
            f"{target.coordinate})",
        )
    elif target.harms:
        above = choice > swept.max()
        end = float(swept.max() if above else swept.min())
        at_most = None if above else supported.at_most(end)
        bounds = above or at_most is not None
        yield _beyond_swept(
            "choice" if bounds else "", "choice", choice, target, end, largest, end if above else None, at_most
        )
    else:
        above = choice > swept.max()
        end = float(swept.max() if above else swept.min())
        yield _beyond_swept(
            "" if above else "choice", "choice", choice, target, end, largest, None, None if above else end
        )


def _whole_range(data: xr.Dataset, target: PlannedModel) -> Iterator[Caveat]:
    """The risk is kept over all that there is, or all that was planned."""
    most = data["most"].item()
    once = most >= target.range[1] * (1 - 1e-9)
    yield Caveat(
        "one_exposure" if once else "whole_range",
        f"the risk is kept up to the most that there can be, one exposure of each {target.group} fact; nothing was "
        "measured there"
        if once
        else "the risk is kept over all that was planned to be infused; the end of the plan is no collapse point",
        concerns="choice",
        at_least=most,
        buy=f"{said(target.params)} parameters, or the largest size that there is, near {said(most)} "
        f"{target.coordinate}"
        if once
        else "nothing, unless more is to be infused",
        weight="care" if once else "note",
    )


def _beyond_swept(
    concerns: str,
    what: str,
    place: float,
    target: PlannedModel,
    end: float,
    largest: str,
    at_least: float | None,
    at_most: float | None,
) -> Caveat:
    above = place > end
    return Caveat(
        "beyond_swept",
        f"the {what} lies {'above the largest' if above else 'below the smallest'} {target.coordinate} that was "
        f"swept, {end:.3g}",
        concerns=concerns,
        at_least=at_least,
        at_most=at_most,
        buy=f"{largest} parameters at a {target.coordinate} {'above' if above else 'below'} {end:.3g}",
        weight="care",
    )


def _about_the_optimum(data: xr.Dataset, target: PlannedModel, swept: FloatArray, largest: str) -> Iterator[Caveat]:
    """Draws whose best infusion is an end of the range have none; if that holds on average, neither has the answer."""
    optima = data[schema.OPTIMUM].values
    always_more, always_less = float(np.mean(np.isinf(optima))), float(np.mean(optima == 0))
    side = int(data["risk_neutral_side"].item())
    if side:
        yield Caveat(
            "no_interior_optimum",
            f"on average {'more' if side > 0 else 'less'} is always worth more, up to the end of the range: there is "
            "no best infusion inside it",
            concerns="optimum",
            at_least=float(min(swept.max(), data["most"].item())) if side > 0 else None,
            at_most=float(swept.min()) if side < 0 else None,
            buy=f"{largest} parameters at infusions {'above' if side > 0 else 'below'} "
            f"{said(swept.max() if side > 0 else swept.min())} {target.coordinate}, where knowledge turns down",
        )
    elif always_more + always_less > _NOTICEABLE:
        yield Caveat(
            "no_interior_optimum",
            f"in {100 * always_more:.0f} % of the draws more is always worth more and in {100 * always_less:.0f} % "
            "less is; they have no best infusion",
        )
    best = data["risk_neutral_choice"].item()
    if not side and target.axis.bounded and not swept.min() <= best <= swept.max():
        above = best > swept.max()
        end = float(swept.max() if above else swept.min())
        yield _beyond_swept(
            "optimum", "optimum", best, target, end, largest, end if above else None, None if above else end
        )


def _about_the_domain(data: xr.Dataset, target: PlannedModel) -> Iterator[Caveat]:
    if "sufficient_ratio" in data:
        too_much, facts = float(np.mean(data["sufficient_ratio"].values > 1)), round(data["domain_facts"].item())
        if too_much > _NOTICEABLE:
            yield Caveat(
                "ratio_above_one",
                f"with probability {100 * too_much:.0f} % no mixture of the budget teaches a domain of "
                f"{facts:,.0f} fact{'' if facts == 1 else 's'}",
                buy="nothing: a larger budget or fewer facts",
            )
    if "least_sufficient" in data and data["least_sufficient"].item() > data[schema.CHOICE].item():
        yield Caveat(
            "no_window",
            f"no {target.coordinate} keeps both groups at that risk each: the infused facts need at least "
            f"{data['least_sufficient'].item():.3g}, the {target.group} facts allow at most "
            f"{data[schema.CHOICE].item():.3g}; a larger budget or fewer facts would open one",
            buy="nothing: a larger budget, fewer facts, or a lower share to be kept",
            weight="care",
        )
