"""Figure of the collapse point against model size: inferred, predicted by every law, and measured."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import cycle
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from bayeskisl import schema
from bayeskisl.arguments import require_answer, require_fit, require_kind, require_share
from bayeskisl.arrays import BoolArray, FloatArray, IntArray
from bayeskisl.axes import Axis, axis_of
from bayeskisl.curves import cell_table
from bayeskisl.curves.groups import deciding_group
from bayeskisl.decision import Decision
from bayeskisl.decision.about import about_of
from bayeskisl.decision.funnel import collapse_along_sizes
from bayeskisl.decision.of_fit import require_own
from bayeskisl.decision.planned_model import PlannedModel, cells_like, of_target
from bayeskisl.intervals import interval
from bayeskisl.kinds import VERIFICATION
from bayeskisl.quantities import SAME_HELD, short
from bayeskisl.reporting.numbers import exact, percent
from bayeskisl.reporting.style import LINES, canvas, figure_style, infusion_axis, ink, law_colors, log_axis
from bayeskisl.target import Target, TargetKeywords, target_from

if TYPE_CHECKING:
    from bayeskisl.decision import Verification
    from bayeskisl.inference import Fit

__all__ = ["plot_collapse"]

_SIZES = 60
# Shares of the tokens that are drawn on a scale of log odds: all, or none, has no place there.
_SHARES = (1e-4, 1 - 1e-6)
# Shares within which the ends of intervals lie in the panel; further out they would squeeze everything else.
_IN_VIEW = (1e-3, 1 - 1e-4)
# Opacity of what was measured under other conditions than the target's.
_PALE = 0.35
# Length of the arrow of a bound, in logarithms of the infusion or its odds.
_ARROW = 0.2
# How far lines run beyond the outermost size or target.
_BEYOND = 1.6


def plot_collapse(
    fit: "Fit",
    prediction: xr.Dataset | Decision | None = None,
    verification: "Verification | None" = None,
    target: Target | None = None,
    *,
    ci_prob: float = 0.9,
    ax: Axes | None = None,
    dark: bool = False,
    **short: Unpack[TargetKeywords],
) -> Figure:
    """Draw the collapse point against model size, on logarithmic axes, with every law's predictive funnel.

    Parameters
    ----------
    fit : Fit
    prediction : xarray.Dataset or Decision, optional
        Result of `predict` or `decide`; its target is marked, and the funnel reaches it.
    verification : Verification, optional
        The measured point at the target.
    target : Target, optional
        Target of the funnels, and the size that they reach, if there is no prediction; by default a model like the
        trained ones.
    ci_prob : float
        Probability of the intervals of cells and funnels.
    ax : matplotlib.axes.Axes, optional
        Axes to draw into, whose figure is returned; by default those of a new figure.
    dark : bool
        Whether the figure is for a dark page.
    **short
        Keywords of `Target`, instead of the object.

    Returns
    -------
    matplotlib.figure.Figure
        Funnels describe a new run of a new size and are therefore wider than the intervals of trained sizes. They apply
        to the target's budget, or where budgets grew in proportion to the size, to as many tokens a parameter; sizes
        trained on another budget are pale and labelled with theirs. Weights of laws are those of the prediction, which
        may be a comparison's; without a prediction they are the fit's.

    Raises
    ------
    InputError
        If the prediction was made from another fit.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> fit = bk.load_fit("desk-four")
    >>> figure = bk.plot_collapse(fit, bk.predict(fit, 98_304))
    >>> figure.savefig("collapse.png")
    """
    require_fit(fit)
    if prediction is not None:
        require_answer(prediction)
    if verification is not None:
        require_kind(verification, "verification", VERIFICATION)
    require_share(ci_prob=ci_prob)
    prediction = prediction.data if isinstance(prediction, Decision) else prediction
    asked = _asked(fit, prediction, target, short)
    fit, planned = of_target(fit, asked)
    if prediction is not None:
        require_own(fit, about_of(prediction), "prediction")
    asked = replace(asked, domain=None)
    cells, _ = cell_table(fit.curves)
    sizes = cells[schema.PARAMS].values
    ends = [sizes.min(), max(sizes.max(), asked.params)]
    axis = axis_of(fit.curves)
    weights = _weights(fit, prediction)
    with figure_style(dark):
        figure, axes = canvas(ax, figsize=(7.6, 4.8))
        as_many = _of_one_share(cells, planned)
        grows = as_many is not None
        lines = _funnels(fit, ends, asked, ci_prob, in_proportion=grows)
        for law, color, line in zip(lines["law"].values, law_colors(lines.sizes["law"]), cycle(LINES), strict=False):
            label = _of_law(str(law), weights) + _of_budget(planned, cells, in_proportion=grows)
            _draw_funnel(axes, lines.sel(law=law), color, line, label)
        here = np.isclose(cells[schema.TOKENS].values, planned.tokens, rtol=SAME_HELD) if as_many is None else as_many
        points = [*_draw_cells(axes, fit, cells, cells_like(planned, cells), here, ci_prob), *_tops(lines)]
        if prediction is not None:
            points += _draw_target(axes, prediction, "mixture" if len(weights) > 1 else "")
        if verification is not None:
            points.append(_draw_measured(axes, verification, axis))
        log_axis(axes, "x", ends[0] / _BEYOND, ends[1] * _BEYOND)
        if axis.bounded:
            infusion_axis(axes, "y", np.array(points), axis)
        else:
            log_axis(axes, "y", *axes.get_ylim())
        axes.set_xlabel("model size, non-embedding parameters")
        axes.set_ylabel(f"{'collapse point' if planned.harms else 'onset'}, {axis.unit}")
        axes.set_title(f"Where models of each size {'collapse' if planned.harms else 'learn'}")
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2)  # funnels may lie anywhere in the panel
        if ax is None:
            note = f"{percent(ci_prob)} equal-tailed intervals; funnels are for a new run of a new size"
            figure.supxlabel(note, fontsize=8, x=0.01, ha="left")
    return figure


def _asked(fit: "Fit", prediction: xr.Dataset | None, target: Target | None, short: Mapping[str, Any]) -> Target:
    """The target of the prediction, or a named one, or a model like the trained ones."""
    asked = target_from(target, short, default=float(fit.curves[schema.PARAMS].max()), of=plot_collapse)
    if prediction is not None:
        about = about_of(prediction)
        held = {name: value for name, value in about.held_fixed.items() if name in fit.curves.variables}
        domain = (about.domain or None) if fit.domains else None
        return Target(about.params, about.tokens, held, domain=domain, prior_driven=True)
    budgets, sizes = fit.curves[schema.TOKENS].values, fit.curves[schema.PARAMS].values
    tried = np.unique(budgets[sizes == sizes.max()])
    budget = asked.tokens or float(tried[len(tried) // 2])
    return replace(asked, tokens=budget, prior_driven=True)


def _of_one_share(cells: xr.Dataset, planned: PlannedModel) -> BoolArray | None:
    """Cells with as many tokens a parameter as the target, where budgets grew in proportion to the size."""
    params, budgets = cells[schema.PARAMS].values, cells[schema.TOKENS].values
    as_many = np.isclose(budgets / params, planned.tokens / planned.params, rtol=SAME_HELD)
    as_large = np.isclose(budgets, planned.tokens, rtol=SAME_HELD)
    follows = set(params) == set(params[as_many]) and set(params) != set(params[as_large])
    return as_many if follows else None


def _funnels(fit: "Fit", ends: list[float], target: Target, ci_prob: float, *, in_proportion: bool) -> xr.DataArray:
    sizes = np.geomspace(ends[0] / _BEYOND, ends[1] * _BEYOND, _SIZES)
    lines = collapse_along_sizes(fit, sizes.tolist(), target, ci_prob=ci_prob, in_proportion=in_proportion)
    return lines.copy(data=_placed(lines, axis_of(fit.curves)))


def _placed(values: ArrayLike, axis: Axis) -> FloatArray:
    """Infusions that the scale can show."""
    return np.clip(values, *_SHARES) if axis.bounded else np.asarray(values)


def _tops(lines: xr.DataArray) -> list[float]:
    """Return the upper end of each funnel where it ends, which is where it is widest."""
    return np.clip(lines.isel(quantile=-1, params=-1).values, *_IN_VIEW).tolist()


def _draw_funnel(axes: Axes, lines: xr.DataArray, color: str, style: Any, label: str) -> None:
    low, median, high = lines.transpose("quantile", "params").values
    axes.loglog(lines["params"], median, color=color, ls=style, lw=1.6, label=label)
    axes.fill_between(lines["params"], low, high, color=color, alpha=0.15, lw=0)
    for edge in (low, high):
        axes.plot(lines["params"], edge, color=color, ls=style, lw=0.7, alpha=0.8)


def _weights(fit: "Fit", prediction: xr.Dataset | None) -> dict[str, float]:
    """Weights of the laws in the prediction, which may be of a comparison; without one, those of the fit."""
    if prediction is None or "weight" not in prediction:
        return fit.weights
    return dict(zip(prediction["law"].values.astype(str).tolist(), prediction["weight"].values.tolist(), strict=True))


def _of_law(law: str, weights: dict[str, float]) -> str:
    if law not in weights:
        return f"law '{law}' (not in the prediction)"
    return f"law '{law}'" + (f" (weight {weights[law]:.2f})" if len(weights) > 1 else "")


def _of_budget(planned: PlannedModel, cells: xr.Dataset, *, in_proportion: bool) -> str:
    """Budget of a funnel, where sizes were trained on several or on another one."""
    if schema.TOKENS in planned.invented:
        return ""
    if in_proportion:
        return f" at {planned.tokens / planned.params:.3g} tokens a parameter"
    budgets = np.unique(cells[schema.TOKENS].values)
    if len(budgets) == 1 and np.isclose(budgets[0], planned.tokens):
        return ""
    untried = "" if np.isclose(budgets, planned.tokens, rtol=SAME_HELD).any() else ", untried"
    return f" at {short(planned.tokens)} tokens{untried}"


def _draw_cells(
    axes: Axes, fit: "Fit", cells: xr.Dataset, alike: IntArray, here: BoolArray, ci_prob: float
) -> FloatArray:
    """Draw the cells with the target's fixed values, those of other budgets paler; return their medians."""
    posterior, sizes = fit.tree["posterior"].to_dataset(), cells[schema.PARAMS].values
    axis = axis_of(fit.curves)
    group = deciding_group(fit.curves)
    collapse = posterior[axis.half_point(group)].sel(group=group)
    ends = [interval(collapse.isel(cell=i).values, ci_prob) for i in range(collapse.sizes[schema.CELL])]
    points = _placed(ends, axis)
    others = np.setdiff1d(np.arange(len(sizes)), alike)
    budgets = cells[schema.TOKENS].values
    same = alike[here[alike]]
    labels = {"sizes that were trained": (same, 1.0)}
    other = np.setdiff1d(alike, same)
    if len(other):
        least, most = short(budgets[other].min()), short(budgets[other].max())
        labels[f"trained on {least if least == most else f'{least} to {most}'} tokens"] = (other, _PALE)
    labels["trained, with other values held"] = (others, _PALE)
    for label, (shown, alpha) in labels.items():
        if len(shown):
            median, low, high = points[shown].T
            axes.errorbar(
                sizes[shown], median, yerr=[median - low, high - median], fmt="o", ms=4.5, lw=1.6, color=ink(),
                alpha=alpha, zorder=4, label=label,
            )  # fmt: skip
    return points[:, 0]


