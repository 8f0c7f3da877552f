"""Numbers as they occur in tables: 7B, 300M, 160 million, 1e9, 98_304, 1,000,000, 94.1 %, 0.91 ± 0.01."""

import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

import numpy as np

__all__ = [
    "as_text",
    "header_unit",
    "is_missing",
    "read_each",
    "read_fraction",
    "read_parts",
    "read_quantity",
    "read_spread",
    "read_times",
    "size_in_name",
    "texts_in",
]

_SCALES = {
    "": 1.0, "%": 1e-2, "k": 1e3, "m": 1e6, "g": 1e9, "b": 1e9, "t": 1e12,
    "percent": 1e-2, "‰": 1e-3, "mn": 1e6, "mln": 1e6, "mio": 1e6, "mrd": 1e9, "md": 1e9, "bn": 1e9,
    "тыс": 1e3, "млн": 1e6, "млрд": 1e9, "千": 1e3, "万": 1e4, "百万": 1e6, "億": 1e8, "亿": 1e8,
    "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12,
}  # fmt: skip
_ABBREVIATED = r"mln|mn|mio\.?|mrd\.?|md|тыс\.?|млн\.?|млрд\.?|千|百万|万|億|亿"
_UNIT = rf"%|‰|percent|thousand|million|billion|trillion|bn|{_ABBREVIATED}|[kmgbt]"
_NOUN = r"(?:params|parameters|tokens|facts|exposures)"
# A comma only between groups of three: "0,5" is refused. Groups may also be apart by spaces or apostrophes.
# Lakhs and crores stand in groups of two before the last three: 1,50,000.
_DIGITS = r"(?:\d+(?:_\d+)*|[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d?(?:,\d{2})+,\d{3}|[1-9]\d{0,2}(?:[ '’\u00a0\u202f]\d{3})+)"
_NUMBER = rf"[+-]?(?:{_DIGITS}(?:\.\d*)?|\.\d+)(?:e[+-]?\d{{1,3}})?"
_QUANTITY = re.compile(rf"({_NUMBER})\s*({_UNIT})?s?(?:\s+{_NOUN})?", re.IGNORECASE | re.ASCII)
_POWER = re.compile(
    rf"(?:({_NUMBER})\s*[x×·*]\s*)?10(?:(?:\^|\*\*)\{{?([+-]?\d{{1,2}})\}}?|([⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{{1,2}}))", re.ASCII
)
_RAISED = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789")
_FRACTION = re.compile(r"(\d+)\s*(?:/|of|out of)\s*(\d+)", re.ASCII)
_PARTS = re.compile(r"(\d+(?:\.\d+)?)\s*([:/])\s*(\d+(?:\.\d+)?)", re.ASCII)
_WITH_SPREAD = re.compile(
    rf"({_NUMBER})\s*(%)?\s*(?:(?:±|\+/-|\+-)\s*({_NUMBER})|\(\s*(?:±|\+/-)?\s*({_NUMBER})\s*\))\s*(%)?",
    re.IGNORECASE | re.ASCII,
)
# a number with a unit as a word of its own: not the 7b of 8x7b
_SIZE = re.compile(
    r"(?<![A-Za-z0-9.])(?<!step[ _-])(\d+(?:[._]\d+)?)[ -]?([kKmMbB])(?![A-Za-z0-9])"
    # nor a budget, a number of facts or a length of context: 100M-tokens, but 100M-tokens2B has a size
    r"(?![ _-]?(?:tok(?:en)?s?|facts?|steps?|ctx|context)(?![A-Za-z]|[ =_:-]?\d))(?!(?<=[kK])[ _-](?:instruct|chat))",
)
_SIZE_AROUND = re.compile(r"(?<![A-Za-z0-9.])(\d+)[bB](\d)(?![A-Za-z0-9])")  # bloom-1b7
_HEADER_UNIT = re.compile(
    rf"(.*?)[\s_]*(?:[\[(]\s*(?:in\s+)?(k|K|M|G|B|T|bn|(?i:{_ABBREVIATED})|thousands?|millions?|billions?|trillions?"
    rf"|[x×]?\s*1[eE]\d{{1,2}}|[x×]?\s*{_POWER.pattern})(?:\s*{_NOUN})?\s*[\])]"
    r"|[\s_](?:in[\s_])?(thousands?|millions?|billions?|trillions?|mn|mln|bn|[KMBT]|[kmb](?=$)))",
)
_LONGEST = 60
_MISSING = {
    "", "na", "n/a", "n.a.", "nan", "null", "none", "nil", "-", "--", "–", "—", "?", "<na>", "#n/a", "#div/0!",
    "#value!", "#ref!", "#null!", "#num!",
}  # fmt: skip
_LAST_DIGITS = re.compile(r"\.(\d+)\((\d+)\)", re.ASCII)  # 0.912(14): the uncertainty of the last two digits
_SAME_TEXT_IF_EQUAL = {str, type(None)}
_WIDE = str.maketrans("０１２３４５６７８９．，％", "0123456789.,%")
_SWAPPED = str.maketrans({",": ".", ".": ","})


def is_missing(cell: object) -> bool:
    """Whether a cell means a missing value: empty, None, NaN, "NA" and similar."""
    if cell is None or (isinstance(cell, float | np.floating | Decimal) and cell != cell):
        return True
    return isinstance(cell, str) and cell.strip().lower() in _MISSING


