"""Bayesian inference for knowledge infusion scaling laws: from real training runs to a decision.

Nothing heavy is imported until first use.
"""

from importlib import import_module

__version__ = "0.2.0"

# public name -> module that defines it
_PUBLIC = {
    "list_shipped": "bayeskisl.catalogue",
    "load_curves": "bayeskisl.curves",
    "build_curves": "bayeskisl.curves",
    "curves_from_table": "bayeskisl.curves",
    "Reading": "bayeskisl.curves",
    "read_runs": "bayeskisl.curves",
    "describe_import": "bayeskisl.curves",
    "save_curves": "bayeskisl.curves",
    "join_curves": "bayeskisl.curves",
    "group_exposures": "bayeskisl.curves",
    "final": "bayeskisl.curves",
    "bits_per_parameter": "bayeskisl.curves",
    "check": "bayeskisl.curves",
    "load_law": "bayeskisl.laws",
    "Law": "bayeskisl.laws",
    "fit": "bayeskisl.inference",
    "fit_many": "bayeskisl.inference",
    "Fit": "bayeskisl.inference",
    "load_fit": "bayeskisl.inference",
    "Target": "bayeskisl.target",
    "Sampler": "bayeskisl.inference",
    "compare": "bayeskisl.inference",
    "regime": "bayeskisl.inference",
    "Comparison": "bayeskisl.inference",
    "simulate": "bayeskisl.inference",
    "prior_predictive": "bayeskisl.inference",
    "predict": "bayeskisl.decision",
    "decide": "bayeskisl.decision",
    "decision_table": "bayeskisl.decision",
    "Criterion": "bayeskisl.decision",
    "Decision": "bayeskisl.decision",
    "KeptFacts": "bayeskisl.decision",
    "load_decision": "bayeskisl.decision",
    "verify": "bayeskisl.decision",
    "backtest": "bayeskisl.decision",
    "extrapolate_points": "bayeskisl.decision",
    "Backtest": "bayeskisl.decision",
    "plan": "bayeskisl.design",
    "Strategy": "bayeskisl.design",
    "Costs": "bayeskisl.design",
    "Run": "bayeskisl.design",
    "candidate_runs": "bayeskisl.design",
    "describe": "bayeskisl.reporting",
    "explore": "bayeskisl.reporting",
    "interactive": "bayeskisl.reporting",
    "plot_plan": "bayeskisl.reporting",
    "plot_backtest": "bayeskisl.reporting",
    "plot_replay": "bayeskisl.reporting",
    "plot_curves": "bayeskisl.reporting",
    "plot_check": "bayeskisl.reporting",
    "plot_collapse": "bayeskisl.reporting",
    "plot_diagnostics": "bayeskisl.reporting",
    "plot_prior_predictive": "bayeskisl.reporting",
    "plot_prior_vs_posterior": "bayeskisl.reporting",
    "plot_calibration": "bayeskisl.reporting",
    "plot_decision": "bayeskisl.reporting",
    "plot_risk": "bayeskisl.reporting",
    "report": "bayeskisl.reporting",
    "tidy": "bayeskisl.reporting",
    "export": "bayeskisl.reporting",
    "read_exported": "bayeskisl.curves",
    "export_sweep": "bayeskisl.sweeping",
    "run_sweep": "bayeskisl.sweeping",
    "load_sweep": "bayeskisl.sweeping",
    "estimate_sweep": "bayeskisl.sweeping",
    "sweep_status": "bayeskisl.sweeping",
    "demo": "bayeskisl.workflow",
    "loop": "bayeskisl.workflow",
    "Limits": "bayeskisl.workflow",
    "Protocol": "bayeskisl.workflow",
    "Machine": "bayeskisl.workflow",
    "replay": "bayeskisl.workflow",
}

__all__ = ["__version__", *sorted(_PUBLIC)]


def __getattr__(name: str) -> object:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'bayeskisl' has no attribute {name!r}")
    value = getattr(import_module(_PUBLIC[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
