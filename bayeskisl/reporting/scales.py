"""Axes of a drawn figure for plotly: linear and logarithmic ones unchanged, log odds on a linear one."""

from collections.abc import Iterator
from html import escape
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FixedLocator, PercentFormatter
from scipy.special import logit

from bayeskisl.arrays import FloatArray
from bayeskisl.reporting.marks import rgba

__all__ = ["Scale", "SecondScale", "plain"]


def plain(text: str) -> str:
    """Escape HTML that plotly would interpret."""
    return escape(text, quote=False).replace("\n", "<br>")


class Scale:
    """One axis of a panel."""

    def __init__(self, axis: Axis) -> None:
        self._axis = axis
        self.kind = axis.get_scale()

    def place(self, values: Any) -> FloatArray:
        """Values at which plotly places traces and shapes."""
        values = np.asarray(values, float)
        if self.kind != "logit":
            return values
        with np.errstate(divide="ignore", invalid="ignore"):
            placed = logit(values)
        return np.where(np.isfinite(placed), placed, np.nan)

    def place_of_note(self, value: float) -> float:
        """Value at which plotly places an annotation or an end of a range."""
        return float(np.log10(value) if self.kind == "log" else self.place(value))

    def reading(self, name: str) -> str:
        """Placeholder for the value under the pointer."""
        if self.kind == "logit":
            return f"%{{customdata[{'xy'.index(name)}]:.3~g}}"
        if isinstance(self._axis.get_major_formatter(), PercentFormatter):
            return f"%{{{name}:.1%}}"
        return f"%{{{name}:,.4~g}}"

    def layout(self) -> dict[str, Any]:
        low, high = self._axis.get_view_interval()
        faint = rgba(self._axis.axes.spines["bottom"].get_edgecolor(), 0.3)
        shown = {
            "range": [self.place_of_note(low), self.place_of_note(high)],
            "title": {"text": plain(self._axis.get_label_text()), "standoff": 6},
            "gridcolor": faint,
            "linecolor": faint,
            "zeroline": False,
            "ticks": "outside",
            "ticklen": 4,
            "tickcolor": faint,
            "automargin": False,
            "visible": self._axis.axes.axison and self._axis.get_visible(),
        }
        if self.kind == "linear" and not isinstance(self._axis.get_major_locator(), FixedLocator):
            percent = isinstance(self._axis.get_major_formatter(), PercentFormatter)
            return {**shown, "type": "linear", **({"tickformat": ".0%"} if percent else {"exponentformat": "B"})}
        return {**shown, "type": "log" if self.kind == "log" else "linear", **self.ticks()}

    def ticks(self) -> dict[str, Any]:
        """Every labelled tick at its place."""
        places = np.asarray(self._axis.get_majorticklocs(), float)
        words = self._axis.get_major_formatter().format_ticks(places.tolist())
        named = [(place, word) for place, word in zip(places, words, strict=True) if word]
        return {
            "tickvals": [float(self.place(place)) for place, _ in named],
            "ticktext": [plain(word) for _, word in named],
        }


class SecondScale:
    """A second axis of a panel, in another unit than the first."""

    def __init__(self, axes: Axes, first_axes: Axes, name: str, first: Scale, suffix: str) -> None:
        self.name = name
        self.number = f"10{suffix}"  # no panel has this number
        self._axes, self._first_axes, self._first, self._suffix = axes, first_axes, first, suffix

    def layout(self) -> dict[str, Any]:
        axis: Axis = getattr(self._axes, f"{self.name}axis")
        first, other = self._first.layout(), "y" if self.name == "x" else "x"
        ticks = list(self._ticks(axis))
        return {
            **{key: first[key] for key in ("type", "range", "ticks", "ticklen", "tickcolor", "linecolor", "zeroline")},
            "overlaying": f"{self.name}{self._suffix}",
            "matches": f"{self.name}{self._suffix}",
            "anchor": f"{other}{self._suffix}",
            "side": "top" if self.name == "x" else "right",
            "showgrid": False,
            "title": {"text": plain(axis.get_label_text()), "standoff": 6},
            "tickvals": [place for place, _ in ticks],
            "ticktext": [word for _, word in ticks],
        }

    def _ticks(self, axis: Axis) -> Iterator[tuple[float, str]]:
        """Return the places of the second axis's ticks on the first."""
        values = np.asarray(axis.get_majorticklocs(), float)
        words = axis.get_major_formatter().format_ticks(values.tolist())
        which = "xy".index(self.name)
        points = np.zeros((len(values), 2))
        points[:, which] = values
        on_first = self._first_axes.transData.inverted().transform(self._axes.transData.transform(points))[:, which]
        low, high = sorted(getattr(self._first_axes, f"get_{self.name}lim")())
        slack = 1e-9 * (high - low)
        for value, word in zip(on_first, words, strict=True):
            if word and low - slack <= value <= high + slack:
                yield float(self._first.place(value)), plain(word)
