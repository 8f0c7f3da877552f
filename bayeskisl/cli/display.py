"""Sentences, tables and JSON on standard output."""

import json
import sys
from collections.abc import Container
from typing import TYPE_CHECKING, Any

import typer

from bayeskisl.cli.sentences import for_stream

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["echo", "print_json", "show", "slim_table", "terminal_columns"]


def echo(text: str, *, err: bool = False) -> None:
    """Print sentences, on a terminal wrapped between words."""
    typer.echo(for_stream(text, sys.stderr if err else sys.stdout), err=err)


def slim_table(*columns: str, words: Container[str] = ()) -> "Table":
    """Return a table of at most 80 columns: columns named in `words` are text, all others are numbers."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Column, Table

    titled = [
        Column(name.replace("_", " "), justify="left" if name in words else "right", overflow="fold")
        for name in columns
    ]
    return Table(*titled, box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False, pad_edge=False)


def show(what: "Table | str") -> None:
    """Print a table, or print text unchanged."""
    from rich.console import Console

    is_text = isinstance(what, str)
    Console().print(what, markup=not is_text, highlight=False, soft_wrap=is_text)


def terminal_columns() -> int:
    """Return the columns that a table may fill."""
    from rich.console import Console

    return Console().width


def print_json(content: Any) -> None:
    """Print one JSON object; paths and other objects become text."""
    typer.echo(json.dumps(content, indent=2, default=_plain))


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else str(value)
