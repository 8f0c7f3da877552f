"""Numbers as people read them."""

import math

__all__ = ["counted", "exact", "percent", "span", "three_digits"]


def three_digits(value: float, down: bool = False, up: bool = False) -> str:
    """A number to three digits, 2,070 or 0.319; "no bound" for infinity, "not known" for what is no number.

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
    """An interval's ends."""
    return f"{three_digits(low)} to {three_digits(high)}"


def percent(share: float) -> str:
    """A probability or share, 90 %, as precise as it is given."""
    return f"{100 * share:.3g} %"


def counted(number: str, unit: str) -> str:
    """A number that is written out, and its unit: 2,070 facts, 1 fact."""
    return f"{number} {'fact' if (number, unit) == ('1', 'facts') else unit}"


def exact(value: float) -> str:
    """A count that is known exactly, 98,304."""
    return f"{value:,.0f}"
