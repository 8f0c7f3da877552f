"""Words that sentences of all outputs share."""

from collections.abc import Sequence

from bayeskisl.decision.about import About

__all__ = ["distance", "in_a_row", "run_in_words", "whole_in_words"]


def in_a_row(names: Sequence[str], last: str = "and") -> str:
    """Names as a sentence lists them: a, b and c."""
    return f" {last} ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def distance(decades: float) -> str:
    """Return the size of a target as a multiple of the largest trained one: 1.9 times the largest trained size."""
    times = 10**decades
    if abs(decades) < 1e-3:
        return "the largest trained size"
    return f"{f'{times:,.0f}' if times >= 10 else f'{times:.2g}'} times the largest trained size"


def run_in_words(about: About) -> str:
    """Return what an answer is about: a new run, or the mean of many."""
    return "a new run" if about.kind == "new_run" else "the mean run"


def whole_in_words(about: About, group: str | None = None) -> str:
    """Return what the share of a group is a share of, by default of the group that the answer is about."""
    return {
        "facts": "its facts",
        "ceiling": "its ceiling",
        "fewest": "what it keeps with few infused facts",
        "uninfused": "what it keeps without infusion",
    }[about.reference(group or about.group)]
