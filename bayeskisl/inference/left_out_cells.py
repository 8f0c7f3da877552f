"""Predictive density of whole left-out cells.

Leaving out single runs cannot judge a law of size: the other runs of the cell pin its threshold. So whole cells are
left out, by importance sampling from the posterior of all cells. What has to be forgotten with a cell are its own
threshold and run effects, which are integrated out, and the law's coefficients, which are integrated out as well: given
the other cells' thresholds, and the scatter, a linear law says in closed form where this one's lies. The other
thresholds are pinned by their own runs, so that little is left to reweight. The cell keeps its own steepness and
ceiling, which laws of one shape share: scores of laws of different shapes are partly of data that they have seen.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.special import log_ndtr

from bayeskisl.arrays import FloatArray
from bayeskisl.inference.data import ModelData
from bayeskisl.inference.densities import log_sum_exp
from bayeskisl.inference.model import Model
from bayeskisl.inference.pointwise import OneRun, integrate_run_effect
from bayeskisl.inference.posterior import load_shift
from bayeskisl.inference.run_scatter import run_scatter
from bayeskisl.laws import Law

__all__ = [
    "CellLikelihood",
    "Likelihoods",
    "cell_likelihoods",
    "expected_by_the_others",
    "kind",
    "left_out_log_density",
    "likelihoods_by_kind",
]

_REACH = 6.0  # posterior standard deviations to either side: beyond, a likelihood is flat (a bound) or nil
_COARSE, _FINE = 25, 300
_NUISANCES = 48


@dataclass(frozen=True)
class CellLikelihood:
    """Likelihood of one cell's threshold, from its own runs of one group, at the load of the cell's half-point.

    Parameters
    ----------
    edges : numpy.ndarray
        Rising log critical exposures, shape ``(bin + 1,)``; the outermost bins are taken to be open.
    log_height : numpy.ndarray
        Log likelihood in the bins, shape ``(bin,)``.
    """

    edges: FloatArray
    log_height: FloatArray

    def log_expectation(self, mean: FloatArray, sd: FloatArray) -> FloatArray:
        """log of the mean likelihood under N(mean, sd^2), elementwise over ``(draw,)``.

        A law without a fall has its threshold at minus infinity.
        """
        standard = (self.edges - mean[:, None]) / sd[:, None]
        standard[:, 0], standard[:, -1] = -np.inf, np.inf
        return log_sum_exp(_log_normal_masses(standard) + self.log_height, axis=1)


Likelihoods = dict[tuple[int, int], CellLikelihood]
"""By (cell, group)."""


def likelihoods_by_kind(
    posteriors: Iterable[tuple[Law, dict[str, FloatArray], ModelData]], seed: int
) -> dict[tuple[Any, ...], Likelihoods]:
    """Return the likelihoods of each `kind` of fall, from the first posterior of that kind.

    Laws of one kind share each cell's likelihood, so that they differ in nothing else.

    Parameters
    ----------
    posteriors : iterable of (law, named quantities, data)
    seed : int
    """
    found: dict[tuple[Any, ...], Likelihoods] = {}
    for law, named, data in posteriors:
        if kind(law) not in found:
            found[kind(law)] = cell_likelihoods(named, data, law, np.random.default_rng([seed, 3]))
    return found


def kind(law: Law) -> tuple[Any, ...]:
    """Return the key of laws that share the likelihoods of cells."""
    return law.shape, law.knows_load


def cell_likelihoods(named: dict[str, FloatArray], data: ModelData, law: Law, rng: np.random.Generator) -> Likelihoods:
    """Likelihoods by (cell, group), for probed ones.

    Run effects are integrated out by quadrature, the fall's other quantities and the concentration over some of their
    posterior draws: about them laws of one shape agree.

    Parameters
    ----------
    named : dict
        Named quantities of a posterior, shapes ``(chain, draw, ...)``.
    """
    flat = {name: values.reshape(-1, *values.shape[2:]) for name, values in named.items()}
    thresholds = np.log(flat["critical_exposures"]) + load_shift(flat, data)
    chosen = rng.choice(len(flat["tau"]), size=_NUISANCES)
    few = {name: values[chosen, None] for name, values in flat.items()}  # (nuisance, node, ...)
    few["scatter"] = run_scatter(few, data.log_size)
    found = {}
    for cell, group in np.ndindex(data.shape[2], data.shape[1]):
        runs = np.flatnonzero((data.cell_of_run == cell) & (data.probed[:, group] > 0))
        if len(runs):
            draws = thresholds[:, cell, group]
            nodes = draws.mean() + draws.std() * np.linspace(-_REACH, _REACH, _COARSE)
            of_runs = [_of_run((int(run), group), nodes, few, data, law) for run in runs]
            log_height = np.sum(of_runs, axis=0)
            found[cell, group] = _smooth(nodes, log_sum_exp(log_height, axis=0) - np.log(_NUISANCES))
    return found


def expected_by_the_others(
    thresholds: FloatArray, scatter: FloatArray, design: FloatArray, mean: FloatArray, prior_sd: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation of each cell's threshold given the others', the law's coefficients integrated out.

    With thresholds N(X m, K), K = tau^2 I + X S^2 X': [K^-1 (theta - X m)]_c / [K^-1]_cc is how far theta_c lies off
    its conditional mean, and 1 / [K^-1]_cc is its conditional variance.

    Parameters
    ----------
    thresholds : numpy.ndarray
        Shape ``(draw, cell)``.
    scatter : numpy.ndarray
        tau, shape ``(draw,)``.
    design : numpy.ndarray
        X, shape ``(cell, column)``.
    mean, prior_sd : numpy.ndarray
        m, shape ``(column,)`` or ``(draw, column)``, and S, shape ``(column,)``.

    Returns
    -------
    mean, sd : numpy.ndarray
        Shape ``(draw, cell)``.
    """
    spread = design * prior_sd
    variance, axes = np.linalg.eigh(spread @ spread.T)
    precision = 1 / (np.maximum(variance, 0) + scatter[:, None] ** 2)  # (draw, axis)
    own = precision @ (axes**2).T  # diagonal of K^-1, (draw, cell)
    off = (((thresholds - mean @ design.T) @ axes) * precision) @ axes.T
    return thresholds - off / own, 1 / np.sqrt(own)


