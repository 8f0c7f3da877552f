"""Notes of a plan: why it ends, what it leaves out, and better alternatives."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bayeskisl import schema
from bayeskisl.budgets import amount
from bayeskisl.curves import varied
from bayeskisl.decision.planned_model import PlannedModel
from bayeskisl.design.frontier import Offer, Worth
from bayeskisl.design.lookahead import Batch
from bayeskisl.design.outlook import WORTH_WHILE, Score
from bayeskisl.design.problem import FEWEST_DRAWS, Problem
from bayeskisl.design.runs import Run
from bayeskisl.errors import way
from bayeskisl.quantities import factor

if TYPE_CHECKING:
    from bayeskisl.inference import Fit

__all__ = [
    "what_is_left_out",
    "what_larger_would_tell",
    "what_looking_ahead_gains",
    "what_the_batch_lacks",
    "why_it_ends",
]


def why_it_ends(problem: Problem, chosen: Offer, worth: Worth, least: float) -> str:
    """Reason for the end of the plan; empty if the money, the count or the draws end it."""
    unit, left = problem.costs.unit, problem.budget - chosen.point.spent
    if problem.outlook.effective_draws < FEWEST_DRAWS:
        return ""
    if worth and chosen.point.width > (1 + WORTH_WHILE) * least:
        return "It ends here: every further run that was looked at costs more than it is worth."
    if chosen.point.width <= (1 + WORTH_WHILE) * problem.outlook.beliefs.width[1]:
        return "It ends here: the floor is reached, which only runs of the target's own size lower."
    if chosen.point.width <= (1 + WORTH_WHILE) * chosen.batch.courses[0].least_width(problem.candidates):
        return "It ends here: of the sizes on offer, more runs would show no more. Only larger ones would."
    if problem.exact or len(chosen.batch.runs) >= problem.batch or left < min(map(problem.cost_of, problem.candidates)):
        return ""
    return f"It ends here: the rest of the budget, {amount(left, unit)}, would narrow the interval by less than 2 %."


def what_looking_ahead_gains(problem: Problem, made: Sequence[Batch], chosen: Offer) -> list[str]:
    """A note if one run after the other, by gain per cost, would have left a wider interval."""
    greedy = next((batch for batch in made if batch.how == "by gain per cost"), None)
    if greedy is None or chosen.batch.courses[chosen.count].width > (1 - WORTH_WHILE) * greedy.width:
        return []
    spent = amount(sum(map(problem.cost_of, greedy.runs)), problem.costs.unit, of=problem.budget)
    return [
        f"The best batch was made {chosen.batch.how}: one run after the other by gain per cost would have spent "
        f"{spent} and left the interval at a factor of {factor(greedy.width)}."
    ]


def what_the_batch_lacks(problem: Problem, chosen: Offer) -> list[str]:
    """Notes if the budget pays for fewer runs than requested, or the last ones rest on the linearised law."""
    notes, count = [], len(chosen.runs)
    if problem.exact and 0 < count < problem.batch:
        notes.append(f"The budget pays for {count} of the {problem.batch} runs asked for.")
    carried = chosen.batch.courses[chosen.count].carried
    if carried < count:
        notes.append(
            f"Too few draws carry an expected outcome after the first {carried} of {count} purchases: the others were "
            "valued by the linearised law, and the width that they leave is rough. Train the first ones, fit again, "
            "and plan again if you can."
        )
    return notes


def what_larger_would_tell(problem: Problem, larger: Sequence[Run], after: float, *, listed: bool) -> list[str]:
    """A note if one run of a larger size would narrow the interval more than the whole batch; sizes may be listed."""
    if not larger:
        return []
    gains = problem.outlook.gains(larger)
    best = larger[int(np.argmax(gains))]
    width = problem.outlook.width(float(np.max(gains)))
    if width > (1 - WORTH_WHILE) * after:
        return []
    unit = problem.outlook.beliefs.target.axis.unit
    allow = f"allow it with {way(f'`largest={best.params:.0f}`', f'`--largest {best.params:.0f}`')}"
    if listed:
        allow = f"add it to the sizes, {way('`sizes=[...]`', '`--sizes`')}"
    return [
        f"A larger size would show more: one run of {best.params:,.0f} parameters at {best.level:,.6g} {unit}, for "
        f"{amount(problem.cost_of(best), problem.costs.unit)}, is expected to leave a factor of {factor(width)} by "
        f"itself. If it may "
        f"be trained, {allow}."
    ]


def what_is_left_out(
    fit: "Fit", laws: tuple[str, ...], target: PlannedModel, score: Score, *, alone: bool
) -> list[str]:
    notes = []
    if left_out := [name for name in fit.weights if name not in laws]:
        notes.append(
            f"The law(s) {', '.join(left_out)} know no fall, or a run scatter that depends on the size: left out."
        )
    if target.group in target.of_start:
        notes.append(
            f"Widths are of the exposures at which the {target.group} keeps half of its ceiling. `decide` refers to "
            "half of its score with little infusion, which depends on the steepness of the fall, too."
        )
    if alone:
        notes.append(
            "The fit was cut down to one domain before: what the half-points of the others say is not counted, and "
            "widths are too wide. Plan from the whole fit, and name the domain."
        )
    if score == "regret" and fit.curves.sizes[schema.GROUP] > 1:
        notes.append(f"The score 'regret' counts what a run says of '{target.group}', and nothing of other groups.")
    is_varied = varied(fit.curves)
    if never := [name for name in target.prior_driven if not is_varied.get(name, False)]:
        notes.append(
            f"The sweep never varied {', '.join(never)}: its uncertainty under the prior is not in the widths."
        )
    return notes
