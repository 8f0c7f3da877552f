"""Exposures: the coordinate of the model, that is, how often the facts of each probe group were seen."""

import json

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arguments import require_curves
from bayeskisl.arrays import FloatArray
from bayeskisl.knowledge.identity import background_exposures, infused_exposures

__all__ = ["REFERENCE_LOAD", "assumed_terms", "group_exposures", "load_of", "reference_load"]


def assumed_terms(curves: xr.Dataset) -> tuple[str, ...]:
    """Return the terms of the infusion that an import assumed since its table lacks them, by their names."""
    return tuple(json.loads(curves.attrs.get("import_invented", "[]")))


def group_exposures(curves: xr.Dataset) -> xr.DataArray:
    """Exposures e_g of every run and probe group.

    Parameters
    ----------
    curves : xarray.Dataset
        Retention curves with the coordinates of ``schema.RUN_COORDINATES``.

    Returns
    -------
    xarray.DataArray
        Mean exposures per fact, dims ``(run, group)``; zero where a group has no facts in a run.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> curves = bk.load_curves("desk-amount")
    >>> bk.group_exposures(curves).isel(run=0).round(1).item()
    853.3
    """
    require_curves(curves)
    tokens, ratio, facts, tokens_per_fact, background_facts, background_share = (
        curves[name].values
        for name in (schema.TOKENS, schema.RATIO, schema.FACTS, schema.TOKENS_PER_FACT, schema.BACKGROUND_FACTS,
                     schema.BACKGROUND_SHARE)
    )  # fmt: skip
    has_background = background_facts > 0
    with np.errstate(all="ignore"):  # unchecked curves may have runs of no facts, or of any number at all
        infused: FloatArray = infused_exposures(tokens, ratio, facts, tokens_per_fact)
        background = background_exposures(
            tokens, ratio, np.where(has_background, background_facts, 1), background_share, tokens_per_fact
        )
    of_group = {**dict.fromkeys(schema.OF_INFUSED, infused), schema.BACKGROUND: np.where(has_background, background, 0)}
    columns = [of_group[str(name)] for name in curves["group"].values]
    variables = {name: curves.variables[name] for name in curves.coords}
    return xr.DataArray(
        np.stack(columns, axis=1).astype(np.float64),
        coords={name: each for name, each in variables.items() if each.dims in ((), (schema.RUN,), (schema.GROUP,))},
        dims=(schema.RUN, schema.GROUP),
        name="group_exposures",
    )


def load_of(curves: xr.Dataset) -> FloatArray:
    """The load: number of distinct facts that each run trains on, infused and background, shape ``(run,)``."""
    return (curves[schema.FACTS] + curves[schema.BACKGROUND_FACTS]).values.astype(float)


# Attribute of the curves of one domain of a fit: the load to which the draws of all domains refer.
REFERENCE_LOAD = "reference_load"


def reference_load(curves: xr.Dataset) -> float:
    """Geometric mean of the runs' loads, in facts; of one domain of a fit that of all of its runs."""
    told = curves.attrs.get(REFERENCE_LOAD)
    return float(told) if told is not None else float(np.exp(np.log(load_of(curves)).mean()))
