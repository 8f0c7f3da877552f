"""Prior predictive of a law at the places of a sweep."""

from pathlib import Path

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arguments import require_share, require_whole
from bayeskisl.curves import final, load_curves, with_covariates, without_covariates
from bayeskisl.inference.data import ModelData, prepare, suited
from bayeskisl.inference.load import effective_log_exposures
from bayeskisl.inference.model import Model
from bayeskisl.inference.pointwise import log_thresholds
from bayeskisl.inference.posterior import report_on_axis
from bayeskisl.inference.predictive import draw_counts
from bayeskisl.inference.prior import draw_prior
from bayeskisl.inference.storage import dataset
from bayeskisl.laws import Law, load_law

__all__ = ["prior_predictive"]


def prior_predictive(
    law: str | Path | Law, curves: xr.Dataset | str | Path, *, draws: int = 1000, ci_prob: float = 0.9, seed: int = 0
) -> xr.Dataset:
    """Draw sweeps from the prior of a law, at the places of given curves.

    A prior that cannot produce the measurements will not be corrected by a few sizes, and a very wide prior adds no
    information. Check this before a fit, and above all before you use a law of your own.

    Parameters
    ----------
    law : str, path or Law
        Law whose prior is drawn.
    curves : xarray.Dataset or path
        Curves whose runs give the places; their counts are only compared with the draws.
    draws : int
        Number of draws of the prior.
    ci_prob : float
        Probability of the equal-tailed predictive interval for ``held``.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    xarray.Dataset
        The named quantities and ``recalled``, dims ``(chain, draw, ...)`` of one chain; ``held (group)``, the share of
        runs whose count lies inside the prior's predictive interval; ``inside (cell, group)``, the prior probability
        that the half-point lies between the fewest and the most exposures of a cell.

    Raises
    ------
    InputError
        If the curves break the schema or there is no such law.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> curves = bk.load_curves("desk-amount")
    >>> ahead = bk.prior_predictive("power", curves, draws=50)
    >>> sorted(ahead.dims)
    ['cell', 'chain', 'covariate', 'draw', 'group', 'run']
    """
    require_whole(draws, "draws", 1)
    require_share(ci_prob=ci_prob)
    require_whole(seed, "seed")
    curves = without_covariates(final(load_curves(curves)))
    law = suited(load_law(law), curves)
    curves = with_covariates(curves, law.covariates)
    data, rng = prepare(curves, law), np.random.default_rng(seed)
    named = dataset(draw_prior(Model(data, law), draws, rng), data)
    counts = dataset(draw_counts(named, data, law, rng), data)
    reported = report_on_axis(named, curves, law)
    return reported.merge(counts).assign(
        held=_held(counts[schema.RECALLED], curves, ci_prob), inside=_inside(named, data, law, curves)
    )


def _held(drawn: xr.DataArray, curves: xr.Dataset, ci_prob: float) -> xr.DataArray:
    tail = (1 - ci_prob) / 2
    low, high = (drawn.quantile(end, dim=("chain", "draw"), method="inverted_cdf") for end in (tail, 1 - tail))
    recalled = curves[schema.RECALLED].reset_coords(drop=True)
    is_held = (recalled >= low.drop_vars("quantile")) & (recalled <= high.drop_vars("quantile"))
    return is_held.where(curves[schema.PROBED].reset_coords(drop=True) > 0).mean(schema.RUN)


def _inside(named: xr.Dataset, data: ModelData, law: Law, curves: xr.Dataset) -> xr.DataArray:
    ahead = (
        effective_log_exposures(data.log_exposures, data.load, named)
        - log_thresholds(named, law)[..., data.cell_of_run, :]
    )
    of_run = xr.DataArray(ahead, dims=("chain", "draw", schema.RUN, schema.GROUP)).where(
        curves[schema.PROBED].reset_coords(drop=True) > 0
    )
    label = xr.DataArray(np.array(data.labels[schema.CELL])[data.cell_of_run], dims=schema.RUN, name=schema.CELL)
    of_cell = of_run.groupby(label)
    return ((of_cell.min() <= 0) & (of_cell.max() >= 0)).mean(("chain", "draw"))
