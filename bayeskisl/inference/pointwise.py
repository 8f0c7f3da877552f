"""Log likelihood of each run with its run effect integrated out, per draw.

Conditional on the fitted run effects, every run looks well predicted; leave-one-run-out then flatters each law by many
nats. The integral is one-dimensional and far narrower than its prior, so the quadrature is centred at its mode.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from scipy.special import gammaln, psi

from bayeskisl.inference.data import ModelData
from bayeskisl.inference.densities import log_sum_exp
from bayeskisl.laws import Shape
from bayeskisl.laws.shapes import retention

__all__ = ["beta_binomial_log_density", "integrate_run_effect", "integrated_log_likelihood"]

_NODES = 17
_NEWTON_STEPS = 12
_STATIONARY = 1e-3  # in widths of the integrand: a node's error from there is below what 17 nodes leave
_FARTHEST = 50.0  # standard deviations of a run effect: what an ill-fitting draw may need to explain a run


def integrated_log_likelihood(
    named: dict[str, np.ndarray], data: ModelData, shape: Shape, workers: int = 2
) -> np.ndarray:
    """log p(counts of a run | draw), shape ``(chain, draw, run, group)``.

    Parameters
    ----------
    named : dict
        Named quantities, as `bayeskisl.inference.posterior.name_quantities` returns them.
    data : ModelData
        The curves.
    shape : Shape
        Of the fall.
    workers : int
        Threads.
    """
    runs, groups, _ = data.shape
    log_likelihood = np.zeros((*named["tau"].shape[:2], runs, groups))

    def fill(place: tuple[int, int]) -> None:
        run, group = place
        if data.probed[place] == 0:
            return
        cell = data.cell_of_run[run]
        log_likelihood[..., run, group] = integrate_run_effect(
            shape,
            data.recalled[place],
            data.probed[place],
            data.log_exposures[place] - np.log(named["critical_exposures"][..., cell, group]),
            named["steepness"][..., cell, group],
            named["floor"][..., group],
            named["ceiling"][..., cell, group],
            named["sigma_run"][..., group],
            named["concentration"][..., group],
        )

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(fill, np.ndindex(runs, groups)))
    return log_likelihood


def beta_binomial_log_density(recalled, probed, retention, concentration) -> np.ndarray:
    """log BetaBinomial(recalled | probed, retention concentration, (1 - retention) concentration)."""
    return _log_beta_binomial_kernel(recalled, probed, retention, concentration) + _log_beta_binomial_constant(
        recalled, probed, concentration
    )


def _log_beta_binomial_kernel(recalled, probed, retention, concentration) -> np.ndarray:
    """The part that depends on the chance of recall."""
    a, b = retention * concentration, (1 - retention) * concentration
    return gammaln(recalled + a) - gammaln(a) + gammaln(probed - recalled + b) - gammaln(b)


def _log_beta_binomial_constant(recalled, probed, concentration) -> np.ndarray:
    choose = gammaln(probed + 1) - gammaln(recalled + 1) - gammaln(probed - recalled + 1)
    return choose + gammaln(concentration) - gammaln(probed + concentration)


def integrate_run_effect(shape, recalled, probed, ahead, steepness, floor, ceiling, sigma, concentration) -> np.ndarray:
    """Adaptive Gauss-Hermite quadrature over z ~ N(0, 1); the run's half-point lies sigma z above its cell's."""

    def rho(z):
        return retention(shape, ahead - sigma * z, 0.0, steepness, floor, ceiling)

    constant = _log_beta_binomial_constant(recalled, probed, concentration)

    def log_joint(z):
        return _log_beta_binomial_kernel(recalled, probed, rho(z), concentration) + constant - z**2 / 2

    def score_and_information(z):
        p = rho(z)
        a, b = p * concentration, (1 - p) * concentration
        by_p = concentration * (psi(recalled + a) - psi(a) - psi(probed - recalled + b) + psi(b))
        slope = -(ceiling - floor) * steepness * sigma * shape.slope(steepness * (ahead - sigma * z), np)
        trials = probed * (concentration + 1) / (concentration + probed)
        return by_p * slope - z, trials / (p * (1 - p)) * slope**2 + 1

    mode = _start(shape, recalled, probed, ahead, steepness, floor, ceiling, sigma, log_joint)
    for _ in range(_NEWTON_STEPS):
        score, information = score_and_information(mode)
        mode = np.clip(mode + np.clip(score / information, -1, 1), -_FARTHEST, _FARTHEST)
        if np.all(np.abs(score) < _STATIONARY * np.sqrt(information)):
            break
    width = 1 / np.sqrt(score_and_information(mode)[1])
    nodes, weights = np.polynomial.hermite.hermgauss(_NODES)
    terms = np.stack(
        [
            log_joint(mode + np.sqrt(2) * width * node) + node**2 + np.log(weight)
            for node, weight in zip(nodes, weights, strict=True)
        ]
    )
    return log_sum_exp(terms, axis=0) + np.log(width) - 0.5 * np.log(np.pi)


def _start(shape, recalled, probed, ahead, steepness, floor, ceiling, sigma, log_joint) -> np.ndarray:
    """The better of "no run effect" and "the run effect that explains the counts"."""
    share = np.clip(((recalled + 0.5) / (probed + 1) - floor) / (ceiling - floor), 0.01, 0.99)
    explains = (ahead - _inverse(shape, share) / steepness) / sigma
    explains = np.clip(explains, -_FARTHEST, _FARTHEST)
    return np.where(log_joint(explains) > log_joint(np.zeros_like(explains)), explains, 0.0)


def _inverse(shape: Shape, share: np.ndarray) -> np.ndarray:
    grid = np.linspace(0.01, 0.99, 99)
    return np.interp(share, grid, [shape.inverse(float(s)) for s in grid])
