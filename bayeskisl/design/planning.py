"""The plan: which runs next, what they are expected to buy, and why."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import numpy as np

from bayeskisl import schema
from bayeskisl.axes import axis_of
from bayeskisl.cores import one_blas_thread
from bayeskisl.curves import varied
from bayeskisl.decision.planned_model import PlannedModel, of_target
from bayeskisl.design.budgets import DOLLARS, FLOP, SECONDS, Budget, amount, read_budget, worth_in
from bayeskisl.design.candidates import candidate_runs
from bayeskisl.design.costs import Costs, costs_for
from bayeskisl.design.frontier import Offer, Point, Worth, best_for_money, frontier_of, offer_of
from bayeskisl.design.lookahead import Batch, batches, judged
from bayeskisl.design.outlook import WORTH_WHILE, Outlook, Score
from bayeskisl.design.particles import PARTICLES, believe
from bayeskisl.design.planners import PLANNERS
from bayeskisl.design.problem import FEWEST_PARTICLES, Problem
from bayeskisl.design.reasons import reason
from bayeskisl.design.runs import Run, sorted_runs
from bayeskisl.errors import GateError, InputError, way
from bayeskisl.keywords import from_keywords
from bayeskisl.specifications import refuse_unknown
from bayeskisl.target import Target, TargetKeywords

if TYPE_CHECKING:
    import pandas as pd

    from bayeskisl.inference import Fit

__all__ = ["Plan", "Purchase", "Strategy", "StrategyKeywords", "plan"]

SCORES = ("variance", "information", "regret")
# From here on, how many times the largest size on offer the target is, a size between is looked at.
_FAR = 2.0
# Candidates of a batch at most: in the fits tried, the first ten left within 2 % of what the whole batch leaves.
MOST = 24
# The unit of money for which a table states what a run narrows, with its name.
PER = {FLOP: (1e15, "1e15 FLOP"), SECONDS: (3600.0, "device-hour"), DOLLARS: (100.0, "$100")}


@dataclass(frozen=True)
class Purchase:
    """One planned run.

    Attributes
    ----------
    run : Run
    cost : float
        Of its replicates, in the plan's unit.
    spent : float
        Cost of the plan up to here.
    width : float
        Expected width after it, see `Plan`.
    why : str
    """

    run: Run
    cost: float
    spent: float
    width: float
    why: str


@dataclass(frozen=True, repr=False)
class Plan:
    """A plan: the runs to train next.

    Widths are those of the 90 % interval of `quantity`, natural log, of one fresh run at the target: of the log
    collapse point along an amount; along a ratio or dose of the log exposures that the group which over-infusion harms
    has left there, 1 - ratio up to a constant, since a ratio itself has no room above 1.

    Attributes
    ----------
    target : PlannedModel
    purchases : tuple of Purchase
        The batch, in the order in which it was chosen.
    table : pandas.DataFrame
        Every candidate on its own, the best value first: ``params``, ``tokens``, ``level``, ``replicates``, ``cost``,
        ``width`` (expected after it), ``gain`` (in the unit of `score`), ``narrowing_per_cost`` (of the width, per
        device-hour, 1e15 FLOP or $100) and ``why``.
    promise : tuple of (float, float)
        Ends between which the width comes out with 90 %, once the batch is trained and fitted.
    width, before, floor : float
        Now; expected once the pending runs are in; and with the target's law line known exactly: scatter of its size
        (3.29 tau if tau were known) and of one run is left, which no other run removes.
    budget : Budget
    costs : Costs
    score, planner, seed
        As asked for.
    kappa : float, optional
        As asked for.
    how : str
        How the batch was made that was best.
    points : tuple of Point
        The frontier: the least width expected for each amount of money, of all batches that were looked at, with regret
        and risk; the first is today's, the last one comes within 2 % of the best.
    worth : Worth
        Of a fact kept and of a run beyond its collapse point, in the plan's unit; zero where not stated.
    least : float
        Expected after runs without number of all sizes and budgets on offer: what larger sizes alone could lower.
    stop : str
        Why the plan ends where it does; empty where the money ends it.
    pending : tuple of Run
        Counted as planned before.
    trained : tuple of Run
        What the fit knows.
    particles : int
        How many particles each imagined history rests on at the end of the batch.
    notes : tuple of str
        Warnings about the batch.
    """

    target: PlannedModel
    purchases: tuple[Purchase, ...]
    table: "pd.DataFrame"
    promise: tuple[float, float]
    width: float
    before: float
    floor: float
    budget: Budget
    costs: Costs
    score: Score
    kappa: float | None
    how: str
    points: tuple[Point, ...]
    worth: Worth
    least: float
    stop: str
    planner: str
    seed: int
    pending: tuple[Run, ...]
    trained: tuple[Run, ...]
    particles: int
    notes: tuple[str, ...]

    @property
    def quantity(self) -> str:
        """Quantity that the widths describe, in words."""
        if self.target.axis.harms_infused:
            return "log collapse point"
        return f"log exposures of the {self.target.group} at {self.target.half_point}"

    @property
    def runs(self) -> tuple[Run, ...]:
        """The batch."""
        return tuple(purchase.run for purchase in self.purchases)

    @property
    def orders(self) -> "pd.DataFrame":
        """The batch as a table: a row per purchase, for those who train elsewhere."""
        import pandas as pd

        level = self.target.coordinate
        return pd.DataFrame(
            [
                {schema.PARAMS: p.run.params, schema.TOKENS: p.run.tokens, level: p.run.level,
                 "replicates": p.run.replicates, "cost": p.cost, "expected_width": p.width, "why": p.why}
                for p in self.purchases
            ]
        )  # fmt: skip

    @property
    def path(self) -> list[tuple[float, float]]:
        """Cost and expected width along the batch, from the pending runs alone on."""
        return [(0.0, self.before), *((purchase.spent, purchase.width) for purchase in self.purchases)]

    @property
    def frontier(self) -> "pd.DataFrame":
        """The frontier as a table: ``spent``, ``width``, its ``low`` and ``high``, ``regret``, ``risk``, ``runs``."""
        import pandas as pd

        return pd.DataFrame([vars(point) for point in self.points])

    @property
    def verdict(self) -> str:
        """One honest sentence."""
        unit = self.costs.unit
        if not self.purchases and self.particles < FEWEST_PARTICLES:
            return "The pending runs change too much for these draws to say more: wait for them and fit again."
        cheapest = self.table["cost"].min()
        if cheapest > self.budget.amount:
            return f"No candidate costs at most {amount(self.budget.amount, unit)}; the cheapest costs {cheapest:.3g}."
        spent, width = self.path[-1]
        count = sum(run.replicates for run in self.runs)
        low, high = self.promise
        what = f"{count} run{'s' * (count != 1)} for {amount(spent, unit, of=self.budget.amount)}"
        floor = f"the floor that no other run removes is {self.floor:.2f}"
        if not self.purchases and self.worth:
            return f"No run is worth its price: the interval stays at {self.before:.2f} log units; {floor}."
        if not self.worth_while:
            largest = self.table["params"].max()
            return (
                f"Nothing within this budget would help: {what} are expected to leave the interval at {width:.2f} "
                f"log units instead of {self.before:.2f}; {floor}, and no size above {largest:,.0f} was offered."
            )
        return (
            f"{what} {'is' if count == 1 else 'are'} expected to narrow the 90 % interval of the {self.quantity} from "
            f"{self.before:.2f} to {width:.2f} ({low:.2f} to {high:.2f}); {floor}."
        )

    @property
    def worth_while(self) -> bool:
        """Whether the interval is expected to become narrower by more than 2 %."""
        return self.path[-1][1] <= (1 - WORTH_WHILE) * self.before

    def summary(self) -> dict[str, Any]:
        """The plan as plain numbers and strings, ready for JSON."""
        return {
            schema.PARAMS: self.target.params,
            schema.TOKENS: self.target.tokens,
            "quantity": self.quantity,
            "width": self.width,
            "before": self.before,
            "promise": list(self.promise),
            "floor": self.floor,
            "least": self.least,
            "budget": {"amount": self.budget.amount, "unit": self.costs.unit, "costs": self.costs.source},
            "score": self.score,
            "kappa": self.kappa,
            "how": self.how,
            "frontier": [vars(point) for point in self.points],
            "worth": {"unit": self.costs.unit, "of_fact": self.worth.of_fact, "of_miss": self.worth.of_miss},
            "stop": self.stop,
            "planner": self.planner,
            "seed": self.seed,
            "pending": [_plain(run) for run in self.pending],
            "runs": [
                {**_plain(p.run), "cost": p.cost, "spent": p.spent, "expected_width": p.width, "why": p.why}
                for p in self.purchases
            ],
            "verdict": self.verdict,
            "notes": list(self.notes),
        }

    def __repr__(self) -> str:
        return f"<Plan of {len(self.purchases)} purchases for {self.target.params:,.0f} parameters: {self.verdict}>"


@dataclass(frozen=True)
class Strategy:
    """Rules by which a batch of runs is chosen.

    Parameters
    ----------
    score : {"variance", "information", "regret"}
        Expected reduction of the reducible variance of the plan's `quantity`, expected information about it, or
        expected gain in kept facts, infused and background, of a choice by expected kept facts.
    kappa : float, optional
        Gains are divided by cost ** kappa; 0 ignores costs. Left out, whole batches are made in several ways, and the
        one that is expected to leave the narrowest interval is taken, see `bayeskisl.design.lookahead`.
    batch : int, optional
        Candidates chosen at most; a candidate is one run or a few replicates. Left out, as many as narrow the interval,
        24 at most.
    runs : int, optional
        Count of runs to train, exactly, as far as the budget pays for them: replicates count, and `batch` does not.
    planner : str
        ``"greedy"``, or a baseline of `bayeskisl.design.PLANNERS`.
    particles : int
        Posterior particles, all laws together.
    worth_of_fact, cost_of_miss : float or str, optional
        Worth of one more fact kept at the target, and the cost of a run of the target that lies beyond its collapse
        point: in the unit of the costs, or with a unit, as ``"2usd"``. The plan then ends where a further run costs
        more than it is worth.

    Raises
    ------
    InputError
        If a value is out of range or a name is unknown.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> bk.Strategy(runs=4).runs
    4
    """

    score: Score = "variance"
    kappa: float | None = None
    batch: int | None = None
    planner: str = "greedy"
    particles: int = PARTICLES
    runs: int | None = None
    worth_of_fact: float | str | None = None
    cost_of_miss: float | str | None = None

    def __post_init__(self) -> None:
        if self.batch is not None and self.batch < 1:
            raise InputError("a batch of at least 1", self.batch, "batch")
        if self.runs is not None and self.runs < 1:
            raise InputError("at least 1 run", self.runs, way("runs", "--runs"))
        if self.kappa is not None and not 0 <= self.kappa <= 1:
            raise InputError("a number in [0, 1]", self.kappa, "kappa")
        refuse_unknown([self.score], SCORES, "score", "a score")
        refuse_unknown([self.planner], PLANNERS, "planner", "a planner")


class StrategyKeywords(TypedDict, total=False):
    """The keywords of a short call, from which a `Strategy` is made."""

    score: Score
    kappa: float | None
    batch: int | None
    planner: str
    particles: int
    runs: int | None
    worth_of_fact: float | str | None
    cost_of_miss: float | str | None


class PlanKeywords(TargetKeywords, StrategyKeywords, total=False):
    """The keywords of a short call of `plan`."""


@one_blas_thread()
def plan(
    fit: "Fit",
    target: Target | float | str | None = None,
    *,
    budget: float | str | Budget,
    costs: Costs | None = None,
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
        The model that is planned, or its size; it can never be bought.
    budget : float, str or Budget
        Device-seconds, or as `read_budget` reads it: ``"2h"``, ``"1e18flop"``, ``"$2000"``.
    costs : Costs, optional
        For a budget in time ``Costs.on_device("h100")``, ``Costs.of_table(table)`` or ``Costs.of_records(folder)``; for
        dollars the same with ``.priced(per_hour)``, which makes dollars of a budget in time too. Left out, 6 N D, for a
        budget in FLOP.
    candidates : iterable of Run, optional
        Left out, `candidate_runs` of sizes seen, between, and larger ones that the budget pays for. They fix what the
        target fixes: under a law of depth, its depth.
    pending : sequence of Run
        Runs under way: their outcomes are imagined, so that nothing is bought twice.
    strategy : Strategy, optional
        How the batch is chosen; left out, as the whole budget buys the narrowest interval.
    seed : int
        Same fit and seed: same plan.
    throw : bool
        Whether a fit that failed its gate is refused.
    **short
        In place of a `Target`, its keywords: ``params``, ``tokens``, ``hold``, ``domain``, ``prior_driven``. In place
        of a `Strategy`, its own: ``score``, ``kappa``, ``batch``, ``planner``, ``particles``, ``runs``,
        ``worth_of_fact``, ``cost_of_miss``.

    Raises
    ------
    InputError
        If an option is out of range, the budget is in time or dollars and no costs of that unit are given, a candidate
        is the target or larger, or the target differs from the sweep in what the sweep never varied.
    GateError
        If the fit failed its gate.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> fit = bk.load_fit("desk-four")
    >>> costs = bk.Costs(2.49e-7, 9.53e-11, "device-seconds", "231 timed runs")
    >>> plan = bk.plan(fit, 98_304, budget="30s", costs=costs, strategy=bk.Strategy(runs=1))
    >>> len(plan.runs)
    1
    """
    asked, how = from_keywords(short, (Target, target), (Strategy, strategy))
    if throw and not fit.gate.passed:
        raise GateError(
            f"expected a posterior that passed its gate, got one that failed: {'; '.join(fit.gate.reasons)}; "
            "fit again with more draws, or plan from it all the same with throw=False."
        )
    budget, costs = costs_for(read_budget(budget), costs)
    ours, planned = of_target(fit, asked)
    if candidates is None:
        candidates = candidate_runs(fit, asked, budget=budget, costs=costs, seed=seed)
    offered = sorted_runs(candidates if how.runs is None else (replace(run, replicates=1) for run in candidates))
    _refuse_target(offered, planned)
    larger = [run for run in _larger_runs(fit, asked, offered, seed) if costs.of(run) <= budget.amount]
    cells = (run.cell for run in (*offered, *larger, *pending))
    beliefs = believe(fit, asked, cells, particles=how.particles, seed=seed)
    rng = np.random.default_rng([seed, 1])
    outlook = Outlook.of(beliefs, ours.curves)
    for run in pending:
        outlook = outlook.after(run, rng)
    count = how.runs or how.batch or MOST
    problem = Problem(outlook, offered, costs, budget.amount, count, how.score, how.kappa,
                      exact=how.runs is not None, trained=_trained(ours.curves))  # fmt: skip
    worth = Worth(*(worth_in(each, costs.unit, costs.per_hour) for each in (how.worth_of_fact, how.cost_of_miss)))
    made = _made(problem, how.planner, seed)
    offers = frontier_of(problem, made)
    chosen = _chosen(problem, made[0], offers, worth, planner=how.planner)
    purchases, left = _purchases(problem, chosen), _particles_left(chosen)
    width = purchases[-1].width if purchases else outlook.width()
    notes = [
        *_notes(ours, beliefs.laws, planned, how.score, alone="domain" in fit.tree.attrs),
        *_what_looking_ahead_gains(problem, made, chosen),
        *_what_larger_would_tell(problem, larger, width),
        *_what_the_batch_lacks(problem, chosen),
    ]
    return Plan(
        target=beliefs.target,
        purchases=tuple(purchases),
        table=_table(problem),
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
        least=max(made[0].courses[0].least_width, beliefs.width[1]),
        stop=_stop(problem, chosen, worth, made[0].width),
        planner=how.planner,
        seed=seed,
        pending=tuple(pending),
        trained=problem.trained,
        particles=left,
        notes=tuple(notes),
    )


