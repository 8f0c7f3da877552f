"""Regime: the limit that binds at each size (learning, a minimum of exposures, or capacity)."""

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arguments import require_fit, require_one_of
from bayeskisl.arrays import FloatArray
from bayeskisl.curves import Capacity
from bayeskisl.errors import InputError
from bayeskisl.inference.fitted_law_of_size import FittedLawOfSize
from bayeskisl.inference.storage import posterior_group
from bayeskisl.laws import LIMITS

if TYPE_CHECKING:
    from bayeskisl.inference.result import Fit

__all__ = ["regime", "regime_sentence"]

# A density that takes about 100 exposures of each fact (arXiv 2404.05405). A ladder that stays below it at its
# half-points could store more: its models are short of training.
_WELL_FILLED = 1.0

# A limit that most likely binds is named without a doubt from here on.
_SURE = 0.9


def regime(fit: "Fit", *, group: str | None = None) -> xr.Dataset:
    """Return the binding limit of each trained size at its half-point: learning, a minimum of exposures, or capacity.

    Parameters
    ----------
    fit : Fit
        A fit of a law with limits.
    group : str, optional
        A probe group; by default the first.

    Returns
    -------
    xarray.Dataset
        Dim ``cell``, with ``params``, ``tokens`` and ``tokens_per_parameter``; draws ``(chain, draw, cell)`` of
        ``exposures`` and of ``bits_per_parameter`` at the half-point of each cell, the latter NaN unless the axis
        varies the facts of a run; and ``probability (limit, cell)`` that a limit demands more exposures than the
        others. The attribute ``bits_source`` names the source of the bits of a fact, see `bayeskisl.curves.Capacity`.

    Raises
    ------
    InputError
        If the fit's law has no limits, or there is no such group.

    Notes
    -----
    K facts of b bits are K b / N bits per parameter (arXiv 2404.05405).

    Examples
    --------
    >>> import bayeskisl as bk
    >>> found = bk.regime(bk.load_fit("desk-four"))
    >>> found["probability"].sel(limit="learning").round(1).values.tolist()
    [1.0, 1.0, 1.0, 0.9]
    """
    require_fit(fit)
    law = fit.law
    if not law.has_limits:
        raise InputError("a law with limits", f"'{law.name}'", "law", "fit the law 'limits'")
    groups = fit.curves[schema.GROUP].values.tolist()
    if group is not None:
        require_one_of(group, groups, "group", "a group among")
    posterior = posterior_group(fit.tree, law.name).sel({schema.GROUP: group or groups[0]})
    size = FittedLawOfSize.of(fit.tree, law)
    params, tokens = (size.cells[name].values for name in (schema.PARAMS, schema.TOKENS))
    exposures = posterior[schema.CRITICAL_EXPOSURES]
    return xr.Dataset(
        {
            "exposures": exposures,
            "bits_per_parameter": _density(size.capacity, exposures),
            "probability": (("limit", schema.CELL), _probabilities(size, posterior["coefficients"])),
            schema.PARAMS: (schema.CELL, params),
            schema.TOKENS: (schema.CELL, tokens),
            "tokens_per_parameter": (schema.CELL, tokens / params),
        },
        coords={"limit": list(LIMITS)},
        attrs={"law": law.name, "group": group or groups[0], "bits_source": size.capacity.source},
    ).drop_vars(schema.GROUP)


def regime_sentence(found: xr.Dataset) -> str:
    """Name the limits of the trained sizes in a sentence or two.

    Parameters
    ----------
    found : xarray.Dataset
        Result of `regime`.
    """
    order = np.argsort(found[schema.PARAMS].values)
    small, large = order[0], order[-1]
    at_small, at_large = (_most_probable(found, place) for place in (small, large))
    words = {"learning": "learning (too little training)", "minimum": "a minimum of exposures", "capacity": "capacity"}
    if at_small[0] == at_large[0]:
        said = f"{words[at_large[0]].capitalize()} limits every size"
    else:
        said = f"{words[at_small[0]].capitalize()} limits the smallest size, {words[at_large[0]]} the largest"
    said += f" (probability {min(at_small[1], at_large[1]):.2f})" if min(at_small[1], at_large[1]) < _SURE else ""
    density = found["bits_per_parameter"].median(("chain", "draw")).values[order]
    if np.isfinite(density).all() and density.max() < _WELL_FILLED:
        said += (
            f". No size stores more than {density.max():.2g} bits per parameter at its half-point, where 2 are"
            " possible: longer training would move every collapse point up"
        )
    return said + "."


def _density(capacity: Capacity, exposures: xr.DataArray) -> xr.DataArray:
    """Bits per parameter at given exposures of infused facts."""
    if capacity.source == "none":
        return exposures * np.nan
    return 1 / exposures * xr.DataArray(capacity.exposures_of_cells, dims=schema.CELL)


def _probabilities(size: FittedLawOfSize, coefficients: xr.DataArray) -> FloatArray:
    """Share of the draws in which each limit demands the most exposures, ``(limit, cell)``."""
    largest = size.law.largest(coefficients.values, size.places)
    return np.stack([(largest == limit).mean(axis=(0, 1)) for limit in range(len(LIMITS))])


def _most_probable(found: xr.Dataset, cell: int) -> tuple[str, float]:
    probability = found["probability"].isel(cell=cell).values
    return LIMITS[int(probability.argmax())], float(probability.max())