def read_quantity(text: str, decimal: str = ".") -> float | None:
    """Read the number in `text`; None without one.

    Parameters
    ----------
    text : str
        ``98304``, ``98_304``, ``1,000,000``, ``1.8e6``, ``300M``, ``160 million``, ``7B``, ``1.5T``, ``94.1%`` or
        ``0.91 ± 0.01``, whose first number counts. The letters k, M, B (or G) and T stand for 1e3, 1e6, 1e9 and 1e12
        in either case.
    decimal : str
        The decimal mark, a point or a comma; the other one may stand between groups of three digits.

    Returns
    -------
    float or None
    """
    if len(text) > _LONGEST:
        return None
    plain = text.strip().translate(_WIDE) if decimal == "." else text.strip().translate(_WIDE).translate(_SWAPPED)
    found = _QUANTITY.fullmatch(plain)
    if found is not None:
        return _scaled(found[1], found[2])
    power = _POWER.fullmatch(plain) if "10" in plain else None
    if power is not None:
        return float(f"{_scaled(power[1], None) if power[1] else 1.0!r}e{power[2] or power[3].translate(_RAISED)}")
    spread = _WITH_SPREAD.fullmatch(plain) if "±" in plain or "+" in plain or "(" in plain else None
    return None if spread is None else _scaled(spread[1], spread[2] or spread[5])


def read_spread(text: str, decimal: str = ".") -> float | None:
    """Read the number behind ± (or in parentheses), in the unit of the number before it; None without one."""
    if len(text) > _LONGEST:
        return None
    spread = _WITH_SPREAD.fullmatch(text.strip() if decimal == "." else text.strip().translate(_SWAPPED))
    if spread is None:
        return None
    last = _LAST_DIGITS.search(spread[0])
    digits = f"{last[2]}e-{len(last[1])}" if last is not None else spread[3] or spread[4]
    return _scaled(digits, spread[2] or spread[5])


def read_fraction(text: str) -> tuple[float, float] | None:
    """Read the two counts of ``365/400`` or ``365 of 400``; None if the text is something else."""
    found = _FRACTION.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    return None if found is None else (float(found[1]), float(found[2]))


def read_parts(text: str) -> float | None:
    """Read a share in parts: 1/10 is a tenth, and 1:9, one part beside nine, too; None if it is something else."""
    found = _PARTS.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    if found is None:
        return None
    first, second = float(found[1]), float(found[3])
    whole = second if found[2] == "/" else first + second
    return first / whole if whole else None


def read_times(text: str) -> float | None:
    """Read a number of times, 10x or x10; None if it is something else."""
    plain = text.strip().lower().replace("×", "x")
    number = plain.removesuffix("x").removeprefix("x").strip() if len(text) <= _LONGEST else plain
    return read_quantity(number) if len(number) < len(plain) else None


def size_in_name(text: str) -> float | None:
    """Read the size in a model's name, 70e6 in ``org/model-70m-deduped``; None unless exactly one is found."""
    split = _SIZE_AROUND.sub(r"\1.\2b", text[:400])
    found = {_scaled(digits.replace("_", "."), unit) for digits, unit in _SIZE.findall(split)}
    return found.pop() if len(found) == 1 else None


def header_unit(column: str) -> tuple[str, float]:
    """Split a column's name from its unit: ``params (M)`` or ``size_in_millions`` counts in 1e6."""
    found = _HEADER_UNIT.fullmatch(column.strip())
    if found is None or not found[1]:
        return column, 1.0
    unit = (found[2] or found[6]).lower().rstrip("s.")
    scale = _SCALES.get(unit) or read_quantity(unit.lstrip("x× "))
    return (found[1], scale) if scale else (column, 1.0)


def _scaled(digits: str, unit: str | None) -> float:
    value = float(re.sub(r"[,_ '’\u00a0\u202f]", "", digits))
    scale = _SCALES[(unit or "").lower().rstrip(".")]
    if scale < 1:
        return value / round(1 / scale)
    scaled = value * scale
    # 0.3M is 300,000 and not 299,999.99999999994
    return float(round(scaled)) if unit and abs(scaled) < 2**53 and abs(scaled - round(scaled)) < 1e-6 else scaled


def as_text(cell: object) -> str:
    """Return a cell as text that UTF-8 can encode."""
    if type(cell) is str and cell.isascii():
        return cell
    try:
        return str(cell).encode(errors="replace").decode()
    except ValueError:  # an integer of thousands of digits
        return f"a {type(cell).__name__} too long to print"


def texts_in(cells: Sequence[object]) -> Iterator[str]:
    """Texts of the cells that have a value, in their order; equal ones may come once."""
    # numbers of other kinds can be equal and still have other texts: 1, 1.0 and True, 0.0 and -0.0
    alike = set(map(type, cells)) <= _SAME_TEXT_IF_EQUAL
    return (as_text(cell) for cell in (dict.fromkeys(cells) if alike else cells) if not is_missing(cell))


def read_each[Cell, Read](cells: Sequence[Cell], read: Callable[[Cell], Read]) -> list[Read]:
    """Read every cell; equal texts are read once, since most of a large table are the same few."""
    if not set(map(type, cells)) <= _SAME_TEXT_IF_EQUAL:
        return [read(cell) for cell in cells]
    known = {cell: read(cell) for cell in dict.fromkeys(cells)}
    return [known[cell] for cell in cells]
