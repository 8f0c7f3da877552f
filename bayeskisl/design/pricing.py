"""Costs as a call or a command names them: stated, of a table, measured, or of a device, and priced."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypedDict

from bayeskisl.budgets import Budget
from bayeskisl.design.costs import Costs, costs_for
from bayeskisl.errors import InputError, argument
from bayeskisl.sweeping.device_peaks import UTILISATION

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Pricing", "PricingKeywords"]

_ORIGINS = ("records", "costs", "device")


class PricingKeywords(TypedDict, total=False):
    """Keywords of a short call, from which a `Pricing` is built, beside its `costs`."""

    records: str | Path | None
    device: str | None
    utilisation: float | None
    price: float | None


@dataclass(frozen=True)
class Pricing:
    """Origin of the costs of runs; of `costs`, `records` and `device` at most one is given.

    Parameters
    ----------
    costs : Costs, path or frame, optional
        Costs, or what `Costs.of_table` reads.
    records : str or Path, optional
        Folder of a sweep whose times were measured, see `Costs.of_records`.
    device : str, optional
        Name of a device, or its peak in FLOP/s, see `Costs.on_device`.
    utilisation : float, optional
        Share of the device's peak that training reaches; by default 0.4.
    price : float, optional
        Dollars per device-hour; the costs are then in dollars.

    Raises
    ------
    InputError
        If two origins are given, or a utilisation or a price without what it refers to.
    """

    main_field: ClassVar[str] = "costs"

    costs: Any = None
    records: str | Path | None = None
    device: str | None = None
    utilisation: float | None = None
    price: float | None = None

    def __post_init__(self) -> None:
        named = [argument(name) for name in _ORIGINS]
        if len(self._given) > 1:
            raise InputError(f"one of {named[0]}, {named[1]} and {named[2]}", " and ".join(self._given), "costs")
        if self.utilisation is not None and self.device is None:
            where = argument("utilisation")
            raise InputError(f"{argument('device')} beside {where}", "none", where)
        if self.price is not None and not self._given:
            where = argument("price")
            raise InputError(f"{named[2]}, {named[1]} or {named[0]} beside {where}", "none", where)

    @property
    def _given(self) -> list[str]:
        return [argument(name) for name in _ORIGINS if getattr(self, name) is not None]

    def require_for(self, budget: Budget) -> None:
        """Refuse a budget that no costs stand beside, before any fit is loaded.

        Raises
        ------
        InputError
            If the budget is in device-seconds or dollars.
        """
        if not self._given:
            costs_for(budget, None)

    def of(self, curves: "xr.Dataset") -> Costs | None:
        """Return the costs for runs like those of `curves`; None if no origin is given."""
        costs = self._without_price(curves)
        return costs if costs is None or self.price is None else costs.priced(self.price)

    def _without_price(self, curves: "xr.Dataset") -> Costs | None:
        if self.device is not None:
            return Costs.on_device(self.device, UTILISATION if self.utilisation is None else self.utilisation)
        if self.records is not None:
            return Costs.of_records(self.records)
        return self.costs if isinstance(self.costs, Costs | None) else Costs.of_table(self.costs, curves)
