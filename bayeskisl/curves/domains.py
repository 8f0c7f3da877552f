"""Domains of curves: the runs of one, and refusals where one must be named."""

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.curves.cells import domain_of_runs
from bayeskisl.errors import InputError, way
from bayeskisl.specifications import shown

__all__ = ["curves_of_domain", "refuse_several", "require_known"]


def refuse_several(names: list[str]) -> None:
    """Refuse a fit of several domains, of these names, where one must be chosen."""
    if names:
        raise InputError(f"one domain among {', '.join(names)}", "a fit of all of them", "fit",
                         way(f"choose one, `fit.of_domain({names[0]!r})`", "choose one with --domain"))  # fmt: skip


def require_known(name: str, names: list[str]) -> None:
    """Refuse a domain that is not among the names of several."""
    if name not in names:
        got = shown(name) if names else f"{shown(name)} of a fit of one domain"
        raise InputError(f"a domain among {', '.join(names)}" if names else "a fit of several domains", got, "domain")


def curves_of_domain(curves: xr.Dataset, name: str | None) -> xr.Dataset:
    """Return the curves of a domain, or all curves if they are of one.

    Raises
    ------
    InputError
        If there are several domains and no name, or no such domain.
    """
    names, of_run = domain_of_runs(curves)
    several = names if len(names) > 1 else []
    if name is None:
        refuse_several(several)
        return curves
    require_known(name, several)
    return curves.isel({schema.RUN: np.flatnonzero(of_run == names.index(name))})
