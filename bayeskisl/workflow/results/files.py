"""How findings and pages are kept."""

from pathlib import Path
from typing import Any

from bayeskisl.sweeping.records import write_atomically

__all__ = ["rounded", "written"]


def rounded(value: Any) -> Any:
    """Every float to five digits, as much as a page and its readers can use."""
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [rounded(each) for each in value]
    return float(f"{value:.5g}") if isinstance(value, float) and abs(value) < float("inf") else value


def written(path: Path, text: str) -> Path:
    """Write a file whole or not at all, its folder too, and hand back where."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, text.encode())
    return path
