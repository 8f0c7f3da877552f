"""From a posterior to what a model that nobody has trained yet should get, and at what risk."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.axes import axis_of
from bayeskisl.decision.caveats import APART, SAY, Caveat, about_prediction
from bayeskisl.decision.decision import Decision
from bayeskisl.decision.edges import edges
from bayeskisl.decision.prediction import Options, attributes, handed_over, require_gate, require_share
from bayeskisl.decision.prospect import Kind
from bayeskisl.decision.question import Question
from bayeskisl.decision.sensitivity import sensitivity_rows
from bayeskisl.decision.target import Target, target_of
from bayeskisl.decision.utility import KeptFacts, Utility, described_utility, unit_of
from bayeskisl.errors import InputError

if TYPE_CHECKING:
    from bayeskisl.inference import Fit

__all__ = ["decide", "decision_on"]


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
        Largest probability, in (0, 1), that a run at the choice keeps less than `keep`. The choice is the largest
        infusion within it, or where more infusion harms no probed group, the smallest.
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
    if facts is not None and axis_of(fit.curves).given == schema.FACTS:
        held[schema.FACTS] = facts
    target = target_of(fit.curves, params, tokens, hold=held, prior_driven=prior_driven)
    question = Question(target, options, utility or KeptFacts(), risk, facts, at_most)
    decision = decision_on(fit, question, question.answered_by(fit), apart)
    return Decision(decision.data.assign(sensitivity_rows(fit, question.answered_by))) if sensitivity else decision


def decision_on(fit: "Fit", question: Question, data: xr.Dataset, apart: float = APART) -> Decision:
    """A decision from what was answered, `Question.answered_by`: with its caveats, edges and provenance."""
    target = question.target
    caveats = [
        *_with_bounds(about_prediction(data, target, fit.curves, apart), data),
        *edges(data, target, fit.curves),
        *handed_over(fit),
    ]
    described = attributes(
        fit,
        target,
        question.options,
        caveats,
        risk=question.risk,
        utility=described_utility(question.utility),
        utility_unit=unit_of(question.utility),
        background_weight=getattr(question.utility, "background_weight", 1.0),
        assumes=json.dumps(_assumptions(fit.curves, target)),
    )
    return Decision(data.assign_attrs(content="decision", **described))


def _assumptions(curves: xr.Dataset, target: Target) -> list[str]:
    """What the answers about ratios take for granted."""
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


def _with_bounds(caveats: Iterable[Caveat], data: xr.Dataset) -> Iterator[Caveat]:
    """Where laws lie apart, the choice is bounded by theirs."""
    heard = data["choice_by_law"].values[data["weight"].values >= SAY]
    for caveat in caveats:
        if caveat.code == "laws_apart":
            yield replace(caveat, at_least=float(heard.min()), at_most=float(heard.max()))
        else:
            yield caveat
