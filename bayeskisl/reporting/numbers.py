"""Formatting of numbers for people."""

import math

__all__ = ["counted", "exact", "percent", "span", "three_digits"]


def three_digits(value: float, down: bool = False, up: bool = False) -> str:
    """Format a number with three digits, 2,070 or 0.319; "no bound" for infinity, "not known" for NaN.

    With `down` it is never above the value itself, with `up` never below.
    """
    if math.isnan(value):
        return "not known"
    if math.isinf(value):
        return "no bound"
    if value == 0:
        return "0"
    step = 10.0 ** (math.floor(math.log10(abs(value))) - 2)
    scaled = value / step
    rounded = (math.floor(scaled + 1e-9) if down else math.ceil(scaled - 1e-9) if up else round(scaled)) * step
    return f"{rounded:,.0f}" if abs(rounded) >= 100 else f"{rounded:.3g}"


def span(low: float, high: float) -> str:
    """Format the ends of an interval."""
    return f"{three_digits(low)} to {three_digits(high)}"


def percent(share: float) -> str:
    """Format a probability or share as a percentage, 90 %, with the given precision."""
    return f"{100 * share:.3g} %"


def counted(number: str, unit: str) -> str:
    """Format a number with its unit: 2,070 facts, 1 fact."""
    return f"{number} {'fact' if (number, unit) == ('1', 'facts') else unit}"


def exact(value: float) -> str:
    """Format an exact count, 98,304."""
    return f"{value:,.0f}"
