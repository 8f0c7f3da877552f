"""Figure of retention against the infusion, one curve per model size."""

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from scipy.stats import beta

from bayeskisl import schema
from bayeskisl.arguments import require_kind
from bayeskisl.axes import LoadEffect, axis_of
from bayeskisl.curves import cell_table, final, levels_of_runs, reference_load
from bayeskisl.curves.cells import told_apart
from bayeskisl.curves.exposures import assumed_terms
from bayeskisl.curves.groups import probed_groups
from bayeskisl.decision.fall import Fall
from bayeskisl.errors import InputError
from bayeskisl.kinds import CURVES, FIT
from bayeskisl.knowledge.guessing import known
from bayeskisl.quantities import short
from bayeskisl.reporting.style import (
    LINES,
    MARKERS,
    canvas,
    draw_bands,
    exposures_on_top,
    figure_style,
    infusion_axis,
    ladder_colors,
    new_figure,
)

if TYPE_CHECKING:
    from bayeskisl.inference import Fit
    from bayeskisl.laws import Law

__all__ = ["plot_curves"]

# Enough draws for a 90 % band to be smooth to the eye.
_DRAWS, _POINTS = 1_000, 160

_ASKED = {
    schema.INFUSED: "infused facts",
    schema.INFUSED_HELDOUT: "infused facts in held-out templates",
    schema.INFUSED_CHOICE: "infused facts by multiple choice",
    schema.BACKGROUND: "background facts",
}


def plot_curves(fit_or_curves: "Fit | xr.Dataset", *, ax: Axes | None = None, dark: bool = False) -> Figure:
    """Draw retention against infusion: the measurements, and with a fit its 50 and 90 % posterior bands.

    Parameters
    ----------
    fit_or_curves : Fit or xarray.Dataset
        A fit, or retention curves alone.
    ax : matplotlib.axes.Axes, optional
        Axes to draw into, whose figure is returned; by default those of a new figure. The curves must have
        one probed group.
    dark : bool
        Whether the figure is for a dark page.

    Returns
    -------
    matplotlib.figure.Figure
        One panel for each probed group, and one for the retained facts of both groups, above guessing, if infused and
        background facts were probed. Points are runs with 90 % intervals of their counts; bands show the curve of each
        cell, without the scatter of single runs.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> figure = bk.plot_curves(bk.load_curves("desk-amount"))
    >>> figure.savefig("curves.png")
    """
    require_kind(fit_or_curves, "fit_or_curves", FIT, CURVES)
    fit = None if isinstance(fit_or_curves, xr.Dataset) else fit_or_curves
    curves = final(fit_or_curves if isinstance(fit_or_curves, xr.Dataset) else fit_or_curves.curves)
    cells, cell_of_run = cell_table(curves)
    groups = probed_groups(curves)
    axis = axis_of(curves)
    both = {schema.INFUSED, schema.BACKGROUND} <= set(groups)
    if ax is not None and len(groups) > 1:
        raise InputError("curves of one probed group for one axes", ", ".join(groups), "ax",
                         "select one, as `curves.sel(group=['infused'])`, or leave `ax` out")  # fmt: skip
    with figure_style(dark):
        figure, panels = _panels(ax, len(groups) + both)
        for cell, color in enumerate(ladder_colors(cells.sizes[schema.CELL])):
            runs = curves.isel(run=np.flatnonzero(cell_of_run == cell))
            look: dict[str, Any] = {
                "color": color,
                "marker": MARKERS[cell % len(MARKERS)],
                "label": _label(cells, cell),
            }
            look["ls"] = "none" if fit is None else LINES[cell % len(LINES)]
            for axes, group in zip(panels, groups, strict=False):
                _draw_runs(axes, runs.sel(group=group), look)
                if fit is not None and axis.moves(group, fit.law.knows_load) != 0:
                    held_fixed = {str(name): cells[name][cell].item() for name in cells.data_vars}
                    _draw_bands(axes, fit, cell, held_fixed, group, color, look["ls"])
            if both:
                _draw_kept(panels[-1], runs, look)
        for axes, group in zip(panels, groups, strict=False):
            axes.set_ylim(-0.02, 1.03)
            axes.yaxis.set_major_formatter(PercentFormatter(1.0))
            axes.set_ylabel(f"{_ASKED[group]} recalled")
        if both:
            panels[-1].set_ylabel("facts kept, infused and background")
            panels[-1].set_ylim(bottom=0)
        for axes in panels:
            infusion_axis(axes, "x", levels_of_runs(curves), axis, narrow=len(panels) > 2)
            held = _held_fixed(curves) if axes is panels[0] else ""
            axes.set_xlabel(f"{axis.label}, at {held}" if held else axis.label)
        panels[0].set_title("How much is recalled, as more is infused")
        panels[-1].legend(
            title="non-embedding parameters", loc="center left", bbox_to_anchor=(1.0, 0.5), alignment="left"
        )
        if axis.counts_facts and curves.attrs.get("exposure_scale") != "relative":
            exposures_on_top(panels[0], curves["facts"].values * curves["exposures"].values)
        note = "points: single runs, 90 % intervals of their counts"
        note += "" if fit is None else "; bands: 50 and 90 % posterior of each size's curve"
        if ax is None:
            figure.supxlabel(note, fontsize=8, x=0.01, ha="left")
    return figure


