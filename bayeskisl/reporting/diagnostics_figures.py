"""Diagnostic figures: the sampler's exploration, and the posterior beside the prior."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from bayeskisl.arguments import in_words, require_fit, require_texts
from bayeskisl.arrays import FloatArray
from bayeskisl.curves.cells import with_cells_in_words
from bayeskisl.errors import InputError
from bayeskisl.reporting.numbers import percent
from bayeskisl.reporting.style import LINES, figure_style, ink, law_colors

if TYPE_CHECKING:
    from bayeskisl.inference import Fit

__all__ = ["plot_calibration", "plot_diagnostics", "plot_prior_vs_posterior"]

# What conclusions about size rest on; positive ones are shown on log scales, on which their priors are symmetric.
_OF_THE_LAW = ("exponent", "curvature", "tau", "sigma_run", "steepness_exponent")
_QUANTITIES = (*_OF_THE_LAW, "critical_exposures")
_POSITIVE = ("tau", "sigma_run", "critical_exposures", "steepness", "concentration")
_NAMES = {"sigma_run": "run scatter", "tau": "size scatter", "steepness_exponent": "exponent of steepness"}
_P_VALUE = "p: probability of such differences if all chains are alike"
_SEEN = (0.01, 0.99)  # quantiles of the prior at the ends of a panel
_MARGIN = 0.03  # on either side, of the width of the panel
_PANEL = (3.1, 2.5)
_LEGEND = 1.1  # width, in inches
_NARROWEST = 6.4  # holds the title of one panel
_COLUMNS = 3


def plot_diagnostics(fit: "Fit", quantities: Sequence[str] = _QUANTITIES, *, dark: bool = False) -> Figure:
    """Draw how evenly each chain's draws rank among all draws, as differences from a uniform distribution.

    Parameters
    ----------
    fit : Fit
        Result of `fit`, also with ``throw=False``.
    quantities : sequence of str
        Variables of the posterior.
    dark : bool
        Whether the figure is for a dark page.

    Returns
    -------
    matplotlib.figure.Figure
        One panel per scalar, one line per chain, and the p-value of equal distributions (Säilynoja, Bürkner & Vehtari
        2022, doi:10.1007/s11222-022-10090-6; below 0.01, departures are thick). Draws are thinned to about independent
        ones. The title gives the result of the gate with its numbers. Among many panels some have small p-values by
        chance.

    Raises
    ------
    InputError
        If the posterior has none of the quantities.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> figure = bk.plot_diagnostics(bk.load_fit("desk-four"), ["exponent"])
    >>> figure.savefig("diagnostics.png")
    """
    require_fit(fit)
    from arviz_plots import plot_rank

    gate = fit.gate
    with figure_style(dark):
        drawn = plot_rank(
            _thinned(_moving(fit, quantities), gate.ess_bulk),
            backend="matplotlib",
            visuals={"xlabel": False},
            aes_by_visuals={"ecdf_lines": ["color", "linestyle"]},
            **_grid("chain"),
        )
        for text in (text for axes in drawn.viz["figure"].item().axes for text in axes.texts):
            text.set_text(re.sub(r"p=([\d.]+)\(.*\)", r"p = \1", text.get_text()))
        chains = [f"chain {number}" for number in range(1, fit.tree["posterior"].sizes["chain"] + 1)]
        verdict = gate.outcome if gate.passed else "FAILED"
        return _finished(
            drawn,
            f"gate {verdict}: R-hat at most {gate.rhat:.3f}, effective draws at least "
            f"{min(gate.ess_bulk, gate.ess_tail):,.0f}, divergent {percent(gate.divergences)}",
            f"rank of the draws among all chains\n{_P_VALUE}",
            "difference to uniform",
            chains,
        )


def plot_prior_vs_posterior(fit: "Fit", quantities: Sequence[str] = _OF_THE_LAW, *, dark: bool = False) -> Figure:
    """Draw prior and posterior of each scalar on one axis; where they agree, the curves were uninformative.

    Parameters
    ----------
    fit : Fit
        Result of `fit`.
    quantities : sequence of str
        Variables of the posterior.
    dark : bool
        Whether the figure is for a dark page.

    Returns
    -------
    matplotlib.figure.Figure
        One panel per scalar, from the 1 % to the 99 % quantile of the prior and over the whole posterior; positive
        quantities are shown by their natural logarithm.

    Raises
    ------
    InputError
        If the posterior has none of the quantities.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> figure = bk.plot_prior_vs_posterior(bk.load_fit("desk-four"), ["exponent"])
    >>> figure.savefig("prior.png")
    """
    require_fit(fit)
    from arviz_plots import plot_prior_posterior

    with figure_style(dark):
        scalars = _moving(fit, quantities, groups=("posterior", "prior"))
        drawn = plot_prior_posterior(
            scalars,
            backend="matplotlib",
            kind="kde",
            visuals={"credible_interval": False, "point_estimate": False, "point_estimate_text": False},
            aes_by_visuals={"dist": ["color", "linestyle"]},
            **_grid("group"),
        )
        prior, posterior = (scalars[group].to_dataset() for group in ("prior", "posterior"))
        for name, axes in drawn.viz["plot"].data_vars.items():
            axes.item().set_xlim(*_in_view(prior[name].values, posterior[name].values))
        title = "what the curves added to the prior"
        return _finished(drawn, title, "value", "density", ("prior", "posterior"))


def _in_view(prior: FloatArray, posterior: FloatArray) -> tuple[float, float]:
    """Return the ends of a panel: the tails of a prior would squeeze everything else to a spike."""
    low, high = np.quantile(prior, _SEEN)
    low, high = min(low, posterior.min()), max(high, posterior.max())
    margin = _MARGIN * (high - low)
    return float(low - margin), float(high + margin)


def plot_calibration(transforms: Mapping[str, FloatArray], *, dark: bool = False) -> Figure:
    """Draw the ranks of the true values of simulated sweeps, as differences from a uniform distribution.

    Parameters
    ----------
    transforms : mapping
        Probability integral transforms by quantity, shape ``(simulation,)``: the share of posterior draws below the
        true value, as ``python -m studies.calibration`` records them.
    dark : bool
        Whether the figure is for a dark page.

    Returns
    -------
    matplotlib.figure.Figure
        One panel per quantity. A calibrated posterior stays within the shaded band with 95 %; a posterior that is too
        narrow gives an S, a shifted one an arch.

    Raises
    ------
    InputError
        If there is no quantity, or transforms lie outside [0, 1].

    Examples
    --------
    >>> import bayeskisl as bk
    >>> import numpy as np
    >>> figure = bk.plot_calibration({"tau": np.random.default_rng(0).uniform(size=200)})
    >>> figure.savefig("calibration.png")
    """
    from arviz_plots import plot_ecdf_pit

    if not isinstance(transforms, Mapping):
        raise InputError("transforms in [0, 1] by quantity", in_words(transforms), "transforms")
    values = {name: np.asarray(each, dtype=float) for name, each in transforms.items()}
    if not values or not all(map(_are_transforms, values.values())):
        raise InputError("transforms in [0, 1] by quantity", "others or none", "transforms")
    simulated = xr.Dataset({_wrapped(name): ("simulation", each) for name, each in values.items()})
    with figure_style(dark):
        drawn = plot_ecdf_pit(
            xr.DataTree.from_dict({"prior_sbc": simulated}),
            sample_dims=["simulation"],
            backend="matplotlib",
            # points that a test of its own suspects are left out: the band below is the one rule of the figure
            visuals={"xlabel": False, "ylabel": False, "p_value_text": False, "suspicious_points": False},
            col_wrap=_COLUMNS,
        )
        count = min(len(each) for each in values.values())
        farthest = 1.2 * max(_distance_to_uniform(each) for each in values.values())
        title = f"where the truth of {count:,} simulated sweeps fell in its posterior"
        figure = _finished(drawn, title, "share of draws below the truth", "difference to uniform")
        chance = _KOLMOGOROV / np.sqrt(count)
        for axes in (panel for panel in figure.axes if panel.has_data()):
            axes.axhspan(-chance, chance, color=ink(), alpha=0.08, lw=0)
            axes.set_ylim(-max(farthest, 1.2 * chance), max(farthest, 1.2 * chance))
        return figure


# 95 % quantile of the largest distance of an empirical distribution from the true one, times the root of its size.
_KOLMOGOROV = 1.358


def _distance_to_uniform(values: FloatArray) -> float:
    """Largest vertical distance between the empirical distribution and the diagonal."""
    ordered, shares = np.sort(values), np.arange(len(values) + 1) / len(values)
    return float(np.max(np.maximum(np.abs(shares[1:] - ordered), np.abs(shares[:-1] - ordered))))


def _are_transforms(values: FloatArray) -> bool:
    return values.ndim == 1 and len(values) > 0 and bool(((values >= 0) & (values <= 1)).all())


def _wrapped(name: str) -> str:
    return _without_slash(name.replace("_", " ").replace("[", "\n").removesuffix("]"))


def _without_slash(name: str) -> str:
    """The name with another sign for the slash of a domain's name, which a tree takes for a path."""
    return name.replace("/", "\N{DIVISION SLASH}")


