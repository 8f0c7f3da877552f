"""Measurement of the half-point of one cell from its own runs, without a law of size.

The procedure is a grid posterior, apart from the model that predicts: what made a prediction does not verify it.
Each run i has its own threshold v_i on log exposures,

    y_i ~ Binomial(n_i, floor + (ceiling - floor) S(k (u_i - v_i))),    v_i ~ N(log e50, sigma_run^2),

with S a smooth break: a logistic takes the long tail of real falls for a half-point that lies further out, by a quarter
in models of arXiv 2508.20755. log e50 has a flat prior over a range that contains the fall. The nuisances k, the
asymmetry of the fall, sigma_run, lapse and recall above guessing are represented by equiprobable nodes of weak priors.
Run effects are integrated out by the trapezoid rule with nodes denser than the narrowest likelihood of a run: with 500
probes a few fixed nodes would fall between the peaks.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.special import ndtri

from bayeskisl import schema
from bayeskisl.arrays import Float32Array, FloatArray, IntArray
from bayeskisl.curves import cell_table, curves_of_cells, final, group_exposures
from bayeskisl.curves.curve import Curve
from bayeskisl.decision.planned_model import PlannedModel, planned_model
from bayeskisl.errors import InputError
from bayeskisl.intervals import OPPOSITE, Bound, HalfPoint, grid_quantiles
from bayeskisl.knowledge.guessing import known
from bayeskisl.laws.falls import SMOOTH_BREAK
from bayeskisl.quantities import three_digits
from bayeskisl.target import Target

__all__ = ["CellCounts", "Measurement", "bounded", "measure_collapse", "threshold_posterior"]

# Weak priors as (median, standard deviation of the log or log odds) and the number of equiprobable nodes for each.
_STEEPNESS = (6.0, 0.8, 16)
_ASYMMETRY = (1.0, 1.2, 5)
_SIGMA_RUN = (0.1, 0.7, 8)
_LAPSE = (0.01, 1.5, 3)
_FLOOR_EXCESS = (0.002, 2)
# Log exposures that the flat prior reaches beyond the fall, and beyond the last run where there is no fall.
_MARGIN, _BEYOND = 1.0, 3.0
# A run's likelihood in v is at least 2 / (k sqrt(n)) wide (one standard deviation, at recall one half). Nodes 1.8 times
# as far apart err by 2 exp(-2 pi^2 / 1.8^2) = .5 %, and by far less for the k of real curves.
_SPACING = 1.8 * 2
_MOST_NODES = 4_000
# Facts of one run are no independent trials, and runs scatter by about a tenth: 500 probes place a run's own threshold
# to within 4 sqrt(.25 / 500) / 6 = .015. More would only make the nodes denser: 131,072 took minutes a cell.
_MOST_PROBES = 500
# Sums over the nodes of a run's threshold are single precision, half of the time: their terms are positive. Factors
# below 1e-18, e^-41, are none, since products below 1e-38 would take a hundred times as long.
_NOTHING, _LEAST = 1e-18, np.float32(1e-37)


# What runs on one side of their half-point show.
_SHOWN = {
    (schema.COLLAPSE, "at least"): "no run lost half of its facts: collapse lies above",
    (schema.COLLAPSE, "at most"): "no run kept half of its facts: collapse lies below",
    (schema.ONSET, "at least"): "no run learned half of its facts: onset lies above",
    (schema.ONSET, "at most"): "every run knows half of its facts: onset lies below",
}


@dataclass(frozen=True, repr=False, kw_only=True)
class Measurement(HalfPoint):
    """The half-retention point of one cell.

    Parameters
    ----------
    median, low, high : float
        Posterior median and equal-tailed interval, in the unit of the sweep's axis; for a bound, the bound twice, with
        the open end infinite or zero.
    bound : {"", "at least", "at most"}
        Whether the runs show a fall, or only that it lies above the largest or below the smallest infusion.
    ci_prob : float
        Probability of the interval.
    values, probability : numpy.ndarray
        The posterior on its grid, values ascending, shape ``(node,)``.
    runs : tuple of str
        The runs that were used.
    half_point : {"collapse", "onset"}
        Whether more infusion harms the group or teaches it.
    unit : str
        Unit of all infusions, in words.
    """

    ci_prob: float
    values: FloatArray
    probability: FloatArray
    runs: tuple[str, ...]
    half_point: str = schema.COLLAPSE
    unit: str = ""

    def __repr__(self) -> str:
        ends = f"{three_digits(self.low)} to {three_digits(self.high)}"
        return f"<Measured {self.half_point} {three_digits(self.median)} ({ends}): {self.note}>"

    @property
    def note(self) -> str:
        """One sentence about the meaning of the number."""
        if not self.bound:
            return f"half-retention point of {len(self.runs)} runs"
        end = three_digits(self.low if self.bound == "at least" else self.high)
        return f"{_SHOWN[self.half_point, self.bound]} {f'{end} {self.unit}'.strip()}, at an unknown distance"


@dataclass(frozen=True)
class CellCounts:
    """Counts of one group in the runs of one cell that probed it.

    Parameters
    ----------
    runs : tuple of str
    log_exposures, recalled, probed : numpy.ndarray
        Shape ``(run,)``.
    guessing : numpy.ndarray
        Known rate of chance of each run, ``(run,)``.
    most : float
        Share of the facts that is known at best: that of the best level of a general benchmark, or of the plateau of
        facts; 1 without a plateau, or where it lies so high that the prior of lapses covers the rest.
    """

    runs: tuple[str, ...]
    log_exposures: FloatArray
    recalled: IntArray
    probed: IntArray
    guessing: FloatArray
    most: float = 1.0

    @classmethod
    def of(cls, curves: xr.Dataset, group: str) -> "CellCounts":
        """Return the counts of a group.

        Raises
        ------
        InputError
            If no run probed it.
        """
        ours = curves.sel(group=group)
        used = np.flatnonzero(ours[schema.PROBED].values > 0)
        if not used.size:
            raise InputError("at least one run with probed facts", "none", "curves")
        recalled, probed = (ours[name].values.astype(int)[used] for name in (schema.RECALLED, schema.PROBED))
        guessing = ours[schema.GUESSING].values.astype(float)[used]
        log_exposures = np.log(group_exposures(curves).sel(group=group).values[used])
        names = tuple(str(run) for run in curves[schema.RUN].values[used])
        (curve,) = curves_of_cells(curves, group)
        most = curve.ceiling if curve.is_benchmark else _plateau(curve)
        return cls(names, log_exposures, recalled, probed, guessing, most)

    @property
    def share(self) -> FloatArray:
        """Knowledge of each run, as a share of what is known at best, ``(run,)``."""
        return known(self.recalled / self.probed, self.guessing) / self.most

    @property
    def bound(self) -> Bound:
        """Whether the half-point needs "at most" or "at least" the exposures that were tried; empty if it is inside."""
        return _bound_of(self.share)

    def posterior(self) -> tuple[FloatArray, FloatArray]:
        """See `threshold_posterior`."""
        return threshold_posterior(self.log_exposures, self.recalled, self.probed, self.guessing, self.most)


def _bound_of(share: FloatArray) -> Bound:
    return "at most" if share.min() > 0.5 else "at least" if share.max() < 0.5 else ""


# A plateau is three best levels within a tenth: two on the shoulder of a slow fall may lie as near to each other.
_PLATEAU_LEVELS, _PLATEAU_SPREAD = 3, 0.9
# Less than this is no plateau; more than this is a curve that reaches all facts but for lapses, of which one in six is
# expected to exceed 4 %.
_LEAST_PLATEAU, _MOST_PLATEAU = 0.15, 0.92


def _plateau(curve: Curve) -> float:
    """Mean share of the best levels, where they are a plateau below all facts, otherwise 1."""
    best = curve.plateau(_PLATEAU_LEVELS, _PLATEAU_SPREAD)
    return float(best.mean()) if best.size and _LEAST_PLATEAU <= best.mean() <= _MOST_PLATEAU else 1.0


def measure_collapse(curves: xr.Dataset, *, ci_prob: float = 0.9) -> Measurement:
    """Measure the half-retention point of the one cell that `curves` contain.

    Parameters
    ----------
    curves : xarray.Dataset
        Validated retention curves of one model size and budget, at several infusions.
    ci_prob : float
        Probability of the interval.

    Returns
    -------
    Measurement
        The collapse point of the group that more infusion harms, or where it harms none, the onset of the group that it
        teaches. Half is half of what is known at best: of the plateau of the curve, of all facts where it has none
        below them, or of the best level of a general benchmark.

    Raises
    ------
    InputError
        If the curves hold more than one cell, or no probed run of the group.
    """
    curves = final(curves)
    cells, _ = cell_table(curves)
    if cells.sizes[schema.CELL] != 1:
        raise InputError("runs of one model size and budget", f"{cells.sizes[schema.CELL]} cells", "curves",
                         "select one")  # fmt: skip
    size, budget = float(cells[schema.PARAMS][0]), float(cells[schema.TOKENS][0])
    target = planned_model(curves, Target(size, budget))
    counts = CellCounts.of(curves, target.group)
    thresholds, probability = counts.posterior()
    values, bound = target.infusion(thresholds), counts.bound
    if target.harms:  # infusion rises as exposures fall
        values, probability, bound = values[::-1], probability[::-1], OPPOSITE[bound]
    place = bounded(values, probability, ci_prob, bound) if bound else _between(target, values, probability, ci_prob)
    return Measurement(
        **vars(place),
        ci_prob=ci_prob,
        values=values,
        probability=probability,
        runs=counts.runs,
        half_point=target.half_point,
        unit=target.axis.in_words,
    )


def threshold_posterior(
    log_exposures: FloatArray, recalled: IntArray, probed: IntArray, guessing: FloatArray | float, most: float = 1.0
) -> tuple[FloatArray, FloatArray]:
    """Posterior of log e50, with everything else integrated out.

    Parameters
    ----------
    log_exposures, recalled, probed : numpy.ndarray
        Shape ``(run,)``.
    guessing : numpy.ndarray or float
        Known rate of chance, of each run or of all.
    most : float
        Share of the facts that is known at best.

    Returns
    -------
    thresholds, probability : numpy.ndarray
        Nodes, rising, and their probabilities, shape ``(node,)``.
    """
    guessing = np.broadcast_to(guessing, probed.shape)
    trials = np.minimum(probed, _MOST_PROBES)
    right = recalled * trials / probed
    steepness = _log_normal_nodes(*_STEEPNESS)
    sigma_run = _log_normal_nodes(*_SIGMA_RUN)
    low, high = _range_of_fall(log_exposures, known(right / trials, guessing) / most)
    reach = 3 * sigma_run.max()
    spacing = _SPACING / (steepness.max() * np.sqrt(trials.max()))
    nodes = min(int(np.ceil((high - low + 2 * reach) / spacing)) + 1, _MOST_NODES)
    own = np.linspace(low - reach, high + reach, nodes)  # thresholds v of single runs
    # a threshold of the cell is never sharper than the narrowest run scatter over sqrt(runs): every other node will do
    thresholds = own[(own >= low) & (own <= high)][::2]
    scatter = _scatter(thresholds, own, sigma_run)  # (sigma * threshold, own)

    k, asymmetry = (each.reshape(-1, 1) for each in np.meshgrid(steepness, _log_normal_nodes(*_ASYMMETRY)))
    missed, excess = (each.ravel() for each in np.meshgrid(_lapse_nodes(), _floor_excess_nodes()))
    fall = SMOOTH_BREAK.with_values(asymmetry)
    log_posterior = np.zeros((len(scatter), k.size * excess.size))
    for level, chance in np.unique([log_exposures, guessing], axis=1).T:
        lowest = chance + (1 - chance) * excess
        ceiling = lowest + most * (1 - missed) * (1 - lowest)
        recall = fall.retention(level, own[:, None, None], k, lowest, ceiling).reshape(len(own), -1)  # (own, nuisance)
        log_right, log_wrong = np.log(recall), np.log(1 - recall)
        for run in np.flatnonzero((log_exposures == level) & (guessing == chance)):
            log_likelihood = right[run] * log_right + (trials[run] - right[run]) * log_wrong  # up to a constant
            best = log_likelihood.max()
            log_posterior += np.log(scatter @ _single(np.exp(log_likelihood - best)) + _LEAST) + best
    by_threshold = np.exp(log_posterior - log_posterior.max()).reshape(len(sigma_run), len(thresholds), -1)
    probability = by_threshold.sum(axis=(0, 2))
    return thresholds, probability / probability.sum()


def _scatter(thresholds: FloatArray, own: FloatArray, sigma_run: FloatArray) -> Float32Array:
    """Probability of a run's own threshold given the cell's and the run scatter; rows sum to one."""
    distance = (own - thresholds[:, None]) / sigma_run[:, None, None]
    density = np.exp(-0.5 * distance**2).reshape(-1, len(own))
    return _single(density / density.sum(axis=1, keepdims=True))


def _single(factors: FloatArray) -> Float32Array:
    return np.where(factors < _NOTHING, 0, factors).astype(np.float32)


def _range_of_fall(log_exposures: FloatArray, share: FloatArray) -> tuple[float, float]:
    """Return a range for the half-point: the runs that are neither ignorant nor saturated, and a margin."""
    risen, fallen = log_exposures[share >= 0.1], log_exposures[share <= 0.9]
    low = risen.min() if risen.size else log_exposures.max()
    high = fallen.max() if fallen.size else log_exposures.min()
    bound = _bound_of(share)
    return (
        min(low, high) - (_BEYOND if bound == "at most" else _MARGIN),
        max(low, high) + (_BEYOND if bound == "at least" else _MARGIN),
    )


def _between(target: PlannedModel, values: FloatArray, probability: FloatArray, ci_prob: float) -> HalfPoint:
    """Median and interval, interpolated in log exposures, in which the nodes are even."""
    tail = (1 - ci_prob) / 2
    possible = values[(values > 0) & (values < target.axis.end(target.everything_else))]
    line = target.to_line(np.clip(values, possible.min(), possible.max()))
    low, median, high = target.from_line(grid_quantiles(line, probability, [tail, 0.5, 1 - tail]))
    return HalfPoint(float(median), float(low), float(high))


def bounded(
    values: FloatArray, probability: FloatArray, ci_prob: float, bound: Bound, lowest: float = 0.0
) -> HalfPoint:
    """Return the one-sided bound of runs without a fall, by likelihood ratio; `lowest` is its open end below.

    Quantiles would follow from how far the flat prior happens to reach; the likelihood alone says which thresholds are
    worse than the best by more than a one-sided normal test at `ci_prob` allows, 2 log LR = z^2.
    """
    tenable = values[probability >= probability.max() * np.exp(-(ndtri(ci_prob) ** 2) / 2)]
    end = float(tenable.min() if bound == "at least" else tenable.max())
    low, high = (end, np.inf) if bound == "at least" else (lowest, end)
    return HalfPoint(end, low, high, bound)


def _equiprobable(nodes: int) -> FloatArray:
    return (np.arange(nodes) + 0.5) / nodes


def _log_normal_nodes(median: float, log_sd: float, nodes: int) -> FloatArray:
    return median * np.exp(log_sd * ndtri(_equiprobable(nodes)))


def _lapse_nodes() -> FloatArray:
    median, sd, nodes = _LAPSE
    return 1 / (1 + np.exp(np.log1p(-median) - np.log(median) - sd * ndtri(_equiprobable(nodes))))


def _floor_excess_nodes() -> FloatArray:
    """Nodes of Beta(1, b): its quantile at p is 1 - (1 - p)^(1/b), and b follows from the median."""
    median, nodes = _FLOOR_EXCESS
    b = -np.log(2) / np.log1p(-median)
    return 1 - (1 - _equiprobable(nodes)) ** (1 / b)
