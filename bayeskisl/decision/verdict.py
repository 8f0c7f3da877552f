"""Verdict on an answer: a grade, the rule that decided it, the remedy, and the next run to add."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from bayeskisl.decision.caveat import Caveat, Weight, ranked

__all__ = ["Grade", "Verdict", "verdict_on"]

Grade = Literal["good", "usable with care", "not usable"]

_GRADES: dict[Weight, Grade] = {"note": "good", "care": "usable with care", "unusable": "not usable"}


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


def verdict_on(caveats: Iterable[Caveat]) -> Verdict:
    """Return the verdict that the gravest caveat decides."""
    worst = next(iter(ranked(caveats)), None)
    if worst is None or worst.is_note:
        return Verdict("good")
    return Verdict(_GRADES[worst.weight], worst.code, worst.message, worst.remedy, worst.buy)
