"""By what an infusion is chosen: its worth, the risk that is allowed, and the infusions that are planned at all."""

from dataclasses import dataclass, field
from typing import TypedDict

from bayeskisl.decision.utility import KeptFacts, Utility
from bayeskisl.errors import InputError

__all__ = ["Criterion", "CriterionKeywords", "require_share"]


class CriterionKeywords(TypedDict, total=False):
    """The keywords of a short call, from which a `Criterion` is made."""

    utility: Utility
    risk: float
    keep: float
    facts: float | None
    at_most: float | None


@dataclass(frozen=True)
class Criterion:
    """The criterion of a decision.

    Parameters
    ----------
    utility : Utility, optional
        What an infusion is worth: `KeptFacts` with weights and prices, or a function that takes the Dataset of
        outcomes (``kept_infused``, ``kept_background``, ``infused_tokens``, ``loss_rise``, dims ``(sample, point)``)
        and returns a DataArray of the same dims. Left out, facts kept above guessing, infused and background alike.
    risk : float
        Largest probability, in (0, 1), that a run at the choice keeps less than `keep`. The choice is the largest
        infusion within it, or where more infusion harms no probed group, the smallest.
    keep : float
        Share of what its ceiling allows that a group must keep, in (0, 1).
    facts : float, optional
        Size of your domain, K: which ratio does it need? Left out, the choice rounded down to 1, 2 or 5 times a power
        of 10 (amount), the K of the sweep (ratio), the K of the choice (dose).
    at_most : float, optional
        Largest infusion that is planned, in the unit of the axis; left out, one at which every fact is seen once.

    Raises
    ------
    InputError
        If a number is out of range.
    """

    utility: Utility = field(default_factory=KeptFacts)
    risk: float = 0.10
    keep: float = 0.9
    facts: float | None = None
    at_most: float | None = None

    def __post_init__(self) -> None:
        if self.utility is None:
            object.__setattr__(self, "utility", KeptFacts())
        require_share(risk=self.risk, keep=self.keep)
        if self.facts is not None and not self.facts > 0:
            raise InputError("a positive number of facts", repr(self.facts), "facts")
        if self.at_most is not None and not self.at_most > 0:
            raise InputError("a positive infusion", repr(self.at_most), "at_most")


def require_share(**values: float) -> None:
    """Refuse what is no probability strictly between 0 and 1, by its name."""
    for name, value in values.items():
        if not 0 < value < 1:
            raise InputError("a number in (0, 1)", repr(value), name)
