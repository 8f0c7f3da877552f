"""Log likelihood of each run with its run effect integrated out, per draw.

Conditional on the fitted run effects, every run looks well predicted; leave-one-run-out then flatters each law by many
nats. The integral is one-dimensional and far narrower than its prior, so the quadrature is centred at its mode.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from scipy.special import gammaln, psi

from bayeskisl.inference.data import ModelData
from bayeskisl.inference.densities import log_sum_exp
from bayeskisl.inference.load import effective_log_exposures
from bayeskisl.inference.run_scatter import run_scatter
from bayeskisl.laws import Law
from bayeskisl.laws.shapes import inverse_share, retention, slope_of_share

__all__ = ["beta_binomial_log_density", "integrate_run_effect", "integrated_log_likelihood", "log_thresholds"]

_NODES = 17
_NEWTON_STEPS = 12
_STATIONARY = 1e-3  # in widths of the integrand: a node's error from there is below what 17 nodes leave
_FARTHEST = 50.0  # standard deviations of a run effect: what an ill-fitting draw may need to explain a run


def integrated_log_likelihood(named: dict[str, np.ndarray], data: ModelData, law: Law, workers: int = 2) -> np.ndarray:
    """log p(counts of a run | draw), shape ``(chain, draw, run, group)``.

    Parameters
    ----------
    named : dict
        Named quantities, as `bayeskisl.inference.posterior.name_quantities` returns them.
    data : ModelData
        The curves.
    law : Law
        Whose posterior it is.
    workers : int
        Threads.
    """
    runs, groups, _ = data.shape
    log_critical_exposures = log_thresholds(named, law)
    log_exposures = effective_log_exposures(data.log_exposures, data.load, named)
    scatter = run_scatter(named, data.log_size)
    log_likelihood = np.zeros((*named["tau"].shape[:2], runs, groups))

    def fill(place: tuple[int, int]) -> None:
        run, group = place
        if data.probed[place] == 0:
            return
        cell = data.cell_of_run[run]
        log_likelihood[..., run, group] = integrate_run_effect(
            data.recalled[place],
            data.probed[place],
            log_exposures[..., *place] - log_critical_exposures[..., cell, group],
            named["steepness"][..., cell, group],
            named["floor"][..., group],
            named["ceiling"][..., cell, group],
            scatter[..., cell, group],
            named["concentration"][..., group],
            named["asymmetry"][..., group],
        )

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(fill, np.ndindex(runs, groups)))
    return log_likelihood


def log_thresholds(named: Mapping[str, Any], law: Law) -> np.ndarray:
    """Log critical exposures, ``(chain, draw, cell, group)``: minus infinity where a law knows no fall."""
    critical = np.asarray(named["critical_exposures"])
    return np.log(critical) if law.falls else np.full_like(critical, -np.inf)


def beta_binomial_log_density(
    recalled: np.ndarray, probed: np.ndarray, retention: np.ndarray, concentration: np.ndarray
) -> np.ndarray:
    """log BetaBinomial(recalled | probed, retention concentration, (1 - retention) concentration)."""
    return _log_beta_binomial_kernel(recalled, probed, retention, concentration) + _log_beta_binomial_constant(
        recalled, probed, concentration
    )


def _log_beta_binomial_kernel(
    recalled: np.ndarray, probed: np.ndarray, retention: np.ndarray, concentration: np.ndarray
) -> np.ndarray:
    """The part that depends on the chance of recall."""
    a, b = retention * concentration, (1 - retention) * concentration
    return gammaln(recalled + a) - gammaln(a) + gammaln(probed - recalled + b) - gammaln(b)


def _log_beta_binomial_constant(recalled: np.ndarray, probed: np.ndarray, concentration: np.ndarray) -> np.ndarray:
    choose = gammaln(probed + 1) - gammaln(recalled + 1) - gammaln(probed - recalled + 1)
    return choose + gammaln(concentration) - gammaln(probed + concentration)


def integrate_run_effect(
    recalled: np.ndarray,
    probed: np.ndarray,
    ahead: np.ndarray,
    steepness: np.ndarray,
    floor: np.ndarray,
    ceiling: np.ndarray,
    sigma: np.ndarray,
    concentration: np.ndarray,
    asymmetry: np.ndarray,
) -> np.ndarray:
    """Adaptive Gauss-Hermite quadrature over z ~ N(0, 1); the run's half-point lies sigma z above its cell's."""

    def rho(z: np.ndarray) -> np.ndarray:
        return retention(ahead - sigma * z, 0.0, steepness, floor, ceiling, asymmetry)

    constant = _log_beta_binomial_constant(recalled, probed, concentration)

    def log_joint(z: np.ndarray) -> np.ndarray:
        return _log_beta_binomial_kernel(recalled, probed, rho(z), concentration) + constant - z**2 / 2

    def score_and_information(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        p = rho(z)
        a, b = p * concentration, (1 - p) * concentration
        by_p = concentration * (psi(recalled + a) - psi(a) - psi(probed - recalled + b) + psi(b))
        slope = -(ceiling - floor) * steepness * sigma * slope_of_share(steepness * (ahead - sigma * z), asymmetry)
        trials = probed * (concentration + 1) / (concentration + probed)
        return by_p * slope - z, trials / (p * (1 - p)) * slope**2 + 1

    mode = _start(recalled, probed, ahead, steepness, floor, ceiling, sigma, asymmetry, log_joint)
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


def _start(
    recalled: np.ndarray,
    probed: np.ndarray,
    ahead: np.ndarray,
    steepness: np.ndarray,
    floor: np.ndarray,
    ceiling: np.ndarray,
    sigma: np.ndarray,
    asymmetry: np.ndarray,
    log_joint: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """The better of "no run effect" and "the run effect that explains the counts"."""
    share = np.clip(((recalled + 0.5) / (probed + 1) - floor) / (ceiling - floor), 0.01, 0.99)
    explains = (ahead - inverse_share(share, asymmetry) / steepness) / sigma
    explains = np.clip(explains, -_FARTHEST, _FARTHEST)
    return np.where(log_joint(explains) > log_joint(np.zeros_like(explains)), explains, 0.0)
