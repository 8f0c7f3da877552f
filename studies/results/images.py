"""Figures as small files, fit to be kept in a repository."""

import io

from matplotlib.figure import Figure
from PIL import Image

from bayeskisl.reporting.style import figure_style

__all__ = ["small_png"]

_DPI = 130
_COLOURS = 64  # of the palette: a third of the bytes, and nothing to be seen of it


def small_png(figure: Figure) -> bytes:
    """A figure as a PNG with a palette."""
    full, small = io.BytesIO(), io.BytesIO()
    with figure_style():
        figure.savefig(full, format="png", dpi=_DPI, facecolor="auto")
    Image.open(full).convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE).save(small, "png", optimize=True)
    return small.getvalue()
