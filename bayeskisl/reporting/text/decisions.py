"""Sentences about decisions."""

from typing import Any

import numpy as np

from bayeskisl import schema
from bayeskisl.decision import Answer, Decision, decision_summary
from bayeskisl.decision.caveat import Caveat
from bayeskisl.decision.sensitivity import AS_ASKED
from bayeskisl.decision.summary import regret_of_choice
from bayeskisl.errors import way
from bayeskisl.intervals import interval_name
from bayeskisl.reporting.numbers import counted, exact, percent, span, three_digits, two_digits
from bayeskisl.reporting.text.answers import (
    choice_or_none,
    no_best_mean,
    one_sided_answer,
    under_assumption,
    window_lines,
)
from bayeskisl.reporting.text.predictions import (
    limit_rows,
    limits_in_doubt,
    median_and_interval,
    prediction_lines,
    prediction_rows,
)
from bayeskisl.reporting.text.tables import aligned, number_or_bound, set_apart
from bayeskisl.reporting.text.verdicts import extrapolated_lines, further_line, verdict_lines, warning_lines

__all__ = ["NOT_A_RECOMMENDATION", "describe_decision", "domain_line"]


# What stands in the place of a recommendation where the answer is not usable.
NOT_A_RECOMMENDATION = "the posterior's number, not a recommendation"


def describe_decision(decision: Decision) -> str:
    """Describe a decision, in lines: the choice first, then the alternatives, then the prediction.

    Parameters
    ----------
    decision : Decision
        Result of `decide`.

    Returns
    -------
    str
        Plain text: the recommendation and its verdict, tables of choices, of predictions and of other assumptions, and
        one statement a line. A bound is given with its reason and the run to buy.
    """
    found = decision_summary(decision)
    usable = decision.verdict.grade != "not usable"
    lines = [
        *extrapolated_lines(decision),
        *([] if usable else verdict_lines(decision.verdict)),
        *window_lines(decision),
        f"{'recommended' if usable else NOT_A_RECOMMENDATION}: {one_sided_answer(decision)}",
        *_limiting_group(decision),
        *_reasons(decision.choice, apart_from=decision.verdict.because),
        *(verdict_lines(decision.verdict) if usable else []),
        "",
        *aligned(_choices(decision, found)),
        *_beside_choices(decision, found),
        "",
        *aligned([*prediction_rows(decision.about, found), *_optimum_of_a_run(decision, found)]),
        *set_apart(aligned(limit_rows(decision.limits))),
        *(f"the recommendation assumes that it is not {limit}" for limit in limits_in_doubt(decision.limits)),
        "",
        *prediction_lines(decision.about, found),
        *domain_line(decision),
        *(f"note: {edge.message}; next run to add: {edge.buy}" for edge in _of_target(decision)),
        *_sensitivity_lines(decision),
        *set_apart([*warning_lines(decision.warnings), *further_line(decision.further)]),
    ]
    return "\n".join(lines)


def _choices(decision: Decision, found: dict[str, Any]) -> list[tuple[str, ...]]:
    """Rows of the infusions to choose from: at each risk, and the best on average."""
    about, up = decision.about, decision.is_least
    rows: list[tuple[str, ...]] = [(f"choice, {about.unit}", "")]
    for risk, choice in found[schema.CHOICE]["at_risk"].items():
        is_asked = float(risk) == about.risk and decision.verdict.grade != "not usable" and not decision.choice.is_bound
        label = f"at a risk of {percent(float(risk))}{', recommended' if is_asked else ''}"
        rows.append((label, choice_or_none(choice, up)))
    if about.lacks_value:
        return rows
    best = decision.optimum
    at_risk = "" if best.value is None else f", at a risk of {percent(round(decision.risk_at(best.value), 2))}"
    costs = ", costs subtracted" if about.has_costs else ""
    rows.append((f"best on average{costs}{at_risk}", number_or_bound(best)))
    return [*rows, ("within 1 % of that best", _near_optimal(decision))] if decision.has_best else rows


def _limiting_group(decision: Decision) -> list[str]:
    """Name the group that allows the least infusion, where several are harmed."""
    about = decision.about
    if len(about.harmed) < 2 or about.limiting_group not in about.harmed:
        return []
    allow = "score allows" if about.limiting_group in about.benchmarks else "facts allow"
    return [f"  the {about.limiting_group.replace('_', ' ')} {allow} the least"]


def _beside_choices(decision: Decision, found: dict[str, Any]) -> list[str]:
    """State what the table of choices has no room for: regret, bounds and their reasons, and each law's risk."""
    by_law = found[schema.CHOICE]["risk_by_law"]
    said = ", ".join(f"'{law}' {percent(round(risk, 2))}" for law, risk in by_law.items())
    of_laws = [f"risk of the recommendation by each law alone: {said}"] if len(by_law) > 1 else []
    whose = ["choices at a risk are the posterior's, without the bound"] if decision.choice.is_bound else []
    if decision.about.lacks_value:
        return [*whose, *of_laws, no_best_mean()]
    bounded = [f"the best on average is a bound:\n{'\n'.join(why)}"] if (why := _reasons(decision.optimum)) else []
    return [*whose, *of_laws, *bounded, *(_regret_lines(decision) if decision.has_best else [])]


