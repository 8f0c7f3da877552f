"""One caveat of an answer, and the order of caveats by what they could change."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, get_args

from bayeskisl.curves import Finding
from bayeskisl.curves.by_size import AGAINST_SIZE, AGAINST_SIZE_AT_THE_END, SAME_LOSS

__all__ = ["Caveat", "Weight", "ranked"]

Weight = Literal["unusable", "care", "note"]  # the gravest first

# What could change an answer most stands first: data that hold no answer, then a posterior that is none, then what only
# the prior knows, then what the data know too little of.
_ORDER = (
    "no_signal", "wrong_way", "turns_back", "unexplained_loss", AGAINST_SIZE, "gate", "preview", "prior_driven_target",
    "never_kept", "never_learned", "no_collapse", "never_ignorant", "laws_apart", "wide", "few_sizes", "short_ladder",
    "far_extrapolation", "far_budget", SAME_LOSS, AGAINST_SIZE_AT_THE_END, "sizes_disagree", "outlying_rows",
    "below_one_exposure", "sampled_thinly", "few_draws", "no_benefit", "beyond_swept", "none_admissible",
    "none_sufficient", "no_window", "limit_too_low", "silent_levels",
)  # fmt: skip
# Findings that no sampler mends: the data hold no answer, or what was sampled is no posterior.
_NO_ANSWER = ("no_signal", "wrong_way", "turns_back", "unexplained_loss", "preview", AGAINST_SIZE)
# Warnings that weigh as much as a serious finding: single rows or sizes may decide an answer.
_WITH_CARE = ("outlying_rows", "sizes_disagree", SAME_LOSS, AGAINST_SIZE_AT_THE_END)
_PLACES = {code: place for place, code in enumerate(_ORDER)}


@dataclass(frozen=True)
class Caveat:
    """One caveat of an answer.

    Parameters
    ----------
    code, message : str
        A code for programs, and a sentence for people.
    concerns : {"", "target", "choice", "optimum"}
        The answer that becomes a bound; empty for a warning.
    at_least, at_most : float or None
        The bound, in the unit of the sweep's axis.
    buy : str
        The run that would remove the caveat.
    weight : {"note", "care", "unusable"}
        How much the caveat weakens the answer.
    remedy : str
        Remedy other than a run, as an imperative; an argument in Python, an option at the command line.
    """

    code: str
    message: str
    concerns: str = ""
    at_least: float | None = None
    at_most: float | None = None
    buy: str = ""
    weight: Weight = "note"
    remedy: str = ""

    def __str__(self) -> str:
        if not self.remedy:
            return self.message
        return f"{self.message}{'' if self.message.endswith('.') else ';'} {self.remedy}"

    @property
    def is_note(self) -> bool:
        """Whether the answer is as good with the caveat as without."""
        return self.weight == "note"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values without empty entries."""
        return {name: value for name, value in asdict(self).items() if value not in ("", None)}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "Caveat":
        """Return the caveat of a stored answer, without entries that only a later version knows.

        Raises
        ------
        TypeError, ValueError
            If the code or the message is missing, a text is none, or the weight is unknown.
        """
        caveat = cls(**{each.name: content[each.name] for each in fields(cls) if each.name in content})
        texts = (caveat.code, caveat.message, caveat.concerns, caveat.buy, caveat.remedy)
        if not all(isinstance(text, str) for text in texts) or caveat.weight not in get_args(Weight):
            raise ValueError("texts and a known weight")
        # earlier versions ended some messages with the remedy
        return replace(caveat, message=caveat.message.removesuffix(f" {caveat.remedy}"))

    @classmethod
    def of_finding(cls, finding: Finding) -> "Caveat":
        """Return a finding about the data or the posterior as a caveat of an answer."""
        return cls(finding.code, finding.message, weight=_weight_of(finding), remedy=finding.remedy)


def _weight_of(finding: Finding) -> Weight:
    if finding.severity == "serious":
        return "unusable" if finding.code in _NO_ANSWER else "care"
    return "care" if finding.code in _WITH_CARE else "note"


def ranked(caveats: Iterable[Caveat]) -> list[Caveat]:
    """Return caveats, the most influential first, each message once."""
    by_message: dict[str, Caveat] = {}
    for caveat in caveats:
        by_message.setdefault(caveat.message, caveat)
    weights = get_args(Weight)
    return sorted(by_message.values(), key=lambda one: (weights.index(one.weight), _PLACES.get(one.code, len(_PLACES))))
