"""Log likelihood of each run with its run effect integrated out, per draw.

Conditional on the fitted run effects, every run looks well predicted; leave-one-run-out then flatters each law by many
nats. The integral is one-dimensional and far narrower than its prior, so the quadrature is centred at its mode.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from scipy.special import gammaln

from bayeskisl.inference.data import ModelData
from bayeskisl.inference.densities import log_sum_exp
from bayeskisl.inference.elementwise import Elementwise
from bayeskisl.inference.load import effective_log_exposures
from bayeskisl.inference.run_scatter import run_scatter
from bayeskisl.laws import Law
from bayeskisl.laws.shapes import inverse_share, retention, share_kept, slope_of_share

__all__ = ["beta_binomial_log_density", "integrate_run_effect", "integrated_log_likelihood", "log_thresholds"]

Array = Any  # of NumPy or PyTensor

_NODES = 11
_NEWTON_STEPS = 12
_STATIONARY = 1e-3  # in widths of the integrand: a node's error from there is below what its nodes leave
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
    kernel = _log_beta_binomial_kernel(recalled, probed, retention, concentration, gammaln)
    return kernel + _log_beta_binomial_constant(recalled, probed, concentration)


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
    given = (recalled, probed, ahead, steepness, floor, ceiling, sigma, concentration, asymmetry)
    shape = np.broadcast_shapes(*map(np.shape, given))
    of_run = [
        np.ascontiguousarray(np.broadcast_to(each, shape if np.ndim(each) else ()), dtype=float) for each in given
    ]
    mode = _start(*of_run)
    for _ in range(_NEWTON_STEPS):
        score, information = _score_and_information(mode, *of_run)
        mode = np.clip(mode + np.clip(score / information, -1, 1), -_FARTHEST, _FARTHEST)
        if np.all(np.abs(score) < _STATIONARY * np.sqrt(information)):
            break
    width = 1 / np.sqrt(_score_and_information(mode, *of_run)[1])
    nodes, weights = np.polynomial.hermite.hermgauss(_NODES)
    terms = np.stack(
        [
            _log_joint(mode + np.sqrt(2) * width * node, *of_run)[0] + node**2 + np.log(weight)
            for node, weight in zip(nodes, weights, strict=True)
        ]
    )
    constant = _log_beta_binomial_constant(recalled, probed, concentration)
    return log_sum_exp(terms, axis=0) + np.log(width) - 0.5 * np.log(np.pi) + constant


@Elementwise
def _log_joint(
    z: Array,
    recalled: Array,
    probed: Array,
    ahead: Array,
    steepness: Array,
    floor: Array,
    ceiling: Array,
    sigma: Array,
    concentration: Array,
    asymmetry: Array,
    xp: Any,
) -> tuple[Array]:
    """Of a run's counts and its effect z, but for what does not depend on the effect."""
    chance = retention(ahead - sigma * z, 0.0, steepness, floor, ceiling, asymmetry, xp)
    return (_log_beta_binomial_kernel(recalled, probed, chance, concentration, xp.gammaln) - z**2 / 2,)


@Elementwise
def _score_and_information(
    z: Array,
    recalled: Array,
    probed: Array,
    ahead: Array,
    steepness: Array,
    floor: Array,
    ceiling: Array,
    sigma: Array,
    concentration: Array,
    asymmetry: Array,
    xp: Any,
) -> tuple[Array, Array]:
    """Derivative of `_log_joint` by z, and what is expected of its second one, with the sign turned."""
    x = steepness * (ahead - sigma * z)
    chance = floor + (ceiling - floor) * share_kept(x, asymmetry, xp)
    a, b = chance * concentration, (1 - chance) * concentration
    by_chance = concentration * (xp.psi(recalled + a) - xp.psi(a) - xp.psi(probed - recalled + b) + xp.psi(b))
    slope = -(ceiling - floor) * steepness * sigma * slope_of_share(x, asymmetry, xp)
    trials = probed * (concentration + 1) / (concentration + probed)
    return by_chance * slope - z, trials / (chance * (1 - chance)) * slope**2 + 1


def _log_beta_binomial_kernel(
    recalled: Array, probed: Array, retention: Array, concentration: Array, gammaln: Callable[[Array], Array]
) -> Array:
    """The part that depends on the chance of recall."""
    a, b = retention * concentration, (1 - retention) * concentration
    return gammaln(recalled + a) - gammaln(a) + gammaln(probed - recalled + b) - gammaln(b)


def _log_beta_binomial_constant(recalled: np.ndarray, probed: np.ndarray, concentration: np.ndarray) -> np.ndarray:
    choose = gammaln(probed + 1) - gammaln(recalled + 1) - gammaln(probed - recalled + 1)
    return choose + gammaln(concentration) - gammaln(probed + concentration)


def _start(
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
    """The better of "no run effect" and "the run effect that explains the counts"."""
    share = np.clip(((recalled + 0.5) / (probed + 1) - floor) / (ceiling - floor), 0.01, 0.99)
    explains = (ahead - inverse_share(share, asymmetry) / steepness) / sigma
    explains = np.clip(explains, -_FARTHEST, _FARTHEST)
    of_run = (recalled, probed, ahead, steepness, floor, ceiling, sigma, concentration, asymmetry)
    (with_it,), (without,) = _log_joint(explains, *of_run), _log_joint(np.zeros_like(explains), *of_run)
    return np.where(with_it > without, explains, 0.0)