def _draw_target(axes: Axes, prediction: xr.Dataset, of: str) -> list[float]:
    """Draw the predicted interval; return its median, and its ends as far as the panel shows them."""
    about = about_of(prediction)
    ends = interval(prediction[about.half_point].values, about.ci_prob)
    median, low, high = _placed(ends, about.axis).tolist()
    size = about.params
    axes.axvline(size, color=ink(), lw=0.8, ls=":")
    axes.errorbar(
        [size], [median], yerr=[[median - low], [high - median]], fmt="D", ms=6, mfc="none", mew=1.6, lw=1.6, capsize=5,
        color=ink(), zorder=5, label=f"predicted at {exact(size)} parameters{f' ({of})' if of else ''}",
    )  # fmt: skip
    return [median, *np.clip([low, high], *_IN_VIEW).tolist()]


def _draw_measured(axes: Axes, verification: "Verification", axis: Axis) -> float:
    """Draw the measured interval, or an arrow from a bound; return the median, or the bound."""
    measured, place = verification.measured, verification.params
    low, median, high = _placed([measured.low, measured.median, measured.high], axis).tolist()
    look: dict[str, Any] = {"color": law_colors(4)[2], "zorder": 6, "ms": 9, "lw": 1.6, "capsize": 4}
    label = f"measured: {verification.verdict}"
    if measured.bound:
        arrow: dict[str, Any] = {"lolims": measured.bound == "at least", "uplims": measured.bound == "at most"}
        low, high = axis.from_line(axis.to_line(median) + np.array([-_ARROW, _ARROW]))
        label += f" ({measured.bound})"
        look |= arrow
    axes.errorbar([place], [median], yerr=[[median - low], [high - median]], fmt="*", label=label, **look)
    return median
