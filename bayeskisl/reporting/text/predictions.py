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
from bayeskisl.decision.verdict import verdict_on
from bayeskisl.intervals import interval_name
from bayeskisl.reporting.numbers import counted, exact, percent, span, three_digits
from bayeskisl.reporting.text.tables import aligned, set_apart
from bayeskisl.reporting.text.verdicts import further_line, verdict_lines, warning_lines
from bayeskisl.reporting.words import distance, run_in_words, whole_in_words

__all__ = [
    "budget",
    "describe_prediction",
    "exponent_in_words",
    "exposures_at",
    "held_fixed",
    "limit_doubt",
    "limit_rows",
    "limits_in_doubt",
    "median_and_interval",
    "prediction_lines",
    "prediction_rows",
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
    summary = prediction_summary(ahead)
    lines = [
        *verdict_lines(found),
        "",
        *aligned(prediction_rows(about, summary)),
        *set_apart(aligned(limit_rows(summary["limits"]))),
        "",
        *prediction_lines(about, summary),
        *set_apart([*warning_lines(beside[:3]), *further_line(beside[3:])]),
    ]
    return "\n".join(lines)


def prediction_rows(about: About, found: dict[str, Any]) -> list[tuple[str, ...]]:
    """Rows of what is predicted at the target: median and interval."""
    ci_prob, half = about.ci_prob, about.half_point
    whose = _whose(about)

    def row(label: str, entry: dict[str, Any]) -> tuple[str, ...]:
        return label, *median_and_interval(entry, ci_prob, about.unit)

    rows = [row(f"{half}{whose}, {_HALF[half]}", found[half])]
    several = found["laws"] if len(found["laws"]) > 1 else {}
    rows += [row(f"  by the law '{law}', weight {each['weight']:.2f}", each[half]) for law, each in several.items()]
    for group, each in found.get("other_collapses", {}).items():
        rows.append(row(f"collapse of {about.named(group)}", each))
    if schema.SHOULDER in found:
        rows.append(row(f"shoulder{whose}, a tenth is lost", found[schema.SHOULDER]))
    if schema.ONSET in found and half != schema.ONSET:
        rows.append(row("onset of infused facts, half is learned", found[schema.ONSET]))
    if "sufficient" in found:
        kept = f"{percent(found['sufficient']['keep'])} of {whole_in_words(about)}"
        rows.append(row(f"enough to keep {kept}", found["sufficient"]))
    head = (f"predicted for {run_in_words(about)}, {about.unit}", "median", f"{percent(ci_prob)} interval")
    return [head, *rows]


# What happens at a half-point.
_HALF = {schema.COLLAPSE: "half is lost", schema.ONSET: "half is learned"}


def _whose(about: About) -> str:
    """Name the group that an answer is about, where that is not clear."""
    is_clear = about.axis.harms_infused and len(about.harmed) < 2
    return "" if is_clear else f" of {about.named(about.group)}"


def prediction_lines(about: About, found: dict[str, Any]) -> Iterator[str]:
    """State the target, what limits it, and what is held fixed."""
    yield (
        f"target: {exact(about.params)} non-embedding parameters, {budget(about)} tokens; "
        f"{distance(about.extrapolation_decades)}"
    )
    for name, each in found[schema.EXPONENT].items():
        sign = ", below 0 where critical exposures rise" if name == schema.TOKENS else ""
        yield f"exponent of {name}{_whose(about)}{sign}: {exponent_in_words(each, about.ci_prob)}"
    if "sufficient" in found:
        yield from _enough(about, found)
    yield from limit_doubt(found["limits"], about.exposures_are_known)
    yield f"held fixed: {held_fixed(about)}"


# What follows for a planner where a limit binds.
_MEANS = {
    "learning": "learning: a larger model needs fewer exposures",
    "minimum": "a minimum of exposures: a larger model needs as many",
    "capacity": "capacity: the model is full, and more parameters hold more",
}


def limit_rows(limits: dict[str, dict[str, float | None]]) -> list[tuple[str, ...]]:
    """Rows of the limits that may bind at the target: the probability of each, and the risk of the choice if it binds.

    Empty under a law without limits.
    """
    likely = {name: each for name, each in limits.items() if round(each["probability"] or 0.0, 2) > 0}
    if not likely:
        return []
    risks = ["risk then"] if all(each.get("risk") is not None for each in likely.values()) else []
    columns = ("probability", *(["risk"] if risks else []))
    rows = [
        (_MEANS[name], *(percent(round(likely[name][column] or 0.0, 2)) for column in columns))
        for name in sorted(likely, key=lambda name: -(likely[name]["probability"] or 0.0))
    ]
    return [("what limits the target", "probability", *risks), *rows]


# A limit is in doubt where it is less probable than another, has more of the draws than the first of these, and leaves
# a higher risk than the second.
_LIKELY, _RISKY = 0.1, 0.3
_LIMITS = {"learning": "learning", "minimum": "a minimum of exposures", "capacity": "its capacity"}


def limits_in_doubt(limits: dict[str, dict[str, float | None]]) -> list[str]:
    """Name each limit in doubt with its probability: the recommendation rests on the guess that it does not bind."""
    most = max((each["probability"] or 0.0 for each in limits.values()), default=0.0)
    return [
        f"{_LIMITS[name]} ({percent(round(probability, 2))})"
        for name, each in limits.items()
        if _LIKELY < (probability := each["probability"] or 0.0) < most and (each.get("risk") or 0.0) > _RISKY
    ]


def limit_doubt(limits: dict[str, dict[str, float | None]], known: bool) -> list[str]:
    """Say that the division between limits rests on the prior, where exposures are not `known`."""
    if known or len(limit_rows(limits)) < 3:
        return []
    return ["the exposures of a fact are not known, so that the division between the limits rests on the prior"]


def _enough(about: About, found: dict[str, Any]) -> Iterator[str]:
    """State the exposures that the recommendation gives, or the infusion at the accepted risk."""
    sufficient = found["sufficient"]
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
    median, ends = median_and_interval(entry, ci_prob, unit)
    return f"{counted(median, unit).strip()} ({percent(ci_prob)} interval {ends})" if ends else median


def exponent_in_words(entry: dict[str, Any], ci_prob: float) -> str:
    """Format an exponent with its interval; below a thousandth it is 0."""
    name = interval_name(ci_prob)
    low, high = (round(end, 3) for end in entry[name])
    return with_interval({"median": round(entry["median"], 3), name: (low, high)}, ci_prob)


def median_and_interval(entry: dict[str, Any], ci_prob: float, unit: str = "") -> tuple[str, str]:
    """Median and interval of an entry of a summary, each as a text; see `with_interval`."""
    median, low, high = (np.inf if end is None else end for end in (entry["median"], *entry[interval_name(ci_prob)]))
    if unit and high <= 0:
        return "below every infusion", ""
    if unit == "facts" and high < 1:
        return "below one fact", ""
    if unit == Ratio.in_words and low >= 1:
        return "above every infusion", ""
    return three_digits(median), span(low, high)
