"""What was predicted of sizes that were left out, and what was measured there."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bayeskisl.quantities import short
from bayeskisl.reporting.style import LINES, MARKERS, figure_style, ink, law_colors, log_axis, new_figure

__all__ = ["plot_held_out"]

# Room of one target among the next, shared by the forecasts that stand side by side.
_ROOM = 0.7
_Place = tuple[str, int, int]  # trained up to, parameters, tokens


def plot_held_out(rows: Sequence[dict[str, Any]], unit: str, *, dark: bool = False) -> Figure:
    """Draw each law's predicted interval of every target beside the measured collapse point.

    Parameters
    ----------
    rows : sequence of dict
        What `studies.results.held_out.held_out_predictions` returned: one row per split, target and law.
    unit : str
        Of collapse points: ``facts`` or ``infused tokens / tokens``.
    dark : bool
        For a dark page.

    Returns
    -------
    matplotlib.figure.Figure
        90 % intervals; the horizontal bar is the measured point with its own interval, or with an arrow where it is a
        bound.
    """
    targets = list(dict.fromkeys((row["trained"], row["params"], row["tokens"]) for row in rows))
    laws = list(dict.fromkeys(row["law"] for row in rows))
    place = {law: (i - (len(laws) - 1) / 2) * _ROOM / len(laws) for i, law in enumerate(laws)}
    with figure_style(dark):
        figure, axes = new_figure(figsize=(max(5.6, 1.1 * len(targets) + 2.4), 4.2))
        for i, law in enumerate(laws):
            _draw_law(axes, [row for row in rows if row["law"] == law], targets, place[law], i)
        for at, target in enumerate(targets):
            _draw_measured(axes, at, next(row for row in rows if _target(row) == target), first=at == 0)
        axes.set_xticks(range(len(targets)), [_label(*target) for target in targets])
        axes.grid(False, axis="x")
        ends = [row["predicted"][end] for row in rows for end in ("low", "high")]
        if unit == "facts":
            log_axis(axes, "y", 0.8 * min(ends), 1.25 * max(ends))
        axes.set_ylabel(f"collapse point, {unit}")
        axes.set_title("Predicted from what remained, and measured")
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def _draw_law(axes: Axes, rows: Sequence[dict[str, Any]], targets: list[_Place], offset: float, index: int) -> None:
    at = np.array([targets.index(_target(row)) for row in rows]) + offset
    low, median, high = (np.array([row["predicted"][end] for row in rows]) for end in ("low", "median", "high"))
    mixture = rows[0]["law"] == "mixture"
    color = ink() if mixture else law_colors(index + 1)[index - 1]
    bars = axes.errorbar(at, median, yerr=[median - low, high - median], fmt=MARKERS[index % len(MARKERS)], ms=4.5,
                         lw=2.2 if mixture else 1.3, color=color, label=rows[0]["law"])  # fmt: skip
    bars[2][0].set_linestyle(LINES[index % len(LINES)])


def _draw_measured(axes: Axes, at: int, row: dict[str, Any], first: bool) -> None:
    measured = row["measured"]
    ends = [at - _ROOM / 2 - 0.08, at + _ROOM / 2 + 0.08]
    axes.plot(ends, [measured["median"]] * 2, color="#c1121f", lw=1.4, zorder=1, label="measured" if first else None)
    if measured["bound"]:
        axes.annotate(
            measured["bound"], (at, measured["median"]), (0, 26 if measured["bound"] == "at least" else -26),
            textcoords="offset points", ha="center", va="center", color="#c1121f", fontsize=8.5,
            arrowprops={"arrowstyle": "<-", "color": "#c1121f"},
        )  # fmt: skip
        return
    axes.fill_between(ends, measured["low"], measured["high"], color="#c1121f", alpha=0.18, lw=0, zorder=0)


def _target(row: dict[str, Any]) -> _Place:
    return row["trained"], row["params"], row["tokens"]


def _label(trained: str, params: int, tokens: int) -> str:
    remains = trained.split(",")[0] if "sizes" in trained else "smaller\nbudgets"
    return f"{short(params)}\nfrom {remains}"
