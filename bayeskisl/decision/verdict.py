"""Verdict on an answer: a grade, the rule that decided it, the remedy, and the next run to add."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

__all__ = ["Grade", "Verdict", "ranked", "verdict_on"]

Grade = Literal["good", "usable with care", "not usable"]

_GRADES: dict[str, Grade] = {"note": "good", "care": "usable with care", "unusable": "not usable"}
_WEIGHTS = ("unusable", "care", "note")
# What could change an answer most stands first: data that hold no answer, then a posterior that is none, then what only
# the prior knows, then what the data know too little of.
_ORDER = (
    "no_signal", "wrong_way", "turns_back", "gate", "preview", "prior_driven_target", "never_kept", "never_learned",
    "no_collapse", "never_ignorant", "laws_apart", "wide", "few_sizes", "far_extrapolation", "far_budget",
    "outlying_rows", "below_one_exposure", "sampled_thinly", "no_benefit", "beyond_swept", "none_admissible",
    "none_sufficient", "no_window",
)  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """Whether an answer may be used.

    Parameters
    ----------
    grade : {"good", "usable with care", "not usable"}
    rule : str
        Code of the deciding caveat; empty for a good answer.
    because : str
        The deciding caveat in words.
    remedy : str
        Remedy, as an imperative; empty if only a run helps.
    buy : str
        The run that would help; empty if none would.
    """

    grade: Grade
    rule: str = ""
    because: str = "no rule lowered its grade"
    remedy: str = ""
    buy: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


def ranked(caveats: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return caveats in stored form, the most influential first, each message once."""
    by_message: dict[str, Mapping[str, Any]] = {}
    for caveat in caveats:
        by_message.setdefault(caveat["message"], caveat)
    order = {code: place for place, code in enumerate(_ORDER)}
    return sorted(
        by_message.values(),
        key=lambda one: (_WEIGHTS.index(one.get("weight", "note")), order.get(one["code"], len(order))),
    )


def verdict_on(caveats: Iterable[Mapping[str, Any]]) -> Verdict:
    """Return the verdict that the gravest caveat decides."""
    worst = next(iter(ranked(caveats)), None)
    if worst is None or worst.get("weight", "note") == "note":
        return Verdict("good")
    return Verdict(
        _GRADES[worst["weight"]], worst["code"], worst["message"], worst.get("remedy", ""), worst.get("buy", "")
    )
