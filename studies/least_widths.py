"""The least width that any plan could leave: simulated sweeps of `studies.replays` and a planner who knows them.

The planner knows the scatter of sizes and of runs, every curve, and how widely coefficients vary over the worlds. It
does not know the three coefficients of the law of size, nor how far each size lies off the law. All counts are then
about Gaussian measurements of half-points, and the variance of the target's half-point does not depend on outcomes. It
is a convex function of what is spent on each size, so that its minimum over all ways to spend a sum is found; runs may
be bought in parts. No plan can leave less, and the sweep's own grid is measured by the same rule.
"""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import polars as pl
import typer
import xarray as xr
from scipy.optimize import minimize

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.inference.run_counts import information, precision
from bayeskisl.laws import load_law
from bayeskisl.seeds import seed_of
from bayeskisl.workflow.market import Market
from studies.command import Folder, Tell, counting, run, say_nothing, show
from studies.replays import COSTS, PARTS, PRIOR_SD, START, simulated_sweep
from studies.simulated.turns import write_table

__all__ = ["World", "least_widths", "prove_least_widths"]

# The law from which the sweeps are drawn.
_LAW = "collapse"

# Information of a run that tells nothing, and the least share of the money that goes to a size, so that its logarithm
# exists.
_NOTHING, _LEAST_SHARE = 1e-12, 1e-6

# The search for the best split of the money starts from so many places; the function is convex, one would do.
_STARTS = 3


@dataclass(frozen=True)
class World:
    """What a planner who knows the truth of a sweep knows.

    Parameters
    ----------
    rows : numpy.ndarray
        Factors of the law's coefficients in log e50 of each size, the target's last, ``(size, column)``.
    tau : float
        Scatter of the sizes about the law.
    price : numpy.ndarray
        The price of a run of each size but the target's, ``(size,)``.
    started, grid : numpy.ndarray
        Information about log e50 of each size that everyone starts with, and that the grid gives, ``(size,)``.
    grid_cost, spent : float
        Prices of the grid, and of what everyone starts with.
    offers : tuple of numpy.ndarray
        For each size the information of the runs that can still be bought, the best first.
    """

    rows: FloatArray
    tau: float
    price: FloatArray
    started: FloatArray
    grid: FloatArray
    grid_cost: float
    spent: float
    offers: tuple[FloatArray, ...]

    @classmethod
    def of(cls, curves: xr.Dataset) -> "World":
        """Return the world of a simulated sweep."""
        truth = xr.Dataset.from_dict(json.loads(curves.attrs["truth"])).isel(group=0)
        market = Market.of(curves, COSTS)
        params = np.unique(curves[schema.PARAMS].values)
        size_of_run = np.searchsorted(params, market.curves[schema.PARAMS].values)
        z = np.log(params) - np.log(params).mean()
        of_runs = _information(market.curves, truth, size_of_run)
        counts = Counter[tuple[int, float]]()
        begins = np.zeros(len(of_runs), dtype=bool)
        for index, run_ in enumerate(market.runs):
            begins[index] = size_of_run[index] < START and not counts[size_of_run[index], run_.level]
            counts[size_of_run[index], run_.level] += 1
        informative = np.isin(np.arange(len(of_runs)), market.informative)
        sizes = range(len(params) - 1)

        def of_sizes(chosen: np.ndarray) -> FloatArray:
            return np.array([of_runs[chosen & (size_of_run == size)].sum() for size in sizes])

        return cls(
            rows=np.column_stack([np.ones_like(z), -z, z**2 / 2]),
            tau=float(truth["tau"]),
            price=np.array([market.price[size_of_run == size][0] for size in sizes]),
            started=of_sizes(begins),
            grid=of_sizes(informative),
            grid_cost=float(market.price[informative].sum()),
            spent=float(market.price[begins].sum()),
            offers=tuple(np.sort(of_runs[~begins & (size_of_run == size)])[::-1] for size in sizes),
        )

    def sd(self, information: FloatArray) -> float:
        """Standard deviation of the target's log e50, given the information about each other size."""
        known = 1 / (self.tau**2 + 1 / np.maximum(information, _NOTHING))
        rows, target = self.rows[:-1], self.rows[-1]
        posterior = np.diag(1 / np.array(PRIOR_SD) ** 2) + (rows.T * known) @ rows
        return float(np.sqrt(target @ np.linalg.solve(posterior, target) + self.tau**2))

    def least_sd(self, money: float) -> float:
        """Return the least standard deviation that this much money can leave, with what everyone starts with."""
        left = money - self.spent
        if left <= 0:
            return self.sd(self.started)

        def objective(logits: FloatArray) -> float:
            shares = np.exp(logits - logits.max())
            return self.sd(self.started + self._bought(left * shares / shares.sum()))

        rng, sizes = np.random.default_rng(0), len(self.price)
        starts = [np.log(rng.dirichlet(np.ones(sizes)) + _LEAST_SHARE) for _ in range(_STARTS)]
        found = min((_descended(objective, start) for start in starts), key=lambda each: float(each.fun))
        return float(_descended(objective, found.x).fun)  # once more, from a simplex of full size

    def _bought(self, spending: FloatArray) -> FloatArray:
        """Information of the best runs of each size for what is spent on it; the last of them in part."""
        return np.array(
            [
                np.interp(spent / price, np.arange(len(offers) + 1), np.append(0.0, np.cumsum(offers)))
                for spent, price, offers in zip(spending, self.price, self.offers, strict=True)
            ]
        )


