"""Checkpoints: measurements during training belong to one run, which is represented by its last checkpoint."""

import xarray as xr

from bayeskisl import schema
from bayeskisl.arguments import require_curves

__all__ = ["final"]


def final(curves: xr.Dataset) -> xr.Dataset:
    """Return the curves as measured at the end of training, without the dimension ``checkpoint``.

    Curves without checkpoints are returned unchanged.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> bk.final(bk.load_curves("desk-templates")).sizes["run"]
    162
    """
    require_curves(curves)
    if schema.CHECKPOINT not in curves.dims:
        return curves
    return curves.isel({schema.CHECKPOINT: -1}).drop_vars([schema.CHECKPOINT, schema.TOKENS_SEEN], errors="ignore")
