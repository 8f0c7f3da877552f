"""Figure of a decision: the risk of each infusion, the retained knowledge, and the expected regret."""

from collections.abc import Mapping
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter
from numpy.typing import ArrayLike

from bayeskisl import schema
from bayeskisl.arguments import require_decision, require_kind
from bayeskisl.arrays import FloatArray
from bayeskisl.curves.groups import infused_group
from bayeskisl.decision import Decision, Verification
from bayeskisl.intervals import interval
from bayeskisl.kinds import VERIFICATION
from bayeskisl.quantities import short
from bayeskisl.reporting.numbers import exact, percent, span, three_digits
from bayeskisl.reporting.style import (
    canvas,
    exposures_on_top,
    figure_style,
    infusion_axis,
    ink,
    law_colors,
    new_figure,
)
from bayeskisl.reporting.text import chosen, shortfall_in_words, utility_in_words
from bayeskisl.reporting.words import run_in_words, whole_in_words

__all__ = ["plot_decision", "plot_risk"]

_KEPT = {
    schema.INFUSED: "infused facts kept",
    schema.BACKGROUND: "background facts kept",
    schema.INFUSED_HELDOUT: "infused facts kept, new templates",
    schema.INFUSED_CHOICE: "infused facts kept, multiple choice",
}
_SEE_THROUGH: dict[str, Any] = {"frameon": True, "framealpha": 0.85, "edgecolor": "none"}


def plot_decision(decision: Decision, verification: Verification | None = None, *, dark: bool = False) -> Figure:
    """Draw the risk at the target, the retained knowledge and the expected regret against the infusion.

    Parameters
    ----------
    decision : Decision
        Result of `decide`.
    verification : Verification, optional
        Result of `verify`: the measured retention at each trained level is drawn over the prediction, if the utility is
        the facts kept, without costs.
    dark : bool
        Whether the figure is for a dark page.

    Returns
    -------
    matplotlib.figure.Figure
        The choice is a line through all panels, and the range within 1 % of the best expected utility is shaded. The
        regret is split into the losses from under-infusion and from over-infusion, which differ. Where no infusion is
        best on average, or a benchmark has no stated value, neither is drawn.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> decision = bk.decide(bk.load_fit("desk-four"), 98_304, sensitivity=False)
    >>> figure = bk.plot_decision(decision)
    >>> figure.savefig("decision.png")
    """
    require_decision(decision)
    if verification is not None:
        require_kind(verification, "verification", VERIFICATION)
    with figure_style(dark):
        heights = (1.0, 1.15, 0.85) if decision.has_best else (1.0, 1.15)
        size = (7.6, 2.8 * sum(heights))
        figure, panels = new_figure(len(heights), 1, figsize=size, sharex=True, height_ratios=heights)
        above, middle, *below = panels
        _draw_risk(above, decision)
        _draw_worth(middle, decision, verification)
        for axes in below:
            _draw_regret(axes, decision)
        for axes in panels:
            _draw_choice(axes, decision)
            if decision.has_best and (axes is not above or decision.window is None):
                axes.axvspan(*decision.near_optimal, color=law_colors(3)[2], alpha=0.09, lw=0)
        _name_infusion(above, panels[-1], decision)
        what = "risks, keeps and may regret" if decision.has_best else "risks and keeps"
        above.set_title(_graded(f"What {_subject(decision)} {what}", decision))
        figure.supxlabel(_marks(decision, verification), fontsize=8, x=0.01, ha="left")
        _end_below_legends({above: _INTERVALS_END, middle: _most_worth(decision)})
    return figure


def plot_risk(decision: Decision, *, ax: Axes | None = None, dark: bool = False) -> Figure:
    """Draw the probability that the target retains too little against the infusion.

    Parameters
    ----------
    decision : Decision
        Result of `decide`.
    ax : matplotlib.axes.Axes, optional
        Axes to draw into, whose figure is returned; by default those of a new figure.
    dark : bool
        Whether the figure is for a dark page.

    Returns
    -------
    matplotlib.figure.Figure
        A figure that also shows the accepted risk, the choice, and the intervals of shoulder and collapse point.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> decision = bk.decide(bk.load_fit("desk-four"), 98_304, sensitivity=False)
    >>> bk.plot_risk(decision).axes[0].get_ylabel()
    'probability that the run ...'
    """
    require_decision(decision)
    with figure_style(dark):
        figure, axes = canvas(ax, figsize=(7.6, 4.2))
        _draw_risk(axes, decision)
        _draw_choice(axes, decision)
        _name_infusion(axes, axes, decision)
        axes.set_title(_graded(f"What {_subject(decision)} risks", decision))
        _end_below_legends({axes: _INTERVALS_END})
    return figure


