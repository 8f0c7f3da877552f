"""Figure of a law's prior predictive beside the measurements."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from bayeskisl import schema
from bayeskisl.arguments import require_curves
from bayeskisl.arrays import BoolArray, FloatArray
from bayeskisl.axes import LoadEffect
from bayeskisl.curves import (
    cell_table,
    final,
    group_exposures,
    load_of,
    reference_load,
    with_covariates,
    without_covariates,
)
from bayeskisl.curves.groups import probed_groups
from bayeskisl.laws import load_law
from bayeskisl.reporting.curves_figure import fall_of_cell
from bayeskisl.reporting.numbers import percent
from bayeskisl.reporting.style import draw_bands, figure_style, law_colors, log_axis, new_figure

if TYPE_CHECKING:
    from bayeskisl.laws import Law

__all__ = ["describe_prior", "plot_prior_predictive"]

_POINTS, _EXAMPLES = 160, 12


def describe_prior(expected: xr.Dataset, law: "Law") -> str:
    """Describe the result of `prior_predictive`, in a sentence for each group."""
    rows = []
    for group in expected[schema.GROUP].values:
        inside, held = (float(expected[name].sel(group=group).mean()) for name in ("inside", "held"))
        rows.append(
            f"{group}: before a count is seen the law '{law.name}' expects half to be kept inside a size's exposures "
            f"with {percent(inside)}, and its predictive intervals hold {percent(held)} of the counts"
        )
    return "\n".join(rows)


def plot_prior_predictive(
    law: "str | Path | Law", curves: xr.Dataset, *, draws: int = 1000, seed: int = 0, dark: bool = False
) -> Figure:
    """Draw the retention that the prior of a law expects, and the measurements.

    Parameters
    ----------
    law : str, path or Law
        Law whose prior is drawn.
    curves : xarray.Dataset
        Retention curves that give the places and the measurements.
    draws, seed : int
        See `bayeskisl.prior_predictive`.
    dark : bool
        Whether the figure is for a dark page.

    Returns
    -------
    matplotlib.figure.Figure
        One row for each probed group. Left: 50 and 90 % prior bands and a dozen prior curves of the middle size, with
        its measured runs. Right: 50 and 90 % prior bands of the critical exposures of every size (none
        for a law without a fall), and the exposures of its runs. For a law with the load all exposures are effective
        ones; those of the runs use the prior median of its effect.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> figure = bk.plot_prior_predictive("power", bk.load_curves("desk-amount"), draws=50)
    >>> figure.savefig("prior-predictive.png")
    """
    law = load_law(law)
    require_curves(curves)
    from bayeskisl.inference import prior_predictive
    from bayeskisl.inference.data import suited

    law = suited(law, curves)
    curves = with_covariates(without_covariates(final(curves)), law.covariates)
    expected = prior_predictive(law, curves, draws=draws, seed=seed)
    groups = probed_groups(curves)
    with figure_style(dark):
        figure, panels = new_figure(len(groups), 2, figsize=(9.6, 3.9 * len(groups)), squeeze=False)
        for (left, right), group in zip(panels, groups, strict=True):
            exposures = _exposures(curves, law, group)
            asked = curves[schema.PROBED].sel(group=group).values > 0
            _draw_curves(left, expected, law, curves, exposures, asked, group)
            _draw_thresholds(right, expected.sel(group=group), law, curves, exposures, asked)
        figure.suptitle(f"Before any count is seen: law '{law.name}'", x=0.01, ha="left", fontsize=11)
        figure.supxlabel(describe_prior(expected, law), fontsize=8, x=0.01, ha="left")
    return figure


def _exposures(curves: xr.Dataset, law: "Law", group: str) -> FloatArray:
    exposures = group_exposures(curves).sel(group=group).values
    prior = law.priors.load_effect
    if prior is None:
        return exposures
    return exposures * LoadEffect(prior.median, reference_load(curves)).worth(load_of(curves))


def _draw_curves(
    axes: Axes,
    expected: xr.Dataset,
    law: "Law",
    curves: xr.Dataset,
    exposures: FloatArray,
    asked: BoolArray,
    group: str,
) -> None:
    cells, cell_of_run = cell_table(curves)
    sizes = cells[schema.PARAMS].values
    middle = int(np.argsort(sizes, kind="stable")[len(sizes) // 2])
    grid = np.geomspace(exposures[asked].min() / 1.5, exposures[asked].max() * 1.5, _POINTS)
    drawn = fall_of_cell(expected, law, middle, group).retention(np.log(grid))
    color = law_colors(1)[0]
    draw_bands(axes, grid, drawn, color)
    axes.plot(grid, drawn[:_EXAMPLES].T, color=color, lw=0.6, alpha=0.7)
    share = curves[schema.RECALLED].sel(group=group).values / np.maximum(
        curves[schema.PROBED].sel(group=group).values, 1
    )
    own = asked & (cell_of_run == middle)
    axes.plot(exposures[own], share[own], "o", ms=3.5, mec="none", color=law_colors(2)[1])
    log_axis(axes, "x", grid[0], grid[-1])
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_xlabel(f"mean {'effective ' if law.knows_load else ''}exposures of one fact")
    axes.set_ylabel(f"{group}, recalled")
    axes.set_title(f"{sizes[middle]:,.0f} parameters; lines: curves of the prior; points: runs", fontsize=8.5)


def _draw_thresholds(
    axes: Axes, expected: xr.Dataset, law: "Law", curves: xr.Dataset, exposures: FloatArray, asked: BoolArray
) -> None:
    cells, cell_of_run = cell_table(curves)
    sizes = cells[schema.PARAMS].values
    order = np.argsort(sizes, kind="stable")
    critical = expected["critical_exposures"].isel(chain=0).transpose("draw", "cell").values
    if law.falls:
        draw_bands(axes, sizes[order], critical[:, order], law_colors(1)[0])
    for cell in order:
        run_at = exposures[asked & (cell_of_run == cell)]
        if len(run_at):
            axes.plot([sizes[cell]] * 2, [run_at.min(), run_at.max()], color=law_colors(2)[1], lw=2, alpha=0.8)
    low, high = np.quantile(critical, [0.02, 0.98])
    log_axis(axes, "x", sizes.min() / 1.3, sizes.max() * 1.3)
    log_axis(axes, "y", min(low, exposures[asked].min() / 1.3), max(high, exposures[asked].max() * 1.3))
    axes.set_xlabel("non-embedding parameters")
    axes.set_ylabel(f"critical {'effective ' if law.knows_load else ''}exposures")
    axes.set_title("bars: exposures at which each size was run", fontsize=8.5)
