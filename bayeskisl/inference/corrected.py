"""Correction of draws for what the sampled likelihood approximates.

The sampler takes a run's counts as beta-binomial, with the mean and the variance that its run effect gives them (see
`bayeskisl.inference.run_counts`). Where runs scatter as far as their curves are wide, counts have another shape: most
runs lie on a plateau, some on the other one. After sampling the integral over each run's effect is known, and draws are
chosen again in proportion to the ratio of the two likelihoods.
"""

import numpy as np

from bayeskisl.arrays import IntArray
from bayeskisl.inference.posterior import Named
from bayeskisl.inference.tempering import largest_power, resampled

__all__ = ["chosen_by_importance"]

# Where less than this share of the draws would stay effective, a power of the ratio is taken that leaves as much.
_EFFECTIVE = 0.4

# A smaller power corrects too little to be worth its draws. With 4,000 runs it would be 0.18.
_LEAST_POWER = 0.3


def chosen_by_importance(named: Named, rng: np.random.Generator) -> tuple[IntArray, float]:
    """Choose draws of each chain again, in the order in which they were drawn.

    Parameters
    ----------
    named : Named
        Draws by the likelihood as it was sampled.

    Returns
    -------
    chosen : numpy.ndarray
        Indices, ``(chain, draw)``.
    power : float
        The power of the ratio: 1 where the correction is complete, 0 where all draws stay.
    """
    log_ratio = named.log_likelihood.sum(axis=(-2, -1)) - named.sampled_log_likelihood
    power = largest_power(log_ratio.ravel(), 1.0, _EFFECTIVE)
    if power < _LEAST_POWER:
        return np.tile(np.arange(log_ratio.shape[1]), (len(log_ratio), 1)), 0.0
    return np.stack([resampled(power * of_chain, len(of_chain), rng) for of_chain in log_ratio]), power
