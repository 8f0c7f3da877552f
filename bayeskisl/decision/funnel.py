"""Predicted collapse point and its uncertainty against model size, under every law."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Unpack

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.decision.planned_model import of_target, planned_model
from bayeskisl.decision.prospect import Kind, every_draw_at, fall_of, infusion_keeping
from bayeskisl.intervals import quantiles
from bayeskisl.target import Target, TargetKeywords, target_from

if TYPE_CHECKING:
    from bayeskisl.inference import Fit

__all__ = ["collapse_along_sizes"]


def collapse_along_sizes(
    fit: "Fit",
    sizes: Sequence[float],
    target: Target | None = None,
    *,
    kind: Kind = "new_run",
    ci_prob: float = 0.9,
    seed: int = 0,
    in_proportion: bool = False,
    **short: Unpack[TargetKeywords],
) -> xr.DataArray:
    """Median and interval of the collapse point of new models of several sizes, under every law.

    Parameters
    ----------
    fit : Fit
    sizes : sequence of float
        Non-embedding parameters.
    target : Target, optional
        Quantities that are fixed along the sizes; the target's own size is used by `in_proportion` alone.
    kind, seed
        As for `predict`. The same random scatter is drawn at every size, so that the lines are smooth.
    ci_prob : float
        Probability of the interval.
    in_proportion : bool
        Whether the token budget grows in proportion to the size, from the target's size and budget.
    **short
        In place of a `Target`, its keywords.

    Returns
    -------
    xarray.DataArray
        Infusions, dims ``(law, params, quantile)``; the quantiles are lower end, median, upper end.
    """
    tail = (1 - ci_prob) / 2
    probabilities = [tail, 0.5, 1 - tail]
    trained = float(fit.curves[schema.PARAMS].max())
    given = target_from(target, short, default=trained, of=collapse_along_sizes)
    fit, _ = of_target(fit, replace(given, params=trained))
    # where one size was trained, the lines are the prior's
    asked = replace(given, params=trained, domain=None, prior_driven=True)
    targets = [planned_model(fit.curves, replace(asked, params=float(size))) for size in sizes]
    if in_proportion:
        share = planned_model(fit.curves, replace(given, domain=None, prior_driven=True)).tokens / given.params
        targets = [replace(planned, tokens=share * planned.params) for planned in targets]
    lines = []
    for planned in targets:
        by_law = every_draw_at(fit, planned, kind=kind, seed=seed, as_new=True)
        falls = [fall_of(by_law.sel(law=law), planned.group) for law in fit.weights]
        collapse = [infusion_keeping(0.5, fall, planned.group, planned) for fall in falls]
        lines.append([quantiles(draws, probabilities) for draws in collapse])
    return xr.DataArray(
        np.moveaxis(np.array(lines), 0, 1),
        dims=("law", "params", "quantile"),
        coords={"law": list(fit.weights), "params": list(sizes), "quantile": probabilities},
        name="collapse",
    )
