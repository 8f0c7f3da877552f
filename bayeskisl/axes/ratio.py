"""Ratio: more exposures of the same facts, which displace more of the general corpus."""

from bayeskisl import schema
from bayeskisl.axes.base import Array, Fixed
from bayeskisl.axes.share import ShareOfTokens

__all__ = ["Ratio"]


class Ratio(ShareOfTokens):
    """Axis of the infusion ratio: r varies, K and D are fixed, f rises, and background exposures fall."""

    name = "ratio"
    given, follows, teaches = schema.FACTS, schema.EXPOSURES, 1
    experiment = "how large a ratio of the same facts"
    question = "How large a share of its tokens should {model} give to these facts"

    def facts(self, value: Array, fixed: Fixed) -> Array:
        return fixed[schema.FACTS]

    def shown_by(self, varies: frozenset[str], told: frozenset[str]) -> bool:
        """Whether the ratio varies, unless it follows from exposures that the table names instead."""
        repeats = schema.EXPOSURES in told and schema.RATIO not in told
        return schema.RATIO in varies and schema.FACTS not in varies and not repeats
