"""Questions about a target, and their answers from a posterior."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.decision.choices import (
    Gains,
    chance_constrained_choice,
    least_sufficient,
    sufficient_ratio,
)
from bayeskisl.decision.criterion import Criterion, Levels
from bayeskisl.decision.decision import Decision
from bayeskisl.decision.planned_model import PlannedModel
from bayeskisl.decision.prediction import Forecast, Options, forecast, over_draws
from bayeskisl.decision.prospect import Prospect
from bayeskisl.decision.two_sides import sides_of, window_of, would_have_to_give
from bayeskisl.errors import InputError
from bayeskisl.intervals import quantiles

if TYPE_CHECKING:
    from bayeskisl.inference import Fit

__all__ = ["Question"]

_CURVE_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
# Points of the plotted curves; nothing is chosen on them.
_POINTS = 161
# Infusions that give up less than this share of the best mean are as good as the best.
_NEARLY = 0.01
# Risks at which the choice is stated beside the one that was asked for.
_RISKS = (0.05, 0.10, 0.20)


@dataclass(frozen=True)
class Question:
    """A question about a target, independent of the posterior that answers it."""

    target: PlannedModel
    options: Options
    criterion: Criterion

    @property
    def levels(self) -> Levels:
        """The share that each group must retain."""
        return self.criterion.levels(self.target.usual_reference)

    def answered_by(self, fit: "Fit", weights: dict[str, float] | None = None) -> xr.Dataset:
        """Return the prediction and the decision, under the laws' own weights or others."""
        found = forecast(fit, self.target, self.levels, self.options, weights)
        return self.answered_from(found, self.gains(found.prospect))

    def gains(self, prospect: Prospect, gains_of: type[Gains] = Gains) -> Gains:
        """The utility over the planned range; `gains_of` may search the optima in another way."""
        return gains_of(prospect, self.criterion.utility, *_planned_range(self.target, self.criterion.at_most))

    def answered_from(self, found: Forecast, gains: Gains) -> xr.Dataset:
        """Decide from a prediction."""
        prospect = found.prospect
        bounds, own = [self._bounds(one) for one in found.alone.values()], self._bounds(prospect)
        risk = self.criterion.risk
        optima, best = gains.optima(), gains.best_mean()
        of_draws = {schema.OPTIMUM: optima.place, "best_utility": optima.value}
        scalars = {
            schema.CHOICE: min(self._within(own, risk), gains.high),
            "risk_neutral_choice": float(best.place[0]) if best.side[0] == 0 else np.nan,
            "risk_neutral_side": int(best.side[0]),
            "best_mean_utility": float(best.value[0]),
            "least": gains.low,
            "most": gains.high,
        }
        possible = max(scalars[schema.CHOICE], gains.low)
        shape = found.ahead.sizes["chain"], found.ahead.sizes["draw"]
        of_domain, domain = _domain(prospect, possible, self.levels, self.criterion.facts)
        if "sufficient" in of_domain:
            scalars["least_sufficient"] = least_sufficient(of_domain["sufficient"], risk)
        return found.ahead.assign(
            over_draws({**of_draws, **of_domain}, found.ahead)
            | {name: ((), value) for name, value in {**scalars, **domain}.items()}
            | {
                "choice_by_law": ("law", [min(self._within(each, risk), gains.high) for each in bounds]),
                "bounds_by_law": (("law", "chain", "draw"), np.reshape(bounds, (len(bounds), *shape))),
                "choice_at_risk": ("stated_risk", [min(self._within(own, each), gains.high) for each in _RISKS]),
                "near_optimal": ("end", list(gains.near_optimal(best, _NEARLY))),
            }
        ).assign_coords(end=["low", "high"], stated_risk=list(_RISKS))

    def with_curves(self, gains: Gains, decision: Decision) -> Decision:
        """Add curves over a grid that holds the advice, and the range at which both sides hold."""
        data = decision.data.assign(_curves(gains, decision.data, decision.advised))
        if not (self.target.harms and self.target.rising_group):  # one side alone: that is the choice
            return Decision(data)
        window, mended = self._both_sides(gains, data["infusion"].values[:, None])
        return Decision(data.assign(window).assign_attrs(replace(decision.about, gives=mended).to_attributes()))

    def _both_sides(self, gains: Gains, infusion: FloatArray) -> tuple[dict[str, Any], dict[str, Any]]:
        """The range at which every level holds, and the changes that would open an empty one."""
        prospect, levels = gains.prospect, self.levels
        sides = sides_of(prospect, levels)
        ends, probability = (gains.low, gains.high), 1 - self.criterion.risk
        window = window_of(sides, *ends, probability)
        closed = window.is_empty and gains.is_exact
        mended = would_have_to_give(prospect, levels, ends, probability) if closed else {}
        unlimited = window_of(sides, gains.low, self.target.range[1], probability)
        if mended and self.criterion.at_most is not None and not unlimited.is_empty:
            mended["at_most"] = unlimited.low
        both_hold = ((sides.enough <= infusion) & (infusion <= sides.most)).mean(axis=1)
        found = {
            "window": ("end", [window.low, window.high]),
            "window_best": window.best,
            "window_probability": window.probability,
            "both_hold": ("infusion", both_hold),
        }
        return found, mended

    def _within(self, bounds: FloatArray, risk: float) -> float:
        """The largest infusion within the risk, or the smallest sufficient one if more infusion harms no group."""
        return chance_constrained_choice(bounds, risk) if self.target.harms else least_sufficient(bounds, risk)

    def limiting_group(self, prospect: Prospect) -> str:
        """The group whose own level allows the least infusion at the risk, or the one that must be taught."""

        def choice(group: str) -> float:
            return chance_constrained_choice(prospect.holding(self.levels, group), self.criterion.risk)

        return min(prospect.harmed, key=choice, default=self.target.group)

    def above_ceiling(self, prospect: Prospect) -> list[str]:
        """The groups whose ceiling lies below their level in more of the draws than the risk: no exposures reach it."""
        levels = self.levels
        of_all = {"facts", "uninfused"} if self.target.knows_uninfused else {"facts"}
        at_best = {
            group: fall.known_at_best() for group, fall in prospect.falls.items() if levels.reference(group) in of_all
        }
        return [group for group, best in at_best.items() if np.mean(best < levels(group)) > self.criterion.risk]

    def _bounds(self, prospect: Prospect) -> FloatArray:
        """The largest admissible or smallest sufficient infusion of each draw."""
        levels = self.levels
        return prospect.admissible(levels) if self.target.harms else prospect.holding(levels)


