"""Formatting of numbers for people."""

from bayeskisl.quantities import three_digits

__all__ = ["counted", "exact", "percent", "span", "three_digits"]


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
