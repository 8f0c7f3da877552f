"""Sentences about verifications."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bayeskisl.reporting.numbers import exact, percent, span, three_digits, two_digits
from bayeskisl.reporting.text.tables import RULES, aligned, set_apart
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
        *([f"  {verification.interval_in_words}"] if verification.of_mean else []),
        *([f"  by law: {by_law}"] if by_law else []),
    ]
    at_choice = verification.at_choice
    if at_choice and at_choice.bounds:
        lines.append(f"at the choice: {kept_at_choice(at_choice)}")
    if at_choice and verification.kept.facts:
        lines.append(optimum_verdict(verification))
    lines += set_apart(_score_lines(verification))
    return "\n".join(lines)


def kept_at_choice(at_choice: "AtChoice") -> str:
    """State how many runs at the choice kept the level of every group or, without any, what levels beside it say."""
    of = _REFERENCES[at_choice.keep_of].replace("predicted", at_choice.baseline)
    if not at_choice.runs:
        return _kept_beside_choice(at_choice, of)
    kept = f"{at_choice.runs - at_choice.fell_short} of {at_choice.runs} runs kept"
    return f"{kept} at least {_of_groups(at_choice.levels)} of {of}"


_REFERENCES = {
    "facts": "all facts",
    "ceiling": "the predicted ceiling",
    "fewest": "what was predicted with few infused facts",
    "uninfused": "what was predicted without infusion",
}


def _kept_beside_choice(at_choice: "AtChoice", of: str) -> str:
    least, most = ({group: ends[side] for group, ends in at_choice.bounds.items()} for side in (0, 1))
    beside = "no run was trained there; by the levels on both sides,"
    if at_choice.held:
        return f"{beside} {_of_groups(least)} of {of} or more were kept, as promised"
    if at_choice.held is False:
        return f"{beside} {_of_groups(most)} of {of} at most were kept, less than promised"
    return f"{beside} it stays open whether {_of_groups(at_choice.levels)} of {of} were kept"


def _of_groups(shares: Mapping[str, float]) -> str:
    """List a share for each group, and name the groups where there are several."""
    if len(shares) == 1:
        return percent(next(iter(shares.values())))
    return in_a_row([f"{percent(share)} ({group.replace('_', ' ')})" for group, share in shares.items()])


def _score_lines(verification: "Verification") -> list[str]:
    """State proper scores of the logarithm of the infusion, or of its odds, beside those of two rules of thumb."""
    scores = verification.scores
    if scores is None:
        return []
    rules = [(RULES.get(name, name), f"{value:.2f}") for name, value in scores.rules.items()]
    return [
        *aligned([("interval score, lower is better", ""), ("this forecast", f"{scores.interval:.2f}"), *rules]),
        f"log density of the measurement: {scores.log:.2f}, higher is better",
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
    return f"{said}; the measurement is at the {_ordinal(round(100 * verification.rank))} percentile of the forecast"


def _ordinal(number: int) -> str:
    last = 0 if 10 <= number % 100 <= 20 else number % 10
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(last, 'th') }"


def optimum_verdict(verification: "Verification") -> str:
    """State the measured optimum, whether it was predicted, and the loss at the choice and at the best mean."""
    kept = verification.kept
    first, last = kept.best
    at = three_digits(first) if first == last else span(first, last)
    said = f"the trained models kept the most facts, {three_digits(max(kept.facts))}, at {at} {verification.unit}"
    if not kept.best_is_inside:
        said += ", an end of the levels that were trained"
    elif verification.optimum_hit is not None:
        said += f"; the forecast for this {kept.axis.name} was {span(*verification.optimum_interval)}"
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
