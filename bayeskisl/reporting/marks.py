"""The marks of a drawn figure as plotly's traces: lines, points, error bars and filled areas, in the axes' units."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import Collection, LineCollection, PathCollection, PolyCollection
from matplotlib.colors import to_hex, to_rgba
from matplotlib.container import ErrorbarContainer
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bayeskisl.arrays import FloatArray
from bayeskisl.errors import InputError

__all__ = ["PIXELS", "Trace", "artists_of", "error_bars", "line", "look_of_shape", "rgba", "traces"]

# Of an inch of a drawn figure.
PIXELS = 96

_SYMBOLS = {"o": "circle", "s": "square", "^": "triangle-up", "D": "diamond", "v": "triangle-down", "P": "cross",
            "X": "x", "h": "hexagon", "*": "star", "x": "x-thin-open", "|": "line-ns-open", "_": "line-ew-open",
            ".": "circle", "d": "diamond-tall", "+": "cross-thin-open"}  # fmt: skip
_NOTHING = ("None", "none", " ", "")
_DASHES = {"-": "solid", "--": "dash", "-.": "dashdot", ":": "dot"}

# A trace as plotly takes it, and beside it its `label` in the drawn legend and its `color`.
Trace = dict[str, Any]


def traces(artist: Line2D | Collection | Patch, axes: Axes) -> Iterator[Trace]:
    """Return the traces of one mark; error bars come from `error_bars`."""
    if isinstance(artist, Line2D):
        yield line(artist)
    elif isinstance(artist, LineCollection):
        yield _segments(artist)
    elif isinstance(artist, PathCollection):
        yield _scatter(artist)
    elif isinstance(artist, PolyCollection):
        corners = _joined([path.vertices for path in artist.get_paths()])
        yield _area(artist, corners, artist.get_facecolor()[0], artist.get_hatch())
    elif isinstance(artist, Patch):
        yield _patch(artist, axes)
    else:
        raise InputError("marks that the package's plot_ functions draw", type(artist).__name__, "figure",
                         "show this figure as it is")  # fmt: skip


def line(drawn: Line2D) -> Trace:
    """Return a line with its markers; one without data serves as a legend entry."""
    lined, marked = (str(kind) not in _NOTHING for kind in (drawn.get_linestyle(), drawn.get_marker()))
    trace: Trace = {"label": str(drawn.get_label()), "color": to_hex(drawn.get_color())}
    if np.size(drawn.get_xdata()) == 0 or not (lined or marked):
        trace |= {**_points([np.nan], [np.nan]), "hoverinfo": "skip"}
    else:
        trace |= _points(*drawn.get_data())
    trace["mode"] = "+".join(["lines"] * lined + ["markers"] * marked) or "none"
    if lined:
        color = rgba(drawn.get_color(), drawn.get_alpha())
        trace["line"] = {"color": color, "width": drawn.get_linewidth(), "dash": _dash(drawn)}
    if marked:
        hollow = str(drawn.get_markerfacecolor()).lower() == "none"
        trace["marker"] = {
            "symbol": _SYMBOLS.get(str(drawn.get_marker()), "circle") + ("-open" if hollow else ""),
            "size": drawn.get_markersize() * PIXELS / 72,
            "color": rgba(drawn.get_color() if hollow else drawn.get_markerfacecolor(), drawn.get_alpha()),
        }
    return trace


def _colors(drawn: Any) -> np.ndarray:
    """Colours of a collection, ``(part, 4)``, whatever form matplotlib returns."""
    return np.asarray(drawn)


def _points(x: Any, y: Any) -> Trace:
    return {"x": np.asarray(x, float), "y": np.asarray(y, float)}


def _dash(line: Line2D) -> str:
    return _DASHES.get(str(line.get_linestyle()), "longdash")


def error_bars(container: ErrorbarContainer) -> Iterator[tuple[float, Trace]]:
    points, caps, bars = container.lines
    for collection in bars:
        yield collection.get_zorder(), _segments(collection)
    for cap in caps:
        yield cap.get_zorder(), {**line(cap), "label": "_", "hoverinfo": "skip"}
    if points is not None:
        yield points.get_zorder(), {**line(points), "label": str(container.get_label())}


def artists_of(container: ErrorbarContainer) -> Iterator[Artist]:
    points, caps, bars = container.lines
    yield from (each for each in (points, *caps, *bars) if each is not None)


def _scatter(collection: PathCollection) -> Trace:
    color, sizes = _colors(collection.get_facecolor())[0], np.sqrt(collection.get_sizes()) * PIXELS / 72
    size = float(sizes[0]) if len(sizes) == 1 else sizes.tolist()
    return {
        "label": str(collection.get_label()),
        "color": to_hex(color),
        **_points(*np.transpose(collection.get_offsets())),
        "mode": "markers",
        "marker": {"color": rgba(color), "size": size},
    }


def _segments(collection: LineCollection) -> Trace:
    color = _colors(collection.get_colors())[0]
    ends = _joined(collection.get_segments())
    return {"label": "_", "color": to_hex(color), **_points(*ends.T), "mode": "lines", "hoverinfo": "skip",
            "line": {"color": rgba(color), "width": float(np.ravel(collection.get_linewidth())[0])}}  # fmt: skip


def _patch(patch: Patch, axes: Axes) -> Trace:
    corners = axes.transData.inverted().transform_path(patch.get_transform().transform_path(patch.get_path()))
    outlines = [np.asarray(outline) for outline in corners.to_polygons(closed_only=False)]
    return _area(patch, _joined(outlines), patch.get_facecolor(), patch.get_hatch())


def _area(artist: Artist, corners: FloatArray, color: Any, hatch: str | None) -> Trace:
    trace = {"label": str(artist.get_label()), "color": to_hex(color), **_points(*corners.T), "mode": "lines",
             "line": {"width": 0}, "fill": "toself", "fillcolor": rgba(color), "hoverinfo": "skip"}  # fmt: skip
    if hatch:
        trace["fillpattern"] = {"shape": "/", "size": 8, "solidity": 0.25}
    return trace


def _joined(pieces: Sequence[Any]) -> FloatArray:
    """Join pieces with gaps between them."""
    gap = np.full((1, 2), np.nan)
    parts = [part for piece in pieces for part in (np.asarray(piece, float), gap)]
    return np.concatenate(parts[:-1]) if parts else gap


def look_of_shape(artist: Line2D | Patch) -> Trace:
    if isinstance(artist, Line2D):
        look = {
            "color": rgba(artist.get_color(), artist.get_alpha()),
            "width": artist.get_linewidth(),
            "dash": _dash(artist),
        }
        return {"type": "line", "line": look, "layer": "above"}
    return {"type": "rect", "line": {"width": 0}, "fillcolor": rgba(artist.get_facecolor()), "layer": "below"}


def rgba(color: Any, alpha: float | None = None) -> str:
    red, green, blue, opacity = to_rgba(color, alpha)
    return f"rgba({red * 255:.0f},{green * 255:.0f},{blue * 255:.0f},{opacity:.3g})"
