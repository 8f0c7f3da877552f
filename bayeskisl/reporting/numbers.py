"""Formatting of numbers for people."""

import math

from bayeskisl.quantities import three_digits

__all__ = ["counted", "exact", "percent", "span", "three_digits", "two_digits"]

# Three digits would round a larger share to 100 %, unless it lacks next to nothing.
_NEARLY_ONE, _TINY = 0.9994, 1e-9


def span(low: float, high: float) -> str:
    """Format the ends of an interval."""
    return f"{three_digits(low)} to {three_digits(high)}"


def percent(share: float) -> str:
    """Format a probability or share as a percentage, 90 %, with three digits, or with two of what it lacks of 100 %."""
    if _NEARLY_ONE < share < 1 - _TINY:
        decimals = math.ceil(-math.log10(1 - share)) - 1
        return f"{100 * share:.{decimals}f}".rstrip("0") + " %"
    return f"{100 * share:.3g} %"


def two_digits(share: float) -> str:
    """Format a share as a percentage with two digits: 0.94 %, 58 %."""
    return percent(float(f"{share:.2g}"))


def counted(number: str, unit: str) -> str:
    """Format a number with its unit: 2,070 facts, 1 fact."""
    return f"{number} {'fact' if (number, unit) == ('1', 'facts') else unit}"


def exact(value: float) -> str:
    """Format an exact count, 98,304."""
    return f"{value:,.0f}"
