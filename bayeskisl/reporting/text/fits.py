"""Sentences about posteriors: a table of collapse points and of the law's own quantities, then what limits them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.axes import axis_of
from bayeskisl.curves import cell_table
from bayeskisl.curves.cells import names_of_cells
from bayeskisl.intervals import interval
from bayeskisl.reporting.numbers import percent, span, three_digits
from bayeskisl.reporting.text.tables import aligned

if TYPE_CHECKING:
    from bayeskisl.inference import Fit

__all__ = ["beside_posterior", "describe_fit"]

# One value per group, by the name that a reader knows.
_OF_GROUP = {
    schema.TAU: "scatter of sizes, tau",
    schema.SIGMA_RUN: "scatter of runs, sigma",
    "load_effect": "effect of the load",
}


def describe_fit(fit: "Fit") -> str:
    """Describe a posterior: medians and 90 % equal-tailed intervals, group by group, then `beside_posterior`."""
    return "\n".join([*_tables(fit), *beside_posterior(fit)])


def _tables(fit: "Fit") -> Iterator[str]:
    groups = [str(group) for group in fit.posterior[schema.GROUP].values]
    for group in groups:
        head = (f"{group.replace('_', ' ')} facts" if len(groups) > 1 else "posterior", "median", "90 % interval")
        yield from aligned([head, *(_row(*each) for each in _quantities(fit, group))])
        yield ""


def _row(label: str, draws: FloatArray, is_share: bool) -> tuple[str, ...]:
    median, low, high = interval(draws, 0.9)
    if is_share:
        return label, percent(median), f"{percent(low)} to {percent(high)}"
    return label, three_digits(median), span(low, high)


def beside_posterior(fit: "Fit") -> Iterator[str]:
    """State the regime, the warnings, and the weights of several laws, a line each."""
    if fit.law.has_limits:
        from bayeskisl.inference import regime, regime_sentence

        yield f"regime: {regime_sentence(regime(fit))}"
    for warning in fit.warnings:
        yield f"{warning.severity}: {warning}"
    if fit.gate.passed and len(fit.weights) > 1:
        yield "weights: " + ", ".join(f"{name} {weight:.2f}" for name, weight in fit.weights.items())


def _quantities(fit: "Fit", group: str) -> Iterator[tuple[str, FloatArray, bool]]:
    """Yield label, draws, and whether the draws are a share of the tokens, for each quantity."""
    from bayeskisl.inference.gate import scalars

    cells, cell_of_run = cell_table(fit.curves)
    asked = set(cell_of_run[fit.curves[schema.PROBED].sel(group=group).values > 0].tolist())
    places = {cell: place for cell, place in enumerate(names_of_cells(cells)) if cell in asked}
    posterior, axis = fit.posterior.sel(group=group), axis_of(fit.curves)
    for name in (schema.COLLAPSE, schema.ONSET):
        if name in posterior and np.isfinite(posterior[name]).any():
            for cell, place in places.items():
                yield f"{name} of {place}, {axis.coordinate}", posterior[name].isel(cell=cell).values, axis.bounded
    for label, draws in scalars(posterior, (schema.EXPONENT, schema.CURVATURE)):
        if np.ptp(draws) > 0:  # a law may fix it
            yield label.replace("[", " of ").removesuffix("]"), draws, False
    for name, label in _OF_GROUP.items():
        if name in posterior and (posterior[name].values > 0).any():  # a group that feels no load has none
            yield label, posterior[name].values, False
