"""Sentences about predictions, decisions and verifications, for the terminal and the report."""

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from bayeskisl import schema
from bayeskisl.axes import axis_of
from bayeskisl.decision import Answer, Decision, decision_summary, prediction_summary
from bayeskisl.decision.caveat import Caveat, caveats_of, ranked
from bayeskisl.decision.intervals import interval_name
from bayeskisl.decision.summary import regret_of_choice
from bayeskisl.decision.two_sides import Window
from bayeskisl.decision.utility import has_costs, is_facts_kept
from bayeskisl.decision.verdict import Verdict, verdict_on
from bayeskisl.quantities import short
from bayeskisl.reporting.numbers import counted, exact, percent, span, three_digits

if TYPE_CHECKING:
    from bayeskisl.decision import Verification
    from bayeskisl.decision.verification import AtChoice

__all__ = [
    "answer",
    "beside_it",
    "bound",
    "budget",
    "choice_or_none",
    "chosen",
    "decision_rows",
    "describe_decision",
    "describe_prediction",
    "describe_verification",
    "domain_line",
    "exposures_at",
    "extrapolated_lines",
    "further_line",
    "headline",
    "held_fixed",
    "kept_at_choice",
    "levels_in_words",
    "limit_lines",
    "measured_point",
    "mending",
    "one_side",
    "one_sided_answer",
    "optimum_verdict",
    "utility_in_words",
    "verdict",
    "verdict_lines",
    "verdict_sentence",
    "window_lines",
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
    caveats = ranked(caveats_of(ahead.attrs))
    found = verdict_on(caveats)
    beside = [one for one in caveats if one.message != found.because]
    lines = [*_prediction_lines(ahead), *_warning_lines(beside[:3]), *further_line(beside[3:])]
    return "\n".join([*verdict_lines(found), *lines])


def describe_decision(decision: Decision) -> str:
    """Describe a decision, in lines: the choice first, then the alternatives, then the prediction.

    Parameters
    ----------
    decision : Decision
        Result of `decide`.

    Returns
    -------
    str
        Plain text, one statement a line. A bound is given with its reason and the run to buy.
    """
    found, unit = decision_summary(decision), decision.data.attrs["unit"]
    usable = decision.verdict.grade != "not usable"
    lines = [
        *extrapolated_lines(decision),
        *([] if usable else verdict_lines(decision.verdict)),
        *window_lines(decision),
        f"recommended: {one_sided_answer(decision)}",
        *_reasons(decision.choice),
        *(verdict_lines(decision.verdict) if usable else []),
        *risk_lines(decision),
        f"risk-neutral choice: {beside_it(decision)}",
        *_reasons(decision.optimum),
        f"within 1 % of the best expected utility: {span(*decision.near_optimal)} {unit}",
        f"optimal infusion for one run (posterior): {_optimum_of_a_run(decision, found)}",
        *_regret_lines(decision),
        *domain_line(decision),
        *_prediction_lines(decision.data, found),
        *(f"note: {edge.message}; next run to add: {edge.buy}" for edge in _of_target(decision)),
        *_sensitivity_lines(decision),
        *_warning_lines(decision.warnings),
        *further_line(decision.further),
    ]
    return "\n".join(lines)


def _optimum_of_a_run(decision: Decision, found: dict[str, Any]) -> str:
    """State the interval of the optimum; the share of draws with none, where half or more of them have none."""
    optima = decision.data[schema.OPTIMUM].values
    ends = {"upper": float(np.mean(np.isinf(optima))), "lower": float(np.mean(optima == 0))}
    name = max(ends, key=ends.__getitem__)
    if ends[name] < 0.5:
        return with_interval(found[schema.OPTIMUM], decision.data.attrs["ci_prob"], decision.data.attrs["unit"])
    return f"at the {name} end of the range in {percent(round(ends[name], 2))} of the draws"


def extrapolated_lines(decision: Decision) -> list[str]:
    """Statements that rest on the prior alone; if there are any, they come first in every output."""
    shown = decision.verdict.because if decision.verdict.grade == "not usable" else ""
    ours = [one for one in decision.caveats if one.message in decision.extrapolated and one.message != shown]
    return [f"rests on the prior: {one.message}; next run to add: {one.buy}" for one in ours]


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


def further_line(caveats: Sequence[Caveat]) -> list[str]:
    """Name the folded caveats by their codes."""
    codes = list(dict.fromkeys(one.code for one in caveats))
    return [f"{len(caveats)} further note{'' if len(caveats) == 1 else 's'}: {', '.join(codes)}"] if caveats else []


def headline(decision: Decision) -> str:
    """Return the answer in the fewest words: at most 2,070 facts; 0.11 to 0.16 of the tokens."""
    if decision.window is None or decision.advised is None:
        return one_side(decision)
    return _both_sides(decision)


def _both_sides(decision: Decision) -> str:
    """State the range at which both sides hold in the fewest words."""
    window, advised, attrs = decision.window, decision.advised, decision.data.attrs
    if window is None or window.is_empty:
        limited = "at_most" in decision.would_have_to_give
        limit = f" up to your limit of {three_digits(attrs['at_most'])}" if limited else ""
        return f"no {attrs['coordinate']}{limit} holds both levels"
    low = three_digits(window.low, up=True)
    if advised is None or window.low > advised:  # the advice ends before the range begins
        return f"{low} to {three_digits(window.high, down=True)} {attrs['unit']}, {_doubt_of_range(decision)}"
    bounded = decision.choice.is_bound and window.high >= advised
    high = three_digits(advised if bounded else window.high, down=True)
    return f"{low} to {'at least ' * bounded}{high} {attrs['unit']}"


_UNTRIED = {"beyond_swept", "no_collapse", "never_kept"}


def _doubt_of_range(decision: Decision) -> str:
    """Reason for which a range is not advised."""
    codes = {edge.code for edge in decision.edges}
    return "where nothing was trained" if codes & _UNTRIED else "which not every law calls safe"


def one_side(decision: Decision) -> str:
    """State the safe or sufficient infusion in the fewest words."""
    if decision.choice.is_bound:
        return bound(decision)
    return f"{'at least' if decision.is_least else 'at most'} {counted(chosen(decision), decision.data.attrs['unit'])}"


def answer(decision: Decision) -> str:
    """State the advice in one sentence: the range at which both sides hold, or the safe or sufficient infusion."""
    if decision.window is None or decision.advised is None:
        return one_sided_answer(decision)
    return _both_sides_in_full(decision, decision.window)


def _both_sides_in_full(decision: Decision, window: Window) -> str:
    """State the range at which both sides hold with its probability, or the most probable infusion."""
    attrs, said = decision.data.attrs, _both_sides(decision)
    if window.is_empty:
        best = f"{three_digits(window.best)} {attrs['unit']}, where {_run_of(attrs)} keeps {levels_in_words(decision)}"
        wanted, found = percent(1 - attrs["risk"]), percent(round(window.probability, 2))
        return f"{said} with a probability of {wanted}. The most probable infusion is {best} with {found}"
    chance = f"a {percent(1 - attrs['risk'])} chance of keeping {levels_in_words(decision)}"
    return f"{said}. In this range {_run_of(attrs)} has {chance}"


def in_a_row(names: Sequence[str]) -> str:
    """Names as a sentence lists them: a, b and c."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def levels_in_words(decision: Decision) -> str:
    """State the share that each group must retain, and its reference."""
    groups: dict[float, list[str]] = {}
    for group, level in decision.levels.items():
        groups.setdefault(level, []).append(group.replace("_", " "))
    shares = [f"{percent(level)} of the {in_a_row(names)}" for level, names in groups.items()]
    of_facts = decision.data.attrs["keep_of"] == "facts"
    return f"at least {' and '.join(shares)} facts" + ("" if of_facts else " that it could hold at best")


def shortfall_in_words(decision: Decision) -> str:
    """State below which share a run falls short: of each group that over-infusion harms, if they are several."""
    attrs = decision.data.attrs
    groups = decision.harmed if len(decision.harmed) > 1 else [attrs["group"]]
    levels = [(percent(decision.levels[group]), group.replace("_", " ")) for group in groups]
    if attrs["keep_of"] == "facts":
        return " or ".join(f"{level} of all {group} facts" for level, group in levels)
    if len(groups) == 1 and axis_of(decision.data).harms_infused:
        return f"{levels[0][0]} of its ceiling"
    return " or ".join(f"{level} of its ceiling of {group} facts" for level, group in levels)


def window_lines(decision: Decision) -> list[str]:
    """State the range at which both sides hold, and the changes that would open an empty one."""
    if decision.window is None:
        return []
    gives = decision.would_have_to_give
    options = [
        *([f"a risk of {percent(round(gives['risk'], 2))}"] if round(gives.get("risk", 1.0), 2) < 1 else []),
        *(f"{percent(round(level, 3))} of the {group} facts" for group, level in gives.get("keep", {}).items()),
        *([f"{three_digits(gives[schema.FACTS], down=True)} facts to be infused"] if schema.FACTS in gives else []),
        *(
            [f"a limit of {three_digits(gives['at_most'], up=True)} {decision.data.attrs['unit']}"]
            if "at_most" in gives
            else []
        ),
    ]
    return [
        f"both sides: {_both_sides_in_full(decision, decision.window)}",
        *([f"  to give, each by itself: {', or '.join(options)}"] if options else []),
    ]


def one_sided_answer(decision: Decision) -> str:
    """State the safe or sufficient infusion and its risk."""
    attrs, choice = decision.data.attrs, decision.choice
    run, short_of = _run_of(attrs), f"keeping less than {shortfall_in_words(decision)}"
    chance = f"a {percent(attrs['risk'])} chance of {short_of}"
    if not choice.is_bound:
        return f"{one_side(decision)}. At this level {run} has {chance}"
    if decision.advised is None:
        return bound(decision, f", if {run} may have {chance}")
    beyond = "less may do" if decision.is_least else _beyond_the_bound(decision)
    if not decision.is_least and choice.at_most is not None:
        beyond = f"by the most optimistic law {three_digits(choice.at_most)} {attrs['unit']} would be safe"
    return f"{bound(decision)}. At this level {run} has at most {chance}; {beyond}"


def _beyond_the_bound(decision: Decision) -> str:
    """State what is known above a bound that ends safe infusion."""
    codes = {edge.code for edge in decision.edges if edge.concerns == schema.CHOICE}
    return (
        "this is your limit, and more may be safe" if codes == {"whole_range"} else "how much more is safe is not known"
    )


def risk_lines(decision: Decision) -> list[str]:
    """State the choice at other risks, its risk under each law, and the uncertainty of its threshold."""
    found, attrs = decision_summary(decision), decision.data.attrs
    up = decision.is_least
    at = {float(risk): choice_or_none(x, up) for risk, x in found[schema.CHOICE]["at_risk"].items()}
    lines = [f"the posterior's choice at a risk of {_and([percent(risk) for risk in at])}: {_and(list(at.values()))}"]
    by_law = found[schema.CHOICE]["risk_by_law"]
    if len(by_law) > 1:
        said = ", ".join(f"'{law}' {percent(round(risk, 2))}" for law, risk in by_law.items())
        lines.append(f"risk of the recommendation by each law alone: {said}")
    if found["uncertainty"] is not None:
        factor = three_digits(found["uncertainty"])
        lines.append(f"uncertainty: the {percent(attrs['ci_prob'])} interval of the critical exposures spans a factor "
                     f"of {factor}")  # fmt: skip
    return lines


def _and(said: list[str]) -> str:
    return f"{', '.join(said[:-1])} and {said[-1]}" if len(said) > 1 else "".join(said)


def chosen(decision: Decision) -> str:
    """Return the recommended infusion in three digits, rounded to the side of the smaller risk."""
    advised = decision.advised
    return three_digits(np.nan if advised is None else advised, down=not decision.is_least, up=decision.is_least)


def bound(decision: Decision, condition: str = "") -> str:
    """State a choice that is a bound: the limit of safe infusion, or the start of sufficient infusion.

    A `condition` follows the bound; before a bound from above it comes first.
    """
    choice, unit = decision.choice, decision.data.attrs["unit"]
    codes = {edge.code for edge in decision.edges}
    if decision.is_least:
        if choice.at_most is not None:
            return f"{three_digits(choice.at_most, up=True)} {unit} is enough{condition}"
        if choice.at_least is not None:
            return f"more than {three_digits(choice.at_least, down=True)} {unit} is needed{condition}"
    elif "none_admissible" in codes:
        return f"no infusion is safe{condition}"
    elif decision.advised is not None:
        return f"safe up to at least {three_digits(decision.advised, down=True)} {unit}{condition}"
    elif choice.at_least is not None:
        return f"no infusion is safe by every law{condition}"
    elif choice.at_most is not None:
        first = f"{condition.removeprefix(', ')}, " if condition else ""
        from_there_on = f"no infusion from {three_digits(choice.at_most, up=True)} {unit} on is safe"
        return f"{first}{from_there_on}; what is safe below is not known"
    return f"not known{condition}"


def best_bound(found: Answer, unit: str) -> str:
    """State the best mean that lies at an end of the range."""
    low, high = found.at_least, found.at_most
    if low is not None and high is not None:
        return f"between {three_digits(low, down=True)} and {three_digits(high)} {unit}"
    if low is not None:
        return f"at least {three_digits(low, down=True)} {unit}"
    return f"at most {three_digits(high)} {unit}" if high is not None else "not known"


def beside_it(decision: Decision) -> str:
    """State the risk-neutral choice and its risk in one sentence."""
    data, found = decision.data, decision.optimum
    if found.value is None:
        return f"the best mean is {best_bound(found, data.attrs['unit'])} (a bound)"
    risk = percent(round(decision.risk_at(found.value), 2))
    unit = data.attrs["unit"]
    what = "keep most on average" if is_facts_kept(data.attrs) else "are best on average"
    what += ", costs subtracted" if has_costs(data.attrs) else ""
    return f"{three_digits(found.value)} {unit} {what}, at a risk of {risk}"


def utility_in_words(attrs: dict[str, Any]) -> str:
    """Name the utility of a decision, as a figure labels it."""
    if attrs["utility_unit"] != "facts":
        return f"utility, {attrs['utility_unit']}"
    return "facts kept, above guessing" + (", minus their cost" if has_costs(attrs) else "")


def domain_line(decision: Decision) -> list[str]:
    """State the ratio that a domain needs, if the sweep shows it."""
    found, attrs = decision_summary(decision), decision.data.attrs
    if "domain" in found:
        domain = found["domain"]
        size = counted(exact(domain[schema.FACTS]), "facts")
        if domain[schema.RATIO] is None:
            return [f"a domain of {size}: no mixture of the budget holds it at the exposures of the sweep"]
        return [f"a domain of {size} is a ratio of {three_digits(domain[schema.RATIO])} at the exposures of the sweep"]
    if "sufficient_ratio" not in found:
        return []
    ratio = found["sufficient_ratio"]
    domain = f"a domain of {counted(exact(ratio[schema.FACTS]), 'facts')}"
    never = f"with probability {percent(round(ratio['impossible'], 2))} no mixture of the budget is enough"
    if ratio["median"] is None:
        above = json.loads(attrs.get("above_ceiling", "[]"))
        would = "the ceiling may lie below the required share" if above else "a larger budget or fewer facts would do"
        return [f"{domain}: {never}; {would}"]
    low, high = ratio[interval_name(attrs["ci_prob"])]
    ends = span(low, high) if high is not None else f"{three_digits(low)} to more than all tokens"
    if any(caveat.code == "ratio_above_one" for caveat in decision.caveats):
        ends += f"; {never}"
    assumed = f", assuming that {ratio['assumes']}" if ratio["assumes"] else ""
    window = ""
    if axis_of(decision.data).teaches > 0 and ratio["at_risk"] is not None:
        window = f"; {three_digits(ratio['at_risk'])} leaves a risk of {percent(attrs['risk'])} of too little"
    return [
        f"sufficient ratio for {domain}: {three_digits(ratio['median'])} ({percent(attrs['ci_prob'])} interval {ends})"
        f"{window}{assumed}"
    ]


def held_fixed(ahead: xr.Dataset) -> str:
    """Describe the fixed quantities; assumed values are named without their numbers."""
    invented = json.loads(ahead.attrs.get("invented", "[]"))
    fixed = {**json.loads(ahead.attrs["held_fixed"]), schema.TOKENS: ahead.attrs[schema.TOKENS]}
    said = []
    for name, value in fixed.items():
        number = exact(value) if value >= 1_000 else f"{value:.4g}"
        said.append(f"{name.replace('_', ' ')} {'as in the sweep' if name in invented else number}")
    return ", ".join([*said, "and the training recipe of the sweep"])


def budget(attrs: dict[str, Any]) -> str:
    """State the tokens of a target, if they are known."""
    known = schema.TOKENS not in json.loads(attrs.get("invented", "[]"))
    return exact(attrs[schema.TOKENS]) if known else "an unknown number of"


def _prediction_lines(ahead: xr.Dataset, found: dict[str, Any] | None = None) -> Iterator[str]:
    found, attrs = found or prediction_summary(ahead), ahead.attrs
    unit, ci_prob = attrs["unit"], attrs["ci_prob"]
    whose = "" if axis_of(ahead).harms_infused else f" of {attrs['group']} facts"
    yield (
        f"target: {exact(attrs[schema.PARAMS])} non-embedding parameters, {budget(attrs)} tokens; "
        f"{attrs['extrapolation_decades']:+.2f} decades from the largest size seen"
    )
    for name, each in found[schema.EXPONENT].items():
        yield f"exponent of {name}{whose}: {with_interval(each, ci_prob)}"
    half = attrs["half_point"]
    yield f"predicted {half}{whose} of {_run_of(attrs)}: {with_interval(found[half], ci_prob, unit)}"
    for law, each in found["laws"].items():
        yield f"  under the law '{law}' (weight {each['weight']:.2f}): {with_interval(each[half], ci_prob, unit)}"
    if schema.SHOULDER in found:
        yield f"shoulder, where a tenth is lost: {with_interval(found[schema.SHOULDER], ci_prob, unit)}"
    if schema.ONSET in found and half != schema.ONSET:
        yield f"onset of infused facts, where half is learned: {with_interval(found[schema.ONSET], ci_prob, unit)}"
    if "sufficient" in found:
        yield from _enough(ahead, found)
    yield from limit_lines(found["limits"])
    yield f"held fixed: {held_fixed(ahead)}"


# A regret of ten times the best is a multiple, and one of less than .001 % is none.
_TIMES, _NEGLIGIBLE = 10.0, 1e-5

# What follows for a planner where a limit binds.
_MEANS = {
    "learning": "learning (a larger model needs fewer exposures)",
    "minimum": "a minimum of exposures (a larger model needs as many)",
    "capacity": "capacity (the model is full: more parameters hold more)",
}


def limit_lines(limits: dict[str, dict[str, float | None]]) -> list[str]:
    """State the binding limit at the target, with its probability and the risk of the choice if it binds."""
    noticed = {name: each for name, each in limits.items() if round(each["probability"] or 0.0, 2) > 0}
    ranked_limits = sorted(noticed, key=lambda name: -(noticed[name]["probability"] or 0.0))
    if not ranked_limits:
        return []
    said = [f"{_MEANS[name]} with {percent(round(noticed[name]['probability'] or 0.0, 2))}" for name in ranked_limits]
    risks = [noticed[name].get("risk") for name in ranked_limits]
    told = [percent(round(risk, 2)) for risk in risks if risk is not None]
    beside = f"; the risk of the recommendation is then {_and(told)}" if len(told) == len(said) > 1 else ""
    return [f"what limits the target: {_and(said)}{beside}"]


def _enough(ahead: xr.Dataset, found: dict[str, Any]) -> Iterator[str]:
    """Describe the sufficient infusion, and the exposures that it or the recommendation gives."""
    attrs, sufficient = ahead.attrs, found["sufficient"]
    of = "its facts" if attrs["keep_of"] == "facts" else "its ceiling"
    enough = with_interval(sufficient, attrs["ci_prob"], attrs["unit"])
    yield f"enough to keep {percent(sufficient['keep'])} of {of}: {enough}"
    if schema.CHOICE in found:
        if (advised := found[schema.CHOICE]["advised"]) is not None:
            yield f"the recommendation gives {three_digits(exposures_at(ahead, advised), up=True)} exposures of a fact"
    elif (least := sufficient["at_risk"]) is not None:
        yield (
            f"at {three_digits(least)} {attrs['unit']}, {three_digits(exposures_at(ahead, least))} exposures of a "
            f"fact, there is a risk of {percent(sufficient['risk'])} that {_run_of(attrs)} keeps less"
        )


def exposures_at(ahead: xr.Dataset, infusion: float) -> float:
    """Exposures of a fact of the group that an answer is about, at an infusion of its target."""
    held = {**json.loads(ahead.attrs["held_fixed"]), schema.TOKENS: ahead.attrs[schema.TOKENS]}
    return float(axis_of(ahead).exposures(infusion, ahead.attrs["group"], held))


def _run_of(attrs: dict[str, Any]) -> str:
    return "a new run" if attrs["kind"] == "new_run" else "the mean run"


def _reasons(found: Answer) -> list[str]:
    pairs = dict.fromkeys(zip(found.reasons, found.buy, strict=True))
    return [f"  because {reason}; next run to add: {buy}" for reason, buy in pairs]


def _regret_lines(decision: Decision) -> list[str]:
    unit, row = decision.data.attrs["utility_unit"], regret_of_choice(decision)
    if not np.isfinite(row["regret"]):
        return []
    of_best = f" ({_of_the_best(row['percent'] / 100)})" if np.isfinite(row["percent"]) else ""
    return [
        f"expected regret of the choice: {_tenths(row['regret'])} {unit}{of_best}, "
        f"{_tenths(row['too_much'])} from over-infusion and {_tenths(row['too_little'])} from under-infusion"
    ]


def _of_the_best(share: float) -> str:
    """State a regret against the best: in per cent, without tiny ones, or as a multiple."""
    if share >= _TIMES:
        return f"{share:.3g} times the best"
    return f"{_two_digits(share if share >= _NEGLIGIBLE else 0.0)} of the best"


def _two_digits(share: float) -> str:
    """Format a share as a percentage with two digits: 0.94 %, 58 %."""
    return percent(float(f"{share:.2g}"))


def _tenths(amount: float) -> str:
    """Format an amount with three digits, or 0 if it is much smaller than a fact."""
    return three_digits(amount if abs(amount) >= 0.005 else 0.0)


def _of_target(decision: Decision) -> list[Caveat]:
    return [edge for edge in decision.edges if edge.concerns == "target"]


def _warning_lines(warnings: Sequence[Caveat]) -> list[str]:
    return [f"warning: {warning}" for warning in warnings]


def _sensitivity_lines(decision: Decision) -> list[str]:
    table = decision.sensitivity
    if table.empty:
        return []
    unit, half = decision.data.attrs["unit"], decision.data.attrs["half_point"]
    whose = " (choices are the posterior's, without the bound)" if decision.choice.is_bound else ""
    lines = [f"sensitivity, the same decision under other assumptions{whose}:"]
    for name, row in table.iterrows():
        choice, best = (
            choice_or_none(decision.within_range(row["choice"]), decision.is_least),
            _or_end(row["risk_neutral_choice"]),
        )
        where = f"{three_digits(row['collapse_median'])} ({span(row['collapse_low'], row['collapse_high'])}) {unit}"
        risk = f", risk of the recommendation {percent(round(row['risk'], 2))}" if pd.notna(row["risk"]) else ""
        lines.append(f"  {name}: choice {choice}, best mean {best}, {half} {where}{risk}")
    return lines


def choice_or_none(choice: float | None, up: bool) -> str:
    """Format a choice of the posterior, see `Decision.within_range`."""
    return "none" if choice is None else three_digits(choice, down=not up, up=up)


def _or_end(value: float) -> str:
    return three_digits(value) if np.isfinite(value) else "at an end of the range"


def decision_rows(table: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return a table of decisions as rows of text, the header first.

    Of tables and risks, columns that hold one value are left out; what no table could answer is left to `problems`.
    """
    answered = table[table["problem"].isna()] if "problem" in table else table
    halves = [half for half in (schema.COLLAPSE, schema.ONSET) if half in answered]
    several = [name for name in ("table", "risk") if name in answered and answered[name].nunique() > 1]
    one_unit = "unit" in answered and answered["unit"].nunique() == 1
    head = (*several, "params", "tokens", "decades", "choice", "best mean", "as good, to 1 %", " or ".join(halves),
            "verdict", "edges")  # fmt: skip
    return [head, *(_decision_row(row, several, halves, one_unit) for _, row in answered.iterrows())]


def _decision_row(row: pd.Series, several: list[str], halves: list[str], one_unit: bool) -> tuple[str, ...]:
    half = next(half for half in halves if pd.notna(row[half]))
    low, high = (next(row[name] for name in row.index if name.startswith(f"{half}_") and name.endswith(end))
                 for end in ("_low", "_high"))  # fmt: skip
    choice = _number_or_bound(row, schema.CHOICE, down=half == schema.COLLAPSE)
    return (
        *(percent(row[name]) if name == "risk" else str(row[name]) for name in several),
        short(row[schema.PARAMS]),
        short(row[schema.TOKENS]),
        f"{row['decades']:+.2f}",
        choice if one_unit else counted(choice, row["unit"]),
        _number_or_bound(row, schema.OPTIMUM),
        span(row["near_optimal_low"], row["near_optimal_high"]),
        f"{three_digits(row[half])} ({span(low, high)})",
        f"{row['verdict']}: {row['rule']}" if row.get("rule") else row["verdict"],
        row["edges"],
    )


def _number_or_bound(row: pd.Series, name: str, down: bool = False) -> str:
    if pd.notna(row[name]):
        return three_digits(row[name], down=down)
    low, high = (None if pd.isna(row[end]) else float(row[end]) for end in (f"{name}_at_least", f"{name}_at_most"))
    if down and high is not None and not low:  # "at most" would read as advice
        return f"below {three_digits(high, up=True)}"
    return best_bound(Answer(None, low, high), "").strip()


def with_interval(entry: dict[str, Any], ci_prob: float, unit: str = "") -> str:
    """Format an entry of a summary: 2,070 facts (90 % interval 1,400 to 3,020)."""
    ends = [np.inf if end is None else end for end in entry[interval_name(ci_prob)]]
    median = three_digits(np.inf if entry["median"] is None else entry["median"])
    return f"{counted(median, unit).strip()} ({percent(ci_prob)} interval {span(*ends)})"


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
            said += f"; {name} gave up {_two_digits(given_up)} of it"
    return said


def measured_point(verification: "Verification") -> str:
    """State the measured half-point with its interval, or its bound."""
    measured = verification.measured
    if measured.bound:
        return measured.note
    likely = f"{percent(measured.ci_prob)} interval {span(measured.low, measured.high)}"
    runs = f"from {len(measured.runs)} runs of {exact(verification.params)} parameters"
    return f"{three_digits(measured.median)} {verification.unit} ({likely}), {runs}"
