"""A plan: its runs, their expected effect, and its verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any, ClassVar

from bayeskisl import schema
from bayeskisl.budgets import Budget, amount
from bayeskisl.card import card, escaped
from bayeskisl.decision.caveats import said
from bayeskisl.decision.planned_model import PlannedModel
from bayeskisl.design.costs import Costs
from bayeskisl.design.frontier import Point, Worth
from bayeskisl.design.outlook import WORTH_WHILE, Score
from bayeskisl.design.problem import FEWEST_DRAWS
from bayeskisl.design.runs import Run
from bayeskisl.kinds import PLAN
from bayeskisl.quantities import factor, size_and_budget, three_digits

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Plan", "Purchase"]


@dataclass(frozen=True)
class Purchase:
    """One planned run.

    Attributes
    ----------
    run : Run
    cost : float
        Cost of its replicates, in the plan's unit.
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
    """The runs to train next.

    Widths are those of the 90 % interval of `quantity` for one new run at the target, in natural logs. Along an amount,
    this is the log collapse point. Along a ratio or dose, it is the log exposures of the harmed group at its
    half-point, which are 1 - ratio up to a constant, since a ratio is bounded by 1.

    Attributes
    ----------
    target : PlannedModel
    purchases : tuple of Purchase
        The batch, in the order in which it was chosen.
    table : pandas.DataFrame
        Every single candidate, the best value first: ``params``, ``tokens``, ``level``, ``replicates``, ``cost``,
        ``width`` (expected after it), ``gain`` (in the unit of `score`), ``narrowing_per_cost`` (of the width, per
        device-hour, 1e15 FLOP or $100) and ``why``.
    promise : tuple of (float, float)
        Ends of the 90 % range of the width after the batch is trained and fitted.
    width, before, floor : float
        Width of today; expected after the pending runs alone; and with the target's law line known exactly. The
        last leaves the scatter of the target's size (3.29 tau for a known tau) and of one run, which no other run
        removes.
    budget : Budget
    costs : Costs
    score, planner, seed
        As asked for.
    kappa : float, optional
        As asked for.
    how : str
        The way in which the best batch was made.
    points : tuple of Point
        The frontier: the least expected width for each amount of money among all examined batches, with regret and
        risk. The first point is the present, the last comes within 2 % of the best.
    worth : Worth
        Worth of a retained fact, and cost of a run beyond its collapse point, in the plan's unit; zero if not stated.
    least : float
        Expected width after infinitely many runs of all sizes and budgets on offer; only larger sizes could lower it.
    stop : str
        Why the plan ends; empty if the money ends it.
    pending : tuple of Run
        Runs that count as planned before.
    trained : tuple of Run
        Runs of the fit.
    draws : int
        Effective number of posterior draws behind each imagined history at the end of the batch.
    between : float, optional
        A size between the target and the largest trained one that would test the law, where a decision asks for one.
    notes : tuple of str
        Warnings about the batch.
    domain : str
        The target's domain; empty in a fit of one.
    elsewhere : dict
        The target with what runs of another domain hold fixed, by each other domain on offer.
    """

    kind: ClassVar[str] = PLAN
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
    draws: int
    between: float | None
    notes: tuple[str, ...]
    domain: str = ""
    elsewhere: Mapping[str, PlannedModel] = field(default_factory=dict)

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
    def steps(self) -> tuple[Purchase, ...]:
        """The batch with consecutive purchases of the same size, budget and level as one purchase."""
        alike = groupby(self.purchases, key=lambda each: (*each.run.cell, each.run.level))
        return tuple(_together(list(purchases)) for _, purchases in alike)

    @property
    def orders(self) -> "pd.DataFrame":
        """The batch as a table with one row per purchase, for other trainers.

        Columns: ``params``, ``tokens``, the infusion by its name, ``replicates``, ``domain`` in a fit of several,
        ``cost`` with its ``unit``, ``expected_width``, ``why``, and what all runs of the sweep share, such as ``ratio``
        and ``tokens_per_fact``, those of another domain by that domain. A quantity that an import assumed is left out.
        """
        import pandas as pd

        level, axis = self.target.coordinate, self.target.axis
        orders = pd.DataFrame(
            [
                {schema.PARAMS: p.run.params, schema.TOKENS: p.run.tokens,
                 level: round(p.run.level) if axis.counts_facts else p.run.level, "replicates": p.run.replicates,
                 **({schema.DOMAIN: p.run.domain} if p.run.domain else {}),
                 "cost": p.cost, "unit": self.costs.unit, "expected_width": p.width, "why": p.why,
                 **self.elsewhere.get(p.run.domain, self.target).held_fixed}
                for p in self.purchases
            ]
        )  # fmt: skip
        return orders.drop(columns=list(self.target.invented), errors="ignore")

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
    def advice(self) -> str:
        """The thing to do next, in a sentence or two; empty where the budget pays for no run."""
        if self._beyond_reach:
            return ""
        if not (self.worth_while or self.worth):
            return " ".join(filter(None, (self._nothing, self._test_of_the_law)))
        if not self.purchases:
            return ""
        first = self.steps[0]
        return (
            f"Train first: {_in_words(first.run.replicates)} of {self._model(first.run)} "
            f"({amount(first.cost, self.costs.unit)}). The interval is then expected to shrink from a factor of "
            f"{factor(self.before)} to {factor(first.width)}."
        )

    @property
    def _beyond_reach(self) -> str:
        """Reason that nothing could be bought: no draws to tell, or no run that the budget pays for."""
        cheapest, unit = self.table["cost"].min(), self.costs.unit
        if not self.purchases and self.draws < FEWEST_DRAWS:
            return "The pending runs change too much for these draws to say more: wait for them and fit again."
        if cheapest > self.budget.amount:
            offered, least = amount(self.budget.amount, unit), amount(cheapest, unit)
            return f"No candidate costs at most {offered}; the cheapest costs {least}."
        return ""

    @property
    def narrowing(self) -> float:
        """Share of the width that the whole batch is expected to take away."""
        return 1 - self.path[-1][1] / self.before

    @property
    def _nothing(self) -> str:
        count = sum(run.replicates for run in self.runs)
        effect = f": {_in_words(count)} would narrow the interval by {100 * self.narrowing:.0f} %" if count else ""
        return f"Buy nothing from this list{effect}."

    @property
    def _test_of_the_law(self) -> str:
        """The size that tests the law, and the largest on offer if that is smaller."""
        if self.between is None:
            return ""
        largest = self.table["params"].max()
        end = f"; the sizes on offer end at {said(largest)}" if largest < self.between else ""
        return f"To test the law itself, train a size between, such as {said(self.between)} parameters{end}."

    def _model(self, run: Run) -> str:
        """A run's size, its budget where several are on offer, and its level, in words."""
        axis = self.target.axis
        budget = f" on {said(run.tokens)} tokens" if self.table["tokens"].nunique() > 1 else ""
        budget += f" of {run.domain}" if self.elsewhere else ""
        level = f"with {run.level:,.0f} facts" if axis.counts_facts else f"at {run.level:.4g} {axis.in_words}"
        return f"{said(run.params)} parameters{budget} {level}"

    @property
    def verdict(self) -> str:
        """Verdict in one sentence; an interval is given as the ratio of its ends."""
        if self._beyond_reach:
            return self._beyond_reach
        spent, width = self.path[-1]
        count = sum(run.replicates for run in self.runs)
        low, high = self.promise
        what = f"{_in_words(count)} for {amount(spent, self.costs.unit, of=self.budget.amount)}"
        floor = f"the floor that no other run removes is a factor of {factor(self.floor)}"
        offered = f", and no size above {self.table['params'].max():,.0f} was offered"
        if not self.purchases and self.worth:
            return f"No run is worth its price: the interval stays at a factor of {factor(self.before)}; {floor}."
        if not self.purchases:
            return (
                f"No run on offer within this budget narrows the interval of a factor of {factor(self.before)} by "
                f"{100 * WORTH_WHILE:.0f} %; {floor}{offered}."
            )
        if not self.worth_while:
            return (
                f"Nothing within this budget would help: {what} are expected to leave the interval at a factor of "
                f"{factor(width)} instead of {factor(self.before)}; {floor}{offered}."
            )
        return (
            f"{what} {'is' if count == 1 else 'are'} expected to narrow the 90 % interval of the "
            f"{self.quantity.removeprefix('log ')} from a factor of {factor(self.before)} to {factor(width)} "
            f"({factor(low)} to {factor(high)}); {floor}."
        )

    @property
    def worth_while(self) -> bool:
        """Whether the interval is expected to become narrower by more than 2 %."""
        return self.path[-1][1] <= (1 - WORTH_WHILE) * self.before

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain numbers and strings for JSON, as `plan --json` prints it."""
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
            **({schema.DOMAIN: self.domain} if self.domain else {}),
            "seed": self.seed,
            "pending": [run.summary() for run in self.pending],
            "runs": [
                {**p.run.summary(), "cost": p.cost, "spent": p.spent, "expected_width": p.width, "why": p.why}
                for p in self.purchases
            ],
            "advice": self.advice,
            "between": self.between,
            "verdict": self.verdict,
            "notes": list(self.notes),
        }

    def __repr__(self) -> str:
        return f"<Plan of {len(self.purchases)} purchases for {self.target.params:,.0f} parameters: {self.verdict}>"

    def _place(self, params: float, tokens: float) -> str:
        return size_and_budget(params, tokens, schema.TOKENS not in self.target.invented)

    def _repr_html_(self) -> str:
        runs = [
            (
                f"step {at}",
                f"{_in_words(p.run.replicates)} of {self._place(p.run.params, p.run.tokens)}"
                f"{f' of {p.run.domain}' if self.elsewhere else ''} at "
                f"{three_digits(p.run.level)} {self.target.axis.in_words}, for {amount(p.cost, self.costs.unit)}",
            )
            for at, p in enumerate(self.steps, start=1)
        ]
        rows = [
            ("target", self._place(self.target.params, self.target.tokens)),
            *((("advice", self.advice),) if self.advice else ()),
            ("verdict", self.verdict),
            *runs,
            *(("note", note) for note in self.notes),
        ]
        return card("plan", escaped(rows))


def _together(purchases: Sequence[Purchase]) -> Purchase:
    """Consecutive purchases of one size and level as one: their runs and costs add up."""
    last, replicates = purchases[-1], sum(each.run.replicates for each in purchases)
    return replace(last, run=replace(last.run, replicates=replicates), cost=sum(each.cost for each in purchases),
                   why=purchases[0].why)  # fmt: skip


def _in_words(count: int) -> str:
    return f"{count:,} run{'s' * (count != 1)}"
