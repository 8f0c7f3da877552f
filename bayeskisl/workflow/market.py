"""The market of a replay: runs of a finished sweep that can be bought, their prices, and the truth about the target."""

import json
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arrays import FloatArray, IntArray
from bayeskisl.axes import axis_of
from bayeskisl.curves import final
from bayeskisl.curves.groups import probed_groups
from bayeskisl.decision import measure_collapse
from bayeskisl.decision.planned_model import planned_model
from bayeskisl.design import Costs, Run
from bayeskisl.design.runs import runs_of
from bayeskisl.errors import InputError
from bayeskisl.target import Target

__all__ = ["Market", "shelf_of", "start_of"]


@dataclass(frozen=True)
class Market:
    """Runs that can be bought, and their costs.

    Parameters
    ----------
    curves : xarray.Dataset
        Curves of all sizes except the target's.
    target_params : float
    truth : float
        True value of the target's cell, on the scale of `Step`.
    costs : Costs
    """

    curves: xr.Dataset
    target_params: float
    truth: float
    costs: Costs

    @classmethod
    def of(cls, curves: xr.Dataset, costs: Costs) -> "Market":
        """Return the market of a sweep: its largest size becomes the target, whose runs are not on sale."""
        curves = final(curves)
        if len(np.unique(curves[schema.TOKENS])) > 1:
            raise InputError("a sweep at one token budget", "several", "curves", "select one")
        group = axis_of(curves).harmed_group(probed_groups(curves))
        curves, largest = curves.sel(group=[group]), float(curves[schema.PARAMS].max())
        others = curves.isel(run=np.flatnonzero(curves[schema.PARAMS].values < largest))
        return cls(others, largest, _truth(curves, largest), costs)

    def place(self, collapse: FloatArray) -> FloatArray:
        """Collapse points of the target on the scale of `Step`."""
        return _place(self.curves, self.target_params, collapse)

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """Every run of the curves, in their order."""
        return runs_of(self.curves)

    @cached_property
    def price(self) -> FloatArray:
        """Price of every run."""
        return np.array([self.costs.of(run) for run in self.runs])

    @cached_property
    def informative(self) -> IntArray:
        """Indices of the runs of levels with partial retention on average."""
        share = (self.curves[schema.RECALLED] / self.curves[schema.PROBED]).values[:, 0]
        totals: Counter[Run] = Counter()
        for run, kept in zip(self.runs, share, strict=True):
            totals[run] += kept
        counts = Counter(self.runs)
        return np.array([i for i, run in enumerate(self.runs) if 0.01 < totals[run] / counts[run] < 0.99])

    @property
    def grid_share(self) -> float:
        """Share of the total cost that a sensible grid takes."""
        return float(self.price[self.informative].sum() / self.price.sum())


def shelf_of(market: Market, rng: np.random.Generator) -> dict[Run, list[int]]:
    """Indices of the runs for sale, those of one level in random order."""
    shelf: dict[Run, list[int]] = {}
    for index in rng.permutation(len(market.runs)):
        shelf.setdefault(market.runs[index], []).append(int(index))
    return shelf


def start_of(market: Market, sizes: int, shelf: dict[Run, list[int]]) -> list[int]:
    """Take one run from the shelf at every level that all of the smallest sizes share."""
    smallest = sorted({run.params for run in market.runs})
    if len(smallest) < sizes + 1:
        raise InputError(f"more than {sizes + 1} sizes", len(smallest) + 1, "curves", "lower `start`")
    levels = [{run.level for run in market.runs if run.params == n} for n in smallest[:sizes]]
    common = set.intersection(*levels)
    wanted = [run for run in sorted(shelf) if run.params in smallest[:sizes] and run.level in common]
    return [shelf[run].pop() for run in wanted]


def _place(curves: xr.Dataset, params: float, collapse: FloatArray) -> FloatArray:
    if axis_of(curves).counts_facts:
        return np.log(collapse)
    with np.errstate(divide="ignore"):  # at a ratio of one nothing is left of the background
        return planned_model(curves, Target(params)).log_exposures(np.asarray(collapse))


def _truth(curves: xr.Dataset, params: float) -> float:
    """The collapse point of the target's cell: the simulation's own, or the measurement of its runs."""
    if "truth" in curves.attrs:
        known = xr.Dataset.from_dict(json.loads(curves.attrs["truth"]))
        cell = next(str(name) for name in known[schema.CELL].values if str(name).startswith(f"{params:.0f}p "))
        simulated = known[schema.COLLAPSE].sel(cell=cell, group=curves[schema.GROUP].values)
        return float(_place(curves, params, simulated.values.ravel()[0]))
    ours = curves.isel(run=np.flatnonzero(curves[schema.PARAMS].values == params))
    return float(_place(curves, params, np.asarray(measure_collapse(ours).median)))