def _thinned(tree: xr.DataTree, effective: float) -> xr.DataTree:
    """Every n-th draw, so that the rest are about independent."""
    posterior = tree["posterior"].to_dataset()
    step = int(np.ceil(posterior.sizes["chain"] * posterior.sizes["draw"] / max(effective, 1)))
    return xr.DataTree.from_dict({"posterior": posterior.thin(draw=max(step, 1))})


def _grid(series: str) -> dict[str, Any]:
    """Panels by column, with series that differ in line style as well as in colour."""
    return {
        "col_wrap": _COLUMNS,
        "aes": {"color": [series], "linestyle": [series]},
        "color": law_colors(len(LINES)),
        "linestyle": LINES,
    }


def _moving(fit: "Fit", quantities: Sequence[str], groups: Sequence[str] = ("posterior",)) -> xr.DataTree:
    """One scalar variable per panel with a readable name; constants are dropped, positive ones are logged."""
    require_texts(quantities, "quantities", "quantities of the posterior")
    flat: dict[str, xr.Dataset] = {}
    for group in groups:
        draws = with_cells_in_words(fit.tree[group].to_dataset(), fit.curves)
        flat[group] = xr.Dataset(dict(_scalars(draws, quantities)))
    first, *others = flat.values()
    shared = [n for n in first.data_vars if _moves(first[n]) and all(n in o and _moves(o[n]) for o in others)]
    if not shared:
        raise InputError(f"quantities of the posterior ({', '.join(map(str, fit.posterior.data_vars))})",
                         ", ".join(quantities), "quantities")  # fmt: skip
    return xr.DataTree.from_dict({group: each[shared] for group, each in flat.items()})


