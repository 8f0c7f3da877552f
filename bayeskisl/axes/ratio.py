"""Ratio: more exposures of the same facts, in place of more and more of the general corpus."""

from bayeskisl import schema
from bayeskisl.axes.base import Array, Fixed
from bayeskisl.axes.share import ShareOfTokens

__all__ = ["Ratio"]


class Ratio(ShareOfTokens):
    """r varies, K and D stay: f rises, and what the background sees falls."""

    name = "ratio"
    given, follows, teaches = schema.FACTS, schema.EXPOSURES, 1
    experiment = "how large a ratio of the same facts"
    question = "How large a share of its tokens should {model} give to these facts"

    def facts(self, value: Array, fixed: Fixed) -> Array:
        return fixed[schema.FACTS]

    def shown_by(self, varies: frozenset[str], told: frozenset[str]) -> bool:
        """A ratio that varies, unless it follows from exposures that the table names in its place."""
        repeats = schema.EXPOSURES in told and schema.RATIO not in told
        return schema.RATIO in varies and schema.FACTS not in varies and not repeats
