"""Writing text to a file."""

from pathlib import Path

from bayeskisl.sweeping.records import write_atomically

__all__ = ["written"]


def written(path: Path, text: str) -> Path:
    """Write a file atomically, create its folder, and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, text.encode())
    return path
