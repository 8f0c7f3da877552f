"""Counts below the level of guessing."""

import numpy as np
from scipy.special import betaincinv

from bayeskisl.arrays import BoolArray, FloatArray, IntArray

__all__ = ["at_least_guessed", "below_guesses"]

# Counts that guesses undercut once in twenty runs.
_RARELY_BELOW = 0.05
# The rate of right guesses varies between runs: with a concentration of 100 to 700 in models that know nothing (arXiv
# 2508.20755).
_CONCENTRATION = 100.0


def at_least_guessed(recalled: IntArray, probed: IntArray, guessing: FloatArray) -> IntArray:
    """Raise counts below the range of guessing to the lower end of independent guesses.

    A model that recalls fewer facts than guesses would has not learnt what an answer looks like: it knows nothing, and
    its count says no more. Taken as it is, such a count would have to be chance, and make all counts look like chance.
    Counts that guesses explain stay, since they tell how far guesses vary.

    Parameters
    ----------
    recalled, probed : numpy.ndarray
        Shape ``(run, group)``.
    guessing : numpy.ndarray
        Shape ``(group,)`` or ``(run, group)``.
    """
    from scipy.stats import binom  # takes a third of a second, which reading curves does not need

    lowest = binom.ppf(_RARELY_BELOW, probed, guessing)
    raised = np.where(below_guesses(recalled, probed, guessing), np.maximum(recalled, lowest), recalled)
    return raised.astype(np.int64)


def below_guesses(recalled: IntArray, probed: IntArray, guessing: FloatArray) -> BoolArray:
    """Tell which counts lie below the range of guesses whose rate varies between runs, as `at_least_guessed`."""
    # the share of right guesses as a beta variable with the mean and the variance of a beta-binomial count
    precision = probed * (1 + _CONCENTRATION) / np.maximum(probed + _CONCENTRATION, 1) - 1
    guessed = (guessing > 0) & (precision > 0)
    shapes = (np.where(guessed, share * precision, 1.0) for share in (guessing, 1 - guessing))
    return np.asarray(guessed & (recalled < np.floor(probed * betaincinv(*shapes, _RARELY_BELOW))))
