"""Posteriors of many simulated sweeps."""

from collections.abc import Sequence

import xarray as xr

from bayeskisl.inference import Fit, fit
from bayeskisl.laws import Law

__all__ = ["fits_of"]


def fits_of(sweeps: Sequence[xr.Dataset], law: Law, rivals: Sequence[Law] | None = None) -> list[Fit]:
    """A fit per sweep, whether it passed its gate or not."""
    return [fit(sweep, law, rivals=rivals, throw=False) for sweep in sweeps]
