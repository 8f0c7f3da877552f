"""Sentences about verifications."""

from typing import TYPE_CHECKING

from bayeskisl.reporting.numbers import exact, percent, span, three_digits, two_digits
from bayeskisl.reporting.words import in_a_row

if TYPE_CHECKING:
    from bayeskisl.decision import Verification
    from bayeskisl.decision.verification import AtChoice

__all__ = ["describe_verification", "kept_at_choice", "measured_point", "optimum_verdict", "verdict"]


def describe_verification(verification: "Verification") -> str:
    """Describe a verification, in lines: the measurement, and a hit or a miss in equally plain words."""
    by_law = ", ".join(f"'{law}' {outcome}" for law, outcome in verification.verdict_by_law.items())
    lines = [
        f"measured {verification.measured.half_point}: {measured_point(verification)}",
        f"{verification.verdict.upper()}: {verdict(verification)}",
        *([f"  by law: {by_law}"] if by_law else []),
        *_score_lines(verification),
    ]
    if verification.at_choice.shares:
        lines.append(f"at the choice: {kept_at_choice(verification.at_choice)}")
    if verification.is_of_decision and verification.kept.facts:
        lines.append(f"what was kept: {optimum_verdict(verification)}")
    return "\n".join(lines)


def kept_at_choice(at_choice: "AtChoice") -> str:
    """State how many runs kept the level of every group."""
    asked = len(at_choice.shares)
    of = "all facts" if at_choice.keep_of == "facts" else "the predicted ceiling"
    levels = {at_choice.group: at_choice.keep, **{group: keep for group, (keep, _) in at_choice.others.items()}}
    said = [f"{percent(level)} ({group.replace('_', ' ')})" for group, level in levels.items()]
    shares = in_a_row(said) if at_choice.others else percent(at_choice.keep)
    return f"{asked - at_choice.fell_short} of {asked} runs kept at least {shares} of {of}"


def _score_lines(verification: "Verification") -> list[str]:
    """State proper scores beside those of two rules of thumb."""
    scores = verification.scores
    if scores is None:
        return []
    names = {"proportional": "proportional to size", "power_law": "power law through the last five sizes"}
    beside = "".join(f", {names.get(name, name)} {value:.2f}" for name, value in scores.rules.items())
    return [
        f"score: log density {scores.log:.2f} (higher is better); interval score {scores.interval:.2f}{beside} "
        "(lower is better), in logarithms of the infusion or its odds"
    ]


def verdict(verification: "Verification") -> str:
    """State the place of the measurement in the prediction, in one sentence."""
    median, low, high = verification.predicted
    lies = {
        "hit": "the measurement lies inside",
        "miss": "the measurement lies outside",
        "undecided": f"the runs do not decide whether {verification.measured.half_point} lies inside",
    }[verification.verdict]
    said = (
        f"{lies} the predicted {percent(verification.ci_prob)} interval, {span(low, high)} {verification.unit} "
        f"(median {three_digits(median)})"
    )
    if verification.measured.bound:
        return said
    return f"{said}; {percent(round(verification.rank, 3))} of the predictive distribution lie below it"


def optimum_verdict(verification: "Verification") -> str:
    """State the measured optimum, whether it was predicted, and the loss at the choice and at the best mean."""
    kept = verification.kept
    first, last = kept.best
    at = three_digits(first) if first == last else span(first, last)
    said = f"most, {three_digits(max(kept.facts))} facts, at {at} {verification.unit}"
    if not kept.best_is_inside:
        said += ", an end of the levels that were trained"
    elif verification.optimum_hit is not None:
        inside = "inside" if verification.optimum_hit else "outside"
        said += f", {inside} the predicted interval of the optimum, {span(*verification.optimum_interval)}"
    for name, place in {"the choice": verification.choice, "the best mean": verification.optimum}.items():
        given_up = kept.given_up_at(place)
        if given_up is not None:
            said += f"; {name} gave up {two_digits(given_up)} of it"
    return said


def measured_point(verification: "Verification") -> str:
    """State the measured half-point with its interval, or its bound."""
    measured = verification.measured
    if measured.bound:
        return measured.note
    likely = f"{percent(measured.ci_prob)} interval {span(measured.low, measured.high)}"
    runs = f"from {len(measured.runs)} runs of {exact(verification.params)} parameters"
    return f"{three_digits(measured.median)} {verification.unit} ({likely}), {runs}"
