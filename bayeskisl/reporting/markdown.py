"""The report as Markdown: the same words and numbers, with whatever names contain made inert."""

import re
from typing import Any

import jinja2

__all__ = ["render_markdown"]

_MARKUP = re.compile(r"([\\`*_{}\[\]<>|#~$&])")


class _Verbatim(str):
    """Text that stays as it is: paths of ours, and lines inside a code block."""


def render_markdown(content: dict[str, Any], figures: list[dict[str, str]]) -> str:
    """The page.

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
    return environment.get_template("report.md.j2").render(**content, figures=figures)


def _inert(value: Any) -> Any:
    """Markdown and HTML in a value, shown and not obeyed."""
    return value if isinstance(value, _Verbatim) else _MARKUP.sub(r"\\\1", _one_line(value))


def _one_line(value: Any) -> str:
    return " ".join(str(value).split("\n"))
