"""Posteriors of many simulated sweeps."""

from collections.abc import Sequence
from typing import Any

import xarray as xr

from bayeskisl.inference import Fit, fit_many
from bayeskisl.laws import Law

__all__ = ["FORECASTS", "RANKS", "fits_of"]

# Numbers of draws, tried in turn until every gate passes. Hours of forecasts begin with fewer draws than `fit`; what is
# calibrated is what `fit` does by itself, its second and longer sampling included.
FORECASTS = ({"draws": 600, "tune": 500}, {"draws": 1000, "tune": 600})
RANKS = ({"draws": 1000, "tune": 600},)


def fits_of(
    sweeps: Sequence[xr.Dataset], law: Law, tries: Sequence[dict[str, Any]], rivals: Sequence[str | Law] = ()
) -> list[Fit]:
    """A fit per sweep, with more draws where the gate of any law fails, as its message asks; the last try stands."""
    first, *more = tries
    fits = fit_many(sweeps, law, rivals=rivals, **first)
    failed = [at for at, fit in enumerate(fits) if not all(gate.passed for gate in fit.gates.values())]
    if more and failed:
        again = fits_of([sweeps[at] for at in failed], law, more, rivals)
        for at, fit in zip(failed, again, strict=True):
            fits[at] = fit
    return fits
