"""The risk of infusing more, at the target, above what there is to gain."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter

from bayeskisl import schema
from bayeskisl.decision.intervals import interval
from bayeskisl.reporting.numbers import exact, percent, short, three_digits
from bayeskisl.reporting.style import exposures_on_top, figure_style, ink, law_colors, log_axis, new_figure

__all__ = ["plot_risk"]


def plot_risk(prediction: xr.Dataset, *, dark: bool = False) -> Figure:
    """Draw, against the infusion, the risk at the target and below it the knowledge that is kept.

    Parameters
    ----------
    prediction : xarray.Dataset
        What `predict` returned.
    dark : bool
        For a dark page.

    Returns
    -------
    matplotlib.figure.Figure
        The choice, the shoulder and the collapse point are marked; exposures are on the upper axis.
    """
    attrs, infusion = prediction.attrs, prediction["infusion"].values
    with figure_style(dark):
        figure, (above, below) = new_figure(2, 1, figsize=(7.6, 6.2), sharex=True)
        _draw_risk(above, prediction)
        _draw_kept(below, prediction)
        for axes in (above, below):
            axes.axvline(prediction[schema.CHOICE].item(), color=law_colors(3)[2], lw=2.0, zorder=3)
        log_axis(below, "x", infusion[0], infusion[-1])
        exposures_on_top(above, infusion * prediction["exposures"].values)
        subject = "one fresh run" if attrs["kind"] == "new_run" else "the mean run"
        above.set_title(f"What {subject} of {exact(attrs[schema.PARAMS])} parameters risks, and keeps")
        below.set_xlabel(f"infused {attrs['unit']}")
    return figure


def _draw_risk(axes: Axes, prediction: xr.Dataset) -> None:
    attrs, choice = prediction.attrs, prediction[schema.CHOICE].item()
    blue, orange, green = law_colors(3)
    infusion = prediction["infusion"]
    label = f"keeps less than {percent(attrs['keep'])} of its ceiling"
    axes.plot(infusion, prediction["shortfall_risk"], color=blue, lw=2, label=label)
    axes.plot(
        infusion, prediction["collapse_risk"], color=orange, lw=2, ls="--", label="keeps less than half: collapse"
    )
    axes.axhline(attrs["risk"], color=ink(), lw=0.8, ls=":")
    axes.annotate(
        f"choice: {three_digits(choice, down=True)} {attrs['coordinate']}\nat a risk of {percent(attrs['risk'])}",
        (choice, attrs["risk"]),
        (-8, 26),
        textcoords="offset points",
        ha="right",
        color=green,
        weight="bold",
    )
    _draw_span(axes, prediction, schema.SHOULDER, 1.06, blue)
    _draw_span(axes, prediction, schema.COLLAPSE, 1.14, orange)
    axes.set_ylim(-0.02, 1.2)
    axes.set_yticks(np.linspace(0, 1, 5))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_ylabel("probability that the run ...")
    axes.legend(loc="center left")


def _draw_span(axes: Axes, prediction: xr.Dataset, name: str, height: float, color: str) -> None:
    ci_prob = prediction.attrs["ci_prob"]
    median, low, high = interval(prediction[name].values, ci_prob)
    axes.plot([low, high], [height] * 2, color=color, lw=2.2, solid_capstyle="butt")
    axes.plot([median], [height], "o", color=color, ms=5)
    label = f"{name}, {percent(ci_prob)} interval"
    axes.annotate(label, (high, height), (6, 0), textcoords="offset points", va="center", color=color, size=8.5)


def _draw_kept(axes: Axes, prediction: xr.Dataset) -> None:
    infusion, kept = prediction["infusion"].values, prediction["kept"]
    low, lower, median, higher, high = kept.transpose("quantile", "infusion").values
    color = ink()
    axes.plot(infusion, infusion, color=color, lw=0.8, ls=":", label="all that is infused")
    axes.plot(infusion, median, color=color, lw=1.6, label="median")
    axes.fill_between(infusion, lower, higher, color=color, alpha=0.22, lw=0, label="50 % interval")
    axes.fill_between(infusion, low, high, color=color, alpha=0.12, lw=0, label="90 % interval")
    axes.plot(infusion, prediction["mean_kept"], color=color, lw=1.2, ls="-.", label="mean")
    best = prediction["risk_neutral_choice"].item()
    if np.isfinite(best):
        risk = float((prediction["admissible"] < best).mean())
        value = np.interp(best, infusion, prediction["mean_kept"].values)
        axes.plot(
            [best],
            [value],
            "s",
            color=law_colors(2)[1],
            ms=7,
            label=f"best mean, at a risk of {percent(round(risk, 2))}",
        )
    axes.set_ylim(0, 1.1 * high.max())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    axes.set_ylabel("facts kept, above guessing")
    axes.legend(loc="upper left")
