"""Sliders and the decision that follows them, as plain values that a page draws."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.decision import Decision, KeptFacts
from bayeskisl.decision.about import About
from bayeskisl.decision.criterion import RISK
from bayeskisl.decision.glances import Glances
from bayeskisl.intervals import interval, quantiles
from bayeskisl.quantities import short
from bayeskisl.reporting.brief import brief, question
from bayeskisl.reporting.numbers import percent, span, three_digits
from bayeskisl.reporting.text import (
    answer,
    beside_it,
    held_fixed,
    near_optimal_in_words,
    no_best_mean,
    utility_in_words,
    verdict_sentence,
)
from bayeskisl.reporting.words import distance, run_in_words, whole_in_words

__all__ = ["TIMES", "Dial", "Explorer"]

# A target may be so many times the largest size, or budget, that was swept; 10 stops to a decade.
_REACH, _STOPS_PER_DECADE = 100.0, 10
_RISKS = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5)
_PRICE_STOPS = 41
_MILLION = 1e6
_BRIEF = {
    "rests": "first of all", "range": "range", "risk": "risk", "doubts": "what could make it wrong",
    "next": "next run to add",
}  # fmt: skip
# A target that nobody named is so many times the largest size that was swept.
TIMES = 4.0


@dataclass(frozen=True)
class Dial:
    """One slider.

    Parameters
    ----------
    name, label : str
        For programs and for people.
    stops : tuple of float
        The values it may take, rising.
    said : tuple of str
        The same for people.
    start : int
        Index of the stop at which it begins.
    """

    name: str
    label: str
    stops: tuple[float, ...]
    said: tuple[str, ...]
    start: int

    @classmethod
    def at(cls, name: str, label: str, stops: Any, start: float, say: Callable[[float], str]) -> "Dial":
        """Return a dial that begins at `start`, which is one of its stops."""
        values = tuple(sorted({*(float(stop) for stop in stops), float(start)}))
        return cls(name, label, values, tuple(say(value) for value in values), values.index(float(start)))

    def to_dict(self) -> dict[str, Any]:
        """Return the values that the page draws."""
        return {"name": self.name, "label": self.label, "said": list(self.said), "start": self.start}


@dataclass(frozen=True, eq=False)
class Explorer:
    """Sliders and their decision.

    Parameters
    ----------
    glances : Glances
    dials : tuple of Dial
        ``params`` and ``risk`` always, ``tokens`` and prices where they make a difference.
    reach : tuple of float
        Ends of the axis of infusions, the same wherever the sliders stand, so that a cliff is seen to move.
    """

    glances: Glances
    dials: tuple[Dial, ...]
    reach: tuple[float, float]

    @classmethod
    def about(cls, glances: Glances, params: float | None, tokens: float | None) -> "Explorer":
        """Return the dials for which a fit has an answer."""
        sizes = np.unique(np.asarray(glances.fit.curves[schema.PARAMS].values, dtype=float))
        budgets = np.unique(np.asarray(glances.fit.curves[schema.TOKENS].values, dtype=float))
        params, tokens = params or TIMES * sizes[-1], tokens or budgets[-1]
        asked = [Dial.at("params", "non-embedding parameters", _ladder(sizes), params, short)]
        if len(budgets) > 1 or (glances.asked and glances.asked.prior_driven):
            asked.append(Dial.at("tokens", "training tokens", _ladder(budgets), tokens, short))
        asked.append(Dial.at("risk", "risk of keeping too little", _RISKS, RISK, percent))
        priced = KeptFacts(loss_price=1e-12 if schema.GENERAL_LOSS in glances.fit.curves else 0.0)
        begun = glances.decide(params, tokens, utility=priced)
        asked += _prices(begun)
        glances.look_ahead(asked[0].stops, tokens)
        return cls(glances, tuple(asked), _reach(glances, asked[0].stops, tokens))

    @property
    def start(self) -> dict[str, int]:
        """Start of each dial: its name and the index of the stop."""
        return {dial.name: dial.start for dial in self.dials}

    def values(self, places: dict[str, int]) -> dict[str, float]:
        """Return the values of the dials at the indices of their stops, limited to the ends."""
        return {
            dial.name: dial.stops[min(max(int(places.get(dial.name, dial.start)), 0), len(dial.stops) - 1)]
            for dial in self.dials
        }

    def question(self, places: dict[str, int]) -> dict[str, Any]:
        """Return the arguments of `decide` at given positions of the dials."""
        asked = self.values(places)
        utility = KeptFacts(
            token_price=asked.get("token_price", 0.0) / _MILLION, loss_price=asked.get("loss_price", 0.0)
        )
        return {"params": asked["params"], "tokens": asked.get("tokens"), "risk": asked["risk"], "utility": utility}

    def shown(self, places: dict[str, int]) -> dict[str, Any]:
        """Return the decision at given positions of the dials, in words and as a picture."""
        decision = self.glances.decide(**self.question(places))
        return {**_words(decision), "picture": _picture(decision, self.reach)}


def _ladder(seen: FloatArray) -> FloatArray:
    """Stops, evenly spaced in the logarithm, from the smallest observed value to well beyond the largest."""
    low, high = seen[0], seen[-1] * _REACH
    stops = np.geomspace(low, high, round(_STOPS_PER_DECADE * np.log10(high / low)) + 1)
    return np.array([low, *(float(f"{stop:.3g}") for stop in stops[1:])])


def _prices(begun: Decision) -> list[Dial]:
    """Prices in 40 steps, from zero to the price at which the best infusion is worth nothing."""
    data = begun.data
    if not begun.about.axis.moves_ratio:  # one ratio: all infusions cost as many tokens
        return []
    best = int(data["mean_utility"].values.argmax())
    kept = float(data["mean_utility"][best])  # at next to no price
    spent = float(data["ratio_at"][best]) * begun.about.tokens / _MILLION
    asked = [("token_price", "price of a million infused tokens, in facts", kept / spent)]
    if "mean_loss_rise" in data and float(data["mean_loss_rise"][best]) > 0:
        risen = float(data["mean_loss_rise"][best])
        asked.append(("loss_price", "price of a nat of general loss, in facts", kept / risen))
    return [Dial.at(name, label, _price_stops(most), 0.0, three_digits) for name, label, most in asked]


def _price_stops(most: float) -> FloatArray:
    return float(f"{most / (_PRICE_STOPS - 1):.1g}") * np.arange(_PRICE_STOPS, dtype=float)


def _reach(glances: Glances, sizes: tuple[float, ...], tokens: float) -> tuple[float, float]:
    """Range from well below the fall of the smallest size to well above that of the largest; all possible ratios."""
    if glances.target(sizes[0], tokens).axis.bounded:
        return 0.0, 1.0
    smallest, largest = (glances.decide(size, tokens).data for size in (sizes[0], sizes[-1]))
    falls = schema.COLLAPSE in smallest
    if not falls:  # a larger model learns earlier
        smallest, largest = largest, smallest
    first, last = ("admissible", schema.COLLAPSE) if falls else (schema.ONSET, "sufficient")
    low = quantiles(smallest[first].values, [0.05])[0] / 2
    high = quantiles(largest[last].values, [0.95])[0] * 1.2
    return float(max(low, smallest["least"])), float(min(high, largest["most"]))


def _words(decision: Decision) -> dict[str, Any]:
    about = decision.about
    unit, ci_prob = about.unit, about.ci_prob
    median, low, high = interval(decision.data[about.half_point].values, ci_prob)
    half = f"{three_digits(median)} {unit} ({percent(ci_prob)} interval {span(low, high)})"
    first = brief(decision)
    best = [
        ["risk-neutral", beside_it(decision)],
        ["within 1 % of the best expected utility", near_optimal_in_words(decision)],
    ]
    if about.lacks_value:
        best = [["risk-neutral", no_best_mean()]]
    return {
        "question": question(decision),
        "headline": first.pop("recommended"),
        "brief": [[_BRIEF[name], line] for name, line in first.items()],
        "rows": [
            ["in full", answer(decision)],
            ["verdict", verdict_sentence(decision)],
            *best,
            [f"predicted {about.half_point}", half],
            ["target", _target(about)],
            ["held fixed", held_fixed(about)],
        ],
        "warnings": [str(caveat) for caveat in decision.warnings],
    }


def _target(about: About) -> str:
    return f"{about.target_in_words}; {distance(about.extrapolation_decades)}"


def _picture(decision: Decision, reach: tuple[float, float]) -> dict[str, Any]:
    """Two panels over one axis: the risk of each infusion, and the retained knowledge."""
    data, about = decision.data, decision.about
    subject = run_in_words(about)
    risks = {
        "shortfall_risk": f"keeps less than {percent(about.keep)} of {whole_in_words(about)}",
        "collapse_risk": "keeps less than half" + (": collapse" if schema.COLLAPSE in data else ""),
        "ignorance_risk": "infused: learns too little",
    }
    low, lower, median, higher, high = data["utility"].transpose("quantile", "infusion").values
    best = decision.data["risk_neutral_choice"].item()
    return {
        "x": _rounded(data["infusion"].values),
        "log": not about.axis.bounded,
        "reach": _rounded(np.array(reach)),
        "x_label": about.axis.label,
        "choice": decision.advised,
        "near": _rounded(np.array(decision.near_optimal)) if decision.has_best else None,
        "panels": [
            {
                "title": f"Probability that {subject} ...",
                "share": True,
                "range": [0.0, 1.0],
                "level": about.risk,
                "bands": [],
                "lines": [
                    {"label": label, "y": _rounded(data[name].values)} for name, label in risks.items() if name in data
                ],
            },
            {
                "title": utility_in_words(about).capitalize(),
                "share": False,
                "range": [min(0.0, float(low.min())), 1.05 * max(0.0, float(high.max()))],
                "bands": [
                    {"label": "90 % interval", "low": _rounded(low), "high": _rounded(high)},
                    {"label": "50 % interval", "low": _rounded(lower), "high": _rounded(higher)},
                ],
                "lines": [
                    {"label": "median", "y": _rounded(median)},
                    {"label": "mean", "y": _rounded(data["mean_utility"].values)},
                ],
                "mark": {"label": "best mean", "x": best} if decision.has_best and np.isfinite(best) else None,
            },
        ],
    }


def _rounded(values: FloatArray) -> list[float]:
    """Round to five digits, more than a screen can resolve."""
    return [float(f"{value:.5g}") for value in values]
