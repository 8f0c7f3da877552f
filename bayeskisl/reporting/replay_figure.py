"""Figure of a replay: the width that each planner reaches for its cost."""

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from bayeskisl.arguments import in_words
from bayeskisl.errors import InputError
from bayeskisl.reporting.style import LINES, MARKERS, figure_style, ink, law_colors, log_axis, new_figure

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["plot_replay"]

_COLUMNS = ("share", "width", "interval_score")

_FIXED = ("grid", "everything")


def plot_replay(frame: "pd.DataFrame", *, whole: str = "the whole sweep", dark: bool = False) -> Figure:
    """Draw the median width over repeats against the share of a cost, with the planner's band from 10 to 90 %.

    Parameters
    ----------
    frame : pandas.DataFrame
        Result of `replay`; several results are concatenated.
    whole : str
        Name of the total cost of which ``share`` is a share.
    dark : bool
        Whether the figure is for a dark page.

    Returns
    -------
    matplotlib.figure.Figure
        Left: the width of the 90 % interval. Right: its interval score (lower is better). The planner is drawn last.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> import pandas as pd
    >>> from bayeskisl.shipped import shipped_folder
    >>> figure = bk.plot_replay(pd.read_csv(shipped_folder("data") / "replays" / "desk-amount" / "replay.csv"))
    >>> figure.savefig("replay.png")
    """
    if not {"planner", *_COLUMNS} <= set(getattr(frame, "columns", ())):
        raise InputError(f"a table with the columns planner, {', '.join(_COLUMNS)}", in_words(frame), "frame",
                         "make one with `bk.replay(curves)`")  # fmt: skip
    planners = [name for name in dict.fromkeys(frame["planner"]) if name not in _FIXED]
    planners.sort(key=lambda name: name == "greedy")
    with figure_style(dark):
        figure, panels = new_figure(1, 2, figsize=(9.6, 4.2), sharex=True)
        for axes, column, title in zip(panels, ("width", "interval_score"), _TITLES, strict=True):
            for index, planner in enumerate(planners):
                _draw_planner(axes, frame[frame["planner"] == planner], column, planner, index)
            _draw_fixed(axes, frame, column)
            axes.set_title(title)
            log_axis(axes, "y", 0.9 * frame[column].min(), 1.6 * frame[column].max())
            axes.set_xlabel(f"spent, share of {whole}'s cost")
            axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        panels[0].set_ylabel("natural log units")
        panels[0].legend(loc="upper right", ncols=2)
    return figure


_TITLES = ("Width of the target's 90 % interval", "Interval score: width and a penalty for misses")


def _draw_planner(axes: Axes, rows: "pd.DataFrame", column: str, name: str, index: int) -> None:
    ours = name == "greedy"
    color = ink() if ours else law_colors(index + 1)[index]
    grouped = rows.groupby("share")[column]
    middle, low, high = grouped.median(), grouped.quantile(0.1), grouped.quantile(0.9)
    style: dict[str, Any] = {"color": color, "lw": 2.4 if ours else 1.2, "ls": LINES[0 if ours else index % len(LINES)]}
    axes.plot(middle.index, middle, marker=MARKERS[index % len(MARKERS)], ms=5 if ours else 4, label=name, **style)
    if ours:
        axes.fill_between(middle.index, low, high, color=color, alpha=0.15, lw=0)


def _draw_fixed(axes: Axes, frame: "pd.DataFrame", column: str) -> None:
    grid = frame[frame["planner"] == "grid"]
    if len(grid):
        value, share = float(np.median(grid[column])), float(np.median(grid["share"]))
        axes.plot([share], [value], "*", color=ink(), ms=12, label="grid without saturated levels")
        axes.axhline(value, color=ink(), lw=0.8, ls=":")
