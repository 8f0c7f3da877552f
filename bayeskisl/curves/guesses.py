"""Counts below the level of guessing."""

import numpy as np
from scipy.special import betaincinv

from bayeskisl.arrays import FloatArray, IntArray

__all__ = ["at_least_guessed"]

# A count that guesses undercut once in twenty runs, and the concentration of guesses that vary as much between runs as
# those of models that know nothing do: 100 to 700 (arXiv 2508.20755).
_RARELY_BELOW, _CONCENTRATION = 0.05, 100.0


def at_least_guessed(recalled: IntArray, probed: IntArray, guessing: FloatArray) -> IntArray:
    """Raise counts below the range of guessing to its lower end.

    A model that recalls fewer facts than guesses would has not learnt what an answer looks like: it knows nothing, and
    its count says no more. Taken as it is, such a count would have to be chance, and make all counts look like chance.
    The range is that of guesses which vary between runs: counts that such guesses explain stay, since they tell how far
    guesses vary.

    Parameters
    ----------
    recalled, probed : numpy.ndarray
        Shape ``(run, group)``.
    guessing : numpy.ndarray
        Shape ``(group,)`` or ``(run, group)``.
    """
    # the share of right guesses as a beta variable with the mean and the variance of a beta-binomial count
    precision = probed * (1 + _CONCENTRATION) / np.maximum(probed + _CONCENTRATION, 1) - 1
    guessed = (guessing > 0) & (precision > 0)
    shapes = (np.where(guessed, share * precision, 1.0) for share in (guessing, 1 - guessing))
    lowest = np.where(guessed, betaincinv(*shapes, _RARELY_BELOW), 0.0)
    return np.maximum(recalled, np.floor(probed * lowest)).astype(np.int64)
