"""Posteriors of laws: inference from retention curves, checks, storage, and extrapolation to new sizes."""

from bayeskisl.inference.compare import Comparison, compare
from bayeskisl.inference.extrapolate import extrapolate
from bayeskisl.inference.fit import fit
from bayeskisl.inference.fleet import fit_many
from bayeskisl.inference.gate import Gate
from bayeskisl.inference.model import build_model
from bayeskisl.inference.prior_predictive import prior_predictive
from bayeskisl.inference.regime import regime, regime_sentence
from bayeskisl.inference.result import Fit, load_fit
from bayeskisl.inference.sampler import Sampler
from bayeskisl.inference.simulate import simulate

__all__ = [
    "Comparison", "Fit", "Gate", "Sampler", "build_model", "compare", "extrapolate", "fit", "fit_many",
    "load_fit", "prior_predictive", "regime", "regime_sentence", "simulate",
]  # fmt: skip
