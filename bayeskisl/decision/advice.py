"""Recommendation of the infusion of an untrained model, and its risk."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Unpack

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arguments import require_fit
from bayeskisl.axes import Axis, axis_of
from bayeskisl.curves.domains import curves_of_domain
from bayeskisl.curves.groups import infused_group
from bayeskisl.decision.about import AboutDecision
from bayeskisl.decision.caveat import Caveat
from bayeskisl.decision.caveats import APART, about_prediction
from bayeskisl.decision.choices import Gains
from bayeskisl.decision.criterion import Criterion, CriterionKeywords
from bayeskisl.decision.decision import Decision
from bayeskisl.decision.edges import edges
from bayeskisl.decision.of_fit import caveats_of_fit, require_gate
from bayeskisl.decision.planned_model import PlannedModel, of_target, planned_model
from bayeskisl.decision.prediction import Forecast, Options, described, forecast
from bayeskisl.decision.prospect import Kind
from bayeskisl.decision.question import Question
from bayeskisl.decision.sensitivity import sensitivity_rows
from bayeskisl.decision.utility import described_utility, prices_of, unit_of
from bayeskisl.errors import InputError
from bayeskisl.keywords import from_keywords
from bayeskisl.quantities import as_number
from bayeskisl.specifications import shown
from bayeskisl.target import Target, TargetKeywords

if TYPE_CHECKING:
    from bayeskisl.inference import Fit

__all__ = ["decide", "decision_on", "require_question"]


class DecisionKeywords(TargetKeywords, CriterionKeywords, total=False):
    """Keywords of a short call of `decide`."""


def decide(
    fit: "Fit",
    target: Target | float | str | None = None,
    criterion: Criterion | None = None,
    *,
    kind: Kind = "new_run",
    apart: float = APART,
    sensitivity: bool = True,
    ci_prob: float = 0.9,
    seed: int = 0,
    throw: bool = True,
    **short: Unpack[DecisionKeywords],
) -> Decision:
    """Recommend the infusion of an untrained model.

    Parameters
    ----------
    fit : Fit
        A posterior that passed its gate, of a sweep along any axis.
    target : Target, float or str
        The model to be planned, or its size.
    criterion : Criterion, optional
        Utility of an infusion and allowed risk; by default facts retained above guessing and a risk of 0.1.
    kind : {"new_run", "mean"}
        Whether the answer is for one new run, or for a run without an effect of its own.
    apart : float
        Factor between the laws' median critical exposures above which the choice is given as a bound.
    sensitivity : bool
        Whether to repeat the decision under each law alone and under priors of twice the variance: by reweighting the
        draws or, if that is unreliable (Pareto k above 0.7), by another fit, which is cached in `fit`.
    ci_prob : float
        Probability of the intervals that tables and figures show.
    seed : int
        Seed of the scatter of new runs and of the mixture of laws.
    throw : bool
        Whether a fit that failed its gate is refused; if not, the decision carries the reasons as a warning.
    **short
        Keywords of `Target` and `Criterion`, instead of these objects: ``decide(fit, params="7B", risk=0.05)``.

    Returns
    -------
    Decision
        The decision. Each answer is a number, or a bound with its reason and the next run to add. ``data`` contains
        every draw and curve.

    Raises
    ------
    InputError
        If an option is out of range, or the target differs from the sweep in a quantity that the sweep never varied.
    GateError
        If the fit failed its gate.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> fit = bk.load_fit("desk-four")
    >>> decision = bk.decide(fit, 98_304, sensitivity=False)
    >>> decision.verdict.grade, round(decision.choice.value, -2)
    ('usable with care', 700.0)
    """
    require_fit(fit)
    asked, by = from_keywords(short, (Target, target), (Criterion, criterion), of=decide)
    if not as_number(apart) > 1:
        raise InputError("a factor above 1", shown(apart), "apart")
    require_gate(fit, throw)
    fit, planned = of_target(fit, _holding_its_domain(asked, by, axis_of(fit.curves)))
    _require_probed(by, planned.groups)
    options = Options(kind, ci_prob, seed)
    question = Question(planned, options, by)
    decision = decision_on(fit, question, forecast(fit, planned, question.levels, options), apart)
    if not sensitivity:
        return decision
    return Decision(decision.data.assign(sensitivity_rows(fit, decision, question.answered_by)))


def require_question(curves: xr.Dataset, target: Target, by: Criterion) -> None:
    """Refuse a target and a criterion that the curves of a fit do not determine, before a draw is read.

    Raises
    ------
    InputError
        As `decide` does; if the curves have several domains and the target names none.
    """
    ours = curves_of_domain(curves, target.domain)
    _require_probed(by, planned_model(ours, _holding_its_domain(target, by, axis_of(ours))).groups)


def _require_probed(by: Criterion, groups: tuple[str, ...]) -> None:
    """Refuse a level of a group that no run probed: nothing would hold it."""
    if isinstance(by.keep, Mapping) and (missing := [group for group in by.keep if group not in groups]):
        raise InputError(f"levels of groups that were probed: {', '.join(groups)}", missing[0], "keep",
                         "leave its level out, or probe the group")  # fmt: skip


def _holding_its_domain(target: Target, by: Criterion, axis: Axis) -> Target:
    """Fix the facts of the target at the size of the user's domain if the sweep fixes facts."""
    if by.facts is None or axis.given != schema.FACTS:
        return target
    return replace(target, hold={**target.hold, schema.FACTS: by.facts})


