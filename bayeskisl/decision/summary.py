"""A prediction, a decision or a verification as one object of plain numbers, which ``--json`` prints."""

import math
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayeskisl import schema
from bayeskisl.decision.about import About, AboutDecision, about_of
from bayeskisl.decision.caveat import ranked
from bayeskisl.decision.choices import least_sufficient
from bayeskisl.decision.criterion import RISK
from bayeskisl.decision.limits import limit_probabilities
from bayeskisl.decision.verdict import verdict_on
from bayeskisl.intervals import interval, interval_name

__all__ = ["decision_summary", "prediction_summary", "regret_of_choice", "uncertainty", "verification_summary"]


def prediction_summary(ahead: xr.Dataset) -> dict[str, Any]:
    """Return the numbers of a prediction, ready for JSON.

    Parameters
    ----------
    ahead : xarray.Dataset
        Result of `predict`, or the data of a decision.

    Returns
    -------
    dict
        Medians with intervals (``eti90`` unless the prediction says otherwise), every law with its weight, the gate and
        the warnings.
    """
    about = about_of(ahead)
    ci_prob, half, caveats = about.ci_prob, about.half_point, ranked(about.warnings)
    return {
        schema.PARAMS: _plain(about.params),
        schema.TOKENS: _plain(about.tokens),
        "assumed": list(about.invented),
        "axis": about.axis.name,
        "unit": about.unit,
        "group": about.group,
        "held_fixed": about.held_fixed,
        "kind": about.kind,
        **{
            name: _with_interval(ahead[name], ci_prob)
            for name in (schema.COLLAPSE, schema.SHOULDER, schema.ONSET)
            if name in ahead
        },
        **_of_other_groups(about),
        **_enough(ahead, about),
        schema.EXPONENT: {
            str(name): _with_interval(ahead[schema.EXPONENT].sel(covariate=name), ci_prob)
            for name in ahead["covariate"].values
        },
        "laws": {
            str(law): {
                "weight": _plain(ahead["weight"].sel(law=law).item()),
                half: _with_interval(ahead[f"{half}_by_law"].sel(law=law), ci_prob),
            }
            for law in ahead["law"].values
        },
        "limits": {name: {"probability": each} for name, each in limit_probabilities(ahead).items()},
        "uncertainty": _plain(uncertainty(ahead, ci_prob)),
        "extrapolation_decades": about.extrapolation_decades,
        "gate": about.gate,
        "verdict": verdict_on(caveats).to_dict(),
        "warnings": [caveat.to_dict() for caveat in caveats],
    }


def uncertainty(ahead: xr.Dataset, ci_prob: float) -> float:
    """Ratio of the ends of the interval of the critical exposures: one number for the total uncertainty."""
    _, low, high = interval(ahead[schema.CRITICAL_EXPOSURES].values, ci_prob)
    return high / low if low > 0 else math.inf


def _of_other_groups(about: About) -> dict[str, Any]:
    """Return the collapse points of further groups that over-infusion harms, if there are any."""
    found = {
        group: _entry(median, low, high, about.ci_prob) for group, (median, low, high) in about.other_collapses.items()
    }
    return {"other_collapses": found} if found else {}


def _enough(ahead: xr.Dataset, about: About) -> dict[str, Any]:
    """Return the infusion that a run needs to retain its share, if more infusion harms no probed group."""
    if about.half_point != schema.ONSET:
        return {}
    draws, risk = ahead["sufficient"], about.risk if isinstance(about, AboutDecision) else RISK
    at_risk = {"risk": risk, "at_risk": _plain(least_sufficient(draws.values, risk))}
    return {"sufficient": {"keep": about.keep, **_with_interval(draws, about.ci_prob), **at_risk}}


def decision_summary(decision: Any) -> dict[str, Any]:
    """Return a decision ready for JSON: the choice, then the alternatives, then the prediction.

    A number that does not exist, such as the optimum where more facts are always worth more, is None; an answer that is
    a bound has no value, but its ends, reasons and the runs to buy.

    Parameters
    ----------
    decision : Decision
        Not imported: a decision has this summary as its `to_dict`.
    """
    data, about = decision.data, decision.about
    regrets = regret_of_choice(decision)
    sufficient = {"sufficient_ratio": _sufficient_ratio(decision)} if "sufficient_ratio" in data else {}
    if "domain_ratio" in data:
        held = {schema.FACTS: _plain(data["domain_facts"].item()), schema.RATIO: _mixture(data["domain_ratio"].item())}
        sufficient = {"domain": held}
    return {
        schema.CHOICE: {
            **decision.choice.to_dict(),
            "advised": decision.advised,
            "risk": about.risk,
            "keep": about.levels,
            "keep_of": about.keep_of,
            "limited_by": about.limiting_group,
            **({} if about.kept_uninfused is None else {"kept_uninfused": about.kept_uninfused}),
            "axis": about.axis.name,
            "unit": about.unit,
            "at_risk": {
                f"{float(risk):g}": decision.within_range(data["choice_at_risk"].sel(stated_risk=risk).item())
                for risk in data["stated_risk"].values
            },
            "risk_by_law": decision.risk_by_law,
            "by_law": {str(law): _plain(data["choice_by_law"].sel(law=law).item()) for law in data["law"].values},
            "expected_regret": {"value": _plain(regrets["regret"]), "percent": _plain(regrets["percent"])}
            if decision.has_best
            else None,
        },
        **_window(decision),
        "risk_neutral": _risk_neutral(decision),
        schema.OPTIMUM: _with_interval(data[schema.OPTIMUM], about.ci_prob),
        **sufficient,
        "utility": {"what": about.utility, "unit": about.utility_unit},
        **prediction_summary(data),
        "limits": decision.limits,
        "extrapolated": decision.extrapolated,
        "warnings": [caveat.to_dict() for caveat in decision.warnings],
        "further_warnings": [caveat.to_dict() for caveat in decision.further],
        "sensitivity": [
            {"assumption": str(name)} | {column: _plain(value) for column, value in row.items()}
            for name, row in decision.sensitivity.iterrows()
        ],
    }