def _planned_range(target: PlannedModel, at_most: float | None) -> tuple[float, float]:
    """The target's range, restricted to the planned part."""
    low, high = target.range
    if at_most is not None and at_most <= low:
        raise InputError(f"an infusion above {low:.3g}, the smallest possible one", f"{at_most:g}", "at_most")
    return low, high if at_most is None else min(high, float(at_most))


def _ratio_of_domain(target: PlannedModel, facts: float) -> float:
    """The ratio at which a dose contains a given number of facts."""
    return facts * target.held_fixed[schema.EXPOSURES] * target.held_fixed[schema.TOKENS_PER_FACT] / target.tokens


def _domain(
    prospect: Prospect, choice: float, levels: Levels, facts: float | None
) -> tuple[dict[str, FloatArray], dict[str, float]]:
    """Return the ratio that a domain needs, draw by draw, and the size of that domain."""
    target, fixed = prospect.target, prospect.target.held_fixed
    if target.axis.given == schema.EXPOSURES:
        held = float(target.place(np.asarray(choice))[schema.FACTS])
        whole = held if facts is None else float(facts)
        return {}, {"domain_facts": whole, "domain_ratio": _ratio_of_domain(target, whole)}
    group = target.group if target.axis.harms_infused else target.rising_group
    default = _rounded_down(choice) if target.axis.counts_facts else fixed[schema.FACTS]
    whole = default if facts is None else facts
    unknown = {schema.TOKENS, schema.RATIO, schema.TOKENS_PER_FACT} & set(target.invented)
    if group is None or (target.axis.counts_facts and unknown):
        return {}, {"domain_facts": float(whole)}
    fall = prospect.falls[group]
    needed = target.log_exposures_at_load(prospect.log_exposures_holding(levels, group), whole, fall.load_effect)
    ratio = sufficient_ratio(needed, whole, target.tokens, fixed[schema.TOKENS_PER_FACT])
    too_little = {"sufficient": target.axis.at_ratio(ratio, fixed)} if target.axis.moves_ratio else {}
    return {"sufficient_ratio": ratio, **too_little}, {"domain_facts": float(whole)}