def _made(problem: Problem, planner: str, seed: int) -> list[Batch]:
    """Return batches, the best first; an empty one where pending runs have worn the draws out."""
    rng = np.random.default_rng([seed, 2])
    if problem.outlook.effective_particles < FEWEST_PARTICLES:
        return [judged(problem, (), "", seed)]
    if planner == "greedy":
        return batches(problem, int(rng.integers(2**31)))
    return [judged(problem, tuple(PLANNERS[planner](problem, rng)), planner, seed)]


def _chosen(problem: Problem, best: Batch, offers: Sequence[Offer], worth: Worth, *, planner: str) -> Offer:
    """Return what is bought: all of the best batch where the count or the rule was asked for, else what is worth it."""
    if problem.exact or planner != "greedy":
        return offer_of(problem, best, len(best.runs))
    return best_for_money(offers, worth) if worth else offers[-1]


def _purchases(problem: Problem, chosen: Offer) -> list[Purchase]:
    """Return the runs with what each costs and is expected to leave."""
    purchases, spent = [], 0.0
    for run, course in zip(chosen.runs, chosen.batch.courses[1:], strict=False):
        spent += problem.cost_of(run)
        purchases.append(Purchase(run, problem.cost_of(run), spent, course.width, reason(run, problem.outlook)))
    return purchases


