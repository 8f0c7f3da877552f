"""How much each law predicts of runs that it has not seen: PSIS-LOO and stacking."""

from dataclasses import dataclass

import numpy as np
from arviz_stats.base import array_stats
from scipy.special import logsumexp

__all__ = ["LeaveOneOut", "leave_one_run_out", "stacking_weights"]

# No law falls below this weight: a handful of sizes separates laws by 1 to 2 nats inside the data, while their
# predictions an order of magnitude above differ by factors.
FLOOR = 0.1

_CANDIDATES = 20_000


@dataclass(frozen=True)
class LeaveOneOut:
    """Log predictive density of each run left out, in nats, and the largest Pareto k (reliable below .7)."""

    pointwise: np.ndarray
    pareto_k: float

    @property
    def elpd(self) -> float:
        """Summed over runs."""
        return float(self.pointwise.sum())


def leave_one_run_out(log_likelihood: np.ndarray) -> LeaveOneOut:
    """PSIS-LOO (Vehtari, Gelman & Gabry 2017, arXiv:1507.04544).

    Parameters
    ----------
    log_likelihood : numpy.ndarray
        With run effects integrated out, shape ``(draw, observation)``.
    """
    by_observation = np.ascontiguousarray(log_likelihood.T)
    log_weights, pareto_k = array_stats.psislw(by_observation)
    return LeaveOneOut(logsumexp(log_weights + by_observation, axis=1), float(np.max(pareto_k)))


def stacking_weights(pointwise: dict[str, np.ndarray], floor: float = FLOOR) -> dict[str, float]:
    """Weights of the mixture of laws that predicts left-out runs best, none below `floor`.

    The weights are averaged over a flat prior on the simplex, weighted by the mixture's log score (Bayesian stacking,
    Yao et al. 2022, arXiv:2101.08954). The maximum of the score (Yao et al. 2018, arXiv:1704.02030) would follow the
    sampler's noise from one end to the other where laws predict alike; the average gives them equal weights.

    Parameters
    ----------
    pointwise : dict of numpy.ndarray
        Log predictive density of each run left out, by law, shape ``(observation,)``.
    floor : float
        Smallest weight.
    """
    log_densities = np.stack(list(pointwise.values()))  # (law, observation)
    laws = len(log_densities)
    candidates = np.random.default_rng(0).dirichlet(np.ones(laws), size=_CANDIDATES)
    top = log_densities.max(axis=0)
    score = np.log(candidates @ np.exp(log_densities - top)).sum(axis=1)
    evidence = np.exp(score - score.max())
    weights = evidence @ candidates / evidence.sum()
    floor = min(floor, 1 / laws)
    return dict(zip(pointwise, (floor + (1 - laws * floor) * weights).tolist(), strict=True))
