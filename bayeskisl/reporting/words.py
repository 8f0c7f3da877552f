"""Words that sentences of all outputs share."""

from collections.abc import Sequence

from bayeskisl.decision.about import About

__all__ = ["in_a_row", "run_in_words", "whole_in_words"]


def in_a_row(names: Sequence[str], last: str = "and") -> str:
    """Names as a sentence lists them: a, b and c."""
    return f" {last} ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def run_in_words(about: About) -> str:
    """Return what an answer is about: a new run, or the mean of many."""
    return "a new run" if about.kind == "new_run" else "the mean run"


def whole_in_words(about: About, group: str | None = None) -> str:
    """Return what the share of a group is a share of, by default of the group that the answer is about."""
    return {
        "facts": "its facts",
        "ceiling": "its ceiling",
        "uninfused": "what it keeps without infusion",
    }[about.reference(group or about.group)]