def _moves(draws: xr.DataArray) -> bool:
    return bool(np.ptp(draws.values) > 0)


def _scalars(draws: xr.Dataset, quantities: Sequence[str]) -> Any:
    for name in quantities:
        if name not in draws:
            continue
        values = draws[name]
        if name in _POSITIVE:
            values = values.copy(data=np.log(values.values))
        others = [dim for dim in values.dims if dim not in ("chain", "draw")]
        stacked = values.stack(panel=others) if others else values.expand_dims(panel=[()])
        for i, where in enumerate(stacked["panel"].values):
            label = _label(name, [str(part) for part in where])
            yield label, stacked.isel(panel=i, drop=True).drop_vars(others, errors="ignore")


def _label(name: str, where: list[str]) -> str:
    said = _NAMES.get(name, name.replace("_", " "))
    return _without_slash(f"{'log ' if name in _POSITIVE else ''}{said}\n{', '.join(where)}") if where else said


def _finished(drawn: Any, title: str, across: str, up: str, series: Sequence[str] = ()) -> Figure:
    """Title the figure and its axes; name the `series` that every panel draws, in this order."""
    figure = drawn.viz["figure"].item()
    panels = [axes for axes in figure.axes if axes.get_visible() and axes.has_data()]
    rows = -(-len(panels) // _COLUMNS)
    width = _PANEL[0] * min(_COLUMNS, len(panels)) + (_LEGEND if series else 0)
    figure.set_size_inches(max(width, _NARROWEST), _PANEL[1] * rows + 0.8)
    figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    figure.supxlabel(across, fontsize=9.5)
    figure.supylabel(up, fontsize=9.5)
    for legend in figure.legends:  # titled by a dim of ArviZ
        legend.remove()
    if series:
        lines = [line for line in panels[0].lines if len(line.get_xdata()) > 1][: len(series)]
        figure.legend(lines, series, loc="outside right center", fontsize=8.5)
    plt.close(figure)  # pyplot made it, and forgets it
    return figure
