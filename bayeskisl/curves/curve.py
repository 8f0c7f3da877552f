"""One measured curve: a probe group of one cell, without any law."""

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayeskisl import schema
from bayeskisl.arrays import FloatArray, IntArray
from bayeskisl.curves.benchmark import benchmarks
from bayeskisl.curves.cells import cell_table, levels_of_runs, names_of_cells
from bayeskisl.curves.exposures import group_exposures
from bayeskisl.knowledge.guessing import known

__all__ = ["Curve", "Side", "curves_of_cells", "sums_by_level"]

# Runs scatter by some .12 in log exposures, and a fall of steepness k = 8 has the slope k / 4 at its middle: a quarter
# of all facts there, and nothing at either end.
_SCATTER = 0.25
# Knowledge that is not above chance by three standard errors is none.
_SIGNAL = 3.0
# Two best levels that differ by less than a fifth are a ceiling, where they hold enough to be one.
_PLATEAU, _LEAST_CEILING = 0.8, 0.15
# Less than this a benchmark does not show: these are guesses.
_LEAST_OF_BENCHMARK = 0.01


class Side(StrEnum):
    """Position of the runs of a curve relative to its half-point."""

    CROSSED = "crossed"  # on both sides of the half-point
    KEPT = "kept"  # all keep half of what they hold at best
    LOST = "lost"  # none keeps half


