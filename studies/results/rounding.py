"""How findings are kept."""

from typing import Any

__all__ = ["rounded"]


def rounded(value: Any) -> Any:
    """Every float to five digits, as much as a page and its readers can use."""
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [rounded(each) for each in value]
    return float(f"{value:.5g}") if isinstance(value, float) and abs(value) < float("inf") else value
