"""How much a model has memorised, in bits, from the cross-entropy of its answers."""

import numpy as np
import xarray as xr

from bayeskisl import schema

__all__ = ["bits_per_parameter", "known_bits"]


def known_bits(curves: xr.Dataset) -> xr.DataArray:
    """Bits of answers that a run has memorised, over all facts of a group and not only the probed ones.

    Parameters
    ----------
    curves : xarray.Dataset
        Retention curves with ``answer_nats``.

    Returns
    -------
    xarray.DataArray
        K (log2 A - H / log 2), dims ``(run, group[, checkpoint])``: K facts of the group, A answers (one over the
        guessing rate), H the mean cross-entropy of an answer in nats. It is negative where a model is surer of wrong
        answers than a guess would be, and NaN where nothing was probed.
    """
    probed = curves[schema.PROBED].where(curves[schema.PROBED] > 0)
    bits = (curves[schema.ANSWER_NATS] / probed) / np.log(2)
    knowable = -np.log2(curves[schema.GUESSING])
    facts = xr.concat(
        [curves[schema.BACKGROUND_FACTS if group == schema.BACKGROUND else schema.FACTS].reset_coords(drop=True)
         for group in curves[schema.GROUP].values],
        dim=curves[schema.GROUP],
    )  # fmt: skip
    return (facts * (knowable - bits)).transpose(*curves[schema.PROBED].dims).rename("known_bits")


def bits_per_parameter(curves: xr.Dataset, params: str = schema.PARAMS) -> xr.DataArray:
    """Memorised bits of answers per parameter, infused and background facts together.

    Parameters
    ----------
    curves : xarray.Dataset
        Retention curves with ``answer_nats``.
    params : str
        Which count of parameters to divide by: ``params`` (non-embedding) or ``total_params``.

    Returns
    -------
    xarray.DataArray
        Dims ``(run[, checkpoint])``. The definition follows arXiv 2404.05405: bits are counted from the summed
        cross-entropy on exactly the answer's tokens, so what a model knows of the subjects themselves is not counted.
        Held-out templates ask for the same facts again and are not counted twice.
    """
    groups = [group for group in curves[schema.GROUP].values if group != schema.INFUSED_HELDOUT]
    bits = known_bits(curves.sel({schema.GROUP: groups})).sum(schema.GROUP, min_count=1)
    return (bits / curves[params]).rename("bits_per_parameter").assign_attrs(units=f"bits / {schema.UNITS[params]}")
