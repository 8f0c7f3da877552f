"""Posteriors of many simulated sweeps."""

from collections.abc import Sequence

import xarray as xr

from bayeskisl.inference import Fit, fit_many
from bayeskisl.laws import Law

__all__ = ["fits_of"]


def fits_of(sweeps: Sequence[xr.Dataset], law: Law, rivals: Sequence[str | Law] | None = None) -> list[Fit]:
    """A fit per sweep, whether its gate passed or not; beside the rivals that the law names, unless told otherwise."""
    return fit_many(sweeps, law, rivals=law.rivals if rivals is None else rivals)
