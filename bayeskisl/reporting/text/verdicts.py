"""Sentences about the verdict on an answer, and about its caveats."""

from collections.abc import Sequence

from bayeskisl.curves.titles import title_of
from bayeskisl.decision import Decision
from bayeskisl.decision.caveat import Caveat
from bayeskisl.decision.verdict import Verdict
from bayeskisl.errors import way

__all__ = ["extrapolated_lines", "further_line", "mending", "verdict_lines", "verdict_sentence", "warning_lines"]


def verdict_lines(found: Verdict) -> list[str]:
    """Lines on whether the answer may be used, and on the remedy."""
    if found.grade == "good":
        return ["verdict: good"]
    return [
        f"verdict: {found.grade.upper()}, since {_inside(found.because)}",
        *(f"  {line}" for line in mending(found)),
    ]


def _inside(sentence: str) -> str:
    """A sentence as it goes on after others' words: ``The`` is ``the``, and ``R-hat`` stays."""
    return sentence[:1].lower() + sentence[1:] if sentence[1:2].islower() or sentence[1:2] == " " else sentence


def verdict_sentence(decision: Decision) -> str:
    """The verdict in one sentence."""
    found = decision.verdict
    if found.grade == "good":
        return "Good: no rule lowers the grade of this answer."
    said = f"{found.grade.capitalize()}: {found.because.rstrip('.')}."
    return " ".join([said, *(f"{line[:1].upper()}{line[1:]}." for line in mending(found))])


def mending(found: Verdict) -> list[str]:
    """Return the remedy and the next run to add."""
    done = f"to do: {found.remedy.rstrip('.')}" if found.remedy else ""
    return [line for line in (done, f"next run to add: {found.buy}" if found.buy else "") if line]


def extrapolated_lines(decision: Decision) -> list[str]:
    """Statements that rest on the prior alone; if there are any, they come first in every output."""
    shown = decision.verdict.because if decision.verdict.grade == "not usable" else ""
    ours = [one for one in decision.caveats if one.message in decision.extrapolated and one.message != shown]
    return [f"rests on the prior: {one.message}; next run to add: {one.buy}" for one in ours]


def further_line(caveats: Sequence[Caveat]) -> list[str]:
    """Name the folded caveats by their titles."""
    if not caveats:
        return []
    titles = "; ".join(dict.fromkeys(title_of(one.code) for one in caveats))
    whole = way("`warnings` has them whole", "`--json` has them whole")
    return [f"{len(caveats)} further note{'' if len(caveats) == 1 else 's'} ({whole}): {titles}"]


def warning_lines(warnings: Sequence[Caveat]) -> list[str]:
    return [f"warning: {warning}" for warning in warnings]
