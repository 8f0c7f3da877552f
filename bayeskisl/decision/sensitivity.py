"""Sensitivity of a decision: the same decision under each law alone and under weaker priors."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.decision.decision import Decision
from bayeskisl.intervals import interval

if TYPE_CHECKING:
    from bayeskisl.inference import Fit
    from bayeskisl.laws import Law

__all__ = ["AS_ASKED", "refitted", "sensitivity_rows", "weaker_priors", "widened"]

# Name of the row with the decision itself.
AS_ASKED = "as asked"
# Powers, in turn. A normal prior to the power 1/2 has twice the variance; its weights have Pareto k = 1 - 1/2 where the
# data say nothing, and more where several priors meet. A width doubled, at 1 - 1/4, could never be had from weights.
_POWERS = (1 / 2, 2 / 3)
# A row of a table wants no more. With 250 a refit of `words-ratio` takes two thirds of the time and fails its gate: 64
# and 80 effective draws of a ceiling under two seeds.
_MOST_DRAWS = 1000
# Of a fit that is asked for nothing but draws at a target.
_NOT_NEEDED = ("prior", "posterior_predictive", "log_likelihood", "sample_stats")

Answered = Callable[..., xr.Dataset]


def sensitivity_rows(fit: "Fit", decision: Decision, answered_by: Answered) -> dict[str, Any]:
    """The decision under each assumption, as variables over ``assumption``.

    Parameters
    ----------
    fit : Fit
    decision : Decision
        The decision as it was asked for.
    answered_by : callable
        ``answered_by(fit, weights)``: the data of the decision from a fit, under some weights of its laws.
    """
    laws = list(fit.weights)
    answers = {AS_ASKED: decision.data}
    if len(laws) > 1:
        answers |= {f"law '{law}' alone": answered_by(fit, {name: float(name == law) for name in laws}) for law in laws}
    answers |= {name: answered_by(weaker, None) for name, weaker in weaker_priors(fit).items()}
    halves = [interval(data[decision.about.half_point].values, decision.about.ci_prob) for data in answers.values()]
    columns = {
        "risk": [_risk_of(decision, data) for data in answers.values()],
        schema.CHOICE: [data[schema.CHOICE].item() for data in answers.values()],
        "risk_neutral_choice": [data["risk_neutral_choice"].item() for data in answers.values()],
        "near_optimal_low": [data["near_optimal"].values[0] for data in answers.values()],
        "near_optimal_high": [data["near_optimal"].values[1] for data in answers.values()],
        "collapse_median": [half.median for half in halves],
        "collapse_low": [half.low for half in halves],
        "collapse_high": [half.high for half in halves],
    }
    variables = {f"sensitivity_{name}": ("assumption", np.array(values)) for name, values in columns.items()}
    return variables | {"assumption": ("assumption", list(answers))}


def _risk_of(decision: Decision, data: xr.Dataset) -> float:
    """Risk of the recommended infusion by the draws of another assumption; NaN without a recommendation."""
    if decision.advised is None:
        return np.nan
    return float(decision.short_at(decision.advised, data[decision.about.bounds]).mean())


def weaker_priors(fit: "Fit") -> "dict[str, Fit]":
    """Return the fit under weaker priors, by name: reweighted draws, or a refit where weights fail.

    Priors have twice the variance, or one and a half times where the weights of twice do not do. A refit is at twice,
    and is made once, see `bayeskisl.Fit.kept`. One domain of several is not fitted apart: there is none.
    """
    from bayeskisl.inference.reweighting import weakened
    from bayeskisl.inference.storage import REFIT
    from bayeskisl.inference.weights import RELIABLE_PARETO_K

    for power in _POWERS:
        found = weakened(fit, power, _MOST_DRAWS)
        if found is not None and found[1] <= RELIABLE_PARETO_K:
            return {_called(power): found[0]}
    if "domain" in fit.tree.attrs:
        return {}
    refit = fit.kept(REFIT, refitted)
    return {_called(_POWERS[0]) + ("" if refit.gate.passed else " (failed its gate)"): refit}


def _called(power: float) -> str:
    return "prior variances doubled" if power == _POWERS[0] else f"prior variances times {1 / power:g}"


def refitted(fit: "Fit") -> "Fit":
    """Fit the same curves under priors of twice the variance; the result holds what predictions need."""
    from bayeskisl.inference import Fit
    from bayeskisl.inference import fit as fit_curves

    laws = [widened(fit.laws[name]) for name in fit.weights]
    draws = min(fit.tree["posterior"].sizes["draw"], _MOST_DRAWS)
    with np.errstate(over="ignore"):  # some draws of a prior so wide have no shoulder that a number can hold
        wide = fit_curves(fit.curves, laws[0], rivals=laws[1:], draws=draws, retry=False, throw=False).tree
    needed = wide.filter(lambda node: node.name not in _NOT_NEEDED)
    needed.attrs = wide.attrs
    return Fit(needed)


def widened(law: "Law", power: float = _POWERS[0]) -> "Law":
    """A law whose priors have `power` times the precision: normal ones in their sd, log-normal ones in that of the log.

    The one prior of another kind, of recall above guessing, stays; a quantity that a prior fixes stays fixed. So do
    the priors of the fall's parameters: with an asymmetry twice as wide, nine in a hundred falls would be kinks that no
    sampler gets around, and where exposures do not move along the axis nothing else speaks against them.
    """
    return type(law).model_validate(_wider(law.to_dict(), power**-0.5, law.fall.parameter_names))


def _wider(content: Any, factor: float, kept: tuple[str, ...]) -> Any:
    if not isinstance(content, dict):
        return content
    wider = {
        name: value * factor if name in ("sd", "log_sd") else _wider(value, factor, kept)
        for name, value in content.items()
    }
    return wider | {name: value for name, value in content.items() if name in kept}
