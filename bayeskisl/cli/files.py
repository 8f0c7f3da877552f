"""Checks of the files and folders that a command writes, before anything is computed."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from bayeskisl.errors import InputError, require_ending
from bayeskisl.files import lies_at

__all__ = ["FigureFile", "a_file", "a_folder", "ends_in"]

_FIGURES = (".png", ".svg", ".pdf")


def ends_in(*endings: str) -> Callable[[typer.CallbackParam, Path | None], Path | None]:
    """Return the callback of an option whose file must have one of these endings."""

    def check(option: typer.CallbackParam, path: Path | None) -> Path | None:
        path = a_file(option, path)
        if path is not None:
            require_ending(path, endings, option.opts[0])
        return path

    return check


def a_file(option: typer.CallbackParam, path: Path | None) -> Path | None:
    """Refuse a folder as the file that an option writes."""
    if path is not None and path.is_dir():
        inside = path / (option.default.name if isinstance(option.default, Path) else "NAME")
        raise InputError("a file to write", f"the folder {path}", option.opts[0], f"name a file in it, as in {inside}")
    return path


def a_folder(option: typer.CallbackParam, path: Path | None) -> Path | None:
    """Refuse a file as the folder that an option writes to."""
    if path is not None and path.exists() and not path.is_dir():
        raise InputError("a folder", f"{path}, {lies_at(path)}", option.opts[0], "choose another name")
    return path


FigureFile = Annotated[Path | None, typer.Option(help="Figure to write, PNG, SVG or PDF.", callback=ends_in(*_FIGURES))]
