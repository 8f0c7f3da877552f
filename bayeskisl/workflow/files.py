"""Writing text to a file."""

from pathlib import Path

from bayeskisl.files import replace_file

__all__ = ["written"]


def written(path: Path, text: str) -> Path:
    """Write a file atomically, create its folder, and return its path."""
    replace_file(path, text.encode())
    return path
