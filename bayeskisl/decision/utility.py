"""Utilities of an infusion."""

from collections.abc import Callable
from dataclasses import asdict, dataclass

import xarray as xr

from bayeskisl.curves.groups import infused_group
from bayeskisl.errors import InputError
from bayeskisl.quantities import as_number
from bayeskisl.specifications import shown

__all__ = ["KeptFacts", "Utility", "described_utility", "prices_of", "unit_of"]

# Takes the outcome of infusions (`Prospect.outcome`, dims ``(sample, point)``) and says what each is worth.
Utility = Callable[[xr.Dataset], xr.DataArray]


@dataclass(frozen=True)
class KeptFacts:
    """Facts retained above guessing, infused and background, minus their cost.

    Infused facts are counted by the templates of the corpus if those were probed, or else by new ones, or else by
    multiple choice; if none of these was probed, only the background counts.

    Parameters
    ----------
    background_weight : float
        Worth of a background fact in infused facts, at least 0; only if the background was probed.
    token_price : float
        Price of one infused token, in facts.
    loss_price : float
        Price in facts of a rise of the general loss by one nat; needs curves with the general loss.
    """

    background_weight: float = 1.0
    token_price: float = 0.0
    loss_price: float = 0.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 <= as_number(value) < float("inf"):
                raise InputError("a number of at least 0", shown(value), name)

    def __call__(self, outcome: xr.Dataset) -> xr.DataArray:
        """The utility of every draw and place, in facts."""
        infused = infused_group(str(name).removeprefix("kept_") for name in outcome)
        worth = (outcome[f"kept_{infused}"] if infused else 0.0) - self.token_price * outcome["infused_tokens"]
        if "kept_background" in outcome:
            worth = worth + self.background_weight * outcome["kept_background"]
        if self.loss_price:
            if "loss_rise" not in outcome:
                raise InputError("curves with the general loss", "curves without it", "loss_price",
                                 "leave the price out, or measure the loss")  # fmt: skip
            worth = worth - self.loss_price * outcome["loss_rise"]
        return worth


def unit_of(utility: Utility) -> str:
    """Return the unit of a utility: facts, or the name of the user's function."""
    return "facts" if isinstance(utility, KeptFacts) else getattr(utility, "__name__", type(utility).__name__)


def prices_of(utility: Utility) -> dict[str, float]:
    """Weights and prices that are not the usual ones, by name; none of a function."""
    if not isinstance(utility, KeptFacts):
        return {}
    usual, own = asdict(KeptFacts()), asdict(utility)
    return {name: value for name, value in own.items() if value != usual[name]}


def described_utility(utility: Utility) -> str:
    """Describe a utility in words."""
    if not isinstance(utility, KeptFacts):
        return f"the function {unit_of(utility)}"
    said = f"facts kept above guessing, a background fact counting {utility.background_weight:g}"
    prices = {"infused token": utility.token_price, "nat of general loss": utility.loss_price}
    return ", ".join([said, *(f"less {price:g} per {what}" for what, price in prices.items() if price)])
