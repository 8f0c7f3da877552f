"""One domain of a joint fit, as a separate fit: the common part is added to the domain's own part."""

import json

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.curves import capacity_of, cell_table
from bayeskisl.curves.domains import refuse_several, require_known
from bayeskisl.curves.exposures import REFERENCE_LOAD, reference_load
from bayeskisl.inference.given import COEFFICIENT
from bayeskisl.inference.storage import constant_data, curves_of, laws_of
from bayeskisl.laws import LimitsLaw

__all__ = ["domain_names", "of_domain", "require_one_domain"]

_OWN = {"intercept": schema.DOMAIN_INTERCEPT, schema.EXPONENT: schema.DOMAIN_EXPONENT}


def domain_names(tree: xr.DataTree) -> list[str]:
    """Names of the domains of a fit; empty for a single domain."""
    posterior = tree["posterior"].to_dataset()
    return posterior[schema.DOMAIN].values.astype(str).tolist() if schema.DOMAIN in posterior.dims else []


def require_one_domain(tree: xr.DataTree) -> None:
    """Refuse a fit of several domains.

    Raises
    ------
    InputError
        With their names.
    """
    refuse_several(domain_names(tree))


def of_domain(tree: xr.DataTree, name: str) -> xr.DataTree:
    """The runs, cells and posteriors of one domain.

    Intercept and exponents are the domain's own, at the geometric mean of its own cells. The draws are those of the fit
    of all domains, so that what the others taught is in them; weights, gates and warnings are those of that fit.

    Raises
    ------
    InputError
        If the fit has no such domain.
    """
    names = domain_names(tree)
    require_known(name, names)
    constant = constant_data(tree)
    cells = np.flatnonzero(constant[schema.CELL_DOMAIN].values.astype(str) == name)
    runs = np.flatnonzero(np.isin(constant["cell_of_run"].values, cells))
    table, cell_of_run = cell_table(curves_of(tree).isel({schema.RUN: runs}))
    before = constant["covariate_reference"]
    of_limits = any(law.has_limits for law in laws_of(tree).values())  # whose turn stays where it is
    centre = [np.exp(np.log(table[str(each)].values).mean()) for each in before[schema.COVARIATE].values]
    now = before if of_limits else before.copy(data=centre)
    distance = now.copy(data=np.log((now / before).values))
    one_bit = float(np.exp(np.log(capacity_of(curves_of(tree)).exposures_of_cells).mean()))

    def one(part: xr.Dataset) -> xr.Dataset:
        part = part.isel({schema.RUN: runs} if schema.RUN in part.dims else {})
        if schema.CELL in part.dims:
            part = part.isel({schema.CELL: cells}).assign_coords({schema.CELL: table[schema.CELL].values})
        if schema.DOMAIN_INTERCEPT in part:
            part = _alone_under_limits(part, name, before, one_bit) if COEFFICIENT in part.dims else _alone(part, name)
            part = _at_reference(part, distance)
        if "covariate_reference" in part:
            part = part.assign(covariate_reference=now, cell_of_run=(schema.RUN, cell_of_run))
        return part

    chosen = tree.map_over_datasets(one)
    whole = curves_of(tree)
    told = {**json.loads(constant.attrs["curves_attrs"]), REFERENCE_LOAD: reference_load(whole)}
    if "truth" in told:
        truth = xr.Dataset.from_dict(json.loads(told["truth"])).expand_dims(chain=1, draw=1)
        of_all = tree["posterior"].to_dataset()
        if _is_about(of_all, truth):
            told["truth"] = json.dumps(one(truth).isel(chain=0, draw=0, drop=True).to_dict())
        else:
            del told["truth"]
    chosen["constant_data"].attrs = {**constant.attrs, "curves_attrs": json.dumps(told)}
    chosen.attrs = {**tree.attrs, "domain": name, "domains": json.dumps(names)}
    return chosen


def _is_about(posterior: xr.Dataset, truth: xr.Dataset) -> bool:
    """Whether a truth has the runs and cells of a posterior: curves may have lost runs since their simulation."""
    return all(
        posterior[dim].values.astype(str).tolist() == truth[dim].values.astype(str).tolist()
        for dim in (schema.RUN, schema.CELL)
    )


def _alone(named: xr.Dataset, name: str) -> xr.Dataset:
    """Intercept and exponents of one domain, including the common part."""
    ours = named.sel({schema.DOMAIN: name}, drop=True)
    return ours.assign({what: ours[what] + ours[own] for what, own in _OWN.items()}).drop_vars(list(_OWN.values()))


def _alone_under_limits(named: xr.Dataset, name: str, reference: xr.DataArray, one_bit: float) -> xr.Dataset:
    """The same under a law with limits, which is not linear."""
    covariates = tuple(str(each) for each in reference[schema.COVARIATE].values)
    domains = tuple(named[schema.DOMAIN].values.astype(str).tolist())
    law, matrix = LimitsLaw(covariates, reference.values, np.zeros(0), np.zeros(0), domains, one_bit).alone(name)
    dims = {"coefficients": (schema.GROUP, COEFFICIENT), "intercept": (schema.GROUP,)}
    dims |= dict.fromkeys((schema.EXPONENT, schema.CURVATURE), (schema.GROUP, schema.COVARIATE))
    draws = named["coefficients"].transpose(..., schema.GROUP, COEFFICIENT).values @ matrix
    ours = {what: (("chain", "draw", *dims[what]), value) for what, value in law.named(draws).items() if what in dims}
    rest = named.drop_vars([*dims, *_OWN.values()]).drop_dims([schema.DOMAIN, COEFFICIENT])
    return rest.assign(ours).assign_coords({COEFFICIENT: list(law.columns)})


def _at_reference(named: xr.Dataset, distance: xr.DataArray) -> xr.Dataset:
    """Intercepts and exponents relative to a new reference at z = `distance`; the curve is unchanged."""
    exponent, bend = named[schema.EXPONENT], named[schema.CURVATURE]
    of_size = distance.sel({schema.COVARIATE: schema.PARAMS}, drop=True)
    scatter = named[schema.SIGMA_RUN] * np.exp(named.get("sigma_run_exponent", 0.0) * of_size)
    return named.assign(
        {
            schema.SIGMA_RUN: scatter,
            "intercept": named["intercept"] + (bend * distance**2 / 2 - exponent * distance).sum(schema.COVARIATE),
            schema.EXPONENT: exponent - bend * distance,
            "steepness_intercept": named["steepness_intercept"] + named["steepness_exponent"] * of_size,
        }
    )