def _particles_left(chosen: Offer) -> int:
    return round(chosen.batch.courses[chosen.count].outlook.effective_particles)


def _stop(problem: Problem, chosen: Offer, worth: Worth, least: float) -> str:
    """Why the plan ends where it does; empty where the money or the count ends it."""
    unit, left = problem.costs.unit, problem.budget - chosen.point.spent
    if worth and chosen.point.width > (1 + WORTH_WHILE) * least:
        return "It ends here: every further run that was looked at costs more than it is worth."
    if chosen.point.width <= (1 + WORTH_WHILE) * problem.outlook.beliefs.width[1]:
        return "It ends here: the floor is reached, which only runs of the target's own size lower."
    if chosen.point.width <= (1 + WORTH_WHILE) * chosen.batch.courses[0].least_width:
        return "It ends here: of the sizes on offer, more runs would show no more. Only larger ones would."
    if problem.exact or left < min(map(problem.cost_of, problem.candidates)):
        return ""
    return f"It ends here: the rest of the budget, {amount(left, unit)}, would narrow the interval by less than 2 %."


def _what_looking_ahead_gains(problem: Problem, made: Sequence[Batch], chosen: Offer) -> list[str]:
    """A note, where one run after the other, by gain per cost, would have left a wider interval."""
    greedy = next((batch for batch in made if batch.how == "by gain per cost"), None)
    if greedy is None or chosen.batch.courses[chosen.count].width > (1 - WORTH_WHILE) * greedy.width:
        return []
    spent = amount(sum(map(problem.cost_of, greedy.runs)), problem.costs.unit, of=problem.budget)
    return [
        f"The best batch was made {chosen.batch.how}: one run after the other by gain per cost would have spent "
        f"{spent} and left the interval at {greedy.width:.2f}."
    ]


