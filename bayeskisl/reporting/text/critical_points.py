"""Sentences about a forecast from critical points."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from bayeskisl.arrays import FloatArray
from bayeskisl.decision import CriticalPoints
from bayeskisl.intervals import interval, interval_name
from bayeskisl.quantities import short
from bayeskisl.reporting.numbers import exact, percent, three_digits
from bayeskisl.reporting.text.predictions import (
    exponent_in_words,
    limit_doubt,
    limit_rows,
    median_and_interval,
    with_interval,
)
from bayeskisl.reporting.text.tables import RULES, aligned, set_apart
from bayeskisl.reporting.text.verdicts import verdict_lines, warning_lines

__all__ = ["describe_critical_points"]


def describe_critical_points(forecast: CriticalPoints) -> str:
    """Describe a forecast from critical points, in lines.

    Parameters
    ----------
    forecast : CriticalPoints
        Result of `extrapolate_points`.

    Returns
    -------
    str
        Plain text: the verdict, a table beside two rules of thumb, and one statement a line.
    """
    return "\n".join(_lines(forecast))


def _lines(forecast: CriticalPoints) -> Iterator[str]:
    target, prob = forecast.target, forecast.ci_prob
    yield from verdict_lines(forecast.verdict)
    yield ""
    yield from aligned(_rows(forecast))
    yield from set_apart(aligned(limit_rows(_of_limits(forecast))))
    yield ""
    if forecast.left_out is not None and forecast.point_left_out is not None:
        found = "a hit" if forecast.left_out_is_held else "a MISS"
        yield (
            f"check: without its own point, {short(forecast.left_out.target.params)} parameters are predicted at "
            f"{with_interval(_of(forecast.left_out.draws, prob), prob)}, and the point is "
            f"{three_digits(forecast.point_left_out)}: {found}"
        )
    yield (
        f"target: {exact(target.params)} parameters, {forecast.times_the_largest:.3g} times the largest of "
        f"{forecast.curves.sizes['run']} points"
    )
    yield f"exponent of params there: {exponent_in_words(_of(forecast.exponent, prob), prob)}"
    known = forecast.curves.attrs.get("exposure_scale") != "relative"
    yield from limit_doubt(_of_limits(forecast), known)
    yield (
        f"assumed: each point is known to {percent(forecast.error)}, and other sizes scatter about the law as those of "
        "the prior; no run was modelled, so that no risk of a level follows"
    )
    beside = [one for one in forecast.caveats if one.message != forecast.verdict.because]
    yield from set_apart(warning_lines(beside))


def _rows(forecast: CriticalPoints) -> list[tuple[str, ...]]:
    """The forecast in a row, and each rule of thumb that has enough sizes."""
    target, prob = forecast.target, forecast.ci_prob
    predicted = median_and_interval(_of(forecast.draws, prob), prob, target.axis.in_words)
    rules = [(said, three_digits(forecast.rules[name]), "") for name, said in RULES.items()
             if np.isfinite(forecast.rules[name])]  # fmt: skip
    head = f"predicted for {short(target.params)} parameters, {target.axis.in_words}"
    return [(head, "median", f"{percent(prob)} interval"), (f"{target.half_point}, by the law", *predicted), *rules]


def _of_limits(forecast: CriticalPoints) -> dict[str, dict[str, float | None]]:
    return {name: {"probability": share} for name, share in forecast.limits.items()}


def _of(draws: FloatArray, ci_prob: float) -> dict[str, Any]:
    """Median and interval, as `with_interval` takes them."""
    median, low, high = interval(draws, ci_prob)
    return {"median": median, interval_name(ci_prob): (low, high)}
