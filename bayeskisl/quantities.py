"""Parsing and formatting of numbers such as 7B or 160 million."""

import math
import re
from typing import Any

from bayeskisl.errors import InputError

__all__ = [
    "ABBREVIATED", "LONGEST", "NOUN", "NUMBER", "POWER", "SAME_BUDGET", "SAME_HELD", "SAME_LEVEL", "SAME_SIZE",
    "SCALES", "as_number", "duration", "factor", "is_percent", "number_in", "read_budget", "read_budgets",
    "read_number", "read_numbers", "scaled", "short", "size", "size_and_budget", "three_digits",
]  # fmt: skip

# Relative differences up to which two numbers are the same one.
# People write sizes in two or three digits: 6.9B for 6,855,000,000.
SAME_SIZE = 0.01
# Budgets are whole steps, and logs round them.
SAME_BUDGET = 0.005
# Mixtures are whole sequences: what a sweep holds fixed is held up to rounding, and a run that is planned at a level
# realises it a little differently.
SAME_HELD, SAME_LEVEL = 0.05, 1e-3

SCALES = {
    "": 1.0, "%": 1e-2, "k": 1e3, "m": 1e6, "g": 1e9, "b": 1e9, "t": 1e12,
    "percent": 1e-2, "‰": 1e-3, "mn": 1e6, "mln": 1e6, "mio": 1e6, "mrd": 1e9, "md": 1e9, "bn": 1e9,
    "тыс": 1e3, "млн": 1e6, "млрд": 1e9, "千": 1e3, "万": 1e4, "百万": 1e6, "億": 1e8, "亿": 1e8,
    "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12,
}  # fmt: skip
ABBREVIATED = r"mln|mn|mio\.?|mrd\.?|md|тыс\.?|млн\.?|млрд\.?|千|百万|万|億|亿"
_UNIT = rf"%|‰|percent|thousand|million|billion|trillion|bn|{ABBREVIATED}|[kmgbt]"
NOUN = r"(?:params|parameters|tokens|facts|exposures)"
# A comma only between groups of three: "0,5" is refused. Groups may also be apart by spaces or apostrophes.
# Lakhs and crores stand in groups of two before the last three: 1,50,000.
_DIGITS = r"(?:\d+(?:_\d+)*|[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d?(?:,\d{2})+,\d{3}|[1-9]\d{0,2}(?:[ '’\u00a0\u202f]\d{3})+)"
NUMBER = rf"[+-]?(?:{_DIGITS}(?:\.\d*)?|\.\d+)(?:e[+-]?\d{{1,3}})?"
_QUANTITY = re.compile(rf"({NUMBER})\s*({_UNIT})?s?(?:\s+{NOUN})?", re.IGNORECASE | re.ASCII)
POWER = re.compile(
    rf"(?:({NUMBER})\s*[x×·*]\s*)?10(?:(?:\^|\*\*)\{{?([+-]?\d{{1,2}})\}}?|([⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{{1,2}}))", re.ASCII
)
_RAISED = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789")
LONGEST = 60  # characters of a number
# No training shows so many facts or tokens: a group that infusion hardly harms has a collapse point beyond them.
_COUNTLESS = 1e15


_PER_PARAMETER = re.compile(r"(.+?)\s*(?:/|per)\s*param(?:eter)?s?", re.IGNORECASE)


def read_number(text: str | float, where: str) -> int:
    """Read a whole number such as ``98304``, ``98_304``, ``1.8e6``, ``300M``, ``7B`` or ``1.5 trillion``.

    Raises
    ------
    InputError
        If it is no positive whole number.
    """
    found = _whole(str(text))
    if not found:
        point = str(text).replace(",", ".")
        raise InputError("a positive whole number such as 98304, 1.8e6, 300M or 7 billion", repr(text), where,
                         f"write {point}" if _whole(point) else "")  # fmt: skip
    return found


