"""Card of a fit in a notebook: the question, the result, and whether to trust it."""

from collections.abc import Iterable, Mapping
from html import escape
from itertools import product

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.axes import axis_of
from bayeskisl.card import card, escaped
from bayeskisl.curves import Finding
from bayeskisl.curves.cells import with_cells_in_words
from bayeskisl.curves.titles import title_of
from bayeskisl.inference.gate import Gate
from bayeskisl.inference.posterior import ON_AXIS
from bayeskisl.intervals import interval
from bayeskisl.laws import Law
from bayeskisl.quantities import three_digits

__all__ = ["card_of_fit", "quantities_in_words"]

_NAMES = {schema.COLLAPSE: "collapse point", schema.SHOULDER: "shoulder", schema.ONSET: "onset"}


def card_of_fit(
    what: str,
    *,
    law: Law,
    weights: Mapping[str, float],
    curves: str,
    quantities: Mapping[str, str],
    gate: Gate,
    warnings: Iterable[Finding],
) -> str:
    """Return a compact HTML table of a fit.

    Parameters
    ----------
    what : str
        Kind of the object, such as ``fit``.
    law, weights, gate, warnings
        Attributes of the fit.
    curves : str
        Which runs were fitted.
    quantities : mapping
        Intervals as text by label.
    """
    verdict = gate.outcome if gate.passed else f"<b>failed</b>: {escape('; '.join(gate.reasons))}"
    beside = ", ".join(f"{escape(name)} {weight:.2f}" for name, weight in weights.items())
    numbers = (
        f"R-hat {gate.rhat:.3f}, ESS {gate.ess_bulk:.0f} bulk, {gate.ess_tail:.0f} tail, "
        f"divergences {gate.divergences:.2%}"
    )
    rows = [
        ("law", f"{escape(law.name)}: {escape(law.title)} (weights {beside})"),
        *escaped([("curves", curves), *quantities.items()]),
        ("gate", f"{verdict} ({numbers})"),
        *escaped((f"{caution.severity}: {title_of(caution.code)}", caution) for caution in warnings),
    ]
    return card(f"{what}: medians with 90 % equal-tailed intervals", rows)


def quantities_in_words(posterior: xr.Dataset, curves: xr.Dataset) -> dict[str, str]:
    """Return median and 90 % interval of exponents and places on the axis, with units, by what they are of."""
    groups = posterior[schema.GROUP].values.astype(str)
    found = {}
    for name, group in product((schema.EXPONENT, schema.CURVATURE), groups):
        for covariate in posterior[schema.COVARIATE].values if name in posterior else ():
            draws = posterior[name].sel(group=group, covariate=covariate)
            found[f"{name} of {covariate}, {group}"] = _interval(draws.values, "")
    unit = axis_of(curves).in_words
    posterior = with_cells_in_words(posterior, curves)
    for name, group in product(ON_AXIS, groups):
        for at, cell in enumerate(posterior[schema.CELL].values.astype(str) if name in posterior else ()):
            draws = posterior[name].sel(group=group).isel({schema.CELL: at})
            found[f"{_NAMES[name]} of {cell}, {group}"] = _interval(draws.values, unit)
    return {what: text for what, text in found.items() if text}


def _interval(draws: np.ndarray, unit: str) -> str:
    """Median and 90 % interval; empty where nothing is known."""
    if np.isnan(draws).all():
        return ""
    median, low, high = map(three_digits, interval(draws, 0.9))
    return " ".join([median, *([unit] if unit else []), f"({low} to {high})"])
