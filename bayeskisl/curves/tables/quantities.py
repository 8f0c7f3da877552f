"""Numbers as they occur in tables: 7B, 300M, 160 million, 1e9, 98_304, 1,000,000, 94.1 %, 0.91 ± 0.01."""

import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

import numpy as np

from bayeskisl.quantities import ABBREVIATED, LONGEST, NOUN, NUMBER, POWER, SCALES, number_in, scaled

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

_FRACTION = re.compile(r"(\d+)\s*(?:/|of|out of)\s*(\d+)", re.ASCII)
_PARTS = re.compile(r"(\d+(?:\.\d+)?)\s*([:/])\s*(\d+(?:\.\d+)?)", re.ASCII)
_WITH_SPREAD = re.compile(
    rf"({NUMBER})\s*(%)?\s*(?:(?:±|\+/-|\+-)\s*({NUMBER})|\(\s*(?:±|\+/-)?\s*({NUMBER})\s*\))\s*(%)?",
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
    rf"(.*?)[\s_]*(?:[\[(]\s*(?:in\s+)?(k|K|M|G|B|T|bn|(?i:{ABBREVIATED})|thousands?|millions?|billions?|trillions?"
    rf"|[x×]?\s*1[eE]\d{{1,2}}|[x×]?\s*{POWER.pattern})(?:\s*{NOUN})?\s*[\])]"
    r"|[\s_](?:in[\s_])?(thousands?|millions?|billions?|trillions?|mn|mln|bn|[KMBT]|[kmb](?=$)))",
)
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
    if len(text) > LONGEST:
        return None
    plain = text.strip().translate(_WIDE) if decimal == "." else text.strip().translate(_WIDE).translate(_SWAPPED)
    found = number_in(plain)
    if found is not None:
        return found
    spread = _WITH_SPREAD.fullmatch(plain) if "±" in plain or "+" in plain or "(" in plain else None
    return None if spread is None else scaled(spread[1], spread[2] or spread[5])


def read_spread(text: str, decimal: str = ".") -> float | None:
    """Read the number behind ± (or in parentheses), in the unit of the number before it; None without one."""
    if len(text) > LONGEST:
        return None
    spread = _WITH_SPREAD.fullmatch(text.strip() if decimal == "." else text.strip().translate(_SWAPPED))
    if spread is None:
        return None
    last = _LAST_DIGITS.search(spread[0])
    digits = f"{last[2]}e-{len(last[1])}" if last is not None else spread[3] or spread[4]
    return scaled(digits, spread[2] or spread[5])


def read_fraction(text: str) -> tuple[float, float] | None:
    """Read the two counts of ``365/400`` or ``365 of 400``; None if the text is something else."""
    found = _FRACTION.fullmatch(text.strip()) if len(text) <= LONGEST else None
    return None if found is None else (float(found[1]), float(found[2]))


def read_parts(text: str) -> float | None:
    """Read a share in parts: 1/10 is a tenth, and 1:9, one part beside nine, too; None if it is something else."""
    found = _PARTS.fullmatch(text.strip()) if len(text) <= LONGEST else None
    if found is None:
        return None
    first, second = float(found[1]), float(found[3])
    whole = second if found[2] == "/" else first + second
    return first / whole if whole else None


def read_times(text: str) -> float | None:
    """Read a number of times, 10x or x10; None if it is something else."""
    plain = text.strip().lower().replace("×", "x")
    number = plain.removesuffix("x").removeprefix("x").strip() if len(text) <= LONGEST else plain
    return read_quantity(number) if len(number) < len(plain) else None


def size_in_name(text: str) -> float | None:
    """Read the size in a model's name, 70e6 in ``org/model-70m-deduped``; None unless exactly one is found."""
    split = _SIZE_AROUND.sub(r"\1.\2b", text[:400])
    found = {scaled(digits.replace("_", "."), unit) for digits, unit in _SIZE.findall(split)}
    return found.pop() if len(found) == 1 else None


def header_unit(column: str) -> tuple[str, float]:
    """Split a column's name from its unit: ``params (M)`` or ``size_in_millions`` counts in 1e6."""
    found = _HEADER_UNIT.fullmatch(column.strip())
    if found is None or not found[1]:
        return column, 1.0
    unit = (found[2] or found[6]).lower().rstrip("s.")
    scale = SCALES.get(unit) or read_quantity(unit.lstrip("x× "))
    return (found[1], scale) if scale else (column, 1.0)


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
