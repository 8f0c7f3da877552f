"""The answer in fifty words: the question, the recommendation, the range, the risk, the doubts, the next run."""

import re
from typing import TYPE_CHECKING

from bayeskisl.curves.titles import title_of
from bayeskisl.decision.caveat import Caveat, ranked
from bayeskisl.intervals import interval
from bayeskisl.quantities import short
from bayeskisl.reporting.numbers import percent, span, three_digits
from bayeskisl.reporting.text import (
    NOT_A_RECOMMENDATION,
    exposures_at,
    headline,
    levels_in_words,
    limits_in_doubt,
    shortfall_in_words,
)
from bayeskisl.reporting.words import run_in_words, whole_in_words

if TYPE_CHECKING:
    from bayeskisl.decision import Decision

__all__ = ["brief", "gap", "question"]

_ALWAYS = "a recipe other than the sweep's"
_SHOWN = 2
# Numbers and names of a run that a rule asks for stand before its reasons.
_ENDS = (", where ", ", at the target", " (at the target")


def question(decision: "Decision") -> str:
    """Return the question that a decision answers."""
    whose = f"a model of {short(decision.about.params)} parameters"
    return f"{decision.about.axis.question.format(model=whose)}?"


def brief(decision: "Decision") -> dict[str, str]:
    """Return the first screen of the report: about fifty words, by topic.

    Parameters
    ----------
    decision : Decision
        Result of `decide`.

    Returns
    -------
    dict
        Keys ``recommended``, ``range``, ``risk``, ``doubts`` and ``next``, in the order of reading, below ``rests``
        where the answer rests on the prior alone. The full sentences, with every number, are those of
        `describe_decision`.
    """
    return {
        **_rests(decision),
        "recommended": _sentence(headline(decision) + _exposures(decision) + _if_unusable(decision)),
        "range": _range(decision),
        "risk": _risk(decision),
        "doubts": _sentence("; ".join(_doubts(decision))),
        "next": _sentence(_next_run(decision)),
    }


def _if_unusable(decision: "Decision") -> str:
    """Return what a number is that is not usable."""
    is_number = decision.verdict.grade == "not usable" and decision.advised is not None
    return f": {NOT_A_RECOMMENDATION}" if is_number else ""


def _range(decision: "Decision") -> str:
    """The half-point of the group that allows the least."""
    about = decision.about
    place = f"{about.half_point.capitalize()} at"
    median, low, high = interval(decision.data[about.half_point].values, about.ci_prob)
    if about.limiting_group in about.other_collapses:
        limiting = about.limiting_group
        place = f"Collapse of {about.named(limiting)} at"
        median, low, high = about.other_collapses[about.limiting_group]
    return f"{place} {three_digits(median)} {about.unit} ({percent(about.ci_prob)} interval {span(low, high)})."


def _rests(decision: "Decision") -> dict[str, str]:
    """The values that were tried and that of the target, where the prior alone reaches from one to the other."""
    untried = [gap(message) for message in decision.extrapolated]
    return {"rests": _sentence(f"rests on the prior: {'; '.join(untried)}")} if untried else {}


def gap(message: str) -> str:
    """Return the values of a caveat about the prior, without the conclusion that follows them."""
    return re.split("[:;] ", message)[0]


def _exposures(decision: "Decision") -> str:
    """Exposures of a fact at the recommended infusion, if the advice is the sufficient infusion."""
    if not decision.is_least or decision.advised is None or not decision.about.exposures_are_known:
        return ""
    return f" ({three_digits(exposures_at(decision.about, decision.advised), up=True)} exposures of a fact)"


def _risk(decision: "Decision") -> str:
    """The risk of the recommendation, or that nothing could be recommended at it."""
    about, window = decision.about, decision.window
    said = f"{percent(about.risk)} that {run_in_words(about)} {_short_of(decision)}."
    nothing = decision.advised is None or (window is not None and window.is_empty)
    return f"Nothing is recommended at a risk of {said}" if nothing else said


def _short_of(decision: "Decision") -> str:
    """The shortfall that the risk is of: on one side, or on either side of a range."""
    about, window = decision.about, decision.window
    if window is not None and not window.is_empty:
        return f"does not keep {levels_in_words(decision)}"
    if len(about.harmed) > 1:
        return f"keeps less than {shortfall_in_words(decision)}"
    return f"keeps less than {percent(about.levels[about.group])} of {whole_in_words(about)}"


def _doubts(decision: "Decision") -> list[str]:
    """The most influential caveats, in a few words each."""
    others = [each for each in _serious(decision) if each.message not in decision.extrapolated]
    shown = [title_of(each.code) for each in others]
    limits = [f"the target may be limited by {limit}" for limit in limits_in_doubt(decision.limits)]
    return list(dict.fromkeys([*shown, *limits]))[:_SHOWN] or [_ALWAYS]


def _serious(decision: "Decision") -> list[Caveat]:
    return [each for each in ranked(decision.caveats) if not each.is_note]


def _next_run(decision: "Decision") -> str:
    """The run that the gravest caveat requests, or its remedy if none requests a run."""
    serious = _serious(decision)
    asked = [*(each.buy for each in serious), *decision.choice.buy]
    asked += [each.remedy for each in serious]
    wanted = next((buy for buy in asked if buy and not buy.startswith("nothing")), "none required")
    for end in _ENDS:
        wanted = wanted.split(end)[0]
    return wanted


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."
