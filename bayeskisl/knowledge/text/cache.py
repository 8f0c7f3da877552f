"""Cache of prepared text: files named by a hash of their inputs, created once and shared by workers."""

import hashlib
import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from bayeskisl.errors import InputError, SweepError
from bayeskisl.files import draft_of
from bayeskisl.machine_code import cache_folder

__all__ = ["digest", "find_kept", "keep", "text_extra"]


def text_extra(module: str, purpose: str) -> ModuleType:
    """Import a library of the extra ``text``, or raise an error that names what needs it."""
    try:
        return import_module(module)
    except ModuleNotFoundError:
        remedy = "install it with `pip install 'bayeskisl[text]'`"
        raise InputError(
            f"the library {module.split('.')[0]!r} for {purpose}", "none installed", "text", remedy
        ) from None


def digest(*parts: Any) -> str:
    """Return the SHA-256 of JSON values."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def keep(name: str, make: Callable[[Path], None]) -> Path:
    """Return a file of the cache; `make` writes it first unless it exists.

    Raises
    ------
    SweepError
        If there is no folder to keep it in.
    OutputError
        If it cannot be written.
    """
    path = _folder() / name
    if path.is_file():
        return path
    with draft_of(path) as draft:
        make(draft)
    return path


def find_kept(name: str) -> Path:
    """Return a file that was prepared earlier.

    Raises
    ------
    SweepError
        If it is not there: on another machine, or after the cache was emptied.
    """
    path = _folder() / name
    if not path.is_file():
        raise SweepError(
            f"prepared text {path} is missing; load the sweep's specification again on this machine, or let "
            "BAYESKISL_CACHE name a folder that all machines share."
        )
    return path


def _folder() -> Path:
    folder = cache_folder()
    if folder is None:
        raise SweepError(
            "real text needs a private folder that can be written for its tokens: name one in BAYESKISL_CACHE."
        )
    (folder / "text").mkdir(exist_ok=True)
    return folder / "text"
