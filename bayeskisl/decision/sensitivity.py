"""Sensitivity of a decision: the same decision under each law alone and under wider priors."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.decision.intervals import interval

if TYPE_CHECKING:
    from bayeskisl.inference import Fit
    from bayeskisl.laws import Law

__all__ = ["sensitivity_rows", "widened", "with_wide_priors"]

_WIDE = "wide_priors"
_FACTOR = 2.0
_MOST_DRAWS = 1000  # per chain: a row of a table wants no more
# Of a fit that is asked for nothing but draws at a target.
_NOT_NEEDED = ("prior", "posterior_predictive", "log_likelihood", "sample_stats")

Answered = Callable[..., xr.Dataset]


def sensitivity_rows(fit: "Fit", answered_by: Answered) -> dict[str, Any]:
    """The decision under each assumption, as variables over ``assumption``.

    Parameters
    ----------
    fit : Fit
        Of one domain of several, the priors are doubled only if that was done for all of them before it was chosen.
    answered_by : callable
        ``answered_by(fit, weights)``: the data of the decision from a fit, under some weights of its laws.
    """
    laws = list(fit.weights)
    answers = {"as asked": answered_by(fit, None)}
    if len(laws) > 1:
        answers |= {f"law '{law}' alone": answered_by(fit, {name: float(name == law) for name in laws}) for law in laws}
    if _WIDE in fit.tree.children or "domain" not in fit.tree.attrs:  # one domain of several is not fitted apart
        wide = with_wide_priors(fit)
        answers["prior widths doubled" + ("" if wide.gate.passed else " (failed its gate)")] = answered_by(wide, None)
    columns = {
        schema.CHOICE: [data[schema.CHOICE].item() for data in answers.values()],
        "risk_neutral_choice": [data["risk_neutral_choice"].item() for data in answers.values()],
        "near_optimal_low": [data["near_optimal"].values[0] for data in answers.values()],
        "near_optimal_high": [data["near_optimal"].values[1] for data in answers.values()],
        **dict(
            zip(
                ("collapse_median", "collapse_low", "collapse_high"),
                zip(*(interval(_half(data).values, 0.9) for data in answers.values()), strict=True),
                strict=True,
            )
        ),
    }
    variables = {f"sensitivity_{name}": ("assumption", np.array(values)) for name, values in columns.items()}
    return variables | {"assumption": ("assumption", list(answers))}


def _half(data: xr.Dataset) -> xr.DataArray:
    """The collapse point, or where nothing can collapse the onset."""
    return data[schema.COLLAPSE if schema.COLLAPSE in data else schema.ONSET]


def with_wide_priors(fit: "Fit") -> "Fit":
    """The same curves fitted with every prior twice as wide; kept in the fit's tree, and so saved with it."""
    from bayeskisl.inference import Fit
    from bayeskisl.inference import fit as fit_curves

    if _WIDE not in fit.tree.children:
        laws = [widened(fit.laws[name]) for name in fit.weights]
        draws = min(fit.tree["posterior"].sizes["draw"], _MOST_DRAWS)
        with np.errstate(over="ignore"):  # some draws of a prior so wide have no shoulder that a number can hold
            wide = fit_curves(fit.curves, laws[0], rivals=laws[1:], draws=draws, retry=False, throw=False)
        fit.tree[_WIDE] = wide.tree.filter(lambda node: node.name not in _NOT_NEEDED)
        fit.tree[_WIDE].attrs = wide.tree.attrs
    return Fit(fit.tree.children[_WIDE].copy())


def widened(law: "Law", factor: float = _FACTOR) -> "Law":
    """A law whose priors are `factor` times as wide: normal ones in their sd, log-normal ones in that of the log.

    The one prior of another kind, of recall above guessing, stays; a quantity that a prior fixes stays fixed. So do
    the priors of the fall's parameters: with an asymmetry twice as wide, nine in a hundred falls would be kinks that no
    sampler gets around, and where exposures do not move along the axis nothing else speaks against them.
    """
    return type(law).model_validate(_wider(law.to_dict(), factor, law.fall.parameter_names))


def _wider(content: Any, factor: float, kept: tuple[str, ...]) -> Any:
    if not isinstance(content, dict):
        return content
    wider = {
        name: value * factor if name in ("sd", "log_sd") else _wider(value, factor, kept)
        for name, value in content.items()
    }
    return wider | {name: value for name, value in content.items() if name in kept}
