"""Effect of infusion on the general loss: a small separate law with an exact posterior.

log L is linear in what the sweep varied, with normal errors and the reference prior p(beta, s^2) ~ 1 / s^2, so that the
posterior has a closed form (Gelman et al. 2013, Bayesian Data Analysis, 3rd edition, section 14.2):

    s^2 | y ~ RSS / chi2(n - p),    beta | s^2, y ~ N(b, s^2 (X'X)^-1).

The columns follow the published laws of loss under mixing, which are sums of powers of N, D and the general share
(arXiv:2406.01375), to first order in their logs around the data; the bend in N is there from three sizes on.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.decision.planned_model import PlannedModel

__all__ = ["LossLaw", "fit_loss"]


Number = float | FloatArray


@dataclass(frozen=True)
class LossLaw:
    """A posterior of the general loss.

    Parameters
    ----------
    columns : tuple of str
        Features in which log L is linear, besides a constant: names of `_FEATURES`.
    centre : dict
        Mean of each basic log covariate over the runs.
    coefficients : numpy.ndarray
        Least squares b, shape ``(column,)``.
    root : numpy.ndarray
        A square root of (X'X)^-1, shape ``(column, column)``.
    residual : float
        RSS.
    freedom : int
        n - p.
    """

    columns: tuple[str, ...]
    centre: dict[str, float]
    coefficients: FloatArray
    root: FloatArray
    residual: float
    freedom: int

    def draws(self, target: PlannedModel, place: dict[str, FloatArray], samples: int, seed: int) -> FloatArray:
        """General loss of the target's mean run, nats per token.

        Parameters
        ----------
        target : PlannedModel
        place : dict
            Result of `PlannedModel.place`, arrays ``(1 or sample, point)``.
        samples, seed : int
            One seed gives the same coefficients at every place.

        Returns
        -------
        numpy.ndarray
            Shape ``(sample, point)``.
        """
        rng = np.random.default_rng([seed, 5])
        scale = np.sqrt(self.residual / rng.chisquare(self.freedom, samples))
        normal = rng.standard_normal((samples, len(self.coefficients)))
        coefficients = self.coefficients + scale[:, None] * (normal @ self.root.T)
        logs = _logs(target.params, target.tokens, place[schema.FACTS], place[schema.RATIO])
        features = _features(logs, self.centre, self.columns)
        return np.exp(sum(coefficients[:, [i]] * feature for i, feature in enumerate(features)))


def fit_loss(curves: xr.Dataset) -> LossLaw | None:
    """Return the posterior of the general loss, or None if too few runs measured it."""
    if schema.GENERAL_LOSS not in curves:
        return None
    measured = np.asarray(curves[schema.GENERAL_LOSS].values, dtype=float)
    # where everything that is trained is a fact, there is no general share whose log could be taken
    used = np.isfinite(measured) & (measured > 0) & (curves[schema.RATIO].values < 1)
    runs = curves.isel(run=np.flatnonzero(used))
    logs = _logs(*(runs[name].values.astype(float) for name in _COVARIATES))
    centre = {name: float(np.mean(value)) for name, value in logs.items()} if used.any() else {}
    levels = {name: len(np.unique(np.round(value, 3))) for name, value in logs.items()}
    columns = tuple(
        name for name, needed in _FEATURES.items() if all(levels[each] >= count for each, count in needed.items())
    )
    if runs.sizes[schema.RUN] < 2 * (len(columns) + 1):
        return None
    design = np.stack(np.broadcast_arrays(*_features(logs, centre, columns), logs["params"])[:-1], axis=1)
    coefficients, _, rank, _ = np.linalg.lstsq(design, np.log(measured[used]), rcond=None)
    if rank < design.shape[1]:
        return None
    inverse_root = np.linalg.inv(np.linalg.qr(design, mode="r"))
    residual = float(np.sum((np.log(measured[used]) - design @ coefficients) ** 2))
    return LossLaw(columns, centre, coefficients, inverse_root, residual, len(design) - design.shape[1])


_COVARIATES = (schema.PARAMS, schema.TOKENS, schema.FACTS, schema.RATIO)

# Each column and how many distinct values of which covariates it takes to tell it.
_FEATURES = {
    "params": {"params": 2},
    "params squared": {"params": 3},
    "tokens": {"tokens": 2},
    "general share": {"general share": 2},
    "general share x params": {"general share": 3, "params": 2},
    "facts": {"facts": 2},
}


def _logs(params: Number, tokens: Number, facts: Number, ratio: Number) -> dict[str, FloatArray]:
    return {
        "params": np.log(params),
        "tokens": np.log(tokens),
        "facts": np.log(facts),
        "general share": np.log1p(-np.asarray(ratio)),
    }


def _features(
    logs: dict[str, FloatArray], centre: dict[str, float], columns: tuple[str, ...]
) -> list[FloatArray | float]:
    z = {name: value - centre[name] for name, value in logs.items()}
    of_name = {
        **z,
        "params squared": z["params"] ** 2,
        "general share x params": z["general share"] * z["params"],
    }
    return [1.0, *(of_name[name] for name in columns)]
