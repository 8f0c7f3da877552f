"""Criterion of a choice: the utility, the allowed risk, and the planned range of infusions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypedDict, get_args

from bayeskisl import schema
from bayeskisl.arguments import in_words, require_one_of, require_positive, require_share
from bayeskisl.decision.utility import KeptFacts, Utility
from bayeskisl.errors import InputError

__all__ = ["KEEP", "REFERENCES", "RISK", "Criterion", "CriterionKeywords", "KeepOf", "Levels"]

# The share that a group must keep where nothing else is said.
KEEP = 0.9
RISK = 0.1
KeepOf = Literal["ceiling", "facts", "fewest", "uninfused"]
REFERENCES: tuple[KeepOf, ...] = get_args(KeepOf)
# References that background facts alone have.
_OF_BACKGROUND = frozenset({"fewest", "uninfused"})


class CriterionKeywords(TypedDict, total=False):
    """Keywords of a short call, from which a `Criterion` is built."""

    utility: Utility
    risk: float
    keep: float | Mapping[str, float]
    keep_of: KeepOf | None
    facts: float | None
    at_most: float | None


@dataclass(frozen=True)
class Levels:
    """The share that each group must retain.

    Parameters
    ----------
    share : float or mapping
        In (0, 1): one share of all groups, or a share by group; a group without an entry must retain 0.9.
    of : {"ceiling", "facts", "fewest", "uninfused"}
        Reference of the share: the group's own ceiling, all of its facts, or for background facts what the same model
        retains with the fewest infused facts at the same ratio, or without infusion; infused facts have their ceiling
        there.
    """

    share: float | Mapping[str, float] = field(default=KEEP, hash=False)
    of: KeepOf = "ceiling"

    def __post_init__(self) -> None:
        require_one_of(self.of, REFERENCES, "keep_of")
        if isinstance(self.share, Mapping):
            for group, level in self.share.items():
                if group not in schema.GROUPS:
                    raise InputError(f"a group among {', '.join(schema.GROUPS)}", repr(group), "keep")
                require_share(**{f"keep of {group}": level})
        else:
            require_share(keep=self.share)

    def __call__(self, group: str) -> float:
        """The share that a group must retain."""
        return float(self.share.get(group, KEEP) if isinstance(self.share, Mapping) else self.share)

    def reference(self, group: str) -> KeepOf:
        """The reference of a group's share."""
        return "ceiling" if self.of in _OF_BACKGROUND and group != schema.BACKGROUND else self.of


@dataclass(frozen=True)
class Criterion:
    """The criterion of a decision.

    Parameters
    ----------
    utility : Utility, optional
        Utility of an infusion: `KeptFacts` with weights and prices, or a function that takes the Dataset of outcomes
        (``kept_infused``, ``kept_background``, ``infused_tokens``, ``loss_rise``, dims ``(sample, point)``) and returns
        a DataArray of the same dims. By default facts retained above guessing, with equal weights of infused and
        background facts.
    risk : float
        Largest allowed probability, in (0, 1), that a run at the choice retains less than `keep`. The choice is the
        largest infusion within the risk or, if more infusion harms no probed group, the smallest.
    keep : float or mapping
        Share that a group must retain, in (0, 1), or a share by group, ``{"infused": 0.9, "background": 0.98}``; a
        group without an entry must retain 0.9.
    keep_of : {"ceiling", "facts", "fewest", "uninfused"}, optional
        Reference of that share: the group's own ceiling, so that a low ceiling is not penalised; all of its facts; or,
        for background facts that no budget of the sweep teaches in full, what the same model retains without infusion,
        or along an amount with the fewest infused facts at the same ratio. Both ask for a share of the ceiling of
        infused facts. A general benchmark has ``"uninfused"`` by default along an axis of the ratio, or with known
        scores without infusion, and ``"fewest"`` along an amount; other groups have ``"ceiling"``.
    facts : float, optional
        Size K of your domain, for the ratio that it needs. By default the choice rounded down to 1, 2 or 5 times a
        power of 10 (amount), the K of the sweep (ratio), or the K of the choice (dose).
    at_most : float, optional
        Largest planned infusion, in the unit of the axis; by default the one at which every fact is seen once.

    Raises
    ------
    InputError
        If a number is out of range.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> bk.Criterion(risk=0.05, keep={"infused": 0.9, "background": 0.98}).risk
    0.05
    """

    utility: Utility = field(default_factory=KeptFacts)
    risk: float = RISK
    keep: float | Mapping[str, float] = field(default=KEEP, hash=False)
    keep_of: KeepOf | None = None
    facts: float | None = None
    at_most: float | None = None

    def __post_init__(self) -> None:
        if self.utility is None:
            object.__setattr__(self, "utility", KeptFacts())
        require_share(risk=self.risk)
        self.levels("ceiling")
        if not callable(self.utility):
            raise InputError("`KeptFacts` or a function of the outcomes", in_words(self.utility), "utility")
        if self.facts is not None:
            require_positive(self.facts, "facts", "a positive number of facts")
        if self.at_most is not None:
            require_positive(self.at_most, "at_most", "a positive infusion")

    def levels(self, usual: KeepOf) -> Levels:
        """Return the share that each group must retain; `usual` is its reference where none was stated."""
        return Levels(self.keep, usual if self.keep_of is None else self.keep_of)