def _marks(decision: Decision, verification: Verification | None) -> str:
    """Name the line and the shades that are drawn, and count what is not."""
    line = "line: the choice; " if decision.advised is not None else ""
    outside = 0
    if verification is not None and decision.about.is_facts_kept:
        low, high = _ends(decision)
        outside = sum(not low <= place <= high for place in verification.kept.infusions)
    beyond = f"; {outside} measured {'level' if outside == 1 else 'levels'} outside" if outside else ""
    if decision.window is None:
        return f"{line}shaded: within 1 % of the best expected utility{beyond}"
    both = "" if decision.window.is_empty else "above: both sides hold; "
    return f"{line}shaded {both}below: within 1 % of the best expected utility{beyond}"


def _end_below_legends(ends: Mapping[Axes, float]) -> None:
    """Raise the upper limit of panels until their legends, at the top, stand above an end."""
    legends = {axes: legend for axes in ends if (legend := axes.get_legend()) is not None}
    for legend in legends.values():
        legend.set_in_layout(False)  # a wide one must not narrow the panels
    figure = next(iter(ends)).get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()
    for axes, legend in legends.items():
        panel, (bottom, _) = axes.get_window_extent(), axes.get_ylim()
        below = (legend.get_window_extent().y0 - panel.y0) / panel.height
        axes.set_ylim(bottom, bottom + (ends[axes] - bottom) / max(below, _LEAST_BELOW))


# Characters of a line of a legend.
_LONGEST_NAME = 64

# Share of a panel that its curves have at least, however many names there are.
_LEAST_BELOW = 0.3


def _subject(decision: Decision) -> str:
    return f"{run_in_words(decision.about)} of {exact(decision.about.params)} parameters"


def _draw_choice(axes: Axes, decision: Decision) -> None:
    if decision.advised is not None:
        axes.axvline(decision.advised, color=law_colors(3)[2], lw=2.0, zorder=3)


def _name_infusion(above: Axes, below: Axes, decision: Decision) -> None:
    """Label the axis of the infusion, with exposures on top if both are one-to-one."""
    axis = decision.about.axis
    infusion = decision.data["infusion"].values[_eventful(decision)]
    infusion_axis(below, "x", infusion, axis)
    if axis.counts_facts and decision.about.exposures_are_known:
        exposures_on_top(above, infusion * decision.data["exposures_at"].values[_eventful(decision)])
    below.set_xlabel(axis.label)


# Log odds that are shown to either side of where a risk moves.
_MARGIN = 1.0


def _eventful(decision: Decision) -> slice:
    """Range of infusions over which a risk changes, with a margin."""
    data, axis = decision.data, decision.about.axis
    infusion = data["infusion"].values
    risks = [data[name].values for name in ("shortfall_risk", "collapse_risk", "ignorance_risk") if name in data]
    moves = np.any([np.minimum(abs(risk - risk[0]), abs(risk - risk[-1])) > _STILL for risk in risks], axis=0)
    if not axis.bounded or not moves.any():
        return slice(None)
    shown = [*infusion[moves], *([decision.advised] if decision.advised else [])]
    low, high = axis.to_line(min(shown)) - _MARGIN, axis.to_line(max(shown)) + _MARGIN
    within = np.flatnonzero((axis.to_line(infusion) >= low) & (axis.to_line(infusion) <= high))
    return slice(int(within[0]), int(within[-1]) + 1)


def _ends(decision: Decision) -> FloatArray:
    """Both ends of the axis of the infusion."""
    ends: FloatArray = decision.data["infusion"].values[_eventful(decision)][[0, -1]]
    return ends


# What a risk may move, to the eye, where it does not.
_STILL = 0.002