def _panels(ax: Axes | None, count: int) -> tuple[Figure, Any]:
    if ax is not None:
        figure, axes = canvas(ax)
        return figure, [axes]
    figure, panels = new_figure(1, count, figsize=(5.2 + 2.4 * count, 4.5), sharex=True, squeeze=False)
    return figure, panels[0]


def _draw_kept(axes: Axes, runs: xr.Dataset, look: dict[str, Any]) -> None:
    """Draw retained facts of both groups, above guessing, by run; a line joins the means of each level."""
    share = runs[schema.RECALLED] / runs[schema.PROBED].where(runs[schema.PROBED] > 0)
    known_share = known(share, runs[schema.GUESSING]).clip(min=0)
    total = (
        runs[schema.FACTS] * known_share.sel(group=schema.INFUSED)
        + runs[schema.BACKGROUND_FACTS] * known_share.sel(group=schema.BACKGROUND)
    ).values
    probed = np.isfinite(total)  # in both groups
    infusion, total = levels_of_runs(runs)[probed], total[probed]
    axes.plot(infusion, total, ls="none", ms=4.5, mec="none", alpha=0.9, color=look["color"], marker=look["marker"])
    levels = np.unique(infusion)
    axes.plot(levels, [total[infusion == level].mean() for level in levels], color=look["color"], lw=1, alpha=0.6)
    axes.plot([], [], ms=4.5, lw=1.4, mec="none", **look)  # one entry of the legend for points and line


def _draw_runs(axes: Axes, runs: xr.Dataset, look: dict[str, Any]) -> None:
    recalled, probed = (runs[name].values.astype(float) for name in (schema.RECALLED, schema.PROBED))
    asked = probed > 0
    share = recalled[asked] / probed[asked]
    # Jeffreys intervals; their ends are moved to the share itself where a count of none or all lies outside
    low = np.minimum(beta.ppf(0.05, recalled[asked] + 0.5, (probed - recalled)[asked] + 0.5), share)
    high = np.maximum(beta.ppf(0.95, recalled[asked] + 0.5, (probed - recalled)[asked] + 0.5), share)
    infusion, error = levels_of_runs(runs)[asked], [share - low, high - share]
    axes.errorbar(infusion, share, yerr=error, fmt="none", ecolor=look["color"], lw=0.9)
    axes.plot(infusion, share, ls="none", ms=4.5, mec="none", alpha=0.9, color=look["color"], marker=look["marker"])
    axes.plot([], [], ms=4.5, lw=1.4, mec="none", **look)  # one entry of the legend for points and line


def _draw_bands(
    axes: Axes, fit: "Fit", cell: int, held_fixed: dict[str, float], group: str, color: str, line: Any
) -> None:
    along = axis_of(fit.curves)
    swept = levels_of_runs(fit.curves)
    infusion = along.grid(swept.min(), swept.max(), _POINTS)
    fall = fall_of_cell(fit.tree["posterior"].to_dataset(), fit.law, cell, group)
    load = LoadEffect(np.asarray(fall.load_effect)[:, None], reference_load(fit.curves)) if fall.knows_load else None
    exposures = along.exposures(infusion, group, held_fixed, load)
    draw_bands(axes, infusion, fall.retention(np.log(exposures)), color, line)


def fall_of_cell(named: xr.Dataset, law: "Law", cell: int, group: str) -> Fall:
    """Return the fall of one cell, from some draws of the named quantities of a posterior or a prior."""
    from bayeskisl.inference.pointwise import log_thresholds

    of_group = named.sel(group=group).stack(sample=("chain", "draw"))
    every = max(1, of_group.sizes["sample"] // _DRAWS)
    some = of_group.isel(sample=slice(None, None, every), cell=cell)
    return Fall(
        log_threshold=log_thresholds(some, law),
        steepness=some["steepness"].values,
        floor=some["floor"].values,
        ceiling=some["ceiling"].values,
        shape=law.fall.of(some).map(np.asarray),
        load_effect=some["load_effect"].values if law.knows_load else 0.0,
    )


def _label(cells: xr.Dataset, cell: int) -> str:
    row = cells.isel(cell=cell)
    label = f"{row[schema.PARAMS].item():,.0f}"
    if len(np.unique(cells[schema.TOKENS].values)) > 1:
        label += f", {row[schema.TOKENS].item():,.0f} tokens"
    if schema.CELL_DOMAIN in cells.coords and len(np.unique(cells[schema.CELL_DOMAIN])) > 1:
        label += f", {row[schema.CELL_DOMAIN].item()}"
    return label + told_apart(cells)[cell]


def _held_fixed(curves: xr.Dataset) -> str:
    named = {schema.RATIO: "ratio", schema.TOKENS: "tokens"}
    invented = set(assumed_terms(curves))
    said = [
        f"{short(value[0])} {word}" if word == "tokens" else f"{word} {value[0]:g}"
        for name, word in named.items()
        if name not in invented and len(value := np.unique(curves[name].values)) == 1
    ]
    return " and ".join(said) or ("" if invented & set(named) else "several budgets and ratios")
