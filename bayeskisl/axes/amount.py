"""Amount: the number of facts at a fixed ratio; more facts mean fewer exposures of each."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.axes.base import Array, Axis, Fixed
from bayeskisl.axes.load import LoadEffect
from bayeskisl.knowledge.identity import infused_exposures

__all__ = ["Amount"]

# Newton's steps at most: each one about doubles the digits, from the far side of a concave function.
_NEWTON = 30
# Exposures of what never falls, whose log is finite.
_NOTHING = 1e-250


class Amount(Axis):
    """Axis of the number of facts: K varies, r and D are fixed, f falls as 1 / K."""

    name, coordinate = "amount", schema.FACTS
    given, follows, teaches = schema.RATIO, schema.EXPOSURES, -1
    admits_one = searches_beyond = True
    unit = in_words = mark = "facts"
    label = "infused facts"
    experiment = "how many facts at one ratio"
    question = "How many facts can {model} take"

    def values(self, runs: Mapping[Any, Any]) -> Any:
        return runs[schema.FACTS]

    def facts(self, value: Array, fixed: Fixed) -> Array:
        return value

    def ratio(self, value: Array, fixed: Fixed) -> Array:
        return fixed[schema.RATIO]

    def shown_by(self, varies: frozenset[str], told: frozenset[str]) -> bool:
        return schema.FACTS in varies and schema.RATIO not in varies

    def range(self, fixed: Fixed, once: float = 1.0) -> tuple[float, float]:
        return 1.0, max(1.0, float(self.value(np.float64(once), schema.INFUSED, fixed)))

    def candidates(self, values: FloatArray, possible: tuple[float, float]) -> FloatArray:
        return np.maximum(np.round(super().candidates(values, possible)), 1.0)

    def level(self, value: float) -> float:
        return float(max(1, round(value)))

    def _value_of_infused(self, exposures: Array, fixed: Fixed) -> Array:
        # K = r D / (e l): the identity is the same in K and f
        return infused_exposures(fixed[schema.TOKENS], fixed[schema.RATIO], exposures, fixed[schema.TOKENS_PER_FACT])

    def _at_facts(self, facts: Array, fixed: Fixed) -> Array:
        return np.maximum(facts, 0.0)

    def _value_under_load(self, exposures: Array, group: str, fixed: Fixed, load: LoadEffect) -> Array:
        """Number of facts K at which effective exposures equal `exposures`.

        Log exposures in units of those of one fact, -log K - effect log((K + background) / reference), are concave in
        log K with slopes between -1 and -1 - effect, and the solution without background lies beyond the one that is
        sought, so that Newton's steps approach it from there.
        """
        background = self._background_facts(fixed)
        # none, or without end where a level lies above the ceiling: numbers all the same
        exposures = np.clip(exposures * self.exposures(1.0, group, fixed) ** -1, _NOTHING, 1 / _NOTHING)
        log_reference = np.log(load.reference)
        line = (load.effect * log_reference - np.log(exposures)) / (1 + load.effect)
        for _ in range(_NEWTON):
            facts = np.exp(line)
            over = line + load.effect * (np.log(facts + background) - log_reference) + np.log(exposures)
            line = line - over / (1 + load.effect * facts / (facts + background))
        return np.exp(line)
