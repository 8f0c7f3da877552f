"""Planning of the next runs within a budget."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from bayeskisl import schema
from bayeskisl.arguments import in_words, require_fit, require_instance, require_whole
from bayeskisl.budgets import Budget, read_budget, worth_in
from bayeskisl.cores import one_blas_thread
from bayeskisl.curves.domains import curves_of_domain
from bayeskisl.decision.caveats import size_that_tests
from bayeskisl.decision.of_fit import require_gate
from bayeskisl.decision.planned_model import PlannedModel, of_target, planned_model
from bayeskisl.design.candidate_table import candidate_table
from bayeskisl.design.candidates import candidate_runs
from bayeskisl.design.costs import Costs, costs_for
from bayeskisl.design.frontier import Offer, Worth, best_for_money, frontier_of, offer_of
from bayeskisl.design.lookahead import Batch, batches, judged
from bayeskisl.design.notes import (
    what_is_left_out,
    what_larger_would_tell,
    what_looking_ahead_gains,
    what_the_batch_lacks,
    why_it_ends,
)
from bayeskisl.design.outlook import Outlook
from bayeskisl.design.particles import believe
from bayeskisl.design.planners import PLANNERS
from bayeskisl.design.pricing import Pricing
from bayeskisl.design.problem import FEWEST_DRAWS, Problem
from bayeskisl.design.reasons import reason
from bayeskisl.design.result import Plan, Purchase
from bayeskisl.design.runs import Run, runs_of, sorted_runs
from bayeskisl.design.sizes import Sizes
from bayeskisl.design.strategy import PlanKeywords, Strategy
from bayeskisl.errors import InputError, argument, way
from bayeskisl.keywords import from_keywords
from bayeskisl.target import Target

if TYPE_CHECKING:
    import xarray as xr

    from bayeskisl.inference import Fit

__all__ = ["plan", "require_plannable"]

# From here on, how many times the largest size on offer the target is, a size between is looked at.
_FAR = 2.0
# Candidates of a batch at most: in the fits tried, the first ten left within 2 % of what the whole batch leaves.
MOST = 24


@one_blas_thread()
def plan(
    fit: "Fit",
    target: Target | float | str | None = None,
    *,
    budget: float | str | Budget,
    costs: Any = None,
    candidates: Iterable[Run] | None = None,
    pending: Sequence[Run] = (),
    strategy: Strategy | None = None,
    seed: int = 0,
    throw: bool = True,
    **short: Unpack[PlanKeywords],
) -> Plan:
    """Choose the next runs for the target's collapse point.

    Parameters
    ----------
    fit : Fit
        A posterior that passed its gate.
    target : Target, float or str
        The planned model, or its size; it is never a candidate.
    budget : float, str or Budget
        Device-seconds, or as `read_budget` reads it: ``"2h"``, ``"1e18flop"``, ``"$2000"``.
    costs : Costs, path or frame, optional
        Costs of runs, or a table of your runs, as `Costs.of_table` reads it; by default 6 N D, for a budget in FLOP.
        For a budget in time or dollars also the keywords `device` with `utilisation`, or `records`; and `price`.
    candidates : iterable of Run, optional
        By default `candidate_runs` of trained, intermediate and affordable larger sizes, or of the keywords `sizes`,
        `largest` and `sweep`. They have the fixed quantities of the target: under a law of depth, its depth.
    pending : sequence of Run
        Runs in training: their outcomes are imagined, so that nothing is bought twice.
    strategy : Strategy, optional
        Choice of the batch; by default the narrowest interval for the whole budget.
    seed : int
        Random seed; the same fit and seed give the same plan.
    throw : bool
        Whether a fit that failed its gate is refused.
    **short
        Keywords of `Target` and `Strategy`, instead of these objects: ``plan(fit, params="7B", runs=4)``. Those of
        the costs: `device`, as ``"h100"``, `utilisation` (a share of its peak), `records` (a sweep's folder) and
        `price` (dollars per device-hour). Those of the sizes on offer: `sizes`, as ``"70M,160M"`` or a list,
        `largest`, and `sweep` (the name or file of a sweep, for the sizes of its ladder). Of a fit of several domains
        `domains`, as ``["legal", "medical"]``: those whose runs may be trained, by default the target's alone.

    Returns
    -------
    Plan
        The runs to train, in the order in which they were chosen, with costs, expected widths, verdict and notes.

    Raises
    ------
    InputError
        If an option is out of range, the budget is in time or dollars and no costs are given, costs are in another unit
        than the budget, a candidate is the target or larger, or the target differs from the sweep in what the sweep
        never varied.
    GateError
        If the fit failed its gate.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> fit = bk.load_fit("desk-four")
    >>> plan = bk.plan(fit, 98_304, budget="30s", device="5e11", largest="50k", runs=1)
    >>> len(plan.runs)
    1
    """
    require_fit(fit)
    require_whole(seed, "seed")
    asked, how, prices, named = from_keywords(
        short, (Target, target), (Strategy, strategy), (Pricing, costs), (Sizes, None), of=plan
    )
    pending = _runs(pending, "pending", asked.domain)
    candidates = candidates if candidates is None else _runs(candidates, "candidates", asked.domain)
    if candidates is not None and named:
        raise InputError("candidates, or the sizes on offer", "both", "candidates", "name the sizes in the candidates")
    require_gate(fit, throw, "plan from it anyway")
    budget, costs = costs_for(read_budget(budget), prices.of(fit.curves))
    ours, planned = of_target(fit, asked)
    _require_tokens(planned, costs)
    listed = named.listed(fit.curves)
    if candidates is None:
        candidates = candidate_runs(
            fit,
            asked,
            budget=budget,
            costs=costs,
            sizes=listed,
            largest=named.largest,
            domains=named.domains,
            seed=seed,
        )
    offered = sorted_runs(candidates if how.runs is None else (replace(run, replicates=1) for run in candidates))
    _refuse_target(offered, planned)
    larger = [run for run in _larger_runs(fit, asked, offered, seed) if costs.of(run) <= budget.amount]
    cells = (run.cell for run in (*offered, *larger, *pending))
    beliefs = believe(fit, asked, cells, particles=how.particles, seed=seed)
    rng = np.random.default_rng([seed, 1])
    outlook = Outlook.of(beliefs, fit.curves)
    for run in pending:
        outlook = outlook.after(run, rng)
    count = how.runs or how.batch or MOST
    problem = Problem(outlook, offered, costs, budget.amount, count, how.score, how.kappa,
                      exact=how.runs is not None, trained=runs_of(ours.curves, asked.domain or ""))  # fmt: skip
    worth = Worth(
        of_fact=worth_in(how.worth_of_fact, costs.unit, costs.per_hour, argument("worth_of_fact")),
        of_miss=worth_in(how.cost_of_miss, costs.unit, costs.per_hour, argument("cost_of_miss")),
    )
    made = _made(problem, how.planner, seed)
    offers = frontier_of(problem, made)
    chosen = _chosen(problem, made[0], offers, worth, planner=how.planner)
    purchases, left = _purchases(problem, chosen), _draws_left(chosen)
    width = purchases[-1].width if purchases else outlook.width()
    notes = [
        *what_is_left_out(ours, beliefs.laws, planned, how.score, alone="domain" in fit.tree.attrs),
        *what_looking_ahead_gains(problem, made, chosen),
        *what_larger_would_tell(problem, larger, width, listed=listed is not None),
        *what_the_batch_lacks(problem, chosen),
        *named.without_effect(listed, asked.params),
    ]
    return Plan(
        target=beliefs.target,
        purchases=tuple(purchases),
        table=candidate_table(problem),
        promise=(chosen.point.low, chosen.point.high),
        width=beliefs.width[0],
        before=outlook.width(),
        floor=beliefs.width[1],
        budget=budget,
        costs=costs,
        score=how.score,
        kappa=how.kappa,
        how=chosen.batch.how,
        points=tuple(offer.point for offer in offers),
        worth=worth,
        least=max(made[0].courses[0].least_width(offered), beliefs.width[1]),
        stop=why_it_ends(problem, chosen, worth, made[0].width),
        planner=how.planner,
        seed=seed,
        pending=tuple(pending),
        trained=problem.trained,
        draws=left,
        between=size_that_tests(planned, ours.curves),
        notes=tuple(notes),
        domain=asked.domain or "",
        elsewhere={name: there.target for name, there in beliefs.elsewhere.items()},
    )


def _made(problem: Problem, planner: str, seed: int) -> list[Batch]:
    """Return batches, the best first; an empty one if pending runs have used up the draws."""
    rng = np.random.default_rng([seed, 2])
    if problem.outlook.effective_draws < FEWEST_DRAWS:
        return [judged(problem, (), "", seed)]
    if planner == "greedy":
        return batches(problem, int(rng.integers(2**31)))
    return [judged(problem, tuple(PLANNERS[planner](problem, rng)), planner, seed)]


def _chosen(problem: Problem, best: Batch, offers: Sequence[Offer], worth: Worth, *, planner: str) -> Offer:
    """Return the purchases: the whole best batch for a given count or rule, otherwise the part that pays."""
    if problem.exact or planner != "greedy":
        return offer_of(problem, best, len(best.runs))
    return best_for_money(offers, worth) if worth else offers[-1]


def _purchases(problem: Problem, chosen: Offer) -> list[Purchase]:
    """Return the runs with their costs and expected widths."""
    purchases, spent = [], 0.0
    for run, course in zip(chosen.runs, chosen.batch.courses[1:], strict=False):
        spent += problem.cost_of(run)
        purchases.append(Purchase(run, problem.cost_of(run), spent, course.width, reason(run, problem.outlook)))
    return purchases


def _draws_left(chosen: Offer) -> int:
    return round(chosen.batch.courses[chosen.count].outlook.effective_draws)


def _larger_runs(fit: "Fit", target: Target, offered: Sequence[Run], seed: int) -> tuple[Run, ...]:
    """Single runs of a size halfway between the largest on offer and the target; none if these are close."""
    largest = max(run.params for run in offered)
    if target.params < _FAR * largest:
        return ()
    size = float(f"{np.sqrt(largest * target.params):.3g}")
    return candidate_runs(fit, target, sizes=[size], levels=5, replicates=[1], seed=seed)


def require_plannable(
    curves: "xr.Dataset", target: Target, budget: float | str | Budget, prices: Pricing, offer: Sizes
) -> None:
    """Refuse a target, a budget, costs or domains that the curves of a fit do not determine, before a draw is read.

    Raises
    ------
    InputError
        As `plan` does; if the curves have several domains and the target names none.
    """
    _, costs = costs_for(read_budget(budget), prices.of(curves))
    _require_tokens(planned_model(curves_of_domain(curves, target.domain), target), costs)
    offer.domains_of(curves, target.domain)


def _require_tokens(planned: PlannedModel, costs: Costs) -> None:
    """Refuse costs by tokens where an import assumed the tokens."""
    if schema.TOKENS in planned.invented and not costs.per_run:
        raise InputError("runs whose tokens are known, for costs by tokens", "tokens that the import assumed", "costs",
                         way("map the tokens at the import, or take `bk.Costs.of_table` of a table without tokens",
                             "import with `--map tokens=...`, or name a table of costs without tokens, `--costs FILE`")
                         )  # fmt: skip


def _runs(runs: Iterable[Run], where: str, domain: str | None) -> tuple[Run, ...]:
    """Return runs as a tuple, those without a domain in the target's; refuse what are none."""
    made = "make them with `bk.candidate_runs(fit, params=...)`, or a list of `bk.Run`"
    if isinstance(runs, str) or not isinstance(runs, Iterable):
        raise InputError("several runs", in_words(runs), where, made)
    listed = tuple(runs)
    for run in listed:
        require_instance(run, Run, where, made)
    return tuple(run if run.domain else replace(run, domain=domain or "") for run in listed)


def _refuse_target(runs: Sequence[Run], target: PlannedModel) -> None:
    too_large = [run.params for run in runs if run.params >= target.params * (1 - 1e-9)]
    if not runs or too_large:
        got = f"{too_large[0]:,.0f} parameters" if too_large else "none"
        raise InputError(f"candidates below the target's {target.params:,.0f} parameters", got, "candidates")
