"""Parsing and formatting of counts such as 7B."""

import math
import re
from typing import Any

from bayeskisl.errors import InputError

__all__ = [
    "SAME_BUDGET", "SAME_HELD", "SAME_LEVEL", "SAME_SIZE", "as_number", "duration", "read_number", "read_numbers",
    "short", "size", "size_and_budget", "three_digits",
]  # fmt: skip

# Relative differences up to which two numbers are the same one.
# People write sizes in two or three digits: 6.9B for 6,855,000,000.
SAME_SIZE = 0.01
# Budgets are whole steps, and logs round them.
SAME_BUDGET = 0.005
# Mixtures are whole sequences: what a sweep holds fixed is held up to rounding, and a run that is planned at a level
# realises it a little differently.
SAME_HELD, SAME_LEVEL = 0.05, 1e-3

_SUFFIXES = {"k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}


def read_number(text: str | float, where: str) -> int:
    """Read a whole number such as ``98304``, ``98_304``, ``1.8e6``, ``300M``, ``7B`` or ``1.5T``.

    Raises
    ------
    InputError
        If it is no positive whole number.
    """
    plain = str(text).strip().lower().replace("_", "").replace(",", "")
    scale = _SUFFIXES.get(plain[-1:], 1.0)
    try:
        value = float(plain[:-1] if scale != 1.0 else plain) * scale
    except ValueError:
        value = math.nan
    whole = round(value) if math.isfinite(value) else 0
    # 1.1e9 is 1100000000.0000002 once multiplied out
    if whole <= 0 or not math.isclose(value, whole, rel_tol=1e-12):
        raise InputError("a positive whole number such as 98304, 1.8e6, 300M or 7B", repr(text), where)
    return whole


def size_and_budget(params: float, tokens: float, known: bool) -> str:
    """Return a size and a budget in words; a budget that an import assumed is not `known`, and left out."""
    return f"{params:,.0f} parameters{f', {tokens:,.0f} tokens' if known else ''}"


def as_number(value: Any) -> float:
    """Return a number as a float; NaN for all else: text, a truth value, a list."""
    if isinstance(value, bool | str | bytes) or getattr(value, "ndim", False):
        return math.nan
    if getattr(getattr(value, "dtype", None), "kind", "f") not in "iuf":
        return math.nan
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def read_numbers(text: str, where: str) -> list[int]:
    """Read several numbers separated by commas: ``1B,7B,70B``; a comma between thousands is refused."""
    if found := re.search(r"(?<![\d.])\d{1,3}(?:,\d{3})+(?![\d.\w])", text):
        raise InputError("numbers apart by commas, without a comma between thousands", repr(found[0]), where,
                         f"write {found[0].replace(',', '')}, or spaces behind commas")  # fmt: skip
    return [read_number(each, where) for each in text.split(",")]


def short(value: float) -> str:
    """Format a number as an axis label: 62, 1.4k, 98k, 7B."""
    for unit, name in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= unit * 0.9995:
            return f"{value / unit:.3g}{name}"
    return f"{value:.3g}"


def size(params: float) -> str:
    """Format a model size: exact if small (98,304), short otherwise (7B)."""
    return f"{params:,.0f}" if params < 1e6 else short(params)


# Shares above have digits for what they lack of 1, unless that is next to nothing.
_NEAR_ONE, _TINY = 0.9, 1e-6
_WRITTEN_OUT = 1e9  # larger amounts are written in powers of ten


def three_digits(value: float, down: bool = False, up: bool = False) -> str:
    """Format a number with three digits, 2,070 or 0.319; "no bound" for infinity, "not known" for NaN.

    A share near 1 has two digits of what it lacks, 0.9986. With `down` it is never above the value itself, with `up`
    never below.
    """
    if math.isnan(value):
        return "not known"
    if math.isinf(value):
        return "no bound"
    if value == 0:
        return "0"
    of_what = 10 * (1 - value) if _NEAR_ONE < value < 1 - _TINY else value
    decimals = 2 - math.floor(math.log10(abs(of_what)))
    scaled = value * 10.0**decimals
    whole = math.floor(scaled + 1e-9) if down else math.ceil(scaled - 1e-9) if up else round(scaled)
    rounded = whole / 10.0**decimals
    return f"{rounded:,.0f}" if abs(rounded) >= 100 else f"{rounded:.{max(decimals, 3)}g}"


def amount(value: float) -> str:
    """Format an amount of money, time or work, such as ``12,500`` or ``1.41e+20``."""
    return three_digits(value) if value < _WRITTEN_OUT else f"{value:.3g}"


def duration(seconds: float) -> str:
    """Format a duration, such as ``47 s``, ``3 min 20 s`` or ``2 h 05 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
