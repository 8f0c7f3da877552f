"""Which changes of the recipe move the collapse point, and which the exponent."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bayeskisl.reporting.style import figure_style, ink, law_colors, new_figure

if TYPE_CHECKING:
    import polars as pl

__all__ = ["plot_sanity"]


def plot_sanity(table: "pl.DataFrame", titles: dict[str, str], *, dark: bool = False) -> Figure:
    """Draw, for every rung, its factor on the collapse point and its exponent, with 90 % intervals.

    Parameters
    ----------
    table : polars.DataFrame
        What `studies.results.sanity.sanity_table` returned; the first row is the reference.
    titles : dict of str
        By rung.
    dark : bool
        For a dark page.

    Returns
    -------
    matplotlib.figure.Figure
        Filled where the interval excludes the reference.
    """
    rungs = table["rung"].to_list()
    with figure_style(dark):
        figure, (left, right) = new_figure(1, 2, figsize=(9.6, 0.34 * len(rungs) + 1.3), sharey=True)
        _draw(left, table, "factor", "moves_point")
        _draw(right, table, "exponent", "moves_exponent")
        left.axvline(1.0, color=ink(), lw=0.8, ls=":")
        right.axvspan(table["exponent_low"][0], table["exponent_high"][0], color=ink(), alpha=0.08, lw=0)
        left.set_yticks(range(len(rungs)), [titles[rung] for rung in rungs])
        left.invert_yaxis()
        left.set_xlabel("collapse point in facts, over the reference's")
        right.set_xlabel("exponent between the sizes")
        left.set_title("The point")
        right.set_title("The exponent")
    return figure


def _draw(axes: Axes, table: "pl.DataFrame", column: str, moves: str) -> None:
    median, low, high = (table[name].to_numpy() for name in (column, f"{column}_low", f"{column}_high"))
    moved = np.array([bool(value) for value in table[moves].fill_null(value=False)])
    at = np.arange(len(median))
    for which, face in ((moved, law_colors(2)[1]), (~moved, "none")):
        color = law_colors(2)[1] if face != "none" else ink()
        axes.errorbar(median[which], at[which], xerr=[(median - low)[which], (high - median)[which]], fmt="o", ms=5,
                      mfc=face, color=color, lw=1.4)  # fmt: skip
