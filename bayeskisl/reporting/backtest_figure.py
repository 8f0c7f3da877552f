"""Figure of a back-test: errors of predictions against their horizon."""

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bayeskisl import schema
from bayeskisl.arguments import require_kind
from bayeskisl.decision import Backtest
from bayeskisl.errors import InputError
from bayeskisl.kinds import BACKTEST
from bayeskisl.quantities import size
from bayeskisl.reporting.numbers import percent
from bayeskisl.reporting.style import LINES, figure_style, ink, ladder_colors, law_colors, log_axis, new_figure

__all__ = ["plot_backtest"]

_POINTS = {schema.COLLAPSE: "collapse point", schema.ONSET: "onset"}
# By column of the back-test: the rule's name and its marker.
_RULES = {"proportional": ("proportional to size", "^"), "power_law": ("power law, last five sizes", "v")}
# Predictions of one size from different numbers of sizes stand side by side.
_APART = 1.025


def plot_backtest(result: Backtest, *, dark: bool = False) -> Figure:
    """Draw predicted over measured half-points against the horizon, and the median error by horizon.

    Parameters
    ----------
    result : Backtest
        Result of `backtest`.
    dark : bool
        Whether the figure is for a dark page.

    Returns
    -------
    matplotlib.figure.Figure
        Left: one interval per prediction, relative to the measurement, coloured by the largest fitted size, beside the
        predictions of the two rules of thumb. An open mark is a miss. Measurements that are bounds are left out. Right:
        median error of the law and of both rules, as factors of critical exposures.

    Raises
    ------
    InputError
        If every measurement is a bound.
    """
    require_kind(result, "result", BACKTEST)
    known = result.table.filter(pl.col("bound") == "")
    if known.is_empty():
        raise InputError("a measured half-point", "bounds alone", "back-test",
                         "train the larger sizes at infusions on both sides of their half-points")  # fmt: skip
    with figure_style(dark):
        figure, (left, right) = new_figure(1, 2, figsize=(10.2, 4.4), width_ratios=(1.7, 1), sharex=True)
        _draw_predictions(left, known)
        _draw_errors(right, known, result.data.attrs["law"])
        ends = [1.0, *known["horizon"]]
        log_axis(left, "x", min(ends) / 1.02, 1.2 * max(ends))
        half_point = _POINTS[result.data.attrs["half_point"]]
        left.set_title(f"Predicted {half_point} over the measured one")
        right.set_title("Median error, a factor")
        for axes in (left, right):
            axes.set_xlabel("size over the largest fitted size")
        figure.supxlabel(
            f"{percent(result.data.attrs['ci_prob'])} intervals of a cell's half-point; factors of critical exposures",
            fontsize=8, x=0.01, ha="left",
        )  # fmt: skip
    return figure


def _draw_predictions(axes: Axes, table: pl.DataFrame) -> None:
    steps = sorted(set(table["largest"]))
    for index, (largest, color) in enumerate(zip(steps, ladder_colors(len(steps)), strict=True)):
        rows = table.filter(largest=largest)
        at = rows["horizon"].to_numpy() * _APART ** (index - (len(steps) - 1) / 2)
        low, middle, high = (rows[name].to_numpy() for name in ("factor_low", "factor", "factor_high"))
        axes.vlines(at, low, high, color=color, lw=1.8)
        hit = rows["verdict"].to_numpy() == "hit"
        label = f"from {rows['fitted_sizes'][0]} sizes, up to {size(largest)}"
        axes.plot(at, middle, "o", ms=5.5, color=color, mfc="none", mew=1.4, ls="none")
        axes.plot(at[hit], middle[hit], "o", ms=5.5, color=color, ls="none")
        axes.plot([], [], "o-", ms=5.5, color=color, label=label)
        for (rule, (_, marker)), own in zip(_RULES.items(), law_colors(2), strict=True):
            axes.plot(at, rows[f"{rule}_factor"], marker, ms=4, color=own, alpha=0.75, ls="none")
    for (name, marker), own in zip(_RULES.values(), law_colors(2), strict=True):
        axes.plot([], [], marker, ms=4, color=own, ls="none", label=name)
    axes.axhline(1.0, color=ink(), lw=0.9, ls=":")
    columns = ("factor_low", "factor_high", *(f"{rule}_factor" for rule in _RULES))
    drawn = np.concatenate([table[name].to_numpy() for name in columns])
    drawn = drawn[np.isfinite(drawn) & (drawn > 0)]
    log_axis(axes, "y", min(0.8, drawn.min() / 1.15), max(1.25, 1.15 * drawn.max()))
    axes.legend(loc="upper left")


def _draw_errors(axes: Axes, table: pl.DataFrame, law: str) -> None:
    """Draw one point per horizon; horizons within 15 % of each other are merged."""
    horizons = table["horizon"].to_numpy()
    place = np.round(np.log(horizons) / np.log(1.15))
    lines = {"factor": (f"law '{law}'", "o"), **{f"{rule}_factor": look for rule, look in _RULES.items()}}
    highest = 1.25
    for (column, (name, marker)), color, line in zip(lines.items(), [ink(), *law_colors(2)], LINES, strict=False):
        errors = np.abs(np.log(table[column].to_numpy()))
        known = np.isfinite(errors)
        merged = [known & (place == each) for each in np.unique(place[known])]
        at = [np.exp(np.log(horizons[rows]).mean()) for rows in merged]
        median = [float(np.exp(np.median(errors[rows]))) for rows in merged]
        axes.plot(at, median, marker=marker, ms=5, color=color, ls=line, lw=1.5, label=name)
        highest = max(highest, *(1.1 * error for error in median))
    log_axis(axes, "y", 0.97, highest)
    axes.legend(loc="upper left")
