"""Counts below the level of guessing."""

import numpy as np

from bayeskisl.arrays import FloatArray, IntArray

__all__ = ["at_least_guessed"]

# A count that independent guesses undercut once in twenty runs.
_RARELY_BELOW = 0.05


def at_least_guessed(recalled: IntArray, probed: IntArray, guessing: FloatArray) -> IntArray:
    """Raise counts below the range of guessing to its lower end.

    A model that recalls fewer facts than guesses would has not learnt what an answer looks like: it knows nothing, and
    its count says no more. Taken as it is, such a count would have to be chance, and make all counts look like chance.

    Parameters
    ----------
    recalled, probed : numpy.ndarray
        Shape ``(run, group)``.
    guessing : numpy.ndarray
        Shape ``(group,)`` or ``(run, group)``.
    """
    from scipy.stats import binom

    return np.maximum(recalled, binom.ppf(_RARELY_BELOW, probed, guessing)).astype(np.int64)