@dataclass(frozen=True)
class Curve:
    """Knowledge of one group in the runs of one cell, in the order of exposures.

    Parameters
    ----------
    group, place : str
        The group, and the cell in words.
    params, tokens : float
        Size and budget of the cell.
    runs : numpy.ndarray
        Names, ``(run,)``.
    infusion, log_exposures : numpy.ndarray
        Place of each run, shape ``(run,)``. Where the exposures of the group stay and only the load varies, each of
        them counts for less as more is infused: they are divided by the infusion over its mean.
    share : numpy.ndarray
        Share of facts known above guessing, ``(run,)``.
    variance : numpy.ndarray
        Variance of that share: of the counts, and of runs about their curve, ``(run,)``.
    signal : bool
        Whether any run knows more than guessing does.
    is_benchmark : bool
        Whether the group is a general benchmark, of which the best level is counted as all.
    """

    group: str
    place: str
    params: float
    tokens: float
    runs: NDArray[np.str_]
    infusion: FloatArray
    log_exposures: FloatArray
    share: FloatArray
    variance: FloatArray
    signal: bool
    is_benchmark: bool = False

    def without(self, *runs: str) -> "Curve":
        """The curve without some of its runs."""
        kept = ~np.isin(self.runs, runs)
        return replace(self, **{name: getattr(self, name)[kept] for name in _BY_RUN})

    def row(self, run: str) -> int:
        """The place of a run in the arrays."""
        return int(np.flatnonzero(self.runs == run)[0])

    @cached_property
    def levels(self) -> FloatArray:
        """Log exposures of each level, ascending."""
        return np.unique(self.log_exposures)

    @cached_property
    def means(self) -> FloatArray:
        """Mean share of each level."""
        _, sums, runs = sums_by_level(self.log_exposures, self.share)
        return sums / runs

    @cached_property
    def variances(self) -> FloatArray:
        """Variance of each level's mean."""
        _, sums, runs = sums_by_level(self.log_exposures, self.variance)
        return sums / runs**2

    @property
    def range(self) -> float:
        """Difference between the best and the worst level."""
        return float(self.means.max() - self.means.min())

    @cached_property
    def ceiling(self) -> float:
        """Highest knowledge of the group: its plateau if it has one, otherwise all facts; of a benchmark its best."""
        if self.is_benchmark:
            best_level = float(self.means.max())
            return best_level if best_level >= _LEAST_OF_BENCHMARK else 1.0
        best = self.plateau(2, _PLATEAU)
        return float(best[-1]) if best.size and best[-1] >= _LEAST_CEILING else 1.0

    def plateau(self, levels: int, alike: float) -> FloatArray:
        """Return the means of the best levels, ascending; none where they differ by more than a ratio.

        Parameters
        ----------
        levels : int
            Number of levels.
        alike : float
            Least ratio of the lowest of them to the highest.
        """
        best = np.sort(self.means)[-levels:]
        return best if best.size == levels and best[0] >= alike * best[-1] else best[:0]

    @property
    def share_of_ceiling(self) -> FloatArray:
        """Share of each run relative to the ceiling."""
        return self.share / self.ceiling

    @cached_property
    def side(self) -> Side:
        """Side of the half-point on which the levels lie."""
        kept = self.means >= self.ceiling / 2
        return Side.KEPT if kept.all() else Side.CROSSED if kept.any() else Side.LOST

    @cached_property
    def half_point(self) -> float:
        """Log exposures at which a monotone curve through the levels crosses half of the ceiling.

        Where no part of that curve keeps half although a level does, it is that level.
        """
        smooth = monotone(self.means, 1 / self.variances)
        if smooth[-1] < self.ceiling / 2:
            return float(self.levels[np.argmax(self.means)])
        above = int(np.argmax(smooth >= self.ceiling / 2))
        if above == 0:
            return float(self.levels[0])
        low, high = smooth[above - 1], smooth[above]
        part = (self.ceiling / 2 - low) / (high - low)
        return float(self.levels[above - 1] + part * (self.levels[above] - self.levels[above - 1]))

    def has_row_in_fall(self, margin: float) -> bool:
        """Whether a run lies between chance and the ceiling, away from both."""
        share = self.share_of_ceiling
        return bool(((share > margin) & (share < 1 - margin)).any())

    def turns_back(self, errors: float, least: float) -> bool:
        """Whether a level has significantly more knowledge than another level with more exposures."""
        return self._falls(errors, least, self.means[:, None] - self.means)

    def falls_with_exposures(self, errors: float, least: float) -> bool:
        """Whether knowledge falls as exposures rise, and rises nowhere."""
        return self.turns_back(errors, least) and not self._falls(errors, least, self.means - self.means[:, None])

    @property
    def trend(self) -> float:
        """Rise of knowledge with exposures over all levels, in standard errors; 0 with a single level."""
        weights = 1 / self.variances
        place = np.arange(len(self.levels)) - np.average(np.arange(len(self.levels)), weights=weights)
        spread = float((weights * place**2).sum())
        return float((weights * place * self.means).sum()) / np.sqrt(spread) if spread > 0 else 0.0

    @property
    def exposures_taken(self) -> float:
        """Share of the most exposures that the fewest lack."""
        return float(-np.expm1(self.levels[0] - self.levels[-1]))

    def outpaces_exposures(self, errors: float, least: float, factor: float) -> bool:
        """Whether the share that is lost with the most exposures taken away is so many times the share of exposures.

        Runs scatter by as much as they do about the monotone curve nearest to them.
        """
        smooth = monotone(self.means, 1 / self.variances)
        scatter = np.std(self.share - smooth[np.searchsorted(self.levels, self.log_exposures)])
        lost = smooth[-1] - smooth[0]
        return bool(lost > errors * scatter and lost > max(least, factor * self.exposures_taken) * smooth[-1])

    def _falls(self, errors: float, least: float, drop: FloatArray) -> bool:
        """Whether the drop from a level (row) to one with more exposures (column) is significant."""
        noise = np.sqrt(self.variances[:, None] + self.variances)
        later = np.triu(np.ones(drop.shape, dtype=bool), k=1)
        return bool((later & (drop > least) & (drop > errors * noise)).any())

    def most_outlying_run(self, errors: float, least: float) -> str | None:
        """The most outlying run: without it a monotone curve fits best; None if none is outlying.

        Two replicates that contradict each other lie equally far apart: their neighbours say which one is wrong.
        """
        distances = {str(run): self._distance(run) for run in self.runs}
        beyond = [run for run, (far, noise) in distances.items() if far > least and far > errors * noise]
        return min(beyond, key=lambda run: self.without(run)._misfit, default=None)

    def band(self, log_exposures: float) -> str:
        """Range of values that a monotone curve through the runs allows at some exposures."""
        low, high, _ = self._allowed(log_exposures)
        if high > 1:
            return f"{max(low, 0.0):.2f} or more"
        return f"{low:.2f} to {high:.2f}" if low > 0 else f"{high:.2f} at most"

    def _distance(self, run: str) -> tuple[float, float]:
        """Distance of a run from the band of the other runs, and its standard error."""
        if self.runs.size < 3:
            return 0.0, 1.0
        row = self.row(run)
        low, high, variance = self.without(run)._allowed(self.log_exposures[row])
        far = max(low - self.share[row], self.share[row] - high, 0.0)
        return float(far), float(np.sqrt(self.variance[row] + variance))

    @property
    def _misfit(self) -> float:
        """Squared standard errors between the levels' means and the nearest monotone curve."""
        return float(((self.means - monotone(self.means, 1 / self.variances)) ** 2 / self.variances).sum())

    def _allowed(self, log_exposures: float) -> tuple[float, float, float]:
        """Lowest and highest value that a monotone curve through the runs allows, and the variance of both."""
        smooth = monotone(self.means, 1 / self.variances)
        before, after = self.levels <= log_exposures, self.levels >= log_exposures
        low = float(smooth[before][-1]) if before.any() else -np.inf
        high = float(smooth[after][0]) if after.any() else np.inf
        near = np.concatenate([self.variances[before][-1:], self.variances[after][:1]])
        return low, max(low, high), float(near.max(initial=0.0))