def _draw_risk(axes: Axes, decision: Decision) -> None:
    data, about = decision.data, decision.about
    blue, orange, green, pink = law_colors(4)
    infusion = data["infusion"]
    whose = "" if about.axis.harms_infused else f"{about.group}: "
    levels = about.levels
    one = f"{whose}keeps less than {percent(levels[about.group])} of {whole_in_words(about)}"
    several = f"keeps less than {shortfall_in_words(decision)}"
    label = fill(several, _LONGEST_NAME) if len(about.harmed) > 1 else one
    axes.plot(infusion, data["shortfall_risk"], color=blue, lw=2, label=label)
    axes.plot(
        infusion, data["collapse_risk"], color=orange, lw=2, ls="--",
        label=f"{whose}keeps less than half{'' if decision.is_least else ': collapse'}",
    )  # fmt: skip
    if "ignorance_risk" in data:
        taught = str(infused_group(levels))
        axes.plot(
            infusion, data["ignorance_risk"], color=pink, lw=2, ls="-.",
            label=f"{taught.replace('_', ' ')}: learns less than {percent(levels[taught])} of "
            f"{whole_in_words(about, taught)}",
        )  # fmt: skip
    _shade_window(axes, decision, green)
    axes.axhline(about.risk, color=ink(), lw=0.8, ls=":")
    if decision.advised is not None:
        _mark_choice(axes, decision, green)
    _draw_span(axes, decision, "sufficient" if decision.is_least else schema.SHOULDER, 1.07, blue)
    _draw_span(axes, decision, about.half_point, 1.19, orange)
    axes.set_ylim(-0.02, _INTERVALS_END)
    axes.set_yticks(np.linspace(0, 1, 5))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_ylabel("probability that the run ...")
    axes.legend(loc="upper left", **_SEE_THROUGH)


def _shade_window(axes: Axes, decision: Decision, color: str) -> None:
    """Shade the infusions at which both sides hold, or mark the most probable one if there are none."""
    window = decision.window
    if window is None:
        return
    if window.is_empty:
        label = f"both hold nowhere; here with {percent(round(window.probability, 2))}"
        axes.axvline(window.best, color=color, lw=1.2, ls=":", label=label)
        return
    known = decision.choice.at_least if decision.choice.is_bound else None  # beyond it nothing was tried
    high = window.high if known is None else min(window.high, max(known, window.low))
    axes.axvspan(window.low, high, color=color, alpha=0.16, lw=0, label="both sides hold")


def _mark_choice(axes: Axes, decision: Decision, color: str) -> None:
    """Mark the recommended infusion, and whether it is a bound."""
    about = decision.about
    number = f"{chosen(decision)} {about.axis.mark}".rstrip()
    ends = about.axis.to_line(_ends(decision))
    from_left = (about.axis.to_line(decision.advised) - ends[0]) / (ends[1] - ends[0])
    to_the_right = decision.is_least or from_left < _NOTE
    enough = "enough" if decision.is_least else "safe up to at least"
    ours = "choice" if decision.window is None else f"{about.group} alone"
    said = f"{enough}: {number}" if decision.choice.is_bound else f"{ours}: {number}"
    axes.annotate(
        f"{said}\nat a risk of {percent(about.risk)}",
        (decision.advised, about.risk),
        (8 if to_the_right else -8, 26),
        textcoords="offset points",
        ha="left" if to_the_right else "right",
        color=color,
        weight="bold",
        bbox={"facecolor": axes.get_facecolor(), "edgecolor": "none", "alpha": 0.8, "pad": 0.6},
    )


def _graded(title: str, decision: Decision) -> str:
    """Title with the grade of the answer, since a figure may be shown without its page."""
    found = decision.verdict
    if found.grade == "good":
        return title
    rests = "; rests on the prior" if decision.extrapolated else ""
    return f"{title}\n{found.grade.capitalize()}{rests}"


# Of the panel of risks: where its intervals end, above which the names of its lines stand, and the share of the panel's
# width that a note beside the choice takes.
_INTERVALS_END, _NOTE = 1.26, 0.32


# Share of the panel's width that the name of an interval takes.
_NAME = 0.27


def _draw_span(axes: Axes, decision: Decision, name: str, height: float, color: str) -> None:
    """An interval as a line, with its name where there is room: right of it, left of it, or on it.

    An interval beyond the panel is stated in numbers at that end.
    """
    data, axis = decision.data, decision.about.axis
    ci_prob, ends = decision.about.ci_prob, _ends(decision)
    whole = interval(data[name].values, ci_prob)
    if whole.low >= ends[1] or whole.high <= ends[0]:
        _name_span_beyond(axes, f"{name}: {three_digits(whole.median)} ({span(whole.low, whole.high)})", height, color,
                          right=whole.low >= ends[1])  # fmt: skip
        return
    median, low, high = np.clip(whole, *ends)
    axes.plot([low, high], [height] * 2, color=color, lw=2.2, solid_capstyle="butt")
    if ends[0] <= whole.median <= ends[1]:
        axes.plot([median], [height], "o", color=color, ms=5)
    start, end = axis.to_line(ends)
    before, behind = ((axis.to_line(low) - start) / (end - start), (end - axis.to_line(high)) / (end - start))
    place, offset, side = (high, 6, "left") if behind > _NAME else (low, -6, "right") if before > _NAME else (
        low, 6, "left")  # fmt: skip
    axes.annotate(
        f"{name}, {percent(ci_prob)} interval", (place, height), (offset, 0), textcoords="offset points", va="center",
        ha=side, color=color, size=8.5, zorder=4,
        bbox={"facecolor": axes.get_facecolor(), "edgecolor": "none", "alpha": 0.9, "pad": 0.6},
    )  # fmt: skip


