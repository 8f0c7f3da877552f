"""Sentences about fits, predictions, decisions, verifications and plans, for the terminal and the report."""

from bayeskisl.reporting.text.answers import (
    answer,
    beside_it,
    bound,
    choice_or_none,
    chosen,
    headline,
    levels_in_words,
    near_optimal_in_words,
    no_best_mean,
    one_side,
    one_sided_answer,
    shortfall_in_words,
    under_assumption,
    utility_in_words,
    window_lines,
)
from bayeskisl.reporting.text.critical_points import describe_critical_points
from bayeskisl.reporting.text.decisions import NOT_A_RECOMMENDATION, describe_decision, domain_line
from bayeskisl.reporting.text.fits import beside_posterior, describe_fit
from bayeskisl.reporting.text.plans import describe_plan
from bayeskisl.reporting.text.predictions import (
    budget,
    describe_prediction,
    exposures_at,
    held_fixed,
    limit_doubt,
    limit_rows,
    limits_in_doubt,
    with_interval,
)
from bayeskisl.reporting.text.tables import decision_rows
from bayeskisl.reporting.text.verdicts import extrapolated_lines, further_line, mending, verdict_lines, verdict_sentence
from bayeskisl.reporting.text.verifications import (
    describe_verification,
    kept_at_choice,
    measured_point,
    optimum_verdict,
    verdict,
)

__all__ = [
    "NOT_A_RECOMMENDATION",
    "answer",
    "beside_it",
    "beside_posterior",
    "bound",
    "budget",
    "choice_or_none",
    "chosen",
    "decision_rows",
    "describe_critical_points",
    "describe_decision",
    "describe_fit",
    "describe_plan",
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
    "limit_doubt",
    "limit_rows",
    "limits_in_doubt",
    "measured_point",
    "mending",
    "near_optimal_in_words",
    "no_best_mean",
    "one_side",
    "one_sided_answer",
    "optimum_verdict",
    "shortfall_in_words",
    "under_assumption",
    "utility_in_words",
    "verdict",
    "verdict_lines",
    "verdict_sentence",
    "window_lines",
    "with_interval",
]
