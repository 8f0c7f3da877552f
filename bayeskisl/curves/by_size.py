"""Half-points against size: every law expects that larger models need no more exposures than smaller ones."""

import numpy as np
from scipy.special import stdtrit

from bayeskisl.arrays import FloatArray

__all__ = ["AGAINST_SIZE", "AGAINST_SIZE_AT_THE_END", "REMEDY", "against_size", "in_words"]

REMEDY = (
    "Check the recipe of the larger sizes, such as a learning rate that is too high for them; or fit the law 'power', "
    "which follows such a trend."
)

# Codes of the findings: larger models need more exposures than smaller ones; only the largest does.
AGAINST_SIZE, AGAINST_SIZE_AT_THE_END = "against_size", "against_size_at_the_end"

# About how far a size's measured half-point lies off a line through all, log exposures, as real sizes do, and how many
# residuals this knowledge counts for.
_SCATTER, _COUNTS_FOR = 0.08, 8
# Probability of a slope by chance. The largest size is compared with the lowest of the others, by so many errors.
_SIGNIFICANCE, _ERRORS = 0.005, 5.0
# A slope needs so many sizes for a residual.
_FEWEST = 3


def against_size(sizes: FloatArray, critical: FloatArray) -> str:
    """Tell whether larger models need more exposures than smaller ones at one budget.

    Parameters
    ----------
    sizes : numpy.ndarray
        Parameters, shape ``(size,)``.
    critical : numpy.ndarray
        Log critical exposures, shape ``(size,)``.

    Returns
    -------
    str
        The code of the finding; empty if they do not, or if the sizes are fewer than three.
    """
    log_size = np.log(sizes)
    if len(np.unique(log_size)) < _FEWEST:
        return ""
    slope, _ = line = np.polyfit(log_size, critical, 1)
    off, residuals = critical - np.polyval(line, log_size), _COUNTS_FOR + len(log_size) - 2
    scatter = np.sqrt((_COUNTS_FOR * _SCATTER**2 + np.sum(off**2)) / residuals)
    error = scatter / np.sqrt(np.sum((log_size - log_size.mean()) ** 2))
    if slope > error * stdtrit(residuals, 1 - _SIGNIFICANCE):
        return AGAINST_SIZE
    largest = log_size == log_size.max()
    rise = critical[largest].mean() - critical[~largest].min()
    return AGAINST_SIZE_AT_THE_END if rise > _ERRORS * np.sqrt(2) * _SCATTER else ""


def in_words(code: str, sizes: FloatArray, what: str) -> str:
    """State a finding about sizes in a sentence, and what follows for answers."""
    who = "Larger models need" if code == AGAINST_SIZE else "The largest model needs"
    than = "smaller ones" if code == AGAINST_SIZE else "another one"
    return (
        f"{who} more {what} than {than}, from {sizes.min():,.0f} to {sizes.max():,.0f} parameters; the limits of the "
        "default law exclude this, and its answers for larger models are too generous."
    )
