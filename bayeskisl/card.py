"""Cards: compact HTML tables by which notebooks show results."""

from collections.abc import Iterable
from html import escape

__all__ = ["card", "escaped"]

_LEFT = "style='text-align:left'"


def card(caption: str, rows: Iterable[tuple[str, str]]) -> str:
    """Return a compact HTML table.

    Parameters
    ----------
    caption : str
        Kind of the object and its subject, as HTML.
    rows : iterable of (str, str)
        Heading and content of each row, as HTML, see `escaped`; a row without content is left out.
    """
    body = "".join(f"<tr><th {_LEFT}>{head}</th><td {_LEFT}>{cell}</td></tr>" for head, cell in rows if cell)
    return f"<table><caption>bayeskisl {caption}</caption>{body}</table>"


def escaped(rows: Iterable[tuple[str, object]]) -> list[tuple[str, str]]:
    """Return rows of plain text as rows of HTML."""
    return [(escape(head), escape(str(cell))) for head, cell in rows]
