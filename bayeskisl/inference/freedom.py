"""How free of the data each latent quantity is, and so in which coordinates it is best sampled.

A quantity that the data pin is sampled as it is, one that they leave to its prior as a standard normal, and what lies
between in between (Papaspiliopoulos, Roberts & Skold 2007, doi:10.1214/088342307000000014). The posterior is the same;
the sampler's health is not: with every run effect a standard normal, real sweeps diverge, and sigma_run has a third of
the effective draws.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bayeskisl.inference.data import ModelData
from bayeskisl.inference.given import GivenRuns
from bayeskisl.laws import Law

# Two formulas below say how much counts know of a half-point t, and both begin with the Fisher information
#
#     n' q (1 - q) (d log odds / d t)^2 = n' q (1 - q) k^2
#
# of n' binomial trials at share q on a logistic fall of steepness k; other falls have the same slope at the half-point.
# Facts of one run are beta-binomial: their share has the variance q (1 - q) (1 + (n - 1) / (phi + 1)) / n, so that n
# of them count as n' = n / (1 + n / phi), to within 1 / n. Both are damped by a power of 4 q (1 - q), which is 1 in the
# middle: near an end the counts bound t on one side, which is no information in Fisher's sense.
#
# `_of_run` is computed once, at prior medians, with the first power: it weighs and orders runs. `information_of_runs`
# follows the sampler, with n' and one factor k at the values being tried and the other k at its prior's median: with
# both, runs beside a steep fall would be pinned that may lie anywhere there. It takes the third power:
# of twelve sweeps the smallest effective numbers of draws were 1,013 of 4,000 in the geometric mean, with the second
# power 684, with the sixth 974 (LOG.md, 2026-11-26).

__all__ = ["Freedoms", "by_cell", "freedoms", "information", "information_of_runs"]

Array = Any  # of NumPy, PyTensor or JAX


@dataclass(frozen=True)
class Freedoms:
    """Share of the prior in what is known, in (0, 1]; 1 where nothing was measured.

    Parameters
    ----------
    turns : numpy.ndarray
        Which group's half-point each run begins and goes on with: one where it is a group's turn, else zero, shape
        ``(run, turn, group)``. The best known comes first: the later follow from it, as their effects correlate.
    crosses : numpy.ndarray
        Whether the runs of a run's cell lie on both sides of a half, shape ``(run, group)``; else they bound it and pin
        nothing.
    threshold, steepness : numpy.ndarray
        Information of the data about a typical cell's half-point and log steepness, shape ``(group,)``: the share of
        a prior of variance v is 1 / (1 + information v).
    """

    turns: np.ndarray
    crosses: np.ndarray
    threshold: np.ndarray
    steepness: np.ndarray


def freedoms(data: ModelData, law: Law) -> Freedoms:
    """Rough Fisher information of each quantity at prior medians, against its prior's."""
    priors = law.priors
    steepness = priors.steepness.median
    share = _share(data)
    crosses = _crosses(share, data)[data.cell_of_run]
    of_run, blurred = _of_run(data, law) * crosses, information(data, law) * crosses
    log_odds = np.log(share / (1 - share))
    order = np.argsort(-of_run, axis=1, kind="stable")
    return Freedoms(
        turns=np.eye(of_run.shape[1])[order],
        crosses=crosses,
        threshold=np.median(by_cell(blurred, data)[data.is_real], axis=0),
        steepness=np.median(by_cell(blurred / steepness**2 * log_odds**2, data)[data.is_real], axis=0),
    )


def information_of_runs(runs: GivenRuns, probed: Array, steepness: Array, concentration: Array) -> Array:
    """What each run says about its own half-point under the fall and counts being tried, ``(..., run, group)``.

    How far a run's place is centred follows it, so that neither concentration nor steepness has to drag places along,
    and sigma_run is not slowed by them. What is near an end is left free, by a power of share (1 - share): it says on
    which side the half-point lies. So is half of a steep fall's own information: followed all the way, it pins runs
    beside the fall that are free to lie anywhere there.

    Parameters
    ----------
    runs : GivenRuns
        What the model is given about single runs.
    probed : array
        Probed facts, ``(run, group)``.
    steepness, concentration : array
        They broadcast to ``(..., run, group)``.
    """
    trials = probed / (1 + probed / concentration)
    middle = runs.share * (1 - runs.share)
    return runs.crosses * trials * runs.typical_steepness * steepness * middle * (4 * middle) ** 3


def information(data: ModelData, law: Law) -> np.ndarray:
    """What each run says about its cell's half-point, for a typical fall and run scatter, ``(run, group)``."""
    of_run = _of_run(data, law)
    return of_run / (1 + of_run * law.priors.sigma_run.median**2)


def by_cell(values: np.ndarray, data: ModelData) -> np.ndarray:
    """Sums over the probed runs of each cell, ``(cell, group)``."""
    sums = np.zeros((len(data.log_size), values.shape[1]))
    np.add.at(sums, data.cell_of_run, values * (data.probed > 0))
    return sums


def _of_run(data: ModelData, law: Law) -> np.ndarray:
    """What each run says about its own half-point, ``(run, group)``.

    Near the ends a share says on which side the half-point lies, not where: hence a second share (1 - share), times 4
    to leave the middle as it is.
    """
    share = _share(data)
    trials = data.probed / (1 + data.probed / law.priors.concentration.median)
    on_log_odds = trials * share * (1 - share) * (4 * share * (1 - share))
    return on_log_odds * law.priors.steepness.median**2


def _share(data: ModelData) -> np.ndarray:
    return (data.recalled + 0.5) / (data.probed + 1)


def _crosses(share: np.ndarray, data: ModelData) -> np.ndarray:
    """Whether a cell's runs lie on both sides of a half, ``(cell, group)``; else they bound it and pin nothing."""
    sides = np.zeros((2, len(data.log_size), share.shape[1]), dtype=bool)
    for side, on_it in enumerate((share < 0.5, share >= 0.5)):
        np.logical_or.at(sides[side], data.cell_of_run, on_it & (data.probed > 0))
    return sides.all(axis=0)
