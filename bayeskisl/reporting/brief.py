"""The answer in fifty words: the question, the recommendation, the range, the risk, the doubts, the next run."""

import re
from typing import TYPE_CHECKING

from bayeskisl.decision.caveat import Caveat, ranked
from bayeskisl.decision.intervals import interval
from bayeskisl.quantities import short
from bayeskisl.reporting.numbers import percent, span, three_digits
from bayeskisl.reporting.text import exposures_at, headline, levels_in_words, shortfall_in_words
from bayeskisl.reporting.words import run_in_words, whole_in_words

if TYPE_CHECKING:
    from bayeskisl.decision import Decision

__all__ = ["brief", "gap", "question"]

# Caveats in a few words, by their codes; any other code is shown as its own message.
_DOUBTS = {
    "no_signal": "no run knows more than guessing",
    "wrong_way": "retention moves the wrong way",
    "turns_back": "most curves turn back",
    "gate": "the posterior failed its gate",
    "preview": "the fit is a preview",
    "sampled_thinly": "the sampler missed a test by little",
    "loss_price_at_one_ratio": "the loss was priced at one ratio",
    "few_draws": "the draws are too few for the risk",
    "never_kept": "no run kept half",
    "never_learned": "no run learned half",
    "no_collapse": "no run collapsed",
    "never_ignorant": "every run knew half",
    "laws_apart": "the laws disagree",
    "wide": "the interval is wide",
    "few_sizes": "few sizes were trained",
    "short_ladder": "few sizes, from tiny models on",
    "far_extrapolation": "the target is far away",
    "far_budget": "the budget is far from those tried",
    "outlying_rows": "single rows stand out",
    "below_one_exposure": "some facts would never be seen",
    "one_exposure": "each fact would be seen once",
    "beyond_swept": "the answer lies beyond the levels trained",
    "outside_levels": "the answer lies outside the levels trained",
    "none_admissible": "no infusion is within the risk",
    "none_sufficient": "no planned infusion is enough",
    "no_window": "no infusion serves both groups",
    "limit_too_low": "the limit is too low for the infused facts",
    "no_interior_optimum": "there is no best mean inside the range",
    "ratio_above_one": "the budget may be too small",
    "assumed_by_import": "the import assumed values",
    "prior_sensitive": "the prior matters",
    "prior_driven": "a quantity rests on the prior",
    "correlated_seeds": "seeds agree too well",
    "below_guessing": "some runs recall less than guesses",
    "load_ignored": "the law ignores the load",
    "nothing_to_harm": "no harm was measured",
}
_ALWAYS = "a recipe other than the sweep's"
_SHOWN = 2
# A limit that binds with this probability, and whose binding brings this risk, is what an answer rests on.
_LIKELY, _RISKY = 0.1, 0.3
_LIMITS = {"learning": "learning", "minimum": "a minimum of exposures", "capacity": "its capacity"}
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
    about = decision.about
    median, low, high = interval(decision.data[about.half_point].values, about.ci_prob)
    return {
        **_rests(decision),
        "recommended": _sentence(headline(decision) + _exposures(decision)),
        "range": f"{about.half_point.capitalize()} at {three_digits(median)} {about.unit} "
        f"({percent(about.ci_prob)} interval {span(low, high)}).",
        "risk": _risk(decision),
        "doubts": _sentence("; ".join(_doubts(decision))),
        "next": _sentence(_next_run(decision)),
    }


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
    shown = [_DOUBTS.get(each.code, each.message) for each in others]
    return list(dict.fromkeys([*shown, *_of_limits(decision)]))[:_SHOWN] or [_ALWAYS]


def _of_limits(decision: "Decision") -> list[str]:
    """A limit that is less probable than another, and at which the recommendation would be too much."""
    most = max((each["probability"] or 0.0 for each in decision.limits.values()), default=0.0)
    return [
        f"the target may be limited by {_LIMITS[name]} ({percent(round(probability, 2))})"
        for name, each in decision.limits.items()
        if _LIKELY < (probability := each["probability"] or 0.0) < most and (each["risk"] or 0.0) > _RISKY
    ]


def _serious(decision: "Decision") -> list[Caveat]:
    return [each for each in ranked(decision.caveats) if not each.is_note]


def _next_run(decision: "Decision") -> str:
    """The run that the gravest caveat requests."""
    serious = _serious(decision)
    asked = [*(each.buy for each in serious), *decision.choice.buy]
    asked += [each.remedy for each in serious if each.remedy.startswith("Train ")]
    wanted = next((buy for buy in asked if buy and not buy.startswith("nothing")), "none required")
    for end in _ENDS:
        wanted = wanted.split(end)[0]
    return wanted


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."
