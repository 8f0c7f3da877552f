"""Share of the prior in each latent quantity's posterior, which decides its sampling coordinates.

A quantity that the data pin is sampled as it is, one that they leave to its prior as a standard normal, and what lies
between in between (Papaspiliopoulos, Roberts & Skold 2007, doi:10.1214/088342307000000014). The posterior is the same;
the sampler's health is not.
"""

from dataclasses import dataclass

import numpy as np

from bayeskisl.arrays import BoolArray, FloatArray
from bayeskisl.inference.data import ModelData
from bayeskisl.knowledge.guessing import known
from bayeskisl.laws import Law

# `_of_run` says how much the counts of a run know of its half-point t. It begins with the Fisher information
#
#     n' (d q / d t)^2 / (q (1 - q)),   q = g + (1 - g) s,   d q / d t = (1 - g) k s (1 - s)
#
# of n' binomial trials, of which the share q is recalled, at guessing rate g and a share s that is kept above guessing,
# on a logistic fall of steepness k; other falls have the same slope at the half-point. Without guessing it is
# n' k^2 s (1 - s). Facts of one run are beta-binomial: their share has the variance
# q (1 - q) (1 + (n - 1) / (phi + 1)) / n, so that n of them count as n' = n / (1 + n / phi), to within 1 / n. It is
# damped by 4 s (1 - s), which is 1 in the middle: near an end the counts bound t on one side, which is no information
# in Fisher's sense.

__all__ = ["Freedoms", "by_cell", "freedoms", "information", "share_kept"]

# Of what is kept above guessing, so that half-points stay within the curve.
_LEAST_SHARE = 0.01


@dataclass(frozen=True)
class Freedoms:
    """Share of the prior in the information about each quantity, in (0, 1]; 1 without data.

    Parameters
    ----------
    threshold : numpy.ndarray
        Information of the data about each cell's half-point, shape ``(cell, group)``: the share of a prior of
        variance v is 1 / (1 + information v).
    typical_threshold, steepness : numpy.ndarray
        Information about a typical cell's half-point and log steepness, shape ``(group,)``.
    """

    threshold: FloatArray
    typical_threshold: FloatArray
    steepness: FloatArray


def freedoms(data: ModelData, law: Law) -> Freedoms:
    """Rough Fisher information of each quantity at prior medians, relative to its prior."""
    priors = law.priors
    steepness = priors.steepness.median
    share = share_kept(data)
    crosses = _crosses(share, data)[data.cell_of_run]
    blurred = information(data, law) * crosses
    log_odds = np.log(share / (1 - share))
    of_cells = by_cell(blurred, data)
    return Freedoms(
        threshold=of_cells,
        typical_threshold=np.median(of_cells[data.is_real], axis=0),
        steepness=np.median(by_cell(blurred / steepness**2 * log_odds**2, data)[data.is_real], axis=0),
    )


def information(data: ModelData, law: Law) -> FloatArray:
    """Information of each run about its cell's half-point, for a typical fall and run scatter, ``(run, group)``."""
    of_run = _of_run(data, law)
    return of_run / (1 + of_run * law.priors.sigma_run.median**2)


def by_cell(values: FloatArray, data: ModelData) -> FloatArray:
    """Sums over the probed runs of each cell, ``(cell, group)``."""
    sums = np.zeros((len(data.log_size), values.shape[1]))
    np.add.at(sums, data.cell_of_run, values * (data.probed > 0))
    return sums


def _of_run(data: ModelData, law: Law) -> FloatArray:
    """Information of each run about its own half-point, ``(run, group)``.

    Near the ends a share says on which side the half-point lies, not where: hence a second share (1 - share), times 4
    to leave the middle as it is.
    """
    guessing = data.guessing[data.cell_of_run]
    share, above = share_kept(data), data.uninfused[data.cell_of_run] - guessing
    recall = guessing + above * share
    trials = data.probed / (1 + data.probed / law.priors.concentration.median)
    slope = above * law.priors.steepness.median * share * (1 - share)
    return trials * slope**2 / (recall * (1 - recall)) * (4 * share * (1 - share))


def share_kept(data: ModelData) -> FloatArray:
    """Share that each run retains above guessing, ``(run, group)``."""
    recalled = (data.recalled + 0.5) / (data.probed + 1)
    guessing, uninfused = data.guessing[data.cell_of_run], data.uninfused[data.cell_of_run]
    return np.clip(known(recalled, guessing, uninfused), _LEAST_SHARE, 1 - _LEAST_SHARE)


def _crosses(share: FloatArray, data: ModelData) -> BoolArray:
    """Whether a cell's runs lie on both sides of a half, ``(cell, group)``; otherwise they give only a bound."""
    sides = np.zeros((2, len(data.log_size), share.shape[1]), dtype=bool)
    for side, on_it in enumerate((share < 0.5, share >= 0.5)):
        np.logical_or.at(sides[side], data.cell_of_run, on_it & (data.probed > 0))
    return sides.all(axis=0)
