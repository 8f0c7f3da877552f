"""Where a decision is a bound and not a number, why, and which run would change that."""

from collections.abc import Iterator

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.decision.caveats import Caveat, said
from bayeskisl.decision.kept_knowledge import known
from bayeskisl.decision.target import PlannedModel

__all__ = ["edges"]

_NOTICEABLE = 0.01


def edges(data: xr.Dataset, target: PlannedModel, curves: xr.Dataset) -> Iterator[Caveat]:
    """Everything about a decision that a number alone would hide; `data` is that of a `Decision`."""
    swept = np.asarray(target.axis.values(curves), dtype=float)
    largest = said(np.asarray(curves[schema.PARAMS].values, dtype=float).max())
    yield from _about_collapse(target, curves, swept, largest)
    yield from _about_the_choice(data, target, swept, largest)
    yield from _about_the_optimum(data, target, swept, largest)
    yield from _about_the_domain(data, target)


def _about_collapse(target: PlannedModel, curves: xr.Dataset, swept: np.ndarray, largest: str) -> Iterator[Caveat]:
    """No size of the sweep lost half, or none kept half: what is predicted then follows from the prior."""
    if not target.harms:
        yield from _about_onset(target, curves, swept, largest)
        return
    share = _shares(target, curves)
    if share.size and share.min() > 0.5:
        yield Caveat(
            "no_collapse",
            f"no run of the sweep lost half of its {target.group} facts: collapse lies above what was swept, and only "
            "the prior says how far",
            concerns="choice",
            at_least=float(swept.max()),
            buy=f"{largest} parameters at infusions above {said(swept.max())} {target.coordinate}",
        )
    if share.size and share.max() < 0.5:
        yield Caveat(
            "never_kept",
            f"no run of the sweep kept half of its {target.group} facts: collapse lies below what was swept, and only "
            "the prior says how far",
            concerns="choice",
            at_most=float(swept.min()),
            buy=f"{largest} parameters at infusions below {said(swept.min())} {target.coordinate}",
        )


def _about_onset(target: PlannedModel, curves: xr.Dataset, swept: np.ndarray, largest: str) -> Iterator[Caveat]:
    """No size of the sweep knew less than half, or none knew half."""
    share = _shares(target, curves)
    if share.size and share.min() > 0.5:
        yield Caveat(
            "never_ignorant",
            f"every run of the sweep knew half of its {target.group} facts: the onset lies below what was swept, and "
            "only the prior says how far",
            concerns="choice",
            at_most=float(swept.min()),
            buy=f"{largest} parameters at infusions below {said(swept.min())} {target.axis.in_words}",
        )
    if share.size and share.max() < 0.5:
        yield Caveat(
            "never_learned",
            f"no run of the sweep knew half of its {target.group} facts: the onset lies above what was swept, and only "
            "the prior says how far",
            concerns="choice",
            at_least=float(swept.max()),
            buy=f"{largest} parameters at infusions above {said(swept.max())} {target.axis.in_words}",
        )


def _shares(target: PlannedModel, curves: xr.Dataset) -> np.ndarray:
    """Knowledge of the group in every run that was asked."""
    ours = curves.sel(group=target.group)
    probed = ours[schema.PROBED].values
    return known(ours[schema.RECALLED].values / np.maximum(probed, 1), ours[schema.GUESSING].values)[probed > 0]


def _about_the_choice(data: xr.Dataset, target: PlannedModel, swept: np.ndarray, largest: str) -> Iterator[Caveat]:
    choice, least = data[schema.CHOICE].item(), data["least"].item()
    if not target.harms and choice >= data["most"].item():
        yield Caveat(
            "none_sufficient",
            f"even the most that was planned would leave the {target.group} facts short of what must be kept at that "
            "risk",
            concerns="choice",
            at_least=data["most"].item(),
            buy=f"{largest} parameters with more {target.group} exposures, by a larger budget or fewer such facts",
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
        )
    elif choice >= data["most"].item():
        yield Caveat(
            "whole_range",
            "the risk is held over all that was planned to be infused; the end of the plan is no collapse point",
            concerns="choice",
            at_least=data["most"].item(),
            buy="nothing, unless more is to be infused",
        )
    elif swept.min() <= choice <= swept.max():
        return
    elif not target.axis.bounded:
        # Thresholds move with size on this axis: a larger model's choice lies beyond the levels of small ones.
        yield Caveat(
            "outside_levels",
            f"the choice lies outside the levels that were swept ({said(swept.min())} to {said(swept.max())} "
            f"{target.coordinate})",
        )
    else:
        yield _beyond_swept("choice", choice, target, swept, largest)


def _beyond_swept(concerns: str, place: float, target: PlannedModel, swept: np.ndarray, largest: str) -> Caveat:
    above = place > swept.max()
    end = float(swept.max() if above else swept.min())
    return Caveat(
        "beyond_swept",
        f"the {concerns} lies {'above the largest' if above else 'below the smallest'} {target.coordinate} that was "
        f"swept, {end:.3g}",
        concerns=concerns,
        at_least=end if above else None,
        at_most=None if above else end,
        buy=f"{largest} parameters at a {target.coordinate} {'above' if above else 'below'} {end:.3g}",
    )


def _about_the_optimum(data: xr.Dataset, target: PlannedModel, swept: np.ndarray, largest: str) -> Iterator[Caveat]:
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
        yield _beyond_swept("optimum", best, target, swept, largest)


def _about_the_domain(data: xr.Dataset, target: PlannedModel) -> Iterator[Caveat]:
    if "sufficient_ratio" in data:
        too_much = float(np.mean(data["sufficient_ratio"].values > 1))
        if too_much > _NOTICEABLE:
            yield Caveat(
                "ratio_above_one",
                f"with probability {100 * too_much:.0f} % no mixture of the budget teaches "
                f"{data['domain_facts'].item():,.0f} facts",
            )
    if "least_sufficient" in data and data["least_sufficient"].item() > data[schema.CHOICE].item():
        yield Caveat(
            "no_window",
            f"no {target.coordinate} keeps both groups at that risk each: the infused facts need at least "
            f"{data['least_sufficient'].item():.3g}, the {target.group} facts allow at most "
            f"{data[schema.CHOICE].item():.3g}; a larger budget or fewer facts would open one",
        )
