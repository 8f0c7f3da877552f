"""Two rules of thumb for the half-point of a larger model, which a law has to beat."""

from typing import NamedTuple

import numpy as np

from bayeskisl.arrays import FloatArray

__all__ = ["TwoRules", "two_rules"]

# A line through the logs of more sizes than these averages over bends that every long ladder shows.
_LAST = 5


class TwoRules(NamedTuple):
    """Log critical exposures of a larger model; NaN where a rule has too few sizes."""

    proportional: float
    power_law: float


def two_rules(params: FloatArray, log_exposures: FloatArray, target: float) -> TwoRules:
    """Predict the half-point of a larger model by two rules without statistics.

    Parameters
    ----------
    params : numpy.ndarray
        Model sizes, each once, shape ``(size,)``.
    log_exposures : numpy.ndarray
        Log of the exposures at which each of them keeps half, shape ``(size,)``.
    target : float
        Size of the larger model.

    Returns
    -------
    TwoRules
        ``proportional``: critical exposures are inversely proportional to size, from the largest size; in an amount
        sweep the facts of which half are kept then grow in proportion to size, as they do where a model keeps a fixed
        number of bits per parameter (arXiv 2404.05405). ``power_law``: the least-squares line through the logs of the
        largest five sizes; NaN with fewer than two.
    """
    order = np.argsort(params)
    log_sizes, points = np.log(np.asarray(params, dtype=float)[order]), np.asarray(log_exposures, dtype=float)[order]
    if not len(points):
        return TwoRules(np.nan, np.nan)
    proportional = points[-1] - (np.log(target) - log_sizes[-1])
    if len(points) == 1:
        return TwoRules(float(proportional), np.nan)
    line = np.polyfit(log_sizes[-_LAST:], points[-_LAST:], 1)
    return TwoRules(float(proportional), float(np.polyval(line, np.log(target))))
