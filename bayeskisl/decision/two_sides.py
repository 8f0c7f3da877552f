"""The infusions at which both sides hold: infused facts are known, and background knowledge is retained."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.decision.criterion import Levels
from bayeskisl.decision.prospect import Prospect

__all__ = ["Sides", "Window", "sides_of", "window_of", "would_have_to_give"]

# Halvings of what would have to give: three digits of it.
_HALVINGS = 12


@dataclass(frozen=True)
class Window:
    """A range of infusions.

    Parameters
    ----------
    low, high : float
        Ends of the range; NaN if it is empty.
    best : float
        The infusion at which both sides hold with the largest probability.
    probability : float
        The probability at `best`.
    """

    low: float
    high: float
    best: float
    probability: float

    @property
    def is_empty(self) -> bool:
        """Whether no infusion is probable enough."""
        return bool(np.isnan(self.low))


@dataclass(frozen=True)
class Sides:
    """Range of infusions at which each draw satisfies every level.

    Parameters
    ----------
    enough : numpy.ndarray
        The least infusion at which every group that infusion teaches reaches its level, shape ``(draw,)``.
    most : numpy.ndarray
        The most at which every group that infusion harms keeps its level.
    """

    enough: FloatArray
    most: FloatArray


def sides_of(prospect: Prospect, levels: Levels) -> Sides:
    """The two sides of a prospect whose infusion teaches some groups and harms the others."""
    rising = [group for group in prospect.falls if prospect.direction(group) > 0]
    enough = [prospect.holding(levels, group) for group in rising]
    return Sides(np.max(enough, axis=0), prospect.admissible(levels))


def window_of(sides: Sides, least: float, most: float, probability: float) -> Window:
    """The infusions from `least` to `most` at which both sides hold in a share `probability` of the draws.

    Each draw holds on an interval, or nowhere, so that the share of draws is a count of intervals and exact: it changes
    at their ends alone. Where several ranges are probable enough, that around the most probable infusion is returned.
    """
    low, high = np.maximum(sides.enough, least), np.minimum(sides.most, most)
    holds = low <= high
    if not holds.any():
        return Window(np.nan, np.nan, float(np.clip(np.median(sides.most), least, most)), 0.0)
    low, high = np.sort(low[holds]), np.sort(high[holds])
    places = np.unique(np.concatenate([low, high]))
    begun = np.searchsorted(low, places, side="right")
    at, after = (begun - np.searchsorted(high, places, side=side) for side in ("left", "right"))
    # at the first end, between it and the second, at the second, and so on
    share = np.stack([at, after], axis=1).ravel()[:-1] / sides.enough.size
    top = int(share.argmax())
    best = float(places[top // 2])
    if share[top] < probability:
        return Window(np.nan, np.nan, best, float(share[top]))
    short = np.flatnonzero(share < probability)
    before, behind = short[short < top], short[short > top]
    first = before[-1] + 1 if before.size else 0
    last = behind[0] - 1 if behind.size else len(share) - 1
    return Window(float(places[(first + 1) // 2]), float(places[last // 2]), best, float(share[top]))


def would_have_to_give(
    prospect: Prospect, levels: Levels, ends: tuple[float, float], probability: float
) -> dict[str, Any]:
    """Changes that open an empty range, each by itself: a risk, a lower level of one group, or fewer facts.

    Returns
    -------
    dict
        ``risk``, ``keep`` (a level by group) and, where the sweep fixes the facts, ``facts``; changes that would not
        suffice even near zero are left out.
    """

    def probable(levels: Levels, at: Prospect = prospect) -> float:
        return window_of(sides_of(at, levels), *ends, probability).probability

    found: dict[str, Any] = {"risk": 1 - probable(levels)}
    asked = {group: levels(group) for group in prospect.falls}

    def can_hold(group: str, level: float) -> bool:
        return probable(replace(levels, share={**asked, group: level})) >= probability

    lower = {group: _largest(partial(can_hold, group), level) for group, level in asked.items()}
    found["keep"] = {group: level for group, level in lower.items() if level > 0}
    fixed = prospect.target.held_fixed
    if prospect.target.axis.given == schema.FACTS:

        def with_facts(share: float) -> bool:
            fewer = prospect.target.holding(**{schema.FACTS: share * fixed[schema.FACTS]})
            return probable(levels, replace(prospect, target=fewer)) >= probability

        share = _largest(with_facts, 1.0)
        if share > 0:
            found[schema.FACTS] = share * fixed[schema.FACTS]
    return found


def _largest(does: Callable[[float], bool], most: float) -> float:
    """The largest value below `most` that satisfies a condition; zero if not even a hundredth of it does."""
    low, high = most / 100, most
    if not does(low):
        return 0.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if does(middle) else (low, middle)
    return low