_BY_RUN = ("runs", "infusion", "log_exposures", "share", "variance")


def sums_by_level(places: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray, IntArray]:
    """Return the levels among places ``(run,)``, ascending, the sum of the values at each, and its number of runs."""
    levels, level_of_run = np.unique(places, return_inverse=True)
    return levels, np.bincount(level_of_run, values, len(levels)), np.bincount(level_of_run, minlength=len(levels))


def monotone(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Nearest ascending sequence to values, shape ``(level,)``, by pooling adjacent violators."""
    from scipy.optimize import isotonic_regression

    return isotonic_regression(values, weights=weights).x


def curves_of_cells(curves: xr.Dataset, group: str) -> list[Curve]:
    """Return the curve of a group in every cell, in the order of `bayeskisl.curves.cell_table`.

    Runs that did not probe the group, or never saw its facts, are left out; a curve may have none.
    """
    cells, cell_of_run = cell_table(curves)
    ours = curves.sel(group=group)
    recalled, probed = (ours[name].values.astype(float) for name in (schema.RECALLED, schema.PROBED))
    guessing = ours[schema.GUESSING].values.astype(float)
    exposures = group_exposures(curves).sel(group=group).values
    infusion = levels_of_runs(curves)
    names = names_of_cells(cells)
    is_benchmark = bool(benchmarks(curves)[curves[schema.GROUP].values == group].any())
    found = []
    for cell in range(cells.sizes[schema.CELL]):
        used = np.flatnonzero((cell_of_run == cell) & (probed > 0) & (exposures > 0))
        log_exposures = _places(exposures[used], infusion[used])
        order = np.argsort(log_exposures, kind="stable")
        used, log_exposures = used[order], log_exposures[order]
        params, tokens = (float(cells[name][cell]) for name in (schema.PARAMS, schema.TOKENS))
        share, variance = _known(recalled[used], probed[used], guessing[used])
        noise = np.sqrt(guessing[used] * (1 - guessing[used]) / np.maximum(probed[used], 1)) / (1 - guessing[used])
        found.append(
            Curve(
                group=group,
                place=names[cell],
                params=params,
                tokens=tokens,
                runs=curves[schema.RUN].values[used].astype(str),
                infusion=infusion[used],
                log_exposures=log_exposures,
                share=share,
                variance=variance,
                signal=bool((share * probed[used] > _SIGNAL * np.maximum(noise * probed[used], 1.0)).any()),
                is_benchmark=is_benchmark,
            )
        )
    return found


def _places(exposures: FloatArray, infusion: FloatArray) -> FloatArray:
    """Log exposures of the runs of a cell; where the load alone distinguishes them, see `Curve`."""
    log_exposures = np.round(np.log(exposures), 6)
    if exposures.size and np.ptp(log_exposures) == 0 and np.ptp(infusion) > 0 and infusion.min() > 0:
        return log_exposures - np.round(np.log(infusion / np.exp(np.log(infusion).mean())), 6)
    return log_exposures


def _known(recalled: FloatArray, probed: FloatArray, guessing: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Share known above guessing, and its variance by counts and by runs."""
    share = known(recalled / probed, guessing)
    smooth = (recalled + 0.5) / (probed + 1)
    of_counts = smooth * (1 - smooth) / probed / (1 - guessing) ** 2
    inside = np.clip(share, 0.0, 1.0)
    return share, of_counts + (4 * _SCATTER * inside * (1 - inside)) ** 2
