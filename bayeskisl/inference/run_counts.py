"""Scatter of a run's counts about the expectation of its cell.

Facts of one run are not independent trials. The share K of facts that a run knows is beta distributed about its mean
with intra-class correlation 1 / (1 + concentration). What is not known is guessed, and guesses of a run share its
habits, such as a favourite answer: its rate of right guesses g has the mean `floor` and the intra-class correlation
1 / (1 + guess_concentration). So recall is g + (1 - g) K, and its counts are taken to be beta-binomial with the mean
and the variance that follow. In 25 runs of arXiv 2508.20755 that know nothing, of up to 65,536 questions each, the
rates lie between 0 and 0.035: independent guesses would not differ so.

A run's own half-point is normal about its cell's. The mean share kept, and what the half-point adds to the variance,
are sums over a few nodes, exact to 0.004 in the share while steepness times run scatter is at most 2.
"""

from typing import Any

import numpy as np

from bayeskisl.laws.falls import Curve

__all__ = ["average_over_runs", "information", "precision", "precision_slope"]

Array = Any  # of NumPy, PyTensor or JAX

# Gauss-Hermite nodes of a standard normal and their weights. Largest errors over x of the mean of the share kept, seven
# nodes against 4,001, where steepness times run scatter is 1, 2 and 3: logistic .00002, .0013 and .009; break with an
# asymmetry of .37 .0001, .004 and .015, of 2.7 .00001, .0015 and .010; gompertz .0001, .004 and .015. Five nodes leave
# .009 at 2; the logistic-normal approximation S(x / sqrt(1 + .346 s^2)) leaves .010, .029, .021 and .041 at 2, since it
# does not know that an asymmetric fall moves as it is blurred.
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(7)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()

# An intra-class correlation of 3e-6, facts of a run all but independent: from a correlation of 1e-7 on, differences of
# digammas of some 1e7 lose the digits that the gradient needs.
_LEAST = 3e-6


def precision(
    recall: Array, floor: Array, concentration: Array, guess_concentration: Array, variance: Array = 0.0
) -> Array:
    """Concentration of the beta-binomial counts of a run.

    Parameters
    ----------
    recall : array
        Probability of recall, above `floor` and below 1.
    floor : array
        Recall of facts that are not known.
    concentration, guess_concentration : array
        Concentrations of the share of known facts about its mean, and of the rate of right guesses about the floor.
    variance : array
        Further variance of recall, such as that of a run effect that was averaged over.

    Notes
    -----
    Recall varies the most by knowledge, by (recall - floor) (1 - recall), where a run knows each fact or none. The rate
    of right guesses moves recall by the share of facts that are not known, (1 - recall) / (1 - floor). With the share r
    of recall (1 - recall) that its variance is, r = 1 / (1 + precision).
    """
    most = (recall - floor) * (1 - recall)
    of_guesses = floor * (1 - recall) ** 2 / (1 - floor) / (1 + guess_concentration)
    total = variance + (most - variance) / (1 + concentration) + of_guesses
    correlation = total / (recall * (1 - recall))
    return (1 - correlation) / (correlation + _LEAST)


def precision_slope(recall: Array, floor: Array, concentration: Array, guess_concentration: Array) -> Array:
    """Derivative of `precision` with respect to recall, with everything else fixed.

    The correlation is then (1 - floor / recall) / (1 + concentration) + (1 / recall - 1) floor / (1 - floor) /
    (1 + guess_concentration), and 1 + precision = (1 + e) / (correlation + e).
    """
    of_correlation = -((1 + precision(recall, floor, concentration, guess_concentration)) ** 2) / (1 + _LEAST)
    of_recall = floor / recall**2 * (1 / (1 + concentration) - 1 / ((1 - floor) * (1 + guess_concentration)))
    return of_correlation * of_recall


def information(chance: Array, slope: Array, probed: Array, counts: Array) -> Array:
    """Expected information of beta-binomial counts about a quantity by which their chance moves with this slope.

    Parameters
    ----------
    counts : array
        Their `precision`.
    """
    trials = probed * (counts + 1) / (counts + probed)
    return trials / (chance * (1 - chance)) * slope**2


def average_over_runs(shape: Curve, x: Array, blur: Array, xp: Any = np) -> tuple[Array, Array]:
    """Mean and variance of the share retained by runs, S(x - blur z) with z ~ N(0, 1).

    Parameters
    ----------
    shape : Curve
        The fall.
    x, blur : array
        steepness * (log exposures - log critical exposures), and steepness * sigma_run, shape ``(..., run, group)``;
        parameters of the fall broadcast against them.
    """
    # nodes have an axis of their own: unrolled, they would make the graph of the model seven times as long
    over_nodes = shape.map(_before_run)
    shares = over_nodes.share(_before_run(x) - _before_run(blur) * _NODES[:, None, None], xp)
    weights = _WEIGHTS[:, None, None]
    mean = (weights * shares).sum(axis=-3)
    return mean, (weights * (shares - _before_run(mean)) ** 2).sum(axis=-3)


def _before_run(of_runs: Array) -> Array:
    """Return an array with one more dim before run and group."""
    return of_runs[..., None, :, :]
