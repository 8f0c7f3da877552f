"""Weights of laws by their predictions of left-out cells."""

from dataclasses import dataclass

import numpy as np
from arviz_stats.base import array_stats

from bayeskisl.arrays import FloatArray
from bayeskisl.inference.densities import log_sum_exp
from bayeskisl.inference.without_jax import without_lazy_jax

__all__ = ["RELIABLE_PARETO_K", "LeaveOneOut", "law_weights", "leave_one_out", "smoothed"]

RELIABLE_PARETO_K = (
    0.7  # above it, importance sampling is not to be relied upon (Vehtari et al. 2024, arXiv:1507.02646)
)
# Of two laws none falls below a tenth: what holds within the sizes seen need not hold an order of magnitude above them.
FLOOR = 0.2

_BOOTSTRAPS = 10_000


@dataclass(frozen=True)
class LeaveOneOut:
    """Log predictive density of each left-out run or cell, in nats, and the largest Pareto k (reliable below 0.7).

    The k is infinite where the largest importance weights are all one value, of which no tail can be judged.
    """

    pointwise: FloatArray
    pareto_k: float

    @property
    def elpd(self) -> float:
        """Sum of the log predictive densities."""
        return float(self.pointwise.sum())


def leave_one_out(log_likelihood: FloatArray) -> LeaveOneOut:
    """PSIS-LOO (Vehtari, Gelman & Gabry 2017, arXiv:1507.04544).

    Parameters
    ----------
    log_likelihood : numpy.ndarray
        Log likelihood of each run or cell, with its own effects integrated out, shape ``(draw, observation)``.
    """
    by_observation = np.ascontiguousarray(log_likelihood.T)
    # what every draw predicts alike (a bound, or a law without collapse) needs no weights, and has no tail to smooth
    pointwise, pareto_k, varies = by_observation[:, 0].copy(), 0.0, np.ptp(by_observation, axis=1) > 1e-9
    for at in np.flatnonzero(varies):
        log_weights, k = smoothed(by_observation[at])
        pointwise[at] = log_sum_exp(log_weights + by_observation[at], axis=0)
        pareto_k = max(pareto_k, k)
    return LeaveOneOut(pointwise, pareto_k)


def smoothed(log_likelihood: FloatArray) -> tuple[FloatArray, float]:
    """Log importance weights of the draws, in proportion to one over their likelihood, and their Pareto k."""
    draws = len(log_likelihood)
    tail = int(min(draws / 5, 3 * np.sqrt(draws)))  # as the smoothing takes it
    if np.sum(log_likelihood == log_likelihood.min()) >= tail:
        return -log_likelihood - log_sum_exp(-log_likelihood, axis=0), np.inf
    with without_lazy_jax():
        log_weights, k = array_stats.psislw(log_likelihood)
    return log_weights, float(k)


def law_weights(pointwise: dict[str, FloatArray], floor: float = FLOOR) -> dict[str, float]:
    """Weights of the laws by their predictions of left-out cells, after the floor is applied.

    Pseudo-BMA+ (Yao et al. 2018, arXiv:1704.02030): weights in proportion to the exponential of the summed log score,
    averaged over the Bayesian bootstrap of the cells, so that a difference which one or two cells make, or which is
    small, leaves the weights near each other. Stacking asks for the best mixture cell by cell; a handful of cells then
    cannot bring any law below 1 / (cells + 2), however badly it predicts every one of them, although a law of size
    holds for all cells or for none.

    Parameters
    ----------
    pointwise : dict of numpy.ndarray
        Log predictive density of each cell left out, by law, shape ``(cell,)``.
    floor : float
        Share of the weights that is divided equally.
    """
    log_densities = np.stack(list(pointwise.values()))  # (law, cell)
    laws, cells = log_densities.shape
    shares = np.random.default_rng(0).dirichlet(np.ones(cells), size=_BOOTSTRAPS)
    score = cells * shares @ log_densities.T
    weights = np.exp(score - log_sum_exp(score, axis=1)[:, None]).mean(axis=0)
    return dict(zip(pointwise, (floor / laws + (1 - floor) * weights).tolist(), strict=True))
