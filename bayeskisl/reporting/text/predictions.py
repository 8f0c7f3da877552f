"""Sentences about predictions."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.axes.ratio import Ratio
from bayeskisl.decision import prediction_summary
from bayeskisl.decision.about import About, about_of
from bayeskisl.decision.caveat import ranked
from bayeskisl.decision.intervals import interval_name
from bayeskisl.decision.verdict import verdict_on
from bayeskisl.reporting.numbers import counted, exact, percent, span, three_digits
from bayeskisl.reporting.text.verdicts import further_line, verdict_lines, warning_lines
from bayeskisl.reporting.words import distance, in_a_row, run_in_words, whole_in_words

__all__ = [
    "budget",
    "describe_prediction",
    "exposures_at",
    "held_fixed",
    "limit_lines",
    "prediction_lines",
    "with_interval",
]


def describe_prediction(ahead: xr.Dataset) -> str:
    """Describe a prediction, in lines: exponent, collapse point, quantities held fixed.

    Parameters
    ----------
    ahead : xarray.Dataset
        Result of `predict`.

    Returns
    -------
    str
        Plain text, one statement a line.
    """
    about = about_of(ahead)
    caveats = ranked(about.warnings)
    found = verdict_on(caveats)
    beside = [one for one in caveats if one.message != found.because]
    lines = [*prediction_lines(about, prediction_summary(ahead)), *warning_lines(beside[:3]), *further_line(beside[3:])]
    return "\n".join([*verdict_lines(found), *lines])


def prediction_lines(about: About, found: dict[str, Any]) -> Iterator[str]:
    unit, ci_prob, half = about.unit, about.ci_prob, about.half_point
    is_clear = about.axis.harms_infused and len(about.harmed) < 2
    whose = "" if is_clear else f" of {about.group} facts"
    yield (
        f"target: {exact(about.params)} non-embedding parameters, {budget(about)} tokens; "
        f"{distance(about.extrapolation_decades)}"
    )
    for name, each in found[schema.EXPONENT].items():
        sign = ", below 0 where critical exposures rise" if name == schema.TOKENS else ""
        yield f"exponent of {name}{whose}{sign}: {with_interval(each, ci_prob)}"
    yield f"predicted {half}{whose} of {run_in_words(about)}: {with_interval(found[half], ci_prob, unit)}"
    for law, each in found["laws"].items() if len(found["laws"]) > 1 else ():
        yield f"  under the law '{law}' (weight {each['weight']:.2f}): {with_interval(each[half], ci_prob, unit)}"
    for group, each in found.get("other_collapses", {}).items():
        facts = f"{group.replace('_', ' ')} facts"
        yield f"predicted collapse of {facts} of {run_in_words(about)}: {with_interval(each, ci_prob, unit)}"
    if schema.SHOULDER in found:
        yield f"shoulder{whose}, where a tenth is lost: {with_interval(found[schema.SHOULDER], ci_prob, unit)}"
    if schema.ONSET in found and half != schema.ONSET:
        yield f"onset of infused facts, where half is learned: {with_interval(found[schema.ONSET], ci_prob, unit)}"
    if "sufficient" in found:
        yield from _enough(about, found)
    yield from limit_lines(found["limits"], about.exposures_are_known)
    yield f"held fixed: {held_fixed(about)}"


# What follows for a planner where a limit binds.
_MEANS = {
    "learning": "learning (a larger model needs fewer exposures)",
    "minimum": "a minimum of exposures (a larger model needs as many)",
    "capacity": "capacity (the model is full: more parameters hold more)",
}


def limit_lines(limits: dict[str, dict[str, float | None]], known: bool = True) -> list[str]:
    """State the binding limit at the target, with its probability and the risk of the choice if it binds.

    Where exposures are not `known`, the probabilities rest on the prior of their minimum.
    """
    noticed = {name: each for name, each in limits.items() if round(each["probability"] or 0.0, 2) > 0}
    ranked_limits = sorted(noticed, key=lambda name: -(noticed[name]["probability"] or 0.0))
    if not ranked_limits:
        return []
    said = [f"{_MEANS[name]} with {percent(round(noticed[name]['probability'] or 0.0, 2))}" for name in ranked_limits]
    risks = [noticed[name].get("risk") for name in ranked_limits]
    told = [percent(round(risk, 2)) for risk in risks if risk is not None]
    beside = f"; the risk of the recommendation is then {in_a_row(told)}" if len(told) == len(said) > 1 else ""
    doubt = (
        "" if known or len(said) == 1 else "; the exposures of a fact are not known, so that this rests on the prior"
    )
    return [f"what limits the target: {in_a_row(said)}{beside}{doubt}"]


def _enough(about: About, found: dict[str, Any]) -> Iterator[str]:
    """Describe the sufficient infusion, and the exposures that it or the recommendation gives."""
    sufficient = found["sufficient"]
    enough = with_interval(sufficient, about.ci_prob, about.unit)
    yield f"enough to keep {percent(sufficient['keep'])} of {whole_in_words(about)}: {enough}"
    if schema.CHOICE in found:
        if (advised := found[schema.CHOICE]["advised"]) is not None and about.exposures_are_known:
            yield f"the recommendation gives {three_digits(exposures_at(about, advised), up=True)} exposures of a fact"
    elif (least := sufficient["at_risk"]) is not None:
        seen = f", {three_digits(exposures_at(about, least))} exposures of a fact," if about.exposures_are_known else ""
        risk = f"a risk of {percent(sufficient['risk'])} that {run_in_words(about)} keeps less"
        yield f"at {three_digits(least)} {about.unit}{seen} there is {risk}"


def exposures_at(about: About, infusion: float) -> float:
    """Exposures of a fact of the group that an answer is about, at an infusion of its target."""
    return float(about.axis.exposures(infusion, about.group, about.everything_else))


def held_fixed(about: About) -> str:
    """Describe the fixed quantities; assumed values are named without their numbers."""
    said = []
    for name, value in about.everything_else.items():
        number = exact(value) if value >= 1_000 else f"{value:.4g}"
        said.append(f"{name.replace('_', ' ')} {'as in the sweep' if name in about.invented else number}")
    return ", ".join([*said, "and the training recipe of the sweep"])


def budget(about: About) -> str:
    """State the tokens of a target, if they are known."""
    return exact(about.tokens) if schema.TOKENS not in about.invented else "an unknown number of"


def with_interval(entry: dict[str, Any], ci_prob: float, unit: str = "") -> str:
    """Format an entry of a summary: 2,070 facts (90 % interval 1,400 to 3,020).

    An infusion below all that there can be, or above, is named so, and not by the end of the range.
    """
    low, high = (np.inf if end is None else end for end in entry[interval_name(ci_prob)])
    if unit and high <= 0:
        return "below every infusion"
    if unit == "facts" and high < 1:
        return "below one fact"
    if unit == Ratio.in_words and low >= 1:
        return "above every infusion"
    median = three_digits(np.inf if entry["median"] is None else entry["median"])
    return f"{counted(median, unit).strip()} ({percent(ci_prob)} interval {span(low, high)})"
