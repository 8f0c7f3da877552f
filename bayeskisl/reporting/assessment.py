"""The assessment on one page: inputs, model, priors, checks, result and verdict.

The order is that of the template in EFSA's guidance on the benchmark dose approach (EFSA Scientific Committee 2022,
doi:10.2903/j.efsa.2022.7584, section 3), which asks for the ratio of the interval's ends beside the verdict.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.axes import axis_of
from bayeskisl.curves import levels_of_runs
from bayeskisl.curves.exposures import assumed_terms
from bayeskisl.decision import decision_summary
from bayeskisl.decision.summary import uncertainty
from bayeskisl.laws.priors import ExcessPrior, LogNormalPrior, NormalPrior
from bayeskisl.quantities import short
from bayeskisl.reporting.brief import question
from bayeskisl.reporting.numbers import exact, percent, three_digits
from bayeskisl.reporting.text import answer, budget, held_fixed, verdict_sentence, with_interval
from bayeskisl.reporting.words import distance

if TYPE_CHECKING:
    import xarray as xr

    from bayeskisl.decision import Decision
    from bayeskisl.inference import Fit
    from bayeskisl.laws import Law

__all__ = ["assessment_rows"]


def assessment_rows(fit: "Fit", decision: "Decision") -> list[tuple[str, str]]:
    """Return the record of an assessment: data, assumptions, results, and the verdict.

    Parameters
    ----------
    fit : Fit
    decision : Decision

    Returns
    -------
    list of (str, str)
        Names and contents, in the order of the template.
    """
    about, found = decision.about, decision_summary(decision)
    return [
        ("question", question(decision)),
        ("target", f"{exact(about.params)} non-embedding parameters, {budget(about)} training tokens; "
                   f"{distance(about.extrapolation_decades)}"),
        ("inputs", _inputs(fit.curves)),
        ("held fixed", held_fixed(about)),
        ("model", _model(fit)),
        ("priors", _priors(fit.law)),
        ("checks", _checks(fit)),
        (f"result: {about.half_point}", with_interval(found[about.half_point], about.ci_prob, about.unit)),
        ("result: advice", f"{answer(decision)}"),
        ("ratio of the interval's ends", f"{three_digits(uncertainty(decision.data, about.ci_prob))} "
                                         f"({percent(about.ci_prob)} interval of the critical exposures)"),
        ("verdict", verdict_sentence(decision)),
    ]  # fmt: skip


def _inputs(curves: "xr.Dataset") -> str:
    levels = levels_of_runs(curves)
    counts = [
        f"{curves.sizes[schema.RUN]} runs",
        _reach(curves[schema.PARAMS].values, "size", "parameters"),
        "budgets not known"
        if schema.TOKENS in assumed_terms(curves)
        else _reach(curves[schema.TOKENS].values, "budget", "tokens"),
        f"levels from {three_digits(levels.min())} to {three_digits(levels.max())} {axis_of(curves).unit}",
        f"groups probed: {', '.join(str(group) for group in curves[schema.GROUP].values)}",
    ]
    title = curves.attrs.get("title")
    return "; ".join([*([str(title)] if title else []), *counts])


def _reach(values: FloatArray, name: str, unit: str) -> str:
    """Number of distinct values, and their ends."""
    distinct = np.unique(np.asarray(values, dtype=float))
    if distinct.size == 1:
        return f"one {name} of {short(distinct[0])} {unit}"
    return f"{distinct.size} {name}s from {short(distinct[0])} to {short(distinct[-1])} {unit}"


def _model(fit: "Fit") -> str:
    weights = _listed(f"'{law}' {weight:.2f}" for law, weight in fit.weights.items())
    return (
        f"law '{fit.law.name}' ({fit.law.title}), fall '{fit.law.shape}', beta-binomial counts; weights of the laws: "
        f"{weights}"
    )


def _priors(law: "Law") -> str:
    """Every prior of a law file: medians with the standard deviation of the logarithm, or means with theirs."""
    stated = dict(law.priors)
    tables = {
        f"{table} of {covariate}": prior
        for table in ("exponent", "curvature")
        for covariate, prior in stated.pop(table).items()
    }
    found = (stated | tables).items()
    return "; ".join(f"{name.replace('_', ' ')}: {_prior(prior)}" for name, prior in found if prior is not None)


def _prior(prior: Any) -> str:
    match prior:
        case LogNormalPrior():
            return f"median {prior.median:g}, log sd {prior.log_sd:g}"
        case NormalPrior():
            return f"mean {prior.mean:g}, sd {prior.sd:g}"
        case ExcessPrior():
            return f"median {prior.median:g}"
    return str(prior)


def _checks(fit: "Fit") -> str:
    gate = fit.gate
    verdict = f"gate {gate.outcome}{'' if gate.passed else f' ({"; ".join(gate.reasons)})'}"
    return (
        f"{verdict}: R-hat {gate.rhat:.3f}, effective draws {gate.ess_bulk:,.0f} of the bulk and {gate.ess_tail:,.0f} "
        f"of the tails, {100 * gate.divergences:.2g} % divergent draws"
    )


def _listed(parts: Iterable[str]) -> str:
    return ", ".join(parts)
