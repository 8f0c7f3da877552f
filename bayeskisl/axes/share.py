"""Shared part of ratio and dose: the value is the infused share of all tokens."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.axes.base import Array, Axis, Fixed

__all__ = ["ShareOfTokens"]


class ShareOfTokens(Axis):
    """An axis whose value is the ratio, in (0, 1), transformed to log odds."""

    coordinate = schema.RATIO
    bounded = True
    unit, in_words, mark = schema.UNITS[schema.RATIO], "of the tokens", ""
    label = "infused share of all tokens"

    def values(self, runs: Mapping[Any, Any]) -> Any:
        return runs[schema.RATIO]

    def ratio(self, value: Array, fixed: Fixed) -> Array:
        return value

    def at_ratio(self, ratio: Array, fixed: Fixed) -> Array:
        return ratio

    def to_line(self, value: Array) -> Array:
        """Transform values to the real line: the log odds."""
        with np.errstate(divide="ignore"):  # nothing and everything lie at the ends of the line
            return np.log(value) - np.log1p(-np.asarray(value))

    def from_line(self, line: Array) -> Array:
        return 1 / (1 + np.exp(-line))

    def candidates(self, values: FloatArray, possible: tuple[float, float]) -> FloatArray:
        """Candidate levels with three significant digits of the smaller share, within the possible range."""
        inside = np.clip(values, *possible)
        rounded = np.where(inside < 0.5, self._three_digits(inside), 1 - self._three_digits(1 - inside))
        return np.clip(rounded, *possible)

    def level(self, value: float) -> float:
        """Round a value to six decimals, or to six significant digits of the smaller share."""
        smaller = min(value, 1 - value)
        return round(value, max(6, 5 - math.floor(math.log10(smaller)))) if smaller > 0 else value
