"""Figure of the data's diagnosis: measurements, a monotone curve through them, and outliers."""

from itertools import chain, cycle

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from bayeskisl.arguments import require_curves
from bayeskisl.axes import axis_of
from bayeskisl.curves import check, curves_of_cells, final, levels_of_runs
from bayeskisl.curves.curve import Curve, monotone
from bayeskisl.curves.groups import probed_groups
from bayeskisl.reporting.style import MARKERS, figure_style, infusion_axis, ink, ladder_colors, law_colors, new_figure

__all__ = ["plot_check"]


def plot_check(curves: xr.Dataset, *, dark: bool = False) -> Figure:
    """Draw knowledge against the infusion, before any law, with outlying rows marked.

    Parameters
    ----------
    curves : xarray.Dataset
        Retention curves.
    dark : bool
        Whether the figure is for a dark page.

    Returns
    -------
    matplotlib.figure.Figure
        One panel for each probe group; points are runs, lines the monotone curves nearest to them, rings the rows that
        `bayeskisl.check` names. Knowledge is counted above guessing.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> figure = bk.plot_check(bk.load_curves("desk-amount"))
    >>> len(figure.axes) > 0
    True
    """
    require_curves(curves)
    curves = final(curves)
    found = check(curves).findings
    groups = probed_groups(curves)
    axis = axis_of(curves)
    with figure_style(dark):
        figure, panels = new_figure(1, len(groups), figsize=(7.6 if len(groups) == 1 else 10.4, 4.4), sharey=True)
        drawn = {group: [each for each in curves_of_cells(curves, group) if each.levels.size] for group in groups}
        shown = sorted(chain(*drawn.values()), key=lambda one: (one.params, one.tokens))
        places = list(dict.fromkeys(each.place for each in shown))  # one for all groups of a cell
        looks = dict(zip(places, zip(ladder_colors(len(places)), cycle(MARKERS), strict=False), strict=False))
        for axes, group in zip(np.atleast_1d(panels), groups, strict=True):
            outlying = {row for finding in found if finding.group == group for row in finding.rows}
            for curve in drawn[group]:
                _draw(axes, curve, *looks[curve.place], outlying)
            infusion_axis(axes, "x", np.unique(levels_of_runs(curves)), axis)
            axes.set_xlabel(axis.label)
            axes.set_title(group)
            axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        first, last = np.atleast_1d(panels)[[0, -1]]
        first.set_ylabel("facts known, above guessing")
        for place, (color, marker) in looks.items():
            last.plot([], [], marker, color=color, ms=4.5, ls="none", label=place)
        last.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
        figure.supxlabel("points: runs; lines: the monotone curve nearest to them; rings: rows that stand out",
                         fontsize=8, x=0.01, ha="left")  # fmt: skip
    return figure


def _draw(axes: Axes, curve: Curve, color: str, marker: str, outlying: set[str]) -> None:
    axes.plot(curve.infusion, curve.share, marker, color=color, ms=4.5, ls="none")
    place = np.array([curve.infusion[curve.log_exposures == level].mean() for level in curve.levels])
    order = np.argsort(place)
    axes.plot(place[order], monotone(curve.means, 1 / curve.variances)[order], color=color, lw=1.2, alpha=0.7)
    ringed = [i for i, run in enumerate(curve.runs) if run in outlying]
    if ringed:
        axes.plot(curve.infusion[ringed], curve.share[ringed], "o", ms=13, mfc="none", mec=law_colors(2)[1], mew=1.8)
    axes.axhline(0, color=ink(), lw=0.6, alpha=0.5)
