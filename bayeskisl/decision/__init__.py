"""From a posterior to a decision: predict a model that was never trained, and verify it when it has been."""

from bayeskisl.decision.files import load_prediction, save_prediction
from bayeskisl.decision.funnel import collapse_along_sizes
from bayeskisl.decision.kept import kept
from bayeskisl.decision.measure import Measurement, measure_collapse
from bayeskisl.decision.predict import predict
from bayeskisl.decision.summary import prediction_summary
from bayeskisl.decision.verify import Verification, verify

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
    "verify",
]
