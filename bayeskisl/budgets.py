"""Parsing of budgets: device-seconds, hours, FLOP or dollars."""

import re
from dataclasses import dataclass

import numpy as np

from bayeskisl import quantities
from bayeskisl.arguments import in_words
from bayeskisl.errors import InputError, way
from bayeskisl.quantities import is_percent, number_in

__all__ = ["DOLLARS", "FLOP", "SECONDS", "Budget", "amount", "costs_remedy", "read_budget", "worth_in"]

SECONDS, FLOP, DOLLARS = "device-seconds", "FLOP", "dollars"
_HOUR = 3600.0
_UNITS = {
    **dict.fromkeys(("s", "second", "seconds"), (1.0, SECONDS)),
    **dict.fromkeys(("min", "minute", "minutes"), (60.0, SECONDS)),
    **dict.fromkeys(("h", "hour", "hours"), (_HOUR, SECONDS)),
    **dict.fromkeys(("d", "day", "days"), (86400.0, SECONDS)),
    **dict.fromkeys(("flop", "flops"), (1.0, FLOP)),
    **dict.fromkeys(("$", "usd", "dollar", "dollars"), (1.0, DOLLARS)),
}
_NO_UNIT = ("", "s")  # behind these, letters of a number are in doubt: 2m, 2 millions
_DOLLARS_BEFORE = re.compile(r"^\s*(?:\$|usd\b)\s*(.*)")
_NAMES = "|".join(map(re.escape, sorted(_UNITS, key=len, reverse=True)))
_WITH_UNIT = re.compile(rf"(.*?)\s*(?:(?:device|gpu)[ -])?({_NAMES}|)\s*", re.DOTALL)
# A second is the unit of a small run, an hour that of a large one.
_HOURS_FROM = 10 * _HOUR


@dataclass(frozen=True)
class Budget:
    """An amount of compute or money: device-seconds, FLOP or dollars."""

    amount: float
    unit: str = SECONDS

    def priced(self, per_hour: float) -> "Budget":
        """Return the budget in dollars, for device-hours at a price."""
        return Budget(self.amount / _HOUR * per_hour, DOLLARS) if self.unit == SECONDS else self


def read_budget(text: str | float | Budget) -> Budget:
    """Read ``600`` or ``600s`` (device-seconds), ``20min``, ``2h``, ``5 thousand hours``, ``1e18flop`` or ``$2000``.

    Raises
    ------
    InputError
        If it is none of these, or not positive.
    """
    if isinstance(text, Budget):
        return text
    if (budget := _positive(text)) is None:
        expected = "a budget such as 600 (device-seconds), 20min, 2h, 1e18flop or 2000usd"
        raise InputError(expected, in_words(text), "budget")
    return budget


def _positive(text: str | float, usual: str = SECONDS) -> Budget | None:
    """Return an amount, in the usual unit where none is written; None if the text is none, or not above zero."""
    plain = _DOLLARS_BEFORE.sub(r"\1$", str(text).lower())
    match = _WITH_UNIT.fullmatch(plain)
    number, unit = match.groups() if match else ("", "")
    doubted = is_percent(number) or (unit in _NO_UNIT and re.search("[a-df-z]", number))
    found = None if doubted else number_in(number)
    scale, kind = _UNITS[unit] if unit else (1.0, usual)
    amount = (found or 0.0) * scale
    return Budget(amount, kind) if 0 < amount < np.inf else None


def worth_in(text: float | str | None, unit: str, per_hour: float | None = None, where: str = "worth") -> float:
    """Return an amount in a unit; a plain number is in that unit, any other unit must match it.

    Parameters
    ----------
    text : float or str, optional
        Left out, nothing.
    unit : str
    per_hour : float, optional
        Dollars of a device-hour, where times count as dollars.
    where : str
        Name of the amount in a message.

    Raises
    ------
    InputError
        If it is no amount above zero, or of another unit.
    """
    if text is None:
        return 0.0
    worth = _positive(text, unit)
    if worth is None:
        raise InputError("an amount above zero, such as 0.02, 2usd or 2h", in_words(text), where)
    if unit == DOLLARS and per_hour is not None:
        worth = worth.priced(per_hour)
    if worth.unit != unit:
        raise InputError(f"an amount in {unit}, as the costs are", repr(str(text)), where)
    return worth.amount


def costs_remedy(unit: str, option: str = "") -> str:
    """Return the remedy for a budget without costs in its unit, see `bayeskisl.design.costs.costs_for`."""
    if unit == FLOP:
        return "give the budget in the unit of the costs, or leave the costs out, for 6 N D"
    if unit == DOLLARS:
        return way("price them, as `bk.Costs.on_device('h100').priced(2.5)`, or state them in `bk.Costs.of_table`",
                   option or "add `--device h100 --price 2.5`, or a table of dollars, `--costs FILE`")  # fmt: skip
    python = "take `bk.Costs.on_device('h100')`, `bk.Costs.of_table(table)` or `bk.Costs.of_records(folder)`"
    found = way(python, option or "name the device, `--device h100`, a table, `--costs FILE`, or the sweep's folder, "
                                  "`--records DIR`")  # fmt: skip
    return f"{found}, or give the budget in FLOP, as 1e15flop"


def amount(value: float, unit: str, *, of: float | None = None) -> str:
    """Format an amount with its unit: 12 device-seconds, 4,900 device-hours, 3.2e+20 FLOP or $1,250.

    Parameters
    ----------
    value : float
    unit : str
    of : float, optional
        The whole of which it is a part, whose unit it shares: "3 of 60 device-seconds".
    """
    whole = value if of is None else of
    scale, name = (_HOUR, "device-hours") if unit == SECONDS and whole >= _HOURS_FROM else (1.0, unit)
    parts = [quantities.amount(each / scale) for each in ([value] if of is None else [value, of])]
    if unit == DOLLARS:
        return " of ".join(f"${part}" for part in parts)
    return f"{' of '.join(parts)} {name}"
