"""Decisions: predicted collapse point, recommended infusion, and verification after training."""

from bayeskisl.decision.advice import decide
from bayeskisl.decision.backtest import Backtest
from bayeskisl.decision.caveat import Caveat
from bayeskisl.decision.criterion import Criterion
from bayeskisl.decision.critical_points import CriticalPoints, extrapolate_points
from bayeskisl.decision.decision import Answer, Decision, load_decision
from bayeskisl.decision.files import load_prediction, save_prediction
from bayeskisl.decision.funnel import collapse_along_sizes
from bayeskisl.decision.measure import Measurement, measure_collapse
from bayeskisl.decision.prediction import predict
from bayeskisl.decision.record import check_record, forecast_record, write_record
from bayeskisl.decision.rolling_origin import backtest
from bayeskisl.decision.summary import decision_summary, prediction_summary, verification_summary
from bayeskisl.decision.table import decision_table
from bayeskisl.decision.utility import KeptFacts
from bayeskisl.decision.verification import Verification, verify
from bayeskisl.knowledge.guessing import kept

__all__ = [
    "Answer",
    "Backtest",
    "Caveat",
    "Criterion",
    "CriticalPoints",
    "Decision",
    "KeptFacts",
    "Measurement",
    "Verification",
    "backtest",
    "check_record",
    "collapse_along_sizes",
    "decide",
    "decision_summary",
    "decision_table",
    "extrapolate_points",
    "forecast_record",
    "kept",
    "load_decision",
    "load_prediction",
    "measure_collapse",
    "predict",
    "prediction_summary",
    "save_prediction",
    "verification_summary",
    "verify",
    "write_record",
]
