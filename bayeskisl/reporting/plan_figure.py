"""Figure of a plan: the runs to train next, and their expected gain."""

from collections import Counter

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from bayeskisl import schema
from bayeskisl.arguments import require_kind
from bayeskisl.design import Plan
from bayeskisl.kinds import PLAN
from bayeskisl.quantities import amount
from bayeskisl.reporting.numbers import exact
from bayeskisl.reporting.style import figure_style, infusion_axis, ink, law_colors, log_axis, new_figure

__all__ = ["plot_plan"]


def plot_plan(plan: Plan, *, dark: bool = False) -> Figure:
    """Draw the candidates by gain per cost, and the expected interval along the plan.

    Parameters
    ----------
    plan : Plan
        Result of `plan`.
    dark : bool
        Whether the figure is for a dark page.

    Returns
    -------
    matplotlib.figure.Figure
        Left: infusion against model size. Crosses are trained runs, discs are candidates (a larger disc means more
        narrowing per cost; those of other domains have a colour of their own), and rings are the planned runs, counted
        by size above the panel. Right: the expected factor between the ends of the 90 % interval against the money
        spent, along the plan and, as steps, the least one for each amount with its 90 % band; a line marks the floor
        that no other run removes.
    """
    require_kind(plan, "plan", PLAN)
    with figure_style(dark):
        figure, (left, right) = new_figure(1, 2, figsize=(9.6, 4.8), width_ratios=(1.5, 1))
        _draw_candidates(left, plan)
        _draw_frontier(right, plan)
        left.set_title(f"Next runs for {exact(plan.target.params)} parameters")
    return figure


def _draw_candidates(axes: Axes, plan: Plan) -> None:
    blue, orange, green = law_colors(3)
    single = plan.table[plan.table["replicates"] == plan.table["replicates"].min()]
    value = single["narrowing_per_cost"].to_numpy()
    area = 6 + 130 * value / max(value.max(), 1e-30)
    elsewhere = (
        single[schema.DOMAIN].isin([*plan.elsewhere]).to_numpy() if plan.elsewhere else np.zeros(len(area), bool)
    )
    for ours, color, label in (
        (~elsewhere, blue, "candidate, by narrowing per cost"),
        (elsewhere, green, f"candidate of {', '.join(plan.elsewhere)}"),
    ):
        if ours.any():
            axes.scatter(single["params"][ours], single["level"][ours], s=area[ours], color=color, alpha=0.35, lw=0,
                         label=label)  # fmt: skip
    trained = np.array([(run.params, run.level) for run in plan.trained])
    axes.plot(*trained.T, "x", color=ink(), ms=4, alpha=0.5, label="trained")
    if plan.runs:
        planned = np.array([(run.params, run.level) for run in plan.runs])
        axes.plot(*planned.T, "o", mfc="none", mec=orange, mew=1.8, ms=11, label="planned")
    axes.axvline(plan.target.params, color=ink(), lw=0.9, ls=":")
    axes.annotate("target", (plan.target.params, 1), (-3, -3), xycoords=("data", "axes fraction"), rotation=90,
                  textcoords="offset points", ha="right", va="top", size=8.5)  # fmt: skip
    sizes = [*single["params"], *trained[:, 0], plan.target.params]
    log_axis(axes, "x", min(sizes) / 1.3, max(sizes) * 1.25)
    infusion_axis(axes, "y", np.array([*single["level"], *trained[:, 1]]), plan.target.axis)
    _name_planned_sizes(axes, plan, orange)
    axes.set_xlabel("non-embedding parameters")
    axes.set_ylabel(plan.target.axis.label)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=3)  # runs may lie anywhere in the panel


def _name_planned_sizes(axes: Axes, plan: Plan, color: str) -> None:
    """Write the number of planned runs of each size above the panel, where no mark lies."""
    counts: Counter[float] = Counter()
    for run in plan.runs:
        counts[run.params] += run.replicates
    labels = [f"{exact(size)}: {count} run{'s' * (count != 1)}" for size, count in counts.items()]
    above = axes.secondary_xaxis("top")
    above.set_xticks(list(counts), labels, rotation=25, ha="left", va="bottom", rotation_mode="anchor", color=color,
                     size=8.5)  # fmt: skip
    above.xaxis.set_minor_locator(NullLocator())
    above.tick_params(length=0, pad=2)
    above.spines["top"].set_visible(False)


def _draw_frontier(axes: Axes, plan: Plan) -> None:
    blue, orange, _ = law_colors(3)
    spent, width = np.array(plan.path).T
    frontier = plan.frontier
    least, low, high = (np.exp(frontier[name]) for name in ("width", "low", "high"))
    axes.step(frontier["spent"], least, where="post", color=blue, lw=1.2, label="least factor for the money")
    axes.plot(spent, np.exp(width), "o-", color=orange, ms=5, lw=1.8, ds="steps-post", label="expected after each run")
    axes.fill_between(frontier["spent"], low, high, color=blue, alpha=0.15, lw=0, step="post", label="its 90 % band")
    floor, of_all_sizes = np.exp([plan.floor, plan.least])
    axes.axhline(floor, color=ink(), lw=1, ls="--")
    axes.annotate("floor: scatter of sizes and runs", (0.02, floor), (0, -4), xycoords=("axes fraction", "data"),
                  textcoords="offset points", size=8.5, va="top")  # fmt: skip
    if plan.least > 1.05 * plan.floor:
        axes.axhline(of_all_sizes, color=ink(), lw=1, ls=":")
        axes.annotate("all that the sizes on offer show", (0.98, of_all_sizes), (0, -4), size=8.5, ha="right", va="top",
                      xycoords=("axes fraction", "data"), textcoords="offset points")  # fmt: skip
    axes.set_yscale("log")
    axes.set_ylim(1, 1.1 * max(np.exp(plan.before), high.max()))
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 1.5, 2.0, 3.0, 5.0, 7.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: amount(value)))
    axes.set_xlabel(f"spent, of {amount(plan.budget.amount)} {plan.costs.unit}")
    axes.set_ylabel("90 % interval, upper end over lower end")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2)
