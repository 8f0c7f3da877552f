"""Frequency: the same facts repeated more and more often in a stream of tokens.

This is the usual study of repeats: continued pre-training in which each fact is repeated 1, 5, 10, 20 or 40 times, or a
fixed budget of web text with facts seen 0 to 256 times (Hubble, arXiv:2510.19811). The value is the frequency of one
fact in the stream: its tokens among a million tokens, f l / D x 1e6, which equals r / K x 1e6 by r D = K f l. Budgets
of different cells are thus compared at one frequency, and exposures follow from it: f = frequency D / (l x 1e6).
"""

from collections.abc import Mapping
from typing import Any

from bayeskisl import schema
from bayeskisl.axes.base import Array, Axis, Fixed

__all__ = ["Frequency"]

_MILLION = 1e6


class Frequency(Axis):
    """Axis of exposures: f varies, K and D are fixed, r follows, and background exposures fall."""

    name = coordinate = "frequency"
    given, follows, teaches = schema.FACTS, schema.RATIO, 1
    unit = in_words = "parts per million"
    mark = "ppm"
    label = "tokens of one fact in a million tokens"
    experiment = "how often each of the same facts is repeated"
    question = "How often must {model} see a fact"

    def values(self, runs: Mapping[Any, Any]) -> Any:
        return runs[schema.EXPOSURES] * runs[schema.TOKENS_PER_FACT] / runs[schema.TOKENS] * _MILLION

    def facts(self, value: Array, fixed: Fixed) -> Array:
        return fixed[schema.FACTS]

    def ratio(self, value: Array, fixed: Fixed) -> Array:
        return value * fixed[schema.FACTS] / _MILLION

    def at_ratio(self, ratio: Array, fixed: Fixed) -> Array:
        return ratio / fixed[schema.FACTS] * _MILLION

    def shown_by(self, varies: frozenset[str], told: frozenset[str]) -> bool:
        """Whether exposures vary at a fixed number of facts, in a table that does not name the ratio."""
        repeats = schema.EXPOSURES in told and schema.RATIO not in told
        return schema.RATIO in varies and schema.FACTS not in varies and repeats

    def level(self, value: float) -> float:
        """Round a value to six significant digits: more digits give the same mixture of whole sequences."""
        return float(f"{value:.6g}")
