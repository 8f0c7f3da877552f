"""Shared part of ratio and dose: the value is the infused share of all tokens."""

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
        return np.log(value) - np.log1p(-np.asarray(value))

    def from_line(self, line: Array) -> Array:
        return 1 / (1 + np.exp(-line))

    def candidates(self, values: FloatArray, possible: tuple[float, float]) -> FloatArray:
        """Candidate levels in thousandths, within the possible range."""
        low, high = np.ceil(possible[0] * 1e3) / 1e3, np.floor(possible[1] * 1e3) / 1e3
        return np.clip(np.round(values, 3), low, high)

    def level(self, value: float) -> float:
        return round(value, 6)
