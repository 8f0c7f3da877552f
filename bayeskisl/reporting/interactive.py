"""Interactive version of a drawn figure: the same marks, with values on hover, zoom and a clickable legend.

What a figure shows is decided once, where it is drawn with matplotlib; here its marks are only translated. Linear and
logarithmic axes stay what they are; log odds, which plotly does not know, become a linear axis with the same ticks.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import Collection, PathCollection
from matplotlib.colors import to_hex
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.spines import Spine
from matplotlib.text import Annotation, Text

from bayeskisl.arguments import in_words
from bayeskisl.errors import InputError
from bayeskisl.reporting.marks import PIXELS, Trace, artists_of, error_bars, line, look_of_shape, traces
from bayeskisl.reporting.scales import Scale, SecondScale, plain

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = ["interactive"]

# Size of text, and room above the panels for plotly's buttons, in pixels.
_FONT, _ABOVE = 12, 30

_LEFT: Literal["left"] = "left"
_CENTER: Literal["center"] = "center"
_SIDES = {"left": "left", "right": "right", "center": "center"}
_LEVELS = {"top": "top", "bottom": "bottom", "center": "middle", "baseline": "bottom", "center_baseline": "middle"}


def interactive(figure: Figure) -> "go.Figure":
    """Convert a figure into an interactive one.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Result of one of the package's ``plot_`` functions.

    Returns
    -------
    plotly.graph_objects.Figure
        A figure with the panels, marks, axes and legends of `figure`. Hovering shows values, dragging zooms, and a
        click on a legend entry hides its marks.

    Raises
    ------
    InputError
        If plotly is not installed, or the figure contains a kind of mark that no ``plot_`` function draws.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> figure = bk.interactive(bk.plot_curves(bk.load_curves("desk-amount")))
    >>> figure.write_html("curves.html")
    """
    if not isinstance(figure, Figure):
        raise InputError(
            "a figure", in_words(figure), "figure", "draw one with a `plot_` function, such as `bk.plot_curves`"
        )
    try:
        import plotly.graph_objects as go
    except ModuleNotFoundError:
        raise InputError("plotly", "no such package", "interactive figures",
                         "install it with: pip install 'bayeskisl[report]'") from None  # fmt: skip
    figure.draw_without_rendering()  # places everything
    panels = [_Panel(axes, number, figure) for number, axes in enumerate(figure.axes, start=1)]
    layout = _page(figure)
    for panel in panels:
        layout |= panel.layout(panels)
    layout["shapes"] = [shape for panel in panels for shape in panel.shapes()]
    layout["annotations"] = [*_footnote(figure), *(note for panel in panels for note in panel.notes())]
    drawn = [trace for panel in panels for trace in panel.traces()]
    for legend in figure.legends:
        layout["legend100"] = _place_of(legend, figure)
        drawn += _entries(legend, "legend100")
    return go.Figure({"data": drawn, "layout": layout})


def _place_of(legend: Legend, figure: Figure) -> dict[str, Any]:
    corner = legend.get_window_extent().transformed(figure.transFigure.inverted())
    return {
        "x": corner.x0,
        "y": corner.y1,
        "xanchor": "left",
        "yanchor": "top",
        "bgcolor": "rgba(0,0,0,0)",
        "title": {"text": plain(legend.get_title().get_text()), "font": {"size": _FONT - 1}},
        "tracegroupgap": 0,
        "font": {"size": _FONT - 2},
    }


def _entries(legend: Legend, name: str) -> Iterator[Trace]:
    """Return the legend entries of the whole figure: lines that represent those of every panel."""
    for handle, text in zip(legend.legend_handles, legend.get_texts(), strict=True):
        if isinstance(handle, Line2D):
            trace = line(handle)
            own = {"x": [None], "y": [None], "hoverinfo": "skip", "name": plain(text.get_text()), "showlegend": True}
            color = trace.pop("color")
            trace.pop("label")
            yield {"type": "scatter", **trace, **own, "legend": name, "legendgroup": color}


def _page(figure: Figure) -> dict[str, Any]:
    width, height = figure.get_size_inches() * PIXELS
    ink, paper = (to_hex(color) for color in (_ink(figure), figure.get_facecolor()))
    return {
        "width": round(width),
        "height": round(height) + _ABOVE,
        "margin": dict.fromkeys("lrb", 0) | {"t": _ABOVE},
        "paper_bgcolor": paper,
        "plot_bgcolor": paper,
        "font": {"color": ink, "size": _FONT, "family": "system-ui, -apple-system, Segoe UI, Roboto, sans-serif"},
        "hoverlabel": {"bgcolor": paper, "font": {"color": ink}},
        "hovermode": "closest",
        "dragmode": "zoom",
        "showlegend": True,
    }


def _ink(figure: Figure) -> Any:
    return figure.axes[0].yaxis.label.get_color() if figure.axes else "black"


def _footnote(figure: Figure) -> Iterator[Trace]:
    if said := figure.get_supxlabel():
        yield _note(plain(said), 0.01, 0.005, "paper", "paper", xanchor="left", yanchor="bottom", size=_FONT - 2)


def _note(text: str, x: float, y: float, xref: str, yref: str, *, size: float = _FONT, **options: Any) -> Trace:
    place = {"x": x, "y": y, "xref": xref, "yref": yref, "showarrow": False}
    return {"text": text, **place, "align": "left", "font": {"size": size}, **options}


class _Panel:
    """One pair of axes with its marks."""

    def __init__(self, axes: Axes, number: int, figure: Figure) -> None:
        self.axes, self.number = axes, number
        self._suffix = "" if number == 1 else str(number)
        self._x, self._y = Scale(axes.xaxis), Scale(axes.yaxis)
        self._figure = figure
        self._grouped_everywhere = sum(each.get_legend() is not None for each in figure.axes) < 2

    def layout(self, panels: Sequence["_Panel"]) -> dict[str, Any]:
        box = self.axes.get_position()
        x = {**self._x.layout(), "domain": [box.x0, box.x1], "anchor": f"y{self._suffix}"}
        y = {**self._y.layout(), "domain": [box.y0, box.y1], "anchor": f"x{self._suffix}"}
        for other in panels[: self.number - 1]:
            if self.axes.get_shared_x_axes().joined(self.axes, other.axes):
                x.setdefault("matches", f"x{other._suffix}")
            if self.axes.get_shared_y_axes().joined(self.axes, other.axes):
                y.setdefault("matches", f"y{other._suffix}")
        if not any(label.get_visible() for label in self.axes.get_xticklabels()):
            x["showticklabels"] = False
        found = {f"xaxis{self._suffix}": x, f"yaxis{self._suffix}": y, **self._second_axes()}
        if legend := self.axes.get_legend():
            found[f"legend{self._suffix}"] = _place_of(legend, self._figure)
        return found

    def traces(self) -> list[Trace]:
        """Return the traces from back to front."""
        drawn = sorted(self._marks(), key=lambda mark: mark[0])
        return [self._dressed(trace) for _, trace in drawn] + list(self._carriers())

    def _dressed(self, trace: Trace) -> Trace:
        """Add the panel's axes, the legend entry and the hover text to a trace."""
        label, color = trace.pop("label"), trace.pop("color")
        x, y = np.asarray(trace["x"], float), np.asarray(trace["y"], float)
        named = not label.startswith("_")
        color_group = color if self._grouped_everywhere else f"{self.number} {color}"
        dressed = {
            "type": "scatter", **trace, "x": self._x.place(x), "y": self._y.place(y), "legendgroup": color_group,
            "xaxis": f"x{self._suffix}", "yaxis": f"y{self._suffix}", "showlegend": named and self._in_legend(label),
        }  # fmt: skip
        if self.axes.get_legend() is not None:
            dressed["legend"] = f"legend{self._suffix}"
        if named:
            dressed["name"] = plain(label)
        if dressed.get("hoverinfo") != "skip":
            if "logit" in (self._x.kind, self._y.kind):
                dressed["customdata"] = np.stack([x, y], axis=-1)
            dressed["hovertemplate"] = self._reading(plain(label) if named else "")
        return dressed

    def _reading(self, label: str) -> str:
        words = [plain(said.split(", at")[0]) for said in (self._label_below(), self.axes.get_ylabel())]
        lines = [f"{word}: {scale.reading(name)}" if word else scale.reading(name)
                 for word, scale, name in zip(words, (self._x, self._y), "xy", strict=True)]  # fmt: skip
        return "<br>".join([f"<b>{label}</b>"] * bool(label) + lines) + "<extra></extra>"

    def _label_below(self) -> str:
        """Return the label of x; among stacked panels only the lowest has one."""
        joined = self.axes.get_shared_x_axes().get_siblings(self.axes)
        return next((each.get_xlabel() for each in (self.axes, *joined) if each.get_xlabel()), "")

    def _in_legend(self, label: str) -> bool:
        legend = self.axes.get_legend()
        return legend is not None and label in {text.get_text() for text in legend.get_texts()}

    def _marks(self) -> Iterator[tuple[float, Trace]]:
        """Order and trace of each mark in data coordinates."""
        bars = [container for container in self.axes.containers if isinstance(container, ErrorbarContainer)]
        for container in bars:
            yield from error_bars(container)
        of_bars = {id(artist) for container in bars for artist in artists_of(container)}
        for artist in self._artists():
            if id(artist) not in of_bars and all(self._in_data(artist)):
                yield from ((artist.get_zorder(), trace) for trace in traces(artist, self.axes))

    def _artists(self) -> Iterator[Line2D | Collection | Patch]:
        """Return the artists within the frame."""
        for artist in self.axes.get_children():
            if not isinstance(artist, Line2D | Collection | Patch) or isinstance(artist, Spine):
                continue
            if artist is not self.axes.patch and artist.get_visible():
                yield artist

    def _in_data(self, artist: Artist) -> tuple[bool, bool]:
        """Whether x and y of an artist are in data coordinates."""
        placed = artist.get_offset_transform() if isinstance(artist, PathCollection) else artist.get_transform()
        x, y = placed.contains_branch_separately(self.axes.transData)
        return bool(x), bool(y)

    def shapes(self) -> Iterator[Trace]:
        """Lines and strips that span the whole panel at one value of one axis."""
        for artist in self._artists():
            along = self._in_data(artist)
            if along[0] == along[1] or isinstance(artist, Collection):
                continue
            path = artist.get_path() if isinstance(artist, Line2D) else artist.get_patch_transform().transform_path(
                artist.get_path())  # fmt: skip
            corners = np.asarray(path.vertices)
            (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
            refs = {"xref": f"x{self._suffix}", "yref": f"y{self._suffix} domain"}
            ends = {"x0": self._x.place(x0), "x1": self._x.place(x1), "y0": y0, "y1": y1}
            if along[1]:
                refs = {"xref": f"x{self._suffix} domain", "yref": f"y{self._suffix}"}
                ends = {"x0": x0, "x1": x1, "y0": self._y.place(y0), "y1": self._y.place(y1)}
            yield {**refs, **{name: float(end) for name, end in ends.items()}, **look_of_shape(artist)}

    def notes(self) -> Iterator[Trace]:
        """Titles and annotations."""
        box = self.axes.get_position()
        for side, x in ((_LEFT, box.x0), (_CENTER, (box.x0 + box.x1) / 2)):
            if title := self.axes.get_title(side):
                above = 4 if not any(second.get_xlabel() for second in self.axes.child_axes) else 3.6 * _FONT
                yield _note(plain(title), x, box.y1, "paper", "paper", xanchor=side, yanchor="bottom", yshift=above,
                            size=_FONT + 2)  # fmt: skip
        for text in self.axes.texts:
            yield self._words(text)

    def _words(self, text: Text) -> Trace:
        shift = {}
        if isinstance(text, Annotation):
            (x, y), (right, up) = text.xy, text.xyann
            if text.anncoords == "offset points":
                shift = {"xshift": right * PIXELS / 72, "yshift": up * PIXELS / 72}
        else:
            x, y = text.get_position()
        in_data = (True, True) if isinstance(text, Annotation) else self._in_data(text)
        xref, yref = (
            f"{name}{self._suffix}{'' if data else ' domain'}" for name, data in zip("xy", in_data, strict=True)
        )
        x = self._x.place_of_note(float(x)) if in_data[0] else float(x)
        y = self._y.place_of_note(float(y)) if in_data[1] else float(y)
        look = {"color": to_hex(text.get_color()), "size": _FONT}
        said = plain(text.get_text())
        return {
            **_note(f"<b>{said}</b>" if text.get_fontweight() == "bold" else said, x, y, xref, yref), **shift,
            "font": look,
            "xanchor": _SIDES[text.get_horizontalalignment()], "yanchor": _LEVELS[text.get_verticalalignment()],
            "align": _SIDES[text.get_horizontalalignment()],
        }  # fmt: skip

    def _second_axes(self) -> dict[str, Any]:
        """Axes above and at the right that show the same quantity in another unit."""
        return {f"{second.name}axis{second.number}": second.layout() for second in self._seconds()}

    def _seconds(self) -> Iterator["SecondScale"]:
        for child in self.axes.child_axes:
            axes = cast(Axes, child)  # a secondary axis, which has all that is asked of it and is no `Axes`
            name = "x" if axes.get_xlabel() else "y"
            yield SecondScale(axes, self.axes, name, self._x if name == "x" else self._y, self._suffix)

    def _carriers(self) -> Iterator[Trace]:
        """Invisible traces, since plotly shows an axis only with data on it."""
        nothing = {"type": "scatter", "x": [None], "y": [None], "showlegend": False, "hoverinfo": "skip"}
        own = {"xaxis": f"x{self._suffix}", "yaxis": f"y{self._suffix}"}
        for second in self._seconds():
            yield {**nothing, **own, f"{second.name}axis": f"{second.name}{second.number}"}
