"""What to infuse: the largest infusion within a risk, and the infusion that keeps most on average."""

import numpy as np

from bayeskisl.decision.fall import Fall
from bayeskisl.decision.target import Target

__all__ = ["chance_constrained_choice", "mean_kept", "optimum", "risk_neutral_choice", "sufficient_ratio"]

# The search for the best mean: each round keeps 2 of 128 steps, so that five shrink the bracket by 64^5.
_NODES, _ROUNDS = 129, 5


def chance_constrained_choice(admissible: np.ndarray, risk: float) -> float:
    """The largest infusion that at most a share `risk` of the draws does not admit.

    Since retention falls along the axis, a draw admits all infusions up to one, `admissible`, of shape ``(draw,)``. The
    choice is therefore a quantile over draws, exact and without a grid.
    """
    return float(np.quantile(admissible, risk, method="lower"))


def optimum(fall: Fall, target: Target) -> np.ndarray:
    """The number of facts at which each draw keeps most, shape ``(draw,)``; infinite where more is always more."""
    log_exposures = fall.log_exposures_at_optimum()
    finite = np.isfinite(log_exposures)
    return np.where(finite, target.infusion(np.where(finite, log_exposures, 0.0)), np.inf)


def mean_kept(fall: Fall, target: Target, infusion: np.ndarray) -> np.ndarray:
    """Facts kept on average over the draws at each number of facts, shape ``(point,)``."""
    return infusion * (fall.known_at_best()[:, None] * fall.share_of_ceiling(target.log_exposures(infusion))).mean(0)


def risk_neutral_choice(fall: Fall, target: Target, optima: np.ndarray) -> float:
    """The number of facts that keeps most on average, whatever the risk.

    Below the least and above the largest of the draws' own `optima` every draw's curve runs towards them, so the best
    mean lies between, and no range has to be chosen. Draws without an optimum take part in the mean and not in the
    range; NaN if there are only such draws.
    """
    finite = optima[np.isfinite(optima)]
    if not finite.size:
        return np.nan
    low, high = np.log(finite.min()), np.log(finite.max())
    for _ in range(_ROUNDS):
        nodes = np.linspace(low, high, _NODES)
        best = int(np.argmax(mean_kept(fall, target, np.exp(nodes))))
        low, high = nodes[max(best - 1, 0)], nodes[min(best + 1, _NODES - 1)]
    return float(np.exp(nodes[best]))


def sufficient_ratio(log_exposures: np.ndarray, facts: float, tokens: float, tokens_per_fact: float) -> np.ndarray:
    """The ratio that gives each of `facts` facts the exposures it needs, r = K e l / D, shape ``(draw,)``.

    It assumes that the exposures a fact needs do not depend on the ratio itself. Above 1, no mixture of the budget is
    enough.
    """
    return facts * np.exp(log_exposures) * tokens_per_fact / tokens
