"""Curves against size: every law expects that larger models need no more exposures, and bear more infusion."""

import numpy as np
from scipy.special import stdtrit

from bayeskisl.arrays import FloatArray

__all__ = [
    "AGAINST_SIZE",
    "AGAINST_SIZE_AT_THE_END",
    "REMEDY",
    "SAME_LOSS",
    "against_size",
    "bears_no_more",
    "in_words",
]

REMEDY = (
    "Check the recipe of the larger sizes, such as a learning rate that is too high for them. If the trend is real, no "
    "law here follows it: train the target's size."
)

# Codes of the findings: larger models need more exposures than smaller ones; only the largest does; larger models bear
# no more infusion.
AGAINST_SIZE, AGAINST_SIZE_AT_THE_END, SAME_LOSS = "against_size", "against_size_at_the_end", "same_loss"

# About how far a size's measured half-point lies off a line through all, log exposures, as real sizes do, and how many
# residuals this knowledge counts for.
_SCATTER, _COUNTS_FOR = 0.08, 8
# Probability of a slope by chance. The largest size is compared with the lowest of the others, by so many errors.
_SIGNIFICANCE, _ERRORS = 0.005, 5.0
# A slope needs so many sizes for a residual.
_FEWEST = 3
# The same of infusions at which sizes lose one share of a benchmark's score, on the line of the axis; a slope above 0
# is looked for there.
_SCATTER_OF_LOSS, _SHOWN = 0.2, 0.05


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
    if _rises(log_size, critical, _SCATTER, _SIGNIFICANCE):
        return AGAINST_SIZE
    largest = log_size == log_size.max()
    rise = critical[largest].mean() - critical[~largest].min()
    return AGAINST_SIZE_AT_THE_END if rise > _ERRORS * np.sqrt(2) * _SCATTER else ""


def bears_no_more(sizes: FloatArray, infusions: FloatArray) -> bool:
    """Whether sizes do not show that larger models bear more infusion before they lose a share of a benchmark's score.

    Parameters
    ----------
    sizes : numpy.ndarray
        Parameters, shape ``(size,)``.
    infusions : numpy.ndarray
        Infusions at which the share is lost, on the line of the axis, shape ``(size,)``.
    """
    log_size = np.log(sizes)
    return len(np.unique(log_size)) >= _FEWEST and not _rises(log_size, infusions, _SCATTER_OF_LOSS, _SHOWN)


def _rises(log_size: FloatArray, values: FloatArray, known_scatter: float, significance: float) -> bool:
    """Whether values rise with size by more than a slope by chance."""
    slope, _ = line = np.polyfit(log_size, values, 1)
    off, residuals = values - np.polyval(line, log_size), _COUNTS_FOR + len(log_size) - 2
    scatter = np.sqrt((_COUNTS_FOR * known_scatter**2 + np.sum(off**2)) / residuals)
    error = scatter / np.sqrt(np.sum((log_size - log_size.mean()) ** 2))
    return bool(slope > error * stdtrit(residuals, 1 - significance))


def in_words(code: str, sizes: FloatArray, what: str) -> str:
    """State a finding about sizes in a sentence, and what follows for answers."""
    who = "Larger models need" if code == AGAINST_SIZE else "The largest model needs"
    than = "smaller ones" if code == AGAINST_SIZE else "another one"
    return (
        f"{who} more {what} than {than}, from {sizes.min():,.0f} to {sizes.max():,.0f} parameters; the limits of the "
        "default law exclude this, and its answers for larger models are too generous."
    )
