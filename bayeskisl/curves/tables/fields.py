"""Fields of a run that a table can contain: their names, their ranges, and groups of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bayeskisl import schema
from bayeskisl.arrays import BoolArray, FloatArray

__all__ = [
    "FIELDS",
    "MEASURED",
    "NOTHING_INFUSED",
    "NUMBERS",
    "OUTCOMES",
    "PLANNED",
    "SHARES",
    "SIZES",
    "STATE",
    "TEXTS",
    "Field",
    "Sources",
    "Values",
    "split_group",
]

Sources = Mapping[str, str | float]  # field to SQL expression over columns, or number
Values = dict[str, np.ndarray]  # field to its value in every row, shape (row,)

STATE, PLANNED = "state", "planned_steps"  # whether a run came to its end

_LARGEST = 1e15  # beyond it, whole numbers are no longer exact in float64
_SMALLEST = 1 / _LARGEST  # of what is positive: nobody measures less, and no product of a few of them leaves float64


@dataclass(frozen=True)
class Field:
    """One field that a table can contain, and its allowed range."""

    name: str  # as in `schema` where it has the name
    expected: str  # required kind of its cells, in the words of an error
    low: float = -_LARGEST
    high: float = _LARGEST
    open_high: bool = False  # whether the upper end itself is excluded
    or_zero: bool = False  # whether 0 is allowed below `low`
    whole: bool = False  # whether only whole numbers are allowed
    may_be_empty: bool = False  # whether a row may leave it out

    def accepts(self, values: FloatArray) -> BoolArray:
        """Return which values are allowed; NaN (an empty cell) is allowed if the field may be empty."""
        with np.errstate(invalid="ignore"):
            above = (values >= self.low) | (self.or_zero & (values == 0))
            below = values < self.high if self.open_high else values <= self.high
            inside = above & below & ((values == np.floor(values)) if self.whole else True)
        return inside | (np.isnan(values) if self.may_be_empty else False)


def _positive(name: str, what: str, low: float = _SMALLEST) -> Field:
    return Field(name, f"{what}, a number from {low:g} to {_LARGEST:g}", low=low)


def _count(name: str, what: str, low: int = 0, high: float = _LARGEST) -> Field:
    return Field(name, f"{what}, a whole number from {low} to {high:.10g}", low=low, high=high, whole=True)


FIELDS = {
    f.name: f
    for f in (
        _positive(schema.PARAMS, "non-embedding parameters", low=1),
        _positive(schema.TOTAL_PARAMS, "total parameters", low=1),
        _positive(schema.TOKENS, "training tokens"),
        # a run without infused facts is left out as a baseline, so that 0 is no error of these four
        _count(schema.FACTS, "infused facts"),
        Field(schema.RATIO, f"an infusion ratio, 0 or in [{_SMALLEST:g}, 1]", _SMALLEST, 1, or_zero=True),
        Field(schema.EXPOSURES, f"exposures of a fact, 0 or from {_SMALLEST:g}", _SMALLEST, or_zero=True),
        _positive(schema.TOKENS_PER_FACT, "tokens per fact"),
        Field("infused_tokens", f"infused tokens, 0 or from {_SMALLEST:g}", _SMALLEST, or_zero=True),
        _positive(schema.BITS_PER_FACT, "bits of a fact's answer"),
        _count(schema.BACKGROUND_FACTS, "background facts"),
        Field(
            schema.BACKGROUND_SHARE, f"a share, 0 or in [{_SMALLEST:g}, 1)", _SMALLEST, 1, open_high=True, or_zero=True
        ),
        Field(schema.SEED, "a seed, a whole number", whole=True),
        _count(schema.RECALLED, "recalled facts", high=schema.MOST_PROBED),
        _count(schema.PROBED, "probed facts", high=schema.MOST_PROBED),
        Field("accuracy", "a rate in [0, 1]", 0, 1),
        Field(
            "standard_error", f"a standard error, 0 or from {_SMALLEST:g}", _SMALLEST, or_zero=True, may_be_empty=True
        ),
        Field(schema.GUESSING, "a guessing rate in [0, 1)", 0, 1, open_high=True),
        Field(schema.UNINFUSED, "a rate in [0, 1]", 0, 1, may_be_empty=True),
        Field(schema.GENERAL_LOSS, "a loss", may_be_empty=True),
        Field(schema.ANSWER_NATS, "nats", may_be_empty=True),
        Field(schema.LEARNING_RATE, "a learning rate", may_be_empty=True),
        Field("checkpoint", "a step or tokens seen, from 0", 0),
        Field(PLANNED, "the last step of a whole run, from 0", 0, may_be_empty=True),
    )
}
NUMBERS = tuple(FIELDS)
TEXTS = (schema.RUN, schema.GROUP, schema.DOMAIN, STATE)
MEASURED = (
    schema.RECALLED, schema.PROBED, "accuracy", "standard_error", schema.GUESSING, schema.UNINFUSED, schema.ANSWER_NATS,
)  # fmt: skip
OUTCOMES = (schema.RECALLED, "accuracy")
SHARES = (schema.RATIO, "accuracy", "standard_error", schema.GUESSING, schema.UNINFUSED, schema.BACKGROUND_SHARE)
SIZES = (schema.PARAMS, schema.TOTAL_PARAMS)
NOTHING_INFUSED = (schema.FACTS, schema.RATIO, schema.EXPOSURES, "infused_tokens")  # 0 of one of them is a control


def split_group(field: str) -> tuple[str, str]:
    """``recalled.background`` -> (``recalled``, ``background``); without a group, (field, "")."""
    name, _, group = field.partition(".")
    return name, group
