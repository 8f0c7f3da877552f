"""What people do today: a curve fitted to each size, a line through the logs, an interval from its covariance."""

import numpy as np
import xarray as xr
from scipy.optimize import curve_fit
from scipy.stats import norm
from scipy.stats._distn_infrastructure import rv_frozen

from bayeskisl import schema
from bayeskisl.arrays import FloatArray

__all__ = ["line_through_the_logs"]


def line_through_the_logs(curves: xr.Dataset, params: float) -> rv_frozen:
    """The normal forecast of a least-squares line through the log collapse points of the single sizes.

    Parameters
    ----------
    curves : xarray.Dataset
        An amount sweep.
    params : float
        The target.

    Returns
    -------
    scipy.stats.rv_frozen
        Of the log of the facts of which the target keeps half.

    Notes
    -----
    Each size's point comes from a logistic curve in log facts fitted to the recall of its runs. The forecast's variance
    is that of the line at the target, as `numpy.polyfit` scales it, plus that of the residuals about it.
    """
    sizes = np.unique(curves[schema.PARAMS].values)
    log_sizes = np.log(sizes)
    points = np.array([_log_collapse(curves.isel(run=curves[schema.PARAMS].values == size)) for size in sizes])
    line, covariance = np.polyfit(log_sizes, points, 1, cov=True)
    residual = np.sum((points - np.polyval(line, log_sizes)) ** 2) / (len(sizes) - 2)
    at_target = np.array([np.log(params), 1.0])
    return norm(at_target @ line, np.sqrt(at_target @ covariance @ at_target + residual))


def _log_collapse(runs: xr.Dataset) -> float:
    log_facts = np.log(runs[schema.FACTS].values)
    recall = (runs[schema.RECALLED] / runs[schema.PROBED]).values[:, 0]

    def curve(at: FloatArray, middle: float, steepness: float) -> FloatArray:
        return 1 / (1 + np.exp(np.clip(steepness * (at - middle), -60, 60)))

    fewest_first = np.argsort(log_facts)
    start = np.interp(-0.5, -np.maximum.accumulate(recall[fewest_first][::-1])[::-1], log_facts[fewest_first])
    (middle, _), _ = curve_fit(curve, log_facts, recall, p0=(start, 5.0), maxfev=10_000)
    return float(middle)