def _sufficient_ratio(decision: Any) -> dict[str, Any]:
    """The ratio that a domain needs; None above 1, which no mixture of the budget reaches."""
    draws, about = decision.data["sufficient_ratio"].values, decision.about
    median, low, high = (_mixture(end) for end in interval(draws, about.ci_prob))
    return {
        schema.FACTS: _plain(decision.data["domain_facts"].item()),
        "median": median,
        interval_name(about.ci_prob): [low, high],
        "at_risk": _mixture(least_sufficient(draws, about.risk)),
        "impossible": float(np.mean(draws > 1)),
        "assumes": "; ".join(about.assumes),
    }


def _mixture(ratio: float) -> float | None:
    return float(ratio) if ratio <= 1 else None


def _window(decision: Any) -> dict[str, Any]:
    """The range at which both sides hold, or the changes that would open it."""
    window = decision.window
    if window is None:
        return {}
    ends = None if window.is_empty else [window.low, window.high]
    at_best = {"value": window.best, "probability": window.probability}
    return {"both_sides": {"range": ends, "most_probable": at_best, "would_have_to_give": decision.would_have_to_give}}


def _risk_neutral(decision: Any) -> dict[str, Any]:
    """The infusion with the best mean utility, as far as one can be shown, see `Decision.has_best`."""
    if decision.has_best:
        return {**decision.optimum.to_dict(), "near_optimal": list(decision.near_optimal)}
    found = {"value": None} if decision.about.lacks_value else decision.optimum.to_dict()
    return {**found, "near_optimal": None}


def regret_of_choice(decision: Any) -> pd.Series:
    """Expected regret of the recommendation, or of the end of the possible range if it lies beyond; NaN without one."""
    least, most = decision.data["infusion"].values[[0, -1]]
    advised = np.nan if decision.advised is None else float(np.clip(decision.advised, least, most))
    return decision.regret(advised).iloc[0]


def verification_summary(verification: Any) -> dict[str, Any]:
    """Return the numbers of a verification, ready for JSON; the open end of a bound is None.

    Parameters
    ----------
    verification : Verification
        Not imported: a verification has this summary as its `to_dict`.

    Returns
    -------
    dict
        ``predicted`` is the interval for the mean of many runs if ``predicted.of_mean``; that of a decision is wider,
        for a single new run. ``assumed`` lists the quantities of the target that an import assumed.
    """
    median, low, high = verification.predicted
    measured, at_choice = verification.measured, verification.at_choice
    ends = [_plain(end) if end > 0 else None for end in (measured.low, measured.high)]
    interval_of = interval_name(verification.ci_prob)
    return {
        schema.PARAMS: verification.params,
        schema.TOKENS: verification.tokens,
        "assumed": list(verification.assumed),
        "verdict": verification.verdict,
        "hit": verification.hit,
        "predicted": {"median": median, interval_of: [low, high], "of_mean": verification.of_mean},
        "measured": {
            "median": None if measured.bound else measured.median,
            interval_of: ends,
            "bound": measured.bound,
            "note": measured.note,
        },
        "rank": verification.rank,
        "scores": None if verification.scores is None else verification.scores.to_dict(),
        "hit_by_law": verification.hit_by_law,
        "at_choice": None
        if at_choice is None
        else {
            "runs": at_choice.runs,
            "fell_short": at_choice.fell_short,
            "keep": dict(at_choice.levels),
            "bounds": {group: list(ends) for group, ends in at_choice.bounds.items()},
            "held": at_choice.held,
        },
        "kept": {
            "infusions": list(verification.kept.infusions),
            "facts": list(verification.kept.facts),
            "best": _plain(verification.kept.best[0]),
            "best_range": [_plain(place) for place in verification.kept.best],
            "optimum_hit": verification.optimum_hit,
            "given_up": {
                name: verification.kept.given_up_at(place)
                for name, place in {"choice": verification.choice, "risk_neutral": verification.optimum}.items()
            },
        },
        "runs": list(measured.runs),
    }


def _with_interval(draws: xr.DataArray, ci_prob: float) -> dict[str, Any]:
    return _entry(*interval(draws.values, ci_prob), ci_prob)


def _entry(median: float, low: float, high: float, ci_prob: float) -> dict[str, Any]:
    return {"median": _plain(median), interval_name(ci_prob): [_plain(low), _plain(high)]}


def _plain(number: float) -> float | None:
    """Return a number that JSON has, or None for infinity and NaN."""
    return float(number) if math.isfinite(number) else None
