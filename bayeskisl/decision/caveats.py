"""What a reader must know before using an answer: warnings, and edges at which an answer is a bound, not a number."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.decision.intervals import interval
from bayeskisl.decision.target import ROUNDING, PlannedModel

__all__ = ["APART", "Caveat", "about_prediction", "caveat_table"]

# One order of magnitude beyond the largest size seen: where studies with R2 above .98 were off by factors.
_FAR_DECADES = 1.0
# Laws with a say (weight at least 5 %) whose median critical exposures differ by more than this factor.
APART, SAY = 2.0, 0.05
# Above it the risk-neutral choice exceeds the median collapse point (normal log x50, steep fall).
_WIDE_LOG_SD = 0.8


@dataclass(frozen=True)
class Caveat:
    """One thing to know.

    Parameters
    ----------
    code, message : str
        For programs and for people.
    concerns : {"", "target", "choice", "optimum"}
        The answer that this makes a bound; empty for a warning.
    at_least, at_most : float or None
        The bound, in the unit of the sweep's axis.
    buy : str
        The run that would turn the bound into a number.
    """

    code: str
    message: str
    concerns: str = ""
    at_least: float | None = None
    at_most: float | None = None
    buy: str = ""

    def to_dict(self) -> dict:
        """Plain values; what is empty is left out."""
        return {name: value for name, value in asdict(self).items() if value not in ("", None)}


def caveat_table(caveats: list[Caveat]) -> list[dict]:
    """Caveats as an answer stores them."""
    return [caveat.to_dict() for caveat in caveats]


def about_prediction(
    ahead: xr.Dataset, target: PlannedModel, curves: xr.Dataset, apart: float = APART
) -> Iterator[Caveat]:
    """Everything about the prediction `ahead` that a number alone would hide."""
    yield from _about_distance(ahead, target, curves)
    yield from _about_laws(ahead, target, apart)
    yield from _about_width(ahead, target)


def said(value: float) -> str:
    """A number in a sentence; a share near one keeps the digits that tell it from one."""
    if 0.9 < value < 1:
        return f"{value:.3g}"
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def _about_distance(ahead: xr.Dataset, target: PlannedModel, curves: xr.Dataset) -> Iterator[Caveat]:
    sizes = np.asarray(curves[schema.PARAMS].values, dtype=float)
    decades = np.log10(target.params / sizes.max())
    if decades > _FAR_DECADES:
        yield Caveat(
            "far_extrapolation",
            f"the target is {10**decades:,.0f} times the largest size seen ({said(sizes.max())} parameters); the law's "
            "form beyond the data is an assumption",
        )
    median = interval(ahead[target.half_point].values, 0.9)[0]
    around = f"{said(target.params)} parameters at infusions around {said(median)} {target.coordinate}"
    if sizes.min() <= target.params <= sizes.max():
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
    for name in target.prior_driven:
        swept = np.asarray(curves[name].values, dtype=float)
        yield Caveat("prior_driven_target", _of_prior(name, float(swept.min()), float(swept.max())))


def _of_prior(name: str, low: float, high: float) -> str:
    if high <= low * (1 + ROUNDING):
        return f"the sweep never varied {name}, so what the target's {name} do rests on the law and its prior alone"
    return (
        f"the target's {name} lies outside what was swept, {low:g} to {high:g}; the law's form there is an assumption"
    )


def _about_laws(ahead: xr.Dataset, target: PlannedModel, apart: float) -> Iterator[Caveat]:
    """Compared on critical exposures, which have no end: near a ratio of 1 all laws would agree on the axis."""
    heard = ahead.isel(law=np.flatnonzero(ahead["weight"].values >= SAY))
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
        yield Caveat(
            "laws_apart",
            f"the laws disagree about the critical exposures at the target by {_factor(factor)} (more than "
            f"{apart:g}), and the sizes seen do not separate them; read the envelope, not the mixture alone",
            concerns="choice",
            buy=f"a larger size than any so far, at infusions between its laws' {points} (at the target "
            f"{target.coordinate} {said(min(halves))} to {said(max(halves))})",
        )


def _factor(factor: float) -> str:
    return f"a factor of {said(factor)}" if np.isfinite(factor) else "all that there is: one of them never collapses"


def _about_width(ahead: xr.Dataset, target: PlannedModel) -> Iterator[Caveat]:
    critical = ahead[schema.CRITICAL_EXPOSURES].values
    spread = float(np.log(critical[critical > 0]).std())
    if spread > _WIDE_LOG_SD:
        consequence = (
            "; the infusion that keeps most on average would then more likely collapse than not, and is no advice"
            if target.axis.harms_infused
            else ""
        )
        yield Caveat(
            "wide",
            f"the critical exposures are uncertain by a factor of {said(np.exp(1.645 * spread))} either "
            f"way{consequence}",
        )
