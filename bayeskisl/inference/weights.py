"""How much each law predicts of runs that it has not seen: PSIS-LOO and stacking."""

from dataclasses import dataclass

import numpy as np
from arviz_stats.base import array_stats
from scipy.special import logsumexp

__all__ = ["LeaveOneOut", "leave_one_run_out", "stacking_weights"]

# No law falls below this weight: a handful of sizes separates laws by 1 to 2 nats inside the data, while their
# predictions an order of magnitude above differ by factors.
FLOOR = 0.1

_STEPS = 2_000


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
    log_weights, pareto_k = array_stats.psislw(-by_observation)
    return LeaveOneOut(logsumexp(log_weights + by_observation, axis=1), float(np.max(pareto_k)))


def stacking_weights(pointwise: dict[str, np.ndarray], floor: float = FLOOR) -> dict[str, float]:
    """Weights of the mixture that predicts left-out runs best (Yao et al. 2018, arXiv:1704.02030), none below `floor`.

    The log score of a mixture is concave in its weights, so expectation-maximisation finds its maximum.
    """
    densities = np.stack(list(pointwise.values()), axis=1)  # (observation, law)
    densities = np.exp(densities - densities.max(axis=1, keepdims=True))
    weights = np.full(densities.shape[1], 1 / densities.shape[1])
    for _ in range(_STEPS):
        shares = densities * weights
        weights = (shares / shares.sum(axis=1, keepdims=True)).mean(axis=0)
    floor = min(floor, 1 / len(weights))
    weights = floor + (1 - len(weights) * floor) * weights
    return {name: float(weight) for name, weight in zip(pointwise, weights, strict=True)}
