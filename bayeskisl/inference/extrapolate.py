"""Posterior draws of the curve of a model that is not in the data."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.curves import cell_at, cell_table
from bayeskisl.curves.benchmark import most_recalled_of_cells
from bayeskisl.errors import InputError
from bayeskisl.inference.correlation import correlated
from bayeskisl.inference.definition import ceiling_of
from bayeskisl.inference.domains import require_one_domain
from bayeskisl.inference.fitted_law_of_size import FittedLawOfSize
from bayeskisl.inference.run_scatter import run_scatter
from bayeskisl.inference.storage import curves_of, laws_of, posterior_group
from bayeskisl.knowledge.guessing import known
from bayeskisl.laws import Law

if TYPE_CHECKING:
    from bayeskisl.inference.result import Fit

__all__ = ["extrapolate"]


def extrapolate(
    fit: "Fit | xr.DataTree",
    params: float,
    tokens: float,
    *,
    covariates: Mapping[str, float] | None = None,
    kind: Literal["new_run", "mean"] = "new_run",
    law: str | None = None,
    as_new: bool = False,
    seed: int = 0,
) -> xr.Dataset:
    """Draw all parameters of a retention curve at a target.

    A target that was trained is not extrapolated to: its threshold, steepness and ceiling are those of its own cell.

    Parameters
    ----------
    fit : Fit or xarray.DataTree
        A fit, or its tree.
    params, tokens : float
        Non-embedding parameters and training tokens of the target.
    covariates : mapping, optional
        The target's values of the laws' other covariates, such as ``{"depth": 4}``. A value that is left out, of a
        covariate with one value in the data, is that value. Names that no law has are ignored.
    kind : {"new_run", "mean"}
        With a fresh run effect (one run that you will train), or with none (the cell's own curve). A new size
        scatters off the law, in threshold, steepness and ceiling, either way; the residuals of sizes are independent,
        so that neighbours count through the law alone.
    law : str, optional
        One of the fitted laws; by default the first.
    as_new : bool
        Whether a size that was trained is predicted as a new one, by the law and a fresh scatter.
    seed : int
        Seed of the scatter. Targets with one seed share the scatter, so that predictions along sizes are smooth.

    Returns
    -------
    xarray.Dataset
        ``log_critical_exposures`` (minus infinity under a law without a fall; at the reference load), ``run_effect``
        (to be added to it), ``concentration`` and ``share_effect`` (the latter of a new run alone, see
        `bayeskisl.decision.fall.Fall`), ``load_effect`` (zero under a law that does not know the load),
        ``log_steepness``, ``ceiling``, ``floor`` and the parameters of the fall, dims ``(chain, draw, group)``;
        ``limit``, which of `bayeskisl.laws.LIMITS` demands the most exposures by its place there, -1 under a law
        without limits; ``fall``,
        the name of the fall, see `bayeskisl.laws.falls.shape_of_draws`; attribute ``prior_driven`` names the
        covariates of the target that the data never varied, whose exponents are drawn from their priors, and
        ``trained`` the cell that is the target's own, empty where there is none.

    Raises
    ------
    InputError
        If the law was not fitted, the kind is unknown, the target is not positive, a covariate that the data vary has
        no value, or the fit is of several domains.
    """
    tree = fit if isinstance(fit, xr.DataTree) else fit.tree
    require_one_domain(tree)
    name, chosen = _fitted_law(tree, law)
    if kind not in ("new_run", "mean"):
        raise InputError("kind to be 'new_run' or 'mean'", repr(kind), "kind")
    if not (params > 0 and tokens > 0):
        raise InputError("a target of positive size and budget", f"params={params}, tokens={tokens}", "target")
    posterior = posterior_group(tree, name)
    fresh = _fresh_scatter(posterior, seed)
    size = FittedLawOfSize.of(tree, chosen)
    target = {**(covariates or {}), schema.PARAMS: params, schema.TOKENS: tokens}
    unvaried = _distances_unvaried(chosen, size, target)
    line, limit = _line(posterior, size, target, _by_prior(chosen, unvaried, fresh["unvaried"], seed))
    z = np.log(params / size.law.reference[0])
    own = None if as_new or not chosen.falls else cell_at(size.cells, target)
    curve = (
        _curve_by_law(posterior, line, z, fresh)
        if own is None
        else _curve_of_cell(posterior, own, _most_recalled(tree))
    )
    if not chosen.falls:
        curve["log_critical_exposures"] = line.copy(data=np.full(line.shape, -np.inf))
    return xr.Dataset(
        {
            **curve,
            "fall": chosen.fall.name,
            **chosen.fall.of(posterior).named(),
            "floor": _of_target(posterior["floor"]),
            "run_effect": _run_scatter_at(posterior, z) * (fresh["run"] if kind == "new_run" else 0.0),
            **({} if kind == "mean" else {"share_effect": posterior["tau"].copy(data=fresh["share"])}),
            "concentration": posterior["concentration"],
            "load_effect": posterior["load_effect"] if "load_effect" in posterior else 0 * posterior["tau"],
            "limit": limit,
        },
        attrs={
            "law": name,
            "kind": kind,
            "params": params,
            "tokens": tokens,
            "prior_driven": list(unvaried),
            "trained": "" if own is None else str(posterior[schema.CELL].values[own]),
        },
    )


def _fitted_law(tree: xr.DataTree, name: str | None) -> tuple[str, Law]:
    """Return the fitted law with a name, or the first."""
    laws = laws_of(tree)
    if name is not None and name not in laws:
        raise InputError(f"a fitted law among {', '.join(laws)}", repr(name), "law", "fit it as a rival")
    found = name or next(iter(laws))
    return found, laws[found]


def _fresh_scatter(posterior: xr.Dataset, seed: int) -> dict[str, FloatArray]:
    """Standard normals ``(chain, draw, group)`` by the scatter they drive; those of a run correlate over groups."""
    rng = np.random.default_rng(seed)
    what = ("size", "steepness", "lapse", "run", "unvaried", "share")
    fresh = {name: rng.standard_normal(posterior["tau"].shape) for name in what}
    if "run_correlation" in posterior:
        fresh["run"] = correlated(fresh["run"][..., None, :], posterior["run_correlation"].values)[..., 0, :]
    return fresh


def _run_scatter_at(posterior: xr.Dataset, z: float) -> xr.DataArray:
    """Standard deviation of run effects at a size, dims ``(chain, draw, group)``."""
    return posterior["tau"].copy(data=run_scatter(posterior, np.array([z]))[..., 0, :])


def _curve_by_law(
    posterior: xr.Dataset, line: xr.DataArray, z: float, fresh: Mapping[str, FloatArray]
) -> dict[str, xr.DataArray]:
    """Curve of an untrained size: the law's value and a new scatter of sizes."""
    steepness = posterior["steepness_intercept"] + posterior["steepness_exponent"] * z
    log_odds = posterior["lapse_intercept"] + posterior["lapse_scatter"] * fresh["lapse"]
    return {
        "log_critical_exposures": line + posterior["tau"] * fresh["size"],
        "log_steepness": steepness + posterior["steepness_scatter"] * fresh["steepness"],
        "ceiling": ceiling_of(log_odds, _of_target(posterior["floor"]), 1.0, np),
    }


def _of_target(floor: xr.DataArray) -> xr.DataArray:
    """Recall of facts never seen, common to all cells of one domain."""
    return floor.isel({schema.CELL: 0}, drop=True)


def _most_recalled(tree: xr.DataTree) -> xr.DataArray:
    """Largest share that runs can recall, dims ``(cell, group)``."""
    curves = curves_of(tree)
    _, cell_of_run = cell_table(curves)
    return xr.DataArray(most_recalled_of_cells(curves, cell_of_run), dims=(schema.CELL, schema.GROUP))


def _curve_of_cell(posterior: xr.Dataset, cell: int, most: xr.DataArray) -> dict[str, xr.DataArray]:
    """Curve of a trained cell: informed by its own runs, and by the law through the scatter of sizes.

    Its ceiling is relative to `most`, the largest share that its runs can recall, as that of an untrained size is.
    """
    of_cell = posterior[["critical_exposures", "steepness", "ceiling", "floor"]].isel({schema.CELL: cell}, drop=True)
    floor = of_cell["floor"]
    logs = of_cell.map(np.log)
    return {
        "log_critical_exposures": logs["critical_exposures"],
        "log_steepness": logs["steepness"],
        "ceiling": floor + (1 - floor) * known(of_cell["ceiling"], floor, most.isel({schema.CELL: cell})),
    }


def _distances_unvaried(law: Law, size: FittedLawOfSize, target: Mapping[str, float]) -> dict[str, float]:
    """Log distances of the target from the data in covariates that the data never varied."""
    unvaried = [name for name in law.covariates if name not in size.law.covariates]
    only = {name: float(np.exp(np.log(size.cells[name]).mean())) for name in unvaried}
    distances = {name: float(np.log(target.get(name, value) / value)) for name, value in only.items()}
    return {name: distance for name, distance in distances.items() if abs(distance) > 1e-9}


def _by_prior(law: Law, distances: Mapping[str, float], fresh: FloatArray, seed: int) -> FloatArray:
    """Rise of the line over these distances by exponents drawn from their priors, shaped as `fresh`.

    Those of several groups correlate by the law's pooling.
    """
    added, rng = np.zeros(fresh.shape), np.random.default_rng([seed, 7])
    for number, (name, distance) in enumerate(distances.items()):
        prior = law.priors.exponent[name]
        own = fresh if number == 0 else rng.standard_normal(fresh.shape)
        if fresh.shape[-1] > 1:
            common = rng.standard_normal((*fresh.shape[:-1], 1))
            own = law.pooling**0.5 * common + (1 - law.pooling) ** 0.5 * own
        added -= (prior.mean + prior.sd * own) * distance
    return added


def _line(
    posterior: xr.Dataset, size: FittedLawOfSize, target: Mapping[str, float], added: FloatArray
) -> tuple[xr.DataArray, xr.DataArray]:
    """The law's line at the target, shifted by `added`, and the binding limit."""
    coefficients = size.law.coefficients_of({str(name): posterior[name].values for name in posterior.data_vars}).copy()
    coefficients[..., 0] += added
    place = size.place_of(target)
    line = posterior["intercept"].copy(data=size.law.log_critical_exposures(coefficients, place))
    return line, line.copy(data=size.law.largest(coefficients, place))
