"""From a posterior to what a model that nobody has trained yet should get, and at what risk."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.decision.caveats import APART, SAY, Caveat, about_prediction
from bayeskisl.decision.choices import (
    Gains,
    chance_constrained_choice,
    least_sufficient,
    near_optimal,
    sufficient_ratio,
)
from bayeskisl.decision.decision import Decision
from bayeskisl.decision.edges import edges
from bayeskisl.decision.intervals import quantiles
from bayeskisl.decision.prediction import (
    Options,
    attributes,
    forecast,
    handed_over,
    over_draws,
    require_gate,
    require_share,
)
from bayeskisl.decision.prospect import Kind, Prospect
from bayeskisl.decision.sensitivity import sensitivity_rows
from bayeskisl.decision.target import Target, target_of
from bayeskisl.decision.utility import KeptFacts, Utility, described_utility, unit_of
from bayeskisl.errors import InputError

if TYPE_CHECKING:
    from bayeskisl.inference import Fit

__all__ = ["decide"]

_CURVE_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
# Points of the plotted curves; nothing is chosen on them.
_POINTS = 161
# Infusions that give up less than this share of the best mean are as good as the best.
_NEARLY = 0.01


def decide(
    fit: "Fit",
    params: float | str,
    tokens: float | str | None = None,
    *,
    utility: Utility | None = None,
    risk: float = 0.10,
    kind: Kind = "new_run",
    keep: float = 0.9,
    facts: float | None = None,
    at_most: float | None = None,
    hold: Mapping[str, float] | None = None,
    apart: float = APART,
    prior_driven: bool = False,
    sensitivity: bool = True,
    ci_prob: float = 0.9,
    seed: int = 0,
    throw: bool = True,
) -> Decision:
    """Choose the infusion of a model that has not been trained.

    Parameters
    ----------
    fit : Fit
        A posterior that passed its gate, of a sweep along any axis.
    params : float or str
        Non-embedding parameters of the model to be planned; text such as ``7B`` is read.
    tokens : float or str, optional
        Its training tokens; left out, the sweep's only budget.
    utility : Utility, optional
        What an infusion is worth: `KeptFacts` with weights and prices, or a function that takes the Dataset of
        outcomes (``kept_infused``, ``kept_background``, ``infused_tokens``, ``loss_rise``, dims ``(sample, point)``)
        and returns a DataArray of the same dims. Left out, facts kept above guessing, infused and background alike.
    risk : float
        Largest probability, in (0, 1), that a run at the choice keeps less than `keep`.
    kind : {"new_run", "mean"}
        Whether the answer is for one fresh run or for the mean of many runs of the target.
    keep : float
        Share of what its ceiling allows that a group must keep, in (0, 1).
    facts : float, optional
        Size of your domain, K: which ratio does it need? Left out, the choice rounded down to 1, 2 or 5 times a power
        of 10 (amount), the K of the sweep (ratio), the K of the choice (dose).
    at_most : float, optional
        Largest infusion that is planned, in the unit of the axis; left out, one at which every fact is seen once.
    hold : mapping, optional
        Which value the target has of what several sweeps held fixed each in its own way, such as ``{"ratio": 0.3}``.
    apart : float
        Factor between the laws' median critical exposures above which the choice is given as a bound.
    prior_driven : bool
        Answer for a budget that the sweep never varied, labelled as resting on the prior.
    sensitivity : bool
        Whether the same decision is taken under each law alone and under doubled prior widths. The latter fits
        again, which takes seconds to half a minute, once for each fit.
    ci_prob : float
        Probability of the intervals that tables and figures show.
    seed : int
        Of the fresh scatter and of the mixture of laws.
    throw : bool
        Whether a fit that failed its gate is refused; if not, the decision carries the reasons as a warning.

    Returns
    -------
    Decision
        Its answers are typed: a number, or a bound with its reason and the run to buy. ``data`` holds every draw and
        curve.

    Raises
    ------
    InputError
        If an option is out of range, or the target differs from the sweep in what the sweep never varied.
    GateError
        If the fit failed its gate.
    """
    options = Options(kind, keep, ci_prob, seed)
    require_share(risk=risk)
    if facts is not None and not facts > 0:
        raise InputError("a positive number of facts", repr(facts), "facts")
    if at_most is not None and not at_most > 0:
        raise InputError("a positive infusion", repr(at_most), "at_most")
    if not apart > 1:
        raise InputError("a factor above 1", repr(apart), "apart")
    require_gate(fit, throw)
    held = dict(hold or {})
    if facts is not None and fit.curves.attrs["axis"] == "ratio":
        held[schema.FACTS] = facts
    target = target_of(fit.curves, params, tokens, hold=held, prior_driven=prior_driven)
    question = Question(target, options, utility or KeptFacts(), risk, facts, at_most)
    data = question.answered_by(fit)
    caveats = [
        *_with_bounds(about_prediction(data, target, fit.curves, apart), data),
        *edges(data, target, fit.curves),
        *handed_over(fit),
    ]
    described = attributes(
        fit,
        target,
        options,
        caveats,
        risk=risk,
        utility=described_utility(question.utility),
        utility_unit=unit_of(question.utility),
        background_weight=getattr(question.utility, "background_weight", 1.0),
        assumes=json.dumps(_assumptions(fit.curves, target)),
    )
    rows = sensitivity_rows(fit, question.answered_by) if sensitivity else {}
    return Decision(data.assign(rows).assign_attrs(content="decision", **described))


@dataclass(frozen=True)
class Question:
    """What is asked, apart from the posterior that answers it; fields as for `decide`."""

    target: Target
    options: Options
    utility: Utility
    risk: float
    facts: float | None
    at_most: float | None

    def answered_by(self, fit: "Fit", weights: dict[str, float] | None = None) -> xr.Dataset:
        """The prediction and all that is decided on it, under the laws' own weights or others."""
        found = forecast(fit, self.target, self.options, weights)
        prospect = found.prospect
        gains = Gains(prospect, self.utility, *_planned_range(self.target, self.at_most))
        keep, admissible = self.options.keep, found.ahead["admissible"].values
        by_law = [chance_constrained_choice(one.admissible(keep), self.risk) for one in found.alone.values()]
        optima, best = gains.optima(), gains.best_mean()
        of_draws = {schema.OPTIMUM: optima.place, "best_utility": optima.value}
        scalars = {
            schema.CHOICE: min(chance_constrained_choice(admissible, self.risk), gains.high),
            "risk_neutral_choice": float(best.place[0]) if best.side[0] == 0 else np.nan,
            "risk_neutral_side": int(best.side[0]),
            "best_mean_utility": float(best.value[0]),
            "least": gains.low,
            "most": gains.high,
        }
        of_domain, domain = _domain(prospect, scalars[schema.CHOICE], keep, self.facts)
        if "sufficient" in of_domain:
            scalars["least_sufficient"] = least_sufficient(of_domain["sufficient"], self.risk)
        data = found.ahead.assign(
            over_draws({**of_draws, **of_domain}, found.ahead)
            | {name: ((), value) for name, value in {**scalars, **domain}.items()}
            | {"choice_by_law": ("law", by_law), "near_optimal": ("end", list(near_optimal(gains, best, _NEARLY)))}
        ).assign_coords(end=["low", "high"])
        return data.assign(_curves(gains, data))