def read_budget(text: str | float, params: float, where: str) -> int:
    """Read a budget in tokens, ``1.5T``, or in tokens per parameter, ``20/param``.

    Parameters
    ----------
    params : float
        Parameters of the model.

    Raises
    ------
    InputError
        If it is neither.
    """
    found = _PER_PARAMETER.fullmatch(str(text).strip())
    if found is None:
        return read_number(text, where)
    each = None if is_percent(found[1]) else number_in(found[1])
    if not each or not 0 < each < math.inf:
        raise InputError("tokens such as 1.5T, or tokens per parameter such as 20/param", repr(text), where)
    return max(1, round(each * params))


def _whole(text: str) -> int:
    """Return the positive whole number that a text is, else 0."""
    value = number_in(text) or 0.0
    whole = round(value) if 0 < value < math.inf and not is_percent(text) else 0
    # 1.1e9 is 1100000000.0000002 once multiplied out
    return whole if math.isclose(value, whole, rel_tol=1e-12) else 0


def number_in(text: str) -> float | None:
    """Return the number that a text is: 98_304, 1,000,000, 1.8e6, 300M, 160 million, 7×10^9, 94.1%; else None.

    The letters k, M, B (or G) and T stand for 1e3, 1e6, 1e9 and 1e12 in either case.
    """
    plain = text.strip()
    if len(plain) > LONGEST:
        return None
    found = _QUANTITY.fullmatch(plain)
    if found is not None:
        return scaled(found[1], found[2])
    power = POWER.fullmatch(plain) if "10" in plain else None
    if power is None:
        return None
    return float(f"{scaled(power[1], None) if power[1] else 1.0!r}e{power[2] or power[3].translate(_RAISED)}")


def is_percent(text: str) -> bool:
    """Whether a number is written in percent, or in parts of a thousand."""
    return any(unit in text.lower() for unit in ("%", "‰", "percent"))


def scaled(digits: str, unit: str | None) -> float:
    """Return the number of digits with marks between thousands, times its unit."""
    value = float(re.sub(r"[,_ '’\u00a0\u202f]", "", digits))
    scale = SCALES[(unit or "").lower().rstrip(".")]
    if scale < 1:
        return value / round(1 / scale)
    value *= scale
    # 0.3M is 300,000 and not 299,999.99999999994
    return float(round(value)) if unit and abs(value) < 2**53 and abs(value - round(value)) < 1e-6 else value


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
    return [read_number(each, where) for each in _apart(text, where)]


def read_budgets(text: str, params: float, where: str) -> list[int]:
    """Read several budgets separated by commas, each as `read_budget` does: ``20/param,1.5T``."""
    return [read_budget(each, params, where) for each in _apart(text, where)]


def _apart(text: str, where: str) -> list[str]:
    """Return the parts between commas; one between thousands is refused."""
    if found := re.search(r"(?<![\d.])\d{1,3}(?:,\d{3})+(?![\d.\w])", text):
        raise InputError("numbers apart by commas, without a comma between thousands", repr(found[0]), where,
                         f"write {found[0].replace(',', '')}, or spaces behind commas")  # fmt: skip
    return text.split(",")


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
_WIDEST = 20.0  # in natural logs: wider intervals bound nothing
_WRITTEN_OUT = 1e9  # larger amounts are written in powers of ten


def three_digits(value: float, down: bool = False, up: bool = False) -> str:
    """Format a number with three digits, 2,070 or 0.319; "no bound" for more than counts, "not known" for NaN.

    A share near 1 has two digits of what it lacks, 0.9986. With `down` it is never above the value itself, with `up`
    never below.
    """
    if math.isnan(value):
        return "not known"
    if abs(value) >= _COUNTLESS:
        return "no bound"
    if value == 0:
        return "0"
    of_what = 10 * (1 - value) if _NEAR_ONE < value < 1 - _TINY else value
    decimals = 2 - math.floor(math.log10(abs(of_what)))
    scaled = value * 10.0**decimals
    whole = math.floor(scaled + 1e-9) if down else math.ceil(scaled - 1e-9) if up else round(scaled)
    rounded = whole / 10.0**decimals
    return f"{rounded:,.0f}" if abs(rounded) >= 100 else f"{rounded:.{max(decimals, 3)}g}"


def factor(width: float) -> str:
    """Format the ratio of the ends of an interval whose width is in natural logs, 2.59 for 0.952."""
    return three_digits(math.exp(width) if width < _WIDEST else math.inf)


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
