"""Checkpoints: measurements during training are not runs, and a count of runs takes the last of each."""

import xarray as xr

from bayeskisl import schema

__all__ = ["final"]


def final(curves: xr.Dataset) -> xr.Dataset:
    """The curves as measured at the end of training: without the dimension ``checkpoint``.

    Curves that were measured at the end only are returned as they are.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> bk.final(bk.load_curves("desk-templates")).sizes["run"]
    162
    """
    if schema.CHECKPOINT not in curves.dims:
        return curves
    return curves.isel({schema.CHECKPOINT: -1}).drop_vars([schema.CHECKPOINT, schema.TOKENS_SEEN], errors="ignore")
