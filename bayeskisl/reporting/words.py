"""Words that sentences of all outputs share."""

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["in_a_row", "run_in_words"]


def in_a_row(names: Sequence[str]) -> str:
    """Names as a sentence lists them: a, b and c."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def run_in_words(attrs: Mapping[str, Any]) -> str:
    """Return what an answer is about: a new run, or the mean of many."""
    return "a new run" if attrs["kind"] == "new_run" else "the mean run"
