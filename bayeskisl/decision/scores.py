"""Scores of a forecast: proper scores of the prediction against the measurement, beside two rules of thumb."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.stats import gaussian_kde

from bayeskisl.arrays import BoolArray, FloatArray
from bayeskisl.axes import Axis
from bayeskisl.decision.measure import Measurement
from bayeskisl.intervals import interval, interval_score

__all__ = ["Scores", "scores_of"]


@dataclass(frozen=True)
class Scores:
    """Scores on the transformed axis (log of an amount, log odds of a ratio).

    Parameters
    ----------
    log : float
        Log of the predictive density at the measurement, averaged over the measurement's own uncertainty; higher is
        better.
    interval : float
        Interval score at the probability of the interval (Gneiting & Raftery 2007, doi:10.1198/016214506000001437);
        lower is better.
    rules : dict
        The interval score of each rule of thumb, which is a single number: 2 / (1 - probability) times its distance.
    factor : float
        Measured over predicted median, on the transformed axis, as a factor.
    """

    log: float
    interval: float
    rules: dict[str, float]
    factor: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


def scores_of(axis: Axis, draws: FloatArray, measured: Measurement, rules: Mapping[str, float | None]) -> Scores | None:
    """Scores of draws of a cell's half-point against its measurement; None if that is a bound."""
    inside = _inside(axis, draws)
    if measured.bound or inside.sum() < 2:
        return None
    line, at = axis.to_line(draws[inside]), float(axis.to_line(measured.median))
    nodes = _inside(axis, measured.values)
    places, weights = axis.to_line(measured.values[nodes]), measured.probability[nodes]
    density = gaussian_kde(line)(places) * inside.mean()
    median, low, high = interval(line, measured.ci_prob)
    points = {name: value for name, value in rules.items() if value is not None and _inside(axis, np.array(value))}
    of_rules = {name: _score_of_point(float(axis.to_line(value)), at, measured) for name, value in points.items()}
    return Scores(
        log=float(np.log(np.maximum(weights @ density / weights.sum(), 1e-300))),
        interval=interval_score(low, high, at, measured.ci_prob),
        rules=of_rules,
        factor=float(np.exp(at - median)),
    )


def _inside(axis: Axis, infusion: FloatArray) -> BoolArray:
    return (infusion > 0) & (infusion < (1 if axis.bounded else np.inf))


def _score_of_point(point: float, at: float, measured: Measurement) -> float:
    """Score of a single number, as an interval of width zero."""
    return interval_score(point, point, at, measured.ci_prob)
