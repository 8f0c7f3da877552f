"""Sentences on a terminal: lines are wrapped between words; files and pipes receive them unchanged."""

import shutil
from textwrap import wrap
from typing import TextIO

__all__ = ["for_stream", "wrapped"]

_KEPT = "\N{NO-BREAK SPACE}"  # a number stays beside its unit
_NARROWEST = 40  # columns; a narrower terminal breaks lines by itself


def for_stream(text: str, stream: TextIO) -> str:
    """Return a text in the form in which a stream receives it."""
    columns = shutil.get_terminal_size().columns
    return wrapped(text, columns) if stream.isatty() and columns >= _NARROWEST else text


def wrapped(text: str, columns: int) -> str:
    """Wrap every line between words, with a hanging indent; words are never broken.

    Parameters
    ----------
    text : str
        Lines of sentences.
    columns : int
        The longest line.
    """
    return "\n".join(_wrapped_line(line, columns) for line in text.split("\n"))


def _wrapped_line(line: str, columns: int) -> str:
    if len(line) <= columns:
        return line
    indent = line[: len(line) - len(line.lstrip())]
    kept = line.replace(" %", f"{_KEPT}%")
    lines = wrap(kept, columns, subsequent_indent=f"{indent}  ", break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines).replace(_KEPT, " ")
