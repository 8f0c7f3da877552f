"""From a posterior to a decision: predict a model that was never trained, and verify it when it has been."""

from bayeskisl.decision.files import load_prediction, save_prediction
from bayeskisl.decision.funnel import collapse_along_sizes
from bayeskisl.decision.kept_knowledge import kept
from bayeskisl.decision.measure import Measurement, measure_collapse
from bayeskisl.decision.prediction import predict
from bayeskisl.decision.summary import prediction_summary, verification_summary
from bayeskisl.decision.verification import Verification, verify

__all__ = [
    "Measurement",
    "Verification",
    "collapse_along_sizes",
    "kept",
    "load_prediction",
    "measure_collapse",
    "predict",
    "prediction_summary",
    "save_prediction",
    "verification_summary",
    "verify",
]