def decision_on(
    fit: "Fit", question: Question, found: Forecast, apart: float = APART, gains_of: type[Gains] = Gains
) -> Decision:
    """Return a decision from a prediction, with caveats, edges, provenance and curves."""
    target, by, gains = question.target, question.criterion, question.gains(found.prospect, gains_of)
    data = question.answered_from(found, gains)
    about = described(
        AboutDecision,
        fit,
        found.prospect,
        question.levels,
        question.options,
        limiting_group=question.limiting_group(found.prospect),
        above_ceiling=question.above_ceiling(found.prospect),
        risk=by.risk,
        utility=described_utility(by.utility),
        utility_unit=unit_of(by.utility),
        background_weight=getattr(by.utility, "background_weight", 1.0),
        prices=prices_of(by.utility),
        apart=apart,
        at_most=by.at_most,
        facts=by.facts,
        assumes=_assumptions(fit.curves, target),
        warnings=(),
    )
    caveats = (
        *_with_bounds(about_prediction(data, target, fit.curves, apart), data),
        *edges(data, about, target, fit.curves),
        *_without_benefit(target),
        *caveats_of_fit(fit, target),
    )
    decision = Decision(data.assign_attrs(replace(about, warnings=caveats).to_attributes()))
    return question.with_curves(gains, decision)


def _assumptions(curves: xr.Dataset, target: PlannedModel) -> list[str]:
    """Assumptions behind the answers about ratios."""
    if target.axis.given == schema.RATIO:
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


def _without_benefit(target: PlannedModel) -> Iterator[Caveat]:
    """Refuse to recommend an infusion if no probed group gains from it."""
    if infused_group(target.groups) is None:
        yield Caveat(
            "no_benefit",
            "no group was probed that more infusion teaches: the curves say how much is safe, and not how much is "
            "worth infusing",
            buy="nothing: probe the infused facts of the same runs",
        )


def _with_bounds(caveats: Iterable[Caveat], data: xr.Dataset) -> Iterator[Caveat]:
    """Bound the choice by the choices of the single laws if these disagree.

    A law by which no infusion is safe makes the lower end zero, and one that reaches the end of the planned range
    leaves no upper end.
    """
    heard = data["choice_by_law"].values[data["weight"].values > 0]
    low, high, least, most = heard.min(), heard.max(), data["least"].item(), data["most"].item()
    nothing = 0.0 if schema.COLLAPSE in data else None
    at_least, at_most = float(low) if low > least else nothing, float(high) if high < most else None
    for caveat in caveats:
        if caveat.code == "laws_apart":
            yield replace(caveat, at_least=at_least, at_most=at_most)
        else:
            yield caveat
