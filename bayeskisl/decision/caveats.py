"""What a reader must know before using a prediction, each as a code and a sentence."""

from collections.abc import Iterator

import numpy as np
import xarray as xr

from bayeskisl.decision.intervals import interval
from bayeskisl.decision.target import Target

__all__ = ["caveats"]

# One order of magnitude beyond the largest size seen: where studies with R2 above .98 were off by factors.
_FAR_DECADES = 1.0
# Medians of two laws with a say (weight at least 5 %) that differ by more than half.
_APART_FACTOR, _SAY = 1.5, 0.05
# Above it the risk-neutral choice exceeds the median collapse point (normal log x50, steep fall).
_WIDE_LOG_SD = 0.8
_NOTICEABLE = 0.01


def caveats(ahead: xr.Dataset, target: Target, curves: xr.Dataset) -> Iterator[tuple[str, str]]:
    """Yield (code, sentence) for everything about the prediction `ahead` that a number alone would hide."""
    yield from _about_distance(target, curves)
    yield from _about_laws(ahead)
    yield from _about_width(ahead)
    yield from _about_edges(ahead, target, curves)


def _said(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def _about_distance(target: Target, curves: xr.Dataset) -> Iterator[tuple[str, str]]:
    sizes = np.asarray(curves["params"].values, dtype=float)
    decades = np.log10(target.params / sizes.max())
    if decades > _FAR_DECADES:
        yield (
            "far_extrapolation",
            (
                f"the target is {10**decades:,.0f} times the largest size seen ({sizes.max():,.0f} parameters); the "
                "law's form beyond the data is an assumption"
            ),
        )
    if sizes.min() <= target.params <= sizes.max():
        yield "inside_data", "the target lies within the sizes seen; this is an interpolation"
    if target.params < sizes.min():
        yield "below_data", f"the target is smaller than the smallest size seen ({sizes.min():,.0f} parameters)"
    for name in target.prior_driven:
        yield (
            "prior_driven_target",
            (f"the sweep never varied {name}, so what the target's {name} do rests on the law and its prior alone"),
        )


def _about_laws(ahead: xr.Dataset) -> Iterator[tuple[str, str]]:
    heard = ahead.isel(law=np.flatnonzero(ahead["weight"].values >= _SAY))
    medians = [interval(heard["collapse_by_law"].sel(law=law).values, 0.9)[0] for law in heard["law"].values]
    if len(medians) > 1 and max(medians) / min(medians) > _APART_FACTOR:
        yield (
            "laws_apart",
            (
                f"the laws disagree at the target by a factor of {_said(max(medians) / min(medians))}, and the sizes "
                "seen do not separate them; read the envelope, not the mixture alone"
            ),
        )


def _about_width(ahead: xr.Dataset) -> Iterator[tuple[str, str]]:
    spread = float(np.log(ahead["collapse"].values).std())
    if spread > _WIDE_LOG_SD:
        yield (
            "wide",
            (
                f"the collapse point is uncertain by a factor of {_said(np.exp(1.645 * spread))} either way; the "
                "infusion that keeps most on average would then more likely collapse than not, and is no advice"
            ),
        )


def _about_edges(ahead: xr.Dataset, target: Target, curves: xr.Dataset) -> Iterator[tuple[str, str]]:
    unbounded = float(np.mean(~np.isfinite(ahead["optimum"].values)))
    if unbounded > _NOTICEABLE:
        yield (
            "no_interior_optimum",
            (
                f"in {100 * unbounded:.0f} % of the draws retention falls so slowly that more facts are always worth "
                "more; they have no best number of facts"
            ),
        )
    too_much = float(np.mean(ahead["sufficient_ratio"].values > 1))
    if too_much > _NOTICEABLE:
        yield (
            "ratio_above_one",
            (
                f"with probability {100 * too_much:.0f} % no mixture of the budget teaches "
                f"{ahead['domain_facts'].item():,.0f} facts"
            ),
        )
    swept = np.asarray(curves[target.coordinate].values, dtype=float)
    choice = ahead["choice"].item()
    if not swept.min() <= choice <= swept.max():
        yield (
            "outside_levels",
            (
                f"the choice lies outside the levels that were swept ({_said(swept.min())} to {_said(swept.max())} "
                f"{target.coordinate})"
            ),
        )