def _what_the_batch_lacks(problem: Problem, chosen: Offer) -> list[str]:
    """Notes, where the budget pays for fewer runs than were asked for, or the last ones rest on the linearised law."""
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


def _larger_runs(fit: "Fit", target: Target, offered: Sequence[Run], seed: int) -> tuple[Run, ...]:
    """Single runs of a size halfway between the largest on offer and the target; none where the two are close."""
    largest = max(run.params for run in offered)
    if target.params < _FAR * largest:
        return ()
    size = float(f"{np.sqrt(largest * target.params):.3g}")
    return candidate_runs(fit, target, sizes=[size], largest=size, levels=5, replicates=[1], seed=seed)


def _what_larger_would_tell(problem: Problem, larger: Sequence[Run], after: float) -> list[str]:
    """A note, where one run of a larger size would narrow the interval more than the whole batch."""
    if not larger:
        return []
    gains = problem.outlook.gains(larger)
    best = larger[int(np.argmax(gains))]
    width = problem.outlook.width(float(np.max(gains)))
    if width > (1 - WORTH_WHILE) * after:
        return []
    unit = problem.outlook.beliefs.target.axis.unit
    return [
        f"A larger size would show more: one run of {best.params:,.0f} parameters at {best.level:,.6g} {unit}, for "
        f"{amount(problem.cost_of(best), problem.costs.unit)}, is expected to leave {width:.2f} by itself. If it may "
        f"be trained, allow it with `largest`, or `--largest {best.params:.0f}`."
    ]


