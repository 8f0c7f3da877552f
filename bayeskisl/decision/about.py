"""The record of an answer, all of it that is no array: written to the attributes of its dataset, and read back."""

import json
from collections.abc import Callable
from dataclasses import Field, dataclass, field, fields
from typing import Any, Self, get_args, get_origin

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.axes import AXES, Axis
from bayeskisl.decision.caveat import Caveat
from bayeskisl.decision.criterion import REFERENCES, KeepOf, Levels
from bayeskisl.errors import InputError
from bayeskisl.quantities import size_and_budget

__all__ = ["About", "AboutDecision", "about_of"]

type Positive = float
type Share = float


@dataclass(frozen=True, kw_only=True)
class About:
    """Everything about an answer that is no array: a field is an attribute of the same name, collections are JSON.

    Fields with a default are missing in some answers of earlier versions.
    """

    floors_and_ceilings: dict[str, tuple[float, float]] = field(default_factory=dict)  # medians of each group
    content: str = "prediction"
    schema_version: int = schema.VERSION
    bayeskisl_version: str = ""
    created: str  # date and time, ISO 8601
    kind: str  # "new_run" or "mean"
    keep: Share  # the level of `group`
    ci_prob: Share
    seed: int
    keep_of: KeepOf
    levels: dict[str, float]  # the share that each group must retain
    # median share of its ceiling that the background keeps without infusion, or with the fewest facts, where levels
    # refer to that and it was not measured
    kept_uninfused: Share | None = None
    benchmarks: list[str] = field(default_factory=list)  # groups whose recall is a score, and not one of counted facts
    # the background, where its ceiling is a share of what was measured without infusion
    of_uninfused: list[str] = field(default_factory=list)
    interval: str = "equal-tailed"
    params: Positive
    tokens: Positive
    domain: str = ""
    axis: Axis
    coordinate: str  # the axis in words, and the unit of every infusion
    unit: str
    group: str  # whose half-point is predicted
    harmed: list[str] = field(default_factory=list)  # the groups that over-infusion harms
    half_point: str  # "collapse" or "onset"
    # median and ends of the interval of the collapse point of every other group that over-infusion harms
    other_collapses: dict[str, list[float]] = field(default_factory=dict)
    held_fixed: dict[str, float]
    invented: list[str] = field(default_factory=list)  # quantities that an import assumed
    extrapolation_decades: float  # log10 of the size over the largest that was trained
    law: str
    law_sha256: str = ""
    rules: dict[str, float | None] = field(default_factory=dict)  # half-points by rules of thumb
    gate: dict[str, Any]
    warnings: tuple[Caveat, ...]
    fitted_runs: list[str]

    @classmethod
    def of(cls, answer: xr.Dataset, where: str = "the answer") -> Self:
        """Return the record in the attributes of an answer.

        Raises
        ------
        InputError
            If an attribute is missing, has another type or an impossible value, or is of a later schema.
        """
        attrs = answer.attrs
        version = attrs.get("schema_version", schema.VERSION)
        if not isinstance(version, int | np.integer) or version > schema.VERSION:
            raise InputError(f"an answer of schema {schema.VERSION} or earlier", str(version), where,
                             "read it with the version of bayeskisl that wrote it")  # fmt: skip
        # both defaults are missing where the attribute may not be
        stored = [each for each in fields(cls) if each.name in attrs or each.default is each.default_factory]
        about = cls(**{each.name: _read(each, attrs, where) for each in stored})
        for group in [about.group, *about.harmed]:
            if group not in about.levels:
                raise InputError("a level for every group that decides", f"none for {str(group)[:80]!r}", where)
        return about

    def to_attributes(self) -> dict[str, Any]:
        """Return the record as attributes, without fields that are None."""
        return {name: _written(value) for name, value in vars(self).items() if value is not None}

    @property
    def bounds(self) -> str:
        """Name of the infusion at which a run just retains its share: the largest one, or the smallest."""
        return "sufficient" if self.half_point == schema.ONSET else "admissible"

    @property
    def target_in_words(self) -> str:
        """Size and budget of the target; a budget that an import assumed is left out."""
        return size_and_budget(self.params, self.tokens, schema.TOKENS not in self.invented)

    @property
    def exposures_are_known(self) -> bool:
        """Whether exposures have a unit, and are not known up to a constant alone."""
        return schema.EXPOSURES not in self.invented

    def reference(self, group: str) -> KeepOf:
        """The reference of a group's level."""
        return Levels(of=self.keep_of).reference(group)

    def known(self, *groups: str) -> str:
        """Name what groups keep or lose: facts, or the score of a benchmark."""
        return "score" if set(groups) <= set(self.benchmarks) else "facts"

    def named(self, group: str) -> str:
        """Name a group with what it keeps or loses: infused heldout facts, or background score."""
        return f"{group.replace('_', ' ')} {self.known(group)}"

    @property
    def everything_else(self) -> dict[str, float]:
        """All values that stay fixed along the axis."""
        return {**self.held_fixed, schema.TOKENS: self.tokens}


