"""Figures, texts and the report: the only part that plots."""

from bayeskisl.reporting.backtest_figure import plot_backtest
from bayeskisl.reporting.check_figure import plot_check
from bayeskisl.reporting.collapse_figure import plot_collapse
from bayeskisl.reporting.curves_figure import plot_curves
from bayeskisl.reporting.decision_figure import plot_decision, plot_risk
from bayeskisl.reporting.description import describe
from bayeskisl.reporting.diagnostics_figures import plot_calibration, plot_diagnostics, plot_prior_vs_posterior
from bayeskisl.reporting.explorer import explore
from bayeskisl.reporting.interactive import interactive
from bayeskisl.reporting.page import report
from bayeskisl.reporting.plan_figure import plot_plan
from bayeskisl.reporting.prior_figure import describe_prior, plot_prior_predictive
from bayeskisl.reporting.replay_figure import plot_replay
from bayeskisl.reporting.text import describe_decision, describe_prediction, describe_verification
from bayeskisl.reporting.tidy import export, tidy

__all__ = [
    "describe",
    "describe_decision",
    "describe_prediction",
    "describe_prior",
    "describe_verification",
    "explore",
    "export",
    "interactive",
    "plot_backtest",
    "plot_calibration",
    "plot_check",
    "plot_collapse",
    "plot_curves",
    "plot_decision",
    "plot_diagnostics",
    "plot_plan",
    "plot_prior_predictive",
    "plot_prior_vs_posterior",
    "plot_replay",
    "plot_risk",
    "report",
    "tidy",
]
