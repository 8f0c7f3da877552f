"""Numbers as people write them in tables: 7B, 300M, 1e9, 1.5T, 98_304, 1,000,000, 94.1%."""

import re
from decimal import Decimal

import numpy as np

__all__ = ["as_text", "is_missing", "read_quantity"]

_SCALES = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9, "b": 1e9, "bn": 1e9, "t": 1e12}
_DIGITS = r"(?:\d+(?:_\d+)*|[1-9]\d{0,2}(?:,\d{3})+)"  # a comma only between groups of three: "0,5" is refused
_QUANTITY = re.compile(
    rf"([+-]?(?:{_DIGITS}(?:\.\d*)?|\.\d+)(?:e[+-]?\d{{1,3}})?)\s*(%|bn|[kmgbt])?", re.IGNORECASE | re.ASCII
)
_LONGEST = 40
_MISSING = {"", "na", "n/a", "nan", "null", "none", "-", "--", "?"}


def is_missing(cell: object) -> bool:
    """Whether a cell says that there is no value: empty, None, NaN, "NA" and the like."""
    if cell is None or (isinstance(cell, float | np.floating | Decimal) and cell != cell):
        return True
    return isinstance(cell, str) and cell.strip().lower() in _MISSING


def read_quantity(text: str) -> float | None:
    """The number that `text` says, or None if it says none.

    Parameters
    ----------
    text : str
        ``98304``, ``98_304``, ``1,000,000``, ``1.8e6``, ``300M``, ``7B``, ``1.5T`` or ``94.1%``. The letters k, M, B
        (or G) and T stand for 1e3, 1e6, 1e9 and 1e12 in either case. A decimal comma is not read.

    Returns
    -------
    float or None
    """
    if len(text) > _LONGEST:
        return None
    found = _QUANTITY.fullmatch(text.strip())
    if found is None:
        return None
    digits, unit = found.groups()
    value = float(digits.replace(",", "").replace("_", ""))
    if unit == "%":
        return value / 100
    scaled = value * _SCALES[(unit or "").lower()]
    # 0.3M is 300,000 and not 299,999.99999999994
    return float(round(scaled)) if unit and abs(scaled) < 2**53 and abs(scaled - round(scaled)) < 1e-6 else scaled


def as_text(cell: object) -> str:
    """A cell as text that UTF-8 can hold."""
    try:
        return str(cell).encode(errors="replace").decode()
    except ValueError:  # an integer of thousands of digits
        return f"a {type(cell).__name__} too long to print"
