"""A prediction and a verification in sentences, for a terminal and for the report."""

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.decision import prediction_summary
from bayeskisl.decision.intervals import interval_name
from bayeskisl.reporting.numbers import exact, percent, span, three_digits

if TYPE_CHECKING:
    from bayeskisl.decision import Verification

__all__ = [
    "answer",
    "beside_it",
    "describe_prediction",
    "describe_verification",
    "held_fixed",
    "measured_point",
    "verdict",
    "with_interval",
]


def describe_prediction(ahead: xr.Dataset) -> str:
    """What was predicted, in lines: exponent, collapse, choice with its risk, sufficient ratio, what was held fixed.

    Parameters
    ----------
    ahead : xarray.Dataset
        What `predict` returned.

    Returns
    -------
    str
        Plain text, one statement a line.
    """
    found, attrs = prediction_summary(ahead), ahead.attrs
    unit, ci_prob = attrs["unit"], attrs["ci_prob"]
    ratio = found["sufficient_ratio"]
    subject = "one fresh run" if attrs["kind"] == "new_run" else "the mean run"
    lines = [
        f"target: {exact(attrs[schema.PARAMS])} non-embedding parameters, {exact(attrs[schema.TOKENS])} tokens; "
        f"{attrs['extrapolation_decades']:+.2f} decades from the largest size seen",
        *(f"exponent of {name}: {with_interval(each, ci_prob)}" for name, each in found[schema.EXPONENT].items()),
        f"predicted collapse of {subject}: {with_interval(found[schema.COLLAPSE], ci_prob, unit)}",
        *(
            f"  under the law '{law}' (weight {each['weight']:.2f}): {with_interval(each['collapse'], ci_prob, unit)}"
            for law, each in found["laws"].items()
        ),
        f"shoulder, where a tenth is lost: {with_interval(found[schema.SHOULDER], ci_prob, unit)}",
        f"choice: {answer(ahead)}",
        f"beside it, not advised: {beside_it(ahead)}",
        f"sufficient ratio for a domain of {exact(ratio[schema.FACTS])} facts: {with_interval(ratio, ci_prob)}, "
        f"assuming that {ratio['assumes']}",
        f"held fixed: {held_fixed(ahead)}",
        *(f"beware: {warning['message']}" for warning in found["warnings"]),
    ]
    return "\n".join(lines)


def answer(ahead: xr.Dataset) -> str:
    """The advice in one sentence."""
    attrs, choice = ahead.attrs, three_digits(ahead[schema.CHOICE].item(), down=True)
    return (
        f"at most {choice} {attrs['unit']}; the risk that a run so infused keeps less than "
        f"{percent(attrs['keep'])} of what it could is then {percent(attrs['risk'])}"
    )


def beside_it(ahead: xr.Dataset) -> str:
    """The risk-neutral choice and its risk, in one sentence."""
    best = ahead["risk_neutral_choice"].item()
    if not np.isfinite(best):
        return "no infusion keeps most on average, since in no draw retention falls fast enough"
    risk = percent(round(float((ahead["admissible"] < best).mean()), 2))
    return f"{three_digits(best)} {ahead.attrs['unit']} keep most on average, at a risk of {risk}"


def held_fixed(ahead: xr.Dataset) -> str:
    """What the sweep held fixed, and so does the answer."""
    fixed = json.loads(ahead.attrs["held_fixed"])
    said = [f"{name.replace('_', ' ')} {value:g}" for name, value in fixed.items()]
    return ", ".join([*said, f"tokens {exact(ahead.attrs[schema.TOKENS])}", "and the training recipe of the sweep"])


def with_interval(entry: dict[str, Any], ci_prob: float, unit: str = "") -> str:
    """An entry of a summary: 2,070 facts (90 % interval 1,400 to 3,020)."""
    ends = [np.inf if end is None else end for end in entry[interval_name(ci_prob)]]
    median = three_digits(np.inf if entry["median"] is None else entry["median"])
    return f"{' '.join([median, unit]).strip()} ({percent(ci_prob)} interval {span(*ends)})"


def describe_verification(verification: "Verification") -> str:
    """What was measured and whether the prediction holds, in lines; a miss is said as plainly as a hit."""
    by_law = ", ".join(f"'{law}' {_word(hit)}" for law, hit in verification.hit_by_law.items())
    lines = [
        f"measured collapse: {measured_point(verification)}",
        f"{verification.verdict.upper()}: {verdict(verification)}",
        f"  by law: {by_law}",
    ]
    at_choice = verification.at_choice
    if at_choice.shares:
        held, asked = len(at_choice.shares) - at_choice.fell_short, len(at_choice.shares)
        lines.append(f"at the choice: {held} of {asked} runs kept at least {percent(at_choice.keep)} of the ceiling")
    return "\n".join(lines)


def verdict(verification: "Verification") -> str:
    """Where the measurement lies in the prediction, in one sentence."""
    median, low, high = verification.predicted
    lies = {
        True: "the measurement lies inside",
        False: "the measurement lies outside",
        None: "the runs do not decide whether collapse lies inside",
    }[verification.hit]
    said = (
        f"{lies} the predicted {percent(verification.ci_prob)} interval, {span(low, high)} {verification.unit} "
        f"(median {three_digits(median)})"
    )
    if verification.measured.bound:
        return said
    return f"{said}; {percent(round(verification.rank, 3))} of the predictive distribution lie below it"


def measured_point(verification: "Verification") -> str:
    """The measured half-retention point with its interval, or the bound that there is."""
    measured = verification.measured
    if measured.bound:
        return measured.note
    likely = f"{percent(measured.ci_prob)} interval {span(measured.low, measured.high)}"
    runs = f"from {len(measured.runs)} runs of {exact(verification.params)} parameters"
    return f"{three_digits(measured.median)} {verification.unit} ({likely}), {runs}"


def _word(hit: bool | None) -> str:
    return {True: "hit", False: "miss", None: "undecided"}[hit]