def _near_optimal(decision: Decision) -> str:
    low, high = decision.near_optimal
    return span(low, high) if high < _end_of_range(decision) else f"{three_digits(low)} and more"


def _end_of_range(decision: Decision) -> float:
    """The largest infusion that was looked at, up to rounding."""
    return float(decision.data["infusion"][-1]) * (1 - 1e-6)


def _optimum_of_a_run(decision: Decision, found: dict[str, Any]) -> list[tuple[str, ...]]:
    """Row of the optimum of one run; the share of draws with none, where half or more of them have none."""
    if decision.about.lacks_value:
        return []
    optima = decision.data[schema.OPTIMUM].values
    ends = {"upper": float(np.mean(optima >= _end_of_range(decision))), "lower": float(np.mean(optima == 0))}
    name = max(ends, key=ends.__getitem__)
    label = "best infusion of a single run"
    if ends[name] < 0.5:
        return [(label, *median_and_interval(found[schema.OPTIMUM], decision.about.ci_prob, decision.about.unit))]
    return [(label, f"{name} end of the range", f"in {percent(round(ends[name], 2))} of the draws")]


def domain_line(decision: Decision) -> list[str]:
    """State the ratio that a domain needs, if the sweep shows it."""
    found, about = decision_summary(decision), decision.about
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
        above = "the ceiling may lie below the required share"
        would = above if about.above_ceiling else "a larger budget or fewer facts would do"
        return [f"{domain}: {never}; {would}"]
    low, high = ratio[interval_name(about.ci_prob)]
    ends = span(low, high) if high is not None else f"{three_digits(low)} to more than all tokens"
    if any(caveat.code == "ratio_above_one" for caveat in decision.caveats):
        ends += f"; {never}"
    assumed = f", assuming that {ratio['assumes']}" if ratio["assumes"] else ""
    window = ""
    if about.axis.teaches > 0 and ratio["at_risk"] is not None:
        window = f"; {three_digits(ratio['at_risk'])} leaves a risk of {percent(about.risk)} of too little"
    if about.axis.counts_facts and about.facts is None:
        domain += f", an example ({way('`facts=`', '--facts')} for yours)"
    return [
        f"sufficient ratio for {domain}: {three_digits(ratio['median'])} ({percent(about.ci_prob)} interval {ends})"
        f"{window}{assumed}"
    ]


def _reasons(found: Answer, apart_from: str = "") -> list[str]:
    """State why an answer is a bound, apart from what the verdict says."""
    pairs = {pair: None for pair in zip(found.reasons, found.buy, strict=True) if pair[0] != apart_from}
    return [f"  because {reason}; next run to add: {buy}" for reason, buy in pairs]


def _regret_lines(decision: Decision) -> list[str]:
    unit, row = decision.about.utility_unit, regret_of_choice(decision)
    if not np.isfinite(row["regret"]):
        return []
    of_best = f" ({_of_the_best(row['percent'] / 100)})" if np.isfinite(row["percent"]) else ""
    return [
        f"expected regret of the choice: {_tenths(row['regret'])} {unit}{of_best}, "
        f"{_tenths(row['too_much'])} from over-infusion and {_tenths(row['too_little'])} from under-infusion"
    ]


# A regret of ten times the best is a multiple, and one of less than .001 % is none.
_TIMES, _NEGLIGIBLE = 10.0, 1e-5


def _of_the_best(share: float) -> str:
    """State a regret against the best: in per cent, without tiny ones, or as a multiple."""
    if share >= _TIMES:
        return f"{share:.3g} times the best"
    return f"{two_digits(share if share >= _NEGLIGIBLE else 0.0)} of the best"


def _tenths(amount: float) -> str:
    """Format an amount with three digits, or 0 if it is much smaller than a fact."""
    return three_digits(amount if abs(amount) >= 0.005 else 0.0)


def _of_target(decision: Decision) -> list[Caveat]:
    return [edge for edge in decision.edges if edge.concerns == "target"]


def _sensitivity_lines(decision: Decision) -> list[str]:
    """The same decision under other assumptions, as a table."""
    table = decision.sensitivity.drop(index=AS_ASKED, errors="ignore")  # the tables above have it
    if table.empty:
        return []
    about = decision.about
    best = [] if about.lacks_value else ["best mean"]
    head = ("other assumptions", "choice", *best, f"{about.half_point}, {about.unit}", "risk")
    kept = ("choice", *(["best"] if best else []), "collapse", "risk")
    rows = [(str(name), under_assumption(decision, row)) for name, row in table.iterrows()]
    return set_apart(aligned([head, *((name, *(texts[each] for each in kept)) for name, texts in rows)]))
