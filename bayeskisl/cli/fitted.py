"""The table of `bayeskisl fit`: collapse points and the law's own quantities, in 80 columns."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.axes import axis_of
from bayeskisl.cli.display import slim_table
from bayeskisl.curves.cells import told_apart
from bayeskisl.quantities import short

if TYPE_CHECKING:
    import xarray as xr
    from rich.table import Table

    from bayeskisl.inference import Fit

__all__ = ["posterior_table"]

# One value per group, by the name that a reader knows.
_OF_GROUP = {
    schema.TAU: "scatter of sizes, tau",
    schema.SIGMA_RUN: "scatter of runs, sigma",
    "load_effect": "effect of the load",
}


def posterior_table(fit: "Fit") -> "Table":
    """Return medians and 90 % equal-tailed intervals, group by group."""
    from bayeskisl.decision.intervals import interval
    from bayeskisl.reporting.numbers import percent, span, three_digits

    table = slim_table("", "median", "90 % interval", words=["", "90 % interval"])
    groups = fit.posterior[schema.GROUP].values
    for group in groups:
        if len(groups) > 1:
            table.add_row(f"[bold]{group}[/bold]", "", "")
        for label, draws, is_share in _quantities(fit, str(group)):
            median, low, high = interval(draws, 0.9)
            between = f"{percent(low)} to {percent(high)}" if is_share else span(low, high)
            table.add_row(label, percent(median) if is_share else three_digits(median), between)
    return table


def _quantities(fit: "Fit", group: str) -> Iterator[tuple[str, FloatArray, bool]]:
    """Yield label, draws, and whether the draws are a share of the tokens, for each quantity."""
    from bayeskisl.curves import cell_table
    from bayeskisl.inference.gate import scalars

    places = _places(cell_table(fit.curves)[0])
    posterior, axis = fit.posterior.sel(group=group), axis_of(fit.curves)
    for name in (schema.COLLAPSE, schema.ONSET):
        if name in posterior and np.isfinite(posterior[name]).any():
            for cell, place in enumerate(places):
                yield f"{name} of {place}, {axis.coordinate}", posterior[name].isel(cell=cell).values, axis.bounded
    for label, draws in scalars(posterior, (schema.EXPONENT, schema.CURVATURE)):
        if np.ptp(draws) > 0:  # a law may fix it
            yield label.replace("[", " of ").removesuffix("]"), draws, False
    for name, label in _OF_GROUP.items():
        if name in posterior and (posterior[name].values > 0).any():  # a group that feels no load has none
            yield label, posterior[name].values, False


def _places(cells: "xr.Dataset") -> list[str]:
    """Name cells by their size, and by budget and domain where there are several."""
    names = [f"{short(params)} parameters" for params in cells[schema.PARAMS].values]
    if len(np.unique(cells[schema.TOKENS])) > 1:
        names = [
            f"{place}, {short(tokens)} tokens" for place, tokens in zip(names, cells[schema.TOKENS].values, strict=True)
        ]
    if schema.CELL_DOMAIN in cells.coords and len(np.unique(cells[schema.CELL_DOMAIN])) > 1:
        names = [f"{place} of {domain}" for place, domain in zip(names, cells[schema.CELL_DOMAIN].values, strict=True)]
    return [name + apart for name, apart in zip(names, told_apart(cells), strict=True)]
