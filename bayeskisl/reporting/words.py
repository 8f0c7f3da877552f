"""Words that sentences of all outputs share."""

from collections.abc import Sequence

from bayeskisl.decision.about import About

__all__ = ["in_a_row", "run_in_words", "whole_in_words"]


def in_a_row(names: Sequence[str]) -> str:
    """Names as a sentence lists them: a, b and c."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def run_in_words(about: About) -> str:
    """Return what an answer is about: a new run, or the mean of many."""
    return "a new run" if about.kind == "new_run" else "the mean run"


def whole_in_words(about: About) -> str:
    """Return what the shares of an answer are shares of."""
    return "its facts" if about.keep_of == "facts" else "its ceiling"
