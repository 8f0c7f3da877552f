"""Fast decisions for sliders: the questions of `decide`, answered from fewer draws."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import xarray as xr

from bayeskisl.arrays import FloatArray, IntArray
from bayeskisl.decision.advice import decision_on
from bayeskisl.decision.caveats import APART
from bayeskisl.decision.choices import Gains
from bayeskisl.decision.criterion import RISK, Criterion
from bayeskisl.decision.decision import Decision
from bayeskisl.decision.maximum import NODES, Maximum
from bayeskisl.decision.planned_model import PlannedModel, planned_model
from bayeskisl.decision.prediction import Forecast, Options, forecast
from bayeskisl.decision.question import Question
from bayeskisl.decision.utility import KeptFacts
from bayeskisl.target import Target

if TYPE_CHECKING:
    from bayeskisl.inference import Fit

__all__ = ["Glances"]


class _OnGrid(Gains):
    """Gains whose optima are read from one grid; the best mean is the vertex of a parabola through its nodes."""

    is_exact: ClassVar[bool] = False

    def optima(self) -> Maximum:
        line, worth = self._grid
        best = worth.argmax(axis=1)
        side = _side(best)
        inside = self.prospect.target.from_line(line[best])
        return Maximum(np.where(side == 0, inside, np.where(side > 0, np.inf, 0.0)), worth.max(axis=1), side)

    def best_mean(self) -> Maximum:
        line, mean = self._grid[0], self._mean
        best = int(mean.argmax())
        side = _side(np.array([best]))
        rise, top = 0.0, mean[best]
        if not side[0]:
            before, after = mean[best - 1], mean[best + 1]
            rise = 0.5 * (before - after) / (before - 2 * top + after)
            top -= 0.25 * (before - after) * rise
        place = self.prospect.target.from_line(line[best] + rise * (line[1] - line[0]))
        return Maximum(np.array([place]), np.array([top]), side)

    def near_optimal(self, best: Maximum, share: float) -> tuple[float, float]:
        line, mean = self._grid[0], self._mean
        enough = self._enough(best, share)
        peak, lost = int(mean.argmax()), mean < enough
        before, after = np.flatnonzero(lost[:peak]), np.flatnonzero(lost[peak:])

        def crossing(node: int) -> float:
            return line[node] + (line[1] - line[0]) * (enough - mean[node]) / (mean[node + 1] - mean[node])

        low = crossing(before[-1]) if before.size else line[0]
        high = crossing(peak + after[0] - 1) if after.size else line[-1]
        low, high = (float(end) for end in self.prospect.target.from_line(np.array([low, high])))
        return min(low, float(best.place[0])), max(high, float(best.place[0]))

    @cached_property
    def _grid(self) -> tuple[FloatArray, FloatArray]:
        line = np.linspace(*self._ends(), NODES)
        return line, self(self.prospect.target.from_line(line)[None, :])

    @cached_property
    def _mean(self) -> FloatArray:
        return self._grid[1].mean(axis=0)


def _side(node: IntArray) -> IntArray:
    """-1 and 1 at the ends of the grid, 0 between them."""
    return (node == NODES - 1).astype(int) - (node == 0).astype(int)


@dataclass(frozen=True, eq=False)
class Glances:
    """Decisions about one fit, each in a few hundredths of a second; nothing is fitted again.

    Parameters
    ----------
    fit : Fit
    draws : int
        How many of the fit's draws are asked; all, if there are fewer.
    options : Options
        Settings of the answers, as for `decide`.
    asked : Target, optional
        Quantities that are fixed for all decisions; the target's size and tokens are ignored.
    criterion : Criterion
        Criterion of all decisions; each has a utility and a risk of its own.
    apart : float
        As for `decide`.
    """

    fit: "Fit"
    draws: int = 1_000
    options: Options = field(default_factory=Options)
    asked: Target | None = None
    criterion: Criterion = field(default_factory=Criterion)
    apart: float = APART
    _forecasts: dict[tuple[float, float], Forecast] = field(default_factory=dict, init=False, repr=False)

    def decide(
        self, params: float, tokens: float | None = None, *, risk: float = RISK, utility: KeptFacts | None = None
    ) -> Decision:
        """Decide as `bayeskisl.decide` from the same draws, on a coarser grid of infusions."""
        target = self.target(params, tokens)
        utility = utility or KeptFacts()
        question = Question(target, self.options, replace(self.criterion, utility=utility, risk=risk))
        found = self._forecast(target)
        if not utility.loss_price:  # who does not price the general loss is spared its draws
            found = replace(found, prospect=replace(found.prospect, loss=None))
        return decision_on(self.thinned, question, found, self.apart, _OnGrid)

    def look_ahead(self, sizes: Iterable[float], tokens: float | None = None) -> None:
        """Draw the curves of several targets in advance, which makes decisions about them faster."""
        for size in sizes:
            self._forecast(self.target(size, tokens))

    def target(self, params: float, tokens: float | None = None) -> PlannedModel:
        """The model that such a decision is about."""
        return planned_model(self.fit.curves, self.at(params, tokens))

    def at(self, params: float, tokens: float | None = None) -> Target:
        """The target of a decision about a size and a budget."""
        return replace(self.asked, params=params, tokens=tokens) if self.asked else Target(params, tokens)

    @cached_property
    def thinned(self) -> "Fit":
        """The fit with every n-th draw only."""
        posterior = self.fit.tree["posterior"]
        step = posterior.sizes["chain"] * posterior.sizes["draw"] // self.draws
        if step < 2:
            return self.fit
        groups = {node.path: node.to_dataset(inherit=False) for node in self.fit.tree.subtree}
        fewer = {
            path: content.isel(draw=slice(None, None, step)) if "draw" in content.dims else content
            for path, content in groups.items()
        }
        return replace(self.fit, tree=xr.DataTree.from_dict(fewer))

    def _forecast(self, target: PlannedModel) -> Forecast:
        place = target.params, target.tokens
        if place not in self._forecasts:
            self._forecasts[place] = forecast(
                self.thinned, target, self.criterion.levels(target.usual_reference), self.options
            )
        return self._forecasts[place]