def left_out_log_density(
    named: dict[str, FloatArray], model: Model, likelihoods: Likelihoods, workers: int = 1
) -> FloatArray:
    """log p(counts of a cell | the other cells' thresholds, tau), summed over its groups, shape ``(draw, cell)``.

    Parameters
    ----------
    named : dict
        Named quantities of a posterior, shapes ``(chain, draw, ...)``.
    likelihoods : dict
        By (cell, group).
    workers : int
        Threads.
    """
    flat = {name: values.reshape(-1, *values.shape[2:]) for name, values in named.items()}
    data, line = model.data, model.lines.threshold
    mean_law = line.mean_given(model.lines.common_of_threshold(flat.get("common")))
    coefficients = data.size_law.coefficients_of(flat)
    total = np.zeros(flat["critical_exposures"].shape[:2])
    at_half = np.broadcast_to(load_shift(flat, data), flat["critical_exposures"].shape)
    for group in range(data.shape[1]):
        # a law with limits is taken as its tangent at the posterior mean of its coefficients
        design, offset = data.size_law.linear_at(coefficients[:, group].mean(axis=0), data.covariates)
        off = np.log(flat["critical_exposures"][..., group]) - offset
        mean, sd = expected_by_the_others(off, flat["tau"][:, group], design, mean_law, line.sd)
        cells = [cell for cell, of in likelihoods if of == group]
        expected, of_cells = mean + offset + at_half[:, :, group], [likelihoods[cell, group] for cell in cells]
        with ThreadPoolExecutor(workers) as pool:
            found = pool.map(CellLikelihood.log_expectation, of_cells, expected[:, cells].T, sd[:, cells].T)
            for cell, log_density in zip(cells, found, strict=True):
                total[:, cell] += log_density
    return total


def _of_run(
    place: tuple[int, int], nodes: FloatArray, few: dict[str, FloatArray], data: ModelData, law: Law
) -> FloatArray:
    """Log likelihood of a run of (run, group) at thresholds, ``(nuisance, node)``; `few` has a dim for the nodes."""
    log_exposures = data.log_exposures[place]
    if data.load:
        log_exposures = log_exposures - few["load_effect"][..., place[1]] * data.load.ahead[place]
    ahead = log_exposures - nodes if law.falls else np.full_like(nodes, np.inf)
    return integrate_run_effect(OneRun.at(place, few, few["scatter"], data, law)._replace(ahead=ahead))


def _smooth(nodes: FloatArray, log_height: FloatArray) -> CellLikelihood:
    edges = np.linspace(nodes[0], nodes[-1], _FINE + 1)
    return CellLikelihood(edges, PchipInterpolator(nodes, log_height)((edges[:-1] + edges[1:]) / 2))


def _log_normal_masses(edges: FloatArray) -> FloatArray:
    """log(Phi(b) - Phi(a)) for neighbours a < b along the last axis, without cancellation in either tail."""
    beyond = log_ndtr(-np.abs(edges))  # of the tail on the edge's own side of zero
    a, b = beyond[..., :-1], beyond[..., 1:]
    larger = np.maximum(a, b)
    above = np.where(np.isneginf(larger), 0.0, larger)  # both tails may be nil
    masses = larger + np.log1p(-np.exp(np.minimum(np.minimum(a, b) - above, -1e-300)))
    astride = (edges[..., :-1] < 0) & (edges[..., 1:] > 0)
    masses[astride] = np.log1p(-np.exp(a[astride]) - np.exp(b[astride]))
    return masses