def _table(problem: Problem) -> "pd.DataFrame":
    import pandas as pd

    outlook, costs = problem.outlook, problem.costs
    now, (per, _) = outlook.width(), PER[costs.unit]
    removable = outlook.gains(problem.candidates)
    gains = removable if problem.score == "variance" else outlook.gains(problem.candidates, problem.score)
    rows = []
    for run, removed, gain in zip(problem.candidates, removable, gains, strict=True):
        cost = costs.of(run)
        width = outlook.width(removed)
        rows.append(
            {
                **_plain(run), "cost": cost, "width": width, "gain": gain,
                "narrowing_per_cost": (now - width) / cost * per, "score": problem.per_cost(gain, run),
                "why": reason(run, outlook),
            }
        )  # fmt: skip
    table = pd.DataFrame(rows).sort_values("score", ascending=False, kind="stable", ignore_index=True)
    return table.drop(columns="score")


def _trained(curves: Any) -> tuple[Run, ...]:
    of_run = curves[schema.PARAMS], curves[schema.TOKENS], axis_of(curves).values(curves)
    columns = (np.asarray(values, dtype=float).tolist() for values in of_run)
    return tuple(Run(*row) for row in zip(*columns, strict=True))


def _refuse_target(runs: Sequence[Run], target: PlannedModel) -> None:
    too_large = [run.params for run in runs if run.params >= target.params * (1 - 1e-9)]
    if not runs or too_large:
        got = f"{too_large[0]:,.0f} parameters" if too_large else "none"
        raise InputError(f"candidates below the target's {target.params:,.0f} parameters", got, "candidates")


def _notes(fit: "Fit", laws: tuple[str, ...], target: PlannedModel, score: Score, *, alone: bool) -> list[str]:
    notes = []
    if left_out := [name for name in fit.weights if name not in laws]:
        notes.append(
            f"The law(s) {', '.join(left_out)} have another shape, are not linear in their coefficients, or have a run "
            "scatter of each size: left out."
        )
    if alone:
        notes.append(
            "The fit was cut down to one domain before: what the half-points of the others say is not counted, and "
            "widths are too wide. Plan from the whole fit, and name the domain."
        )
    if score == "regret" and fit.curves.sizes[schema.GROUP] > 1:
        notes.append(f"The score 'regret' counts what a run says of '{target.group}', and nothing of other groups.")
    is_varied = varied(fit.curves)
    if never := [name for name in target.prior_driven if not is_varied[name]]:
        notes.append(
            f"The sweep never varied {', '.join(never)}: its uncertainty under the prior is not in the widths."
        )
    return notes


def _plain(run: Run) -> dict[str, float]:
    return {"params": run.params, "tokens": run.tokens, "level": run.level, "replicates": run.replicates}
