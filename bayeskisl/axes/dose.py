"""Dose: more data of the same kind; more and more facts, each seen equally often."""

import numpy as np

from bayeskisl import schema
from bayeskisl.axes.base import Array, Fixed
from bayeskisl.axes.share import ShareOfTokens

__all__ = ["Dose"]


class Dose(ShareOfTokens):
    """Axis of the dose: K and r vary together, f and D are fixed; background exposures fall and the load rises."""

    name = "dose"
    given, follows, teaches = schema.EXPOSURES, schema.FACTS, 0
    experiment = "how large a ratio of more and more facts"
    question = "How large a share of its tokens can {model} give to a domain"

    def facts(self, value: Array, fixed: Fixed) -> Array:
        return value * fixed[schema.TOKENS] / (fixed[schema.EXPOSURES] * fixed[schema.TOKENS_PER_FACT])

    def shown_by(self, varies: frozenset[str], told: frozenset[str]) -> bool:
        return {schema.RATIO, schema.FACTS} <= varies and schema.EXPOSURES not in varies

    def _infused(self, value: Array, fixed: Fixed) -> Array:
        return fixed[schema.EXPOSURES] + 0 * value

    def _at_facts(self, facts: Array, fixed: Fixed) -> Array:
        return np.clip(facts / self.facts(1.0, fixed), 0.0, 1.0)