def _curves(gains: Gains, data: xr.Dataset, advised: float | None) -> dict[str, Any]:
    """Curves over a grid for display."""
    infusion = _points(gains, data, advised)
    outcome = gains.prospect.outcome(infusion[None, :])
    worth = gains.worth(outcome)
    optimum, best = (data[name].values.ravel()[:, None] for name in (schema.OPTIMUM, "best_utility"))
    regret = np.maximum(best - worth, 0.0)
    over = "infusion"
    target = gains.prospect.target
    place = target.place(infusion)
    ends = {"shortfall_risk": "admissible" if target.harms else "sufficient", "collapse_risk": target.half_point}
    share_short = _share_below if target.harms else _share_above
    rises = {name: (over, share_short(data[variable].values, infusion)) for name, variable in ends.items()}
    if "sufficient" in data and target.harms:
        rises["ignorance_risk"] = (over, _share_above(data["sufficient"].values, infusion))
    return {
        over: (over, infusion),
        "quantile": ("quantile", list(_CURVE_QUANTILES)),
        **{f"{name}_at": (over, np.broadcast_to(value, infusion.shape)) for name, value in place.items()},
        "utility": (("quantile", over), quantiles(worth, _CURVE_QUANTILES, axis=0)),
        "mean_utility": (over, worth.mean(axis=0)),
        **{
            f"mean_{name}": (over, outcome[name].values.mean(axis=0))
            for name in outcome
            if str(name).startswith("kept_") or name == "loss_rise"
        },
        "expected_regret": (over, regret.mean(axis=0)),
        "regret_of_too_much": (over, np.where(infusion > optimum, regret, 0.0).mean(axis=0)),
        "regret_of_too_little": (over, np.where(infusion < optimum, regret, 0.0).mean(axis=0)),
        **rises,
    }


def _share_below(draws: FloatArray, infusion: FloatArray) -> FloatArray:
    return np.searchsorted(np.sort(draws.ravel()), infusion, side="left") / draws.size


def _share_above(draws: FloatArray, infusion: FloatArray) -> FloatArray:
    return 1 - np.searchsorted(np.sort(draws.ravel()), infusion, side="right") / draws.size


def _points(gains: Gains, data: xr.Dataset, advised: float | None) -> FloatArray:
    """Values from well below the fall or rise to well above it, the choice, and the advice."""
    named = [data[schema.CHOICE].item(), *([] if advised is None else [advised])]
    held = np.clip(named, gains.low, gains.high)
    return np.unique([*_spread(gains, data, held), *held])


def _spread(gains: Gains, data: xr.Dataset, held: FloatArray) -> FloatArray:
    """Points evenly spaced on the line, around all that are held; for ratios, denser at both ends."""
    target = gains.prospect.target
    if not target.axis.bounded:
        first, last = ("admissible", schema.COLLAPSE) if target.harms else (schema.ONSET, "sufficient")
        start = quantiles(data[first].values, [0.005])[0] / 3
        end = quantiles(data[last].values, [0.995])[0] * 1.5
        low, high = np.clip([min(start, *held), max(end, *held)], gains.low, gains.high)
        return np.geomspace(low, high, _POINTS) if low < high else np.array([low])
    dense = target.axis.grid(gains.low, gains.high, _POINTS)
    return np.concatenate([dense, np.linspace(gains.low, gains.high, _POINTS)])


def _rounded_down(value: float) -> float:
    """The largest 1, 2 or 5 times a power of ten that is at most `value`."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(max(step for step in (1, 2, 5) if step * power <= value * (1 + 1e-12)) * power)
