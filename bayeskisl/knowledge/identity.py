"""The infusion identity r D = K f l, and the exposures that each probe group receives."""

from typing import Any

Number = Any  # a float, an array or a DataArray: anything that multiplies

__all__ = ["background_exposures", "infused_exposures"]


def infused_exposures(tokens: Number, ratio: Number, facts: Number, tokens_per_fact: Number) -> Number:
    """Mean exposures of an infused fact, r D / (K l).

    Parameters
    ----------
    tokens, ratio, facts, tokens_per_fact
        D in tokens, r in (0, 1), K in facts and l in tokens per fact; scalars or arrays that broadcast.
    """
    return ratio * tokens / (1.0 * facts * tokens_per_fact)  # whole numbers wrap


def background_exposures(
    tokens: Number, ratio: Number, background_facts: Number, background_share: Number, tokens_per_fact: Number
) -> Number:
    """Mean exposures of a background fact, (1 - r) b D / (K_b l)."""
    return (1 - ratio) * background_share * tokens / (1.0 * background_facts * tokens_per_fact)  # whole numbers wrap