def _descended(objective: Callable[[FloatArray], float], start: FloatArray) -> Any:
    return minimize(objective, start, method="Nelder-Mead", options={"maxiter": 3000})


def _information(curves: xr.Dataset, truth: xr.Dataset, size_of_run: np.ndarray) -> FloatArray:
    """Fisher information of each run about the log e50 of its size, with its run scatter, ``(run,)``."""
    shape = load_law(_LAW).fall.of(truth).map(np.asarray)
    steepness, critical, floor, ceiling = (
        truth[name].values[size_of_run] for name in ("steepness", "critical_exposures", "floor", "ceiling")
    )
    x = steepness * (np.log(curves[schema.EXPOSURES].values) - np.log(critical))
    share = np.clip(shape.share(x, np), _NOTHING, 1 - _NOTHING)
    chance = floor + (ceiling - floor) * share
    counts = precision(chance, floor, float(truth["concentration"]), float(truth["guess_concentration"]))
    probed = curves[schema.PROBED].values[:, 0]
    slope = (ceiling - floor) * steepness * shape.slope(x, np)
    of_counts = np.maximum(information(chance, slope, probed, counts), _NOTHING)
    return 1 / (1 / of_counts + float(truth["sigma_run"]) ** 2)


def least_widths(number: int, seed: int = 0) -> pl.DataFrame:
    """Least widths of one sweep over its grid's own width.

    Returns
    -------
    polars.DataFrame
        One row for each ``part`` of its grid's cost: ``least_over_grid``, the ratio of the two standard
        deviations of the target's log e50.
    """
    world = World.of(simulated_sweep(seed_of(seed, number)))
    grid = world.sd(world.grid)
    least = [world.least_sd(part * world.grid_cost) / grid for part in PARTS]
    return pl.DataFrame({"sweep": number, "part": PARTS, "least_over_grid": least})


def prove_least_widths(folder: str | Path, count: int = 200, tell: Tell = say_nothing) -> pl.DataFrame:
    """Write ``least_widths.csv`` into a folder.

    Returns
    -------
    polars.DataFrame
        One row for each ``part`` of the grid's cost: number of ``sweeps``; the median, the 5 and the 95 % quantile of
        `least_widths`; and the share of sweeps in which some plan could be as narrow as the grid.
    """
    found = []
    for number in range(count):
        found.append(least_widths(number))
        tell("sweeps", number + 1, count)
    ratio = pl.col("least_over_grid")
    table = (
        pl.concat(found)
        .group_by("part", maintain_order=True)
        .agg(
            sweeps=pl.len(),
            median=ratio.median(),
            low=ratio.quantile(0.05),
            high=ratio.quantile(0.95),
            as_narrow=(ratio <= 1).mean(),
        )
    )
    return write_table(table, Path(folder) / "least_widths.csv")


def main(
    out: Folder = Path("runs/proof/replays"),
    count: Annotated[int, typer.Option(min=1, help="Sweeps.")] = 200,
) -> None:
    """The least width that any plan could leave of the largest size, over that of a sensible grid."""
    with counting("sweeps") as tell:
        table = prove_least_widths(out, count, tell)
    show(table, table.columns)


if __name__ == "__main__":
    run(main)