def _planned_range(target: Target, at_most: float | None) -> tuple[float, float]:
    """The target's range, or as much of it as is planned."""
    low, high = target.range
    if at_most is not None and at_most <= low:
        raise InputError(f"an infusion above {low:.3g}, where one fact is infused once", f"{at_most:g}", "at_most")
    return low, high if at_most is None else min(high, float(at_most))


def _ratio_of_domain(target: Target, facts: float) -> float:
    """The ratio at which a dose holds so many facts."""
    return facts * target.held_fixed[schema.EXPOSURES] * target.held_fixed[schema.TOKENS_PER_FACT] / target.tokens


def _domain(
    prospect: Prospect, choice: float, keep: float, facts: float | None
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Which ratio a domain needs, draw by draw, and the size of that domain."""
    target, fixed = prospect.target, prospect.target.held_fixed
    if target.axis == "dose":
        held = float(target.place(np.float64(choice))[schema.FACTS])
        whole = held if facts is None else float(facts)
        return {}, {"domain_facts": whole, "domain_ratio": _ratio_of_domain(target, whole)}
    group = target.group if target.axis == "amount" else target.rising_group
    whole = facts if facts is not None else _rounded_down(choice) if target.axis == "amount" else fixed[schema.FACTS]
    if group is None:
        return {}, {"domain_facts": float(whole)}
    needed = prospect.falls[group].log_exposures_keeping(keep)
    ratio = sufficient_ratio(needed, whole, target.tokens, fixed[schema.TOKENS_PER_FACT])
    too_little = {"sufficient": ratio} if target.axis == "ratio" else {}
    return {"sufficient_ratio": ratio, **too_little}, {"domain_facts": float(whole)}


def _assumptions(curves: xr.Dataset, target: Target) -> list[str]:
    """What the answers about ratios take for granted."""
    if target.axis == "amount":
        ratios = np.unique(np.round(curves[schema.RATIO].values.astype(float), 3))
        tried = (
            f" (the sweep held it at {ratios[0]:g})"
            if len(ratios) == 1
            else f" (swept: {ratios[0]:g} to {ratios[-1]:g})"
        )
        return [f"critical exposures do not depend on the ratio{tried}"]
    if schema.FACTS in target.prior_driven:
        return ["critical exposures do not depend on the number of facts, which the sweep never varied"]
    return []


def _with_bounds(caveats: Iterable[Caveat], data: xr.Dataset) -> Iterator[Caveat]:
    """Where laws lie apart, the choice is bounded by theirs."""
    heard = data["choice_by_law"].values[data["weight"].values >= SAY]
    for caveat in caveats:
        if caveat.code == "laws_apart":
            yield replace(caveat, at_least=float(heard.min()), at_most=float(heard.max()))
        else:
            yield caveat


def _curves(gains: Gains, data: xr.Dataset) -> dict[str, Any]:
    """Curves over a grid that is for the eye."""
    infusion = _points(gains, data)
    outcome = gains.prospect.outcome(infusion[None, :])
    worth = gains(infusion[None, :])
    optimum, best = (data[name].values.ravel()[:, None] for name in (schema.OPTIMUM, "best_utility"))
    regret = np.maximum(best - worth, 0.0)
    over = "infusion"
    target = gains.prospect.target
    place = target.place(infusion)
    rises = {
        name: (over, _share_below(data[variable].values, infusion))
        for name, variable in {"shortfall_risk": "admissible", "collapse_risk": schema.COLLAPSE}.items()
    }
    if "sufficient" in data:
        rises["ignorance_risk"] = (over, 1 - _share_below(data["sufficient"].values, infusion))
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


def _share_below(draws: np.ndarray, infusion: np.ndarray) -> np.ndarray:
    return np.searchsorted(np.sort(draws.ravel()), infusion, side="left") / draws.size


def _points(gains: Gains, data: xr.Dataset) -> np.ndarray:
    """Numbers of facts from well before the fall to well behind it; ratios dense at both ends and in between."""
    if gains.prospect.target.axis == "amount":
        start = quantiles(data["admissible"].values, [0.005])[0] / 3
        end = quantiles(data[schema.COLLAPSE].values, [0.995])[0] * 1.5
        return np.geomspace(max(start, gains.low), min(end, gains.high), _POINTS)
    target = gains.prospect.target
    dense = target.from_line(np.linspace(target.to_line(gains.low), target.to_line(gains.high), _POINTS))
    return np.unique(np.concatenate([dense, np.linspace(gains.low, gains.high, _POINTS)]))


def _rounded_down(value: float) -> float:
    """The largest 1, 2 or 5 times a power of ten that is at most `value`: a number of facts that people say."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(max(step for step in (1, 2, 5) if step * power <= value * (1 + 1e-12)) * power)
