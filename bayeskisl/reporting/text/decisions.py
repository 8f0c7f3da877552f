"""Sentences about decisions."""

from typing import Any

import numpy as np
import pandas as pd

from bayeskisl import schema
from bayeskisl.decision import Answer, Decision, decision_summary
from bayeskisl.decision.caveat import Caveat
from bayeskisl.decision.intervals import interval_name
from bayeskisl.decision.sensitivity import AS_ASKED
from bayeskisl.decision.summary import regret_of_choice
from bayeskisl.errors import way
from bayeskisl.reporting.numbers import counted, exact, percent, span, three_digits, two_digits
from bayeskisl.reporting.text.answers import beside_it, choice_or_none, no_best_mean, one_sided_answer, window_lines
from bayeskisl.reporting.text.predictions import prediction_lines, with_interval
from bayeskisl.reporting.text.verdicts import extrapolated_lines, further_line, verdict_lines, warning_lines
from bayeskisl.reporting.words import in_a_row

__all__ = ["describe_decision", "domain_line"]


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
    found = decision_summary(decision)
    usable = decision.verdict.grade != "not usable"
    lines = [
        *extrapolated_lines(decision),
        *([] if usable else verdict_lines(decision.verdict)),
        *window_lines(decision),
        f"recommended: {one_sided_answer(decision)}",
        *_limiting_group(decision),
        *_reasons(decision.choice),
        *(verdict_lines(decision.verdict) if usable else []),
        *_risk_lines(decision, found),
        *_best_mean_lines(decision, found),
        *domain_line(decision),
        *prediction_lines(decision.about, found),
        *(f"note: {edge.message}; next run to add: {edge.buy}" for edge in _of_target(decision)),
        *_sensitivity_lines(decision),
        *warning_lines(decision.warnings),
        *further_line(decision.further),
    ]
    return "\n".join(lines)


def _limiting_group(decision: Decision) -> list[str]:
    """Name the group that allows the least infusion, where several are harmed."""
    about = decision.about
    if len(about.harmed) < 2 or about.limiting_group not in about.harmed:
        return []
    return [f"  the {about.limiting_group.replace('_', ' ')} facts allow the least"]


def _best_mean_lines(decision: Decision, found: dict[str, Any]) -> list[str]:
    """State the best mean and the regret of the choice, or why they mean nothing."""
    if decision.about.lacks_value:
        return [no_best_mean()]
    return [
        f"risk-neutral choice: {beside_it(decision)}",
        *_reasons(decision.optimum),
        f"within 1 % of the best expected utility: {_near_optimal(decision)}",
        f"optimal infusion for one run (posterior): {_optimum_of_a_run(decision, found)}",
        *_regret_lines(decision),
    ]


def _near_optimal(decision: Decision) -> str:
    (low, high), unit = decision.near_optimal, decision.about.unit
    return f"{span(low, high)} {unit}" if high < _end_of_range(decision) else f"{three_digits(low)} {unit} and more"


def _end_of_range(decision: Decision) -> float:
    """The largest infusion that was looked at, up to rounding."""
    return float(decision.data["infusion"][-1]) * (1 - 1e-6)


def _optimum_of_a_run(decision: Decision, found: dict[str, Any]) -> str:
    """State the interval of the optimum; the share of draws with none, where half or more of them have none."""
    optima = decision.data[schema.OPTIMUM].values
    ends = {"upper": float(np.mean(optima >= _end_of_range(decision))), "lower": float(np.mean(optima == 0))}
    name = max(ends, key=ends.__getitem__)
    if ends[name] < 0.5:
        return with_interval(found[schema.OPTIMUM], decision.about.ci_prob, decision.about.unit)
    return f"at the {name} end of the range in {percent(round(ends[name], 2))} of the draws"


def _risk_lines(decision: Decision, found: dict[str, Any]) -> list[str]:
    """State the choice at other risks, its risk under each law, and the uncertainty of its threshold."""
    up = decision.is_least
    at = {float(risk): choice_or_none(x, up) for risk, x in found[schema.CHOICE]["at_risk"].items()}
    lines = [
        f"the posterior's choice at a risk of {in_a_row([percent(risk) for risk in at])}: {in_a_row(list(at.values()))}"
    ]
    by_law = found[schema.CHOICE]["risk_by_law"]
    if len(by_law) > 1:
        said = ", ".join(f"'{law}' {percent(round(risk, 2))}" for law, risk in by_law.items())
        lines.append(f"risk of the recommendation by each law alone: {said}")
    if found["uncertainty"] is not None:
        factor = three_digits(found["uncertainty"])
        lines.append(f"uncertainty: the {percent(decision.about.ci_prob)} interval of the critical exposures spans "
                     f"a factor of {factor}")  # fmt: skip
    return lines


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


def _reasons(found: Answer) -> list[str]:
    pairs = dict.fromkeys(zip(found.reasons, found.buy, strict=True))
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
    table = decision.sensitivity.drop(index=AS_ASKED, errors="ignore")  # the lines above have it
    if table.empty:
        return []
    unit, half = decision.about.unit, decision.about.half_point
    whose = " (choices are the posterior's, without the bound)" if decision.choice.is_bound else ""
    lines = [f"sensitivity, the same decision under other assumptions{whose}:"]
    for name, row in table.iterrows():
        choice = choice_or_none(decision.within_range(row["choice"]), decision.is_least)
        best = "" if decision.about.lacks_value else f" best mean {_or_end(row['risk_neutral_choice'])},"
        where = f"{three_digits(row['collapse_median'])} ({span(row['collapse_low'], row['collapse_high'])}) {unit}"
        risk = f", risk of the recommendation {percent(round(row['risk'], 2))}" if pd.notna(row["risk"]) else ""
        lines.append(f"  {name}: choice {choice},{best} {half} {where}{risk}")
    return lines


def _or_end(value: float) -> str:
    return three_digits(value) if np.isfinite(value) else "at an end of the range"
