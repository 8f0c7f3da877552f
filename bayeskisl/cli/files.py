"""Files that a command writes: an unknown ending is refused before anything is computed."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from bayeskisl.errors import require_ending

__all__ = ["FigureFile", "ends_in"]

_FIGURES = (".png", ".svg", ".pdf")


def ends_in(*endings: str) -> Callable[[typer.CallbackParam, Path | None], Path | None]:
    """Return the callback of an option whose file has to end in one of these."""

    def check(option: typer.CallbackParam, path: Path | None) -> Path | None:
        if path is not None:
            require_ending(path, endings, option.opts[0])
        return path

    return check


FigureFile = Annotated[Path | None, typer.Option(help="Figure to write, PNG, SVG or PDF.", callback=ends_in(*_FIGURES))]
