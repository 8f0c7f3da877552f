"""Sentences about a forecast from critical points."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from bayeskisl.arrays import FloatArray
from bayeskisl.decision import CriticalPoints
from bayeskisl.decision.intervals import interval, interval_name
from bayeskisl.quantities import short
from bayeskisl.reporting.numbers import percent, three_digits
from bayeskisl.reporting.text.predictions import limit_lines, with_interval

__all__ = ["describe_critical_points"]

# Further out no critical point of real runs was held against a forecast.
_FAR = 10.0


def describe_critical_points(forecast: CriticalPoints) -> str:
    """Describe a forecast from critical points, in lines.

    Parameters
    ----------
    forecast : CriticalPoints
        Result of `extrapolate_points`.

    Returns
    -------
    str
        Plain text, one statement a line.
    """
    return "\n".join(_lines(forecast))


def _lines(forecast: CriticalPoints) -> Iterator[str]:
    target, prob = forecast.target, forecast.ci_prob
    size, unit = f"{short(target.params)} parameters", target.axis.in_words
    if not forecast.passed:
        yield f"not usable: the ensembles disagree (R-hat {forecast.rhat:.3f}); try another --seed"
    yield f"predicted {target.half_point} of {size}: {with_interval(_of(forecast.draws, prob), prob, unit)}"
    yield f"  {forecast.times_the_largest:.3g} times the largest of {forecast.curves.sizes['run']} points"
    yield f"exponent of params there: {with_interval(_of(forecast.exponent, prob), prob)}"
    if forecast.limits:
        known = forecast.curves.attrs.get("exposure_scale") != "relative"
        yield from limit_lines({name: {"probability": share} for name, share in forecast.limits.items()}, known)
    rules = {"proportional to size": "proportional", "a power law through the largest sizes, five at most": "power_law"}
    told = [f"{three_digits(forecast.rules[name])} by '{rule}'" for rule, name in rules.items()
            if np.isfinite(forecast.rules[name])]  # fmt: skip
    yield f"rules of thumb: {', '.join(told)} ({unit})"
    if forecast.left_out is not None and forecast.point_left_out is not None:
        found = "a hit" if forecast.left_out_is_held else "a MISS"
        yield (
            f"check: without its own point, {short(forecast.left_out.target.params)} parameters are predicted at "
            f"{with_interval(_of(forecast.left_out.draws, prob), prob)}, and the point is "
            f"{three_digits(forecast.point_left_out)}: {found}"
        )
    yield (
        f"assumed: each point is known to {percent(forecast.error)}, and other sizes scatter about the law as those of "
        "the prior; no run was modelled, so that no risk of a level follows"
    )
    if forecast.times_the_largest > _FAR:
        yield f"warning: the target is more than {_FAR:g} times the largest size; the prior of the limits decides there"


def _of(draws: FloatArray, ci_prob: float) -> dict[str, Any]:
    """Median and interval, as `with_interval` takes them."""
    median, low, high = interval(draws, ci_prob)
    return {"median": median, interval_name(ci_prob): (low, high)}