def _name_span_beyond(axes: Axes, said: str, height: float, color: str, *, right: bool) -> None:
    where, offset, side = (1.0, -4, "right") if right else (0.0, 4, "left")
    axes.annotate(
        f"{said} →" if right else f"← {said}", (where, height), (offset, 0), xycoords=("axes fraction", "data"),
        textcoords="offset points", va="center", ha=side, color=color, size=8.5,
    )  # fmt: skip


def _most_worth(decision: Decision) -> float:
    """The end of the panel of the utility: just above the highest quantile."""
    utility = decision.data["utility"]
    return float(utility.max()) + _ABOVE * float(utility.max() - min(0.0, float(utility.min())))


# Share of the span of utilities that stays free above them.
_ABOVE = 0.03


def _draw_worth(axes: Axes, decision: Decision, verification: Verification | None) -> None:
    data, about = decision.data, decision.about
    infusion = data["infusion"].values
    low, lower, median, higher, high = data["utility"].transpose("quantile", "infusion").values
    color, groups = ink(), [group for group in _KEPT if f"mean_kept_{group}" in data]
    if about.axis.counts_facts:
        axes.plot(infusion, infusion, color=color, lw=0.8, ls=":", label="all that is infused")
    axes.plot(infusion, median, color=color, lw=1.6, label="median")
    axes.fill_between(infusion, lower, higher, color=color, alpha=0.22, lw=0, label="50 % interval")
    axes.fill_between(infusion, low, high, color=color, alpha=0.12, lw=0, label="90 % interval")
    axes.plot(infusion, data["mean_utility"], color=color, lw=1.2, ls="-.", label="mean")
    if len(groups) > 1:
        for group, line, shade in zip(
            groups, ("--", ":", (0, (1, 3))), law_colors(4)[3:] + law_colors(2), strict=False
        ):
            axes.plot(infusion, data[f"mean_kept_{group}"], color=shade, lw=1.4, ls=line, label=_KEPT[group])
    best = data["risk_neutral_choice"].item()
    if decision.has_best and np.isfinite(best):
        risk = percent(round(decision.risk_at(best), 2))
        value = np.interp(best, infusion, data["mean_utility"].values)
        axes.plot([best], [value], "s", color=law_colors(2)[1], ms=7, label=f"best mean, at a risk of {risk}")
    if verification is not None and about.is_facts_kept:
        kept = verification.kept
        axes.plot(kept.infusions, kept.facts, "*", ms=10, color=law_colors(1)[0], mec=color, mew=0.6, zorder=5,
                  label="measured afterwards")  # fmt: skip
    axes.set_ylim(min(0.0, float(low.min())), _most_worth(decision))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    axes.set_ylabel(utility_in_words(about))
    axes.legend(loc="upper center", ncols=3, **_SEE_THROUGH)


def _draw_regret(axes: Axes, decision: Decision) -> None:
    data = decision.data
    infusion, (blue, orange) = data["infusion"].values, law_colors(2)
    too_little, too_much = data["regret_of_too_little"].values, data["regret_of_too_much"].values
    axes.fill_between(infusion, 0, too_little, color=blue, alpha=0.35, lw=0, label="from under-infusion")
    axes.fill_between(
        infusion, too_little, too_little + too_much, color=orange, alpha=0.35, lw=0, hatch="//",
        edgecolor=orange, label="from over-infusion",
    )  # fmt: skip
    axes.plot(infusion, data["expected_regret"], color=ink(), lw=1.4)
    best = float(data["best_utility"].mean())
    top = 1.05 * float(data["expected_regret"].values[_eventful(decision)].max())
    axes.set_ylim(0, min(top, 1.02 * best) if best > 0 else top)
    axes.set_ylabel("expected regret")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    axes.legend(loc="best")
    if best > 0:
        _add_share_of_best(axes, best)


def _add_share_of_best(axes: Axes, best: float) -> None:
    """Put the regret as a share of the best on a second axis."""

    def of_best(value: ArrayLike) -> FloatArray:
        return np.asarray(value) / best

    def from_share(value: ArrayLike) -> FloatArray:
        return np.asarray(value) * best

    share = axes.secondary_yaxis("right", functions=(of_best, from_share))
    share.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}%"))
    share.set_ylabel("of the best")
