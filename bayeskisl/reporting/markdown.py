"""The report as Markdown: the same words and numbers, with names escaped."""

import re
from typing import Any

import jinja2

__all__ = ["pieces", "render_markdown"]

_MARKUP = re.compile(r"([\\`*_{}\[\]<>|#~$&])")


class _Verbatim(str):
    """Text that is not escaped: our paths, and lines in a code block."""


def render_markdown(content: dict[str, Any], figures: list[dict[str, str]]) -> str:
    """Render the page.

    Parameters
    ----------
    content : dict
        As the HTML page is given it.
    figures : list of dict
        ``path`` (relative to the page), ``alt`` and ``caption`` of each.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("bayeskisl.reporting", "templates"),
        autoescape=False,
        finalize=_inert,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["verbatim"] = lambda text: _Verbatim(_one_line(text))
    environment.filters["code"] = _with_code
    return environment.get_template("report.md.j2").render(**content, figures=figures)


def _inert(value: Any) -> Any:
    """Escape Markdown and HTML in a value."""
    return value if isinstance(value, _Verbatim) else _MARKUP.sub(r"\\\1", _one_line(value))


def pieces(text: str) -> list[tuple[bool, str]]:
    """Return the pieces of a sentence and whether each is code, which stands between backquotes."""
    return [(at % 2 == 1, piece) for at, piece in enumerate(text.split("`"))]


def _with_code(text: str) -> _Verbatim:
    """Escape a sentence except for its code."""
    return _Verbatim("".join(f"`{piece}`" if is_code else _inert(piece) for is_code, piece in pieces(_one_line(text))))


def _one_line(value: Any) -> str:
    return " ".join(str(value).split("\n"))
