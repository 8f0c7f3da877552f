"""Figures as images: files for a page or a talk, and data that an HTML page embeds."""

import base64
import io
from pathlib import Path

from matplotlib.figure import Figure

from bayeskisl.files import replace_file
from bayeskisl.reporting.style import figure_style

__all__ = ["data_uri", "write_figure"]

# What would make two files of one figure differ.
_UNSAID = {".png": {"Software": None}, ".svg": {"Date": None, "Creator": None}, ".pdf": {"CreationDate": None}}


def data_uri(figure: Figure) -> str:
    """Return a figure as an SVG image in a ``data:`` address, which needs no network."""
    image = io.BytesIO()
    with figure_style():  # holds the salt of the SVG's identifiers: one figure, one text
        figure.savefig(image, format="svg", facecolor="auto", metadata=_UNSAID[".svg"])
    return f"data:image/svg+xml;base64,{base64.b64encode(image.getvalue()).decode()}"


def write_figure(figure: Figure, path: Path) -> Path:
    """Write a figure in the format of its file's ending: PNG, SVG or PDF."""
    image, ending = io.BytesIO(), path.suffix.lower()
    with figure_style():
        figure.savefig(image, format=ending[1:], facecolor="auto", metadata=_UNSAID[ending])
    replace_file(path, image.getvalue())
    return path