@dataclass(frozen=True, kw_only=True)
class AboutDecision(About):
    """Everything about a decision that is no array: that of its prediction, the criterion and what came of it."""

    content: str = "decision"

    limiting_group: str = ""  # whose own level allows the least infusion, or the one that must be taught
    prices: dict[str, float] = field(default_factory=dict)  # weights and prices that are not the usual ones
    above_ceiling: list[str] = field(default_factory=list)  # the groups whose ceiling may lie below their level
    risk: Share
    utility: str  # in words
    utility_unit: str
    background_weight: float = 1.0
    apart: float | None = None
    at_most: float | None = None
    facts: float | None = None
    assumes: list[str]  # assumptions behind the answers about ratios
    gives: dict[str, Any] | None = None  # changes that open an empty window; None with one side alone

    @property
    def lacks_value(self) -> bool:
        """Whether the best mean is of no use: an import made up the number of background facts, and no weight counts.

        Without a weight each of them is worth as much as an infused fact, and so the number decides.
        """
        made_up = schema.BACKGROUND_FACTS in self.invented and schema.BACKGROUND in self.harmed
        return made_up and self.utility_unit == "facts" and self.background_weight == 1

    @property
    def has_costs(self) -> bool:
        """Whether the utility subtracts costs."""
        return not {"token_price", "loss_price"}.isdisjoint(self.prices)

    @property
    def is_facts_kept(self) -> bool:
        """Whether the utility is the facts kept, without costs, so that runs measure it."""
        return self.utility_unit == "facts" and not self.has_costs


def about_of(answer: xr.Dataset, where: str = "the answer") -> About:
    """Return what a prediction or a decision is about, see `About.of`."""
    return (AboutDecision if answer.attrs.get("content") == AboutDecision.content else About).of(answer, where)


def _written(value: Any) -> Any:
    match value:
        case Axis():
            return value.name
        case tuple():
            return json.dumps([caveat.to_dict() for caveat in value])
        case list() | dict():
            return json.dumps(value)
    return value


def _read(each: Field[Any], attrs: dict[str, Any], where: str) -> Any:
    """Return the content of the attribute of a field."""
    kind: Any = get_args(each.type)[0] if each.default is None else each.type  # of an optional one, the first
    expected, read = _KINDS[kind if kind in _KINDS else get_origin(kind)]
    try:
        return read(attrs[each.name])
    except (KeyError, TypeError, ValueError, RecursionError):
        got = repr(attrs[each.name])[:80] if each.name in attrs else "none"
        raise InputError(f"attribute {each.name!r} {expected}", got, where) from None


def _required(value: Any, holds: bool) -> Any:
    if not holds:
        raise ValueError
    return value


def _json(text: Any, kind: type) -> Any:
    content = json.loads(text)
    return _required(content, isinstance(content, kind))


# What the attribute of a field of each type is, in words, and how it is read.
_KINDS: dict[Any, tuple[str, Callable[[Any], Any]]] = {
    str: ("to be a text", lambda value: _required(value, isinstance(value, str))),
    int: ("to be a whole number", lambda value: _required(value, isinstance(value, int | np.integer))),
    float: ("to be a number", lambda value: _required(value, isinstance(value, int | float | np.number))),
    Positive: ("to be a positive number", lambda value: _required(value, 0 < value < np.inf)),
    Share: ("in (0, 1]", lambda value: _required(value, 0 < value <= 1)),
    KeepOf: (f"to be one of {', '.join(REFERENCES)}", lambda value: _required(value, value in REFERENCES)),
    Axis: (f"to be one of {', '.join(AXES)}", AXES.__getitem__),
    list: ("to be a JSON list", lambda text: _json(text, list)),
    dict: ("to be a JSON dict", lambda text: _json(text, dict)),
    tuple: (
        "to be a JSON list of warnings with a code, a message and a known weight",
        lambda text: tuple(map(Caveat.from_dict, _json(text, list))),
    ),
}
