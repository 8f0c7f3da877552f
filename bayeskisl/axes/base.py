"""Base class of axes: the place of a run on an axis, and the exposures of each probe group there.

All of it follows from the infusion identity r D = K f l. A run has infused facts K and a ratio r; its background sees
(1 - r) b D / (K_b l) exposures. An axis says how K and r move with its value; base and axis together then know the
exposures of every group, the value that gives so many exposures, the values that there can be, and what moves.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import numpy as np

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.axes.load import LoadEffect
from bayeskisl.errors import InputError
from bayeskisl.knowledge.identity import background_exposures, infused_exposures

__all__ = ["Axis"]

Array = Any  # a float, a NumPy array or a DataArray: anything that broadcasts
Fixed = Mapping[str, Array]  # what stays the same along the axis, by the names of `schema`

# 2^-55 is below the spacing of doubles near 1: the ratio is then known as well as a double can hold it.
_HALVINGS = 55


class Axis(ABC):
    """An axis of a sweep.

    Attributes
    ----------
    name : str
        As specifications, tables and files spell it.
    coordinate : str
        Name of a value of the axis in tables and messages.
    given : str
        The term of r D = K f l that a sweep holds fixed beside budget and tokens per fact: ``ratio``, ``facts`` or
        ``exposures``.
    follows : str
        The term that follows from the others in every run of such a sweep.
    teaches : int
        How exposures of infused facts move along the axis: 1 rising, -1 falling, 0 not at all.
    bounded : bool
        Whether values lie in (0, 1); else they lie above 0.
    admits_one : bool
        Whether runs may have a ratio of 1, where everything that is trained is an infused fact.
    searches_beyond : bool
        Whether refinement follows a cliff beyond the outermost levels.
    unit, in_words, mark, label : str
        The unit in tables; the unit in a sentence, behind a number; the unit beside a mark in a figure; the label of
        the axis in a figure.
    experiment : str
        Quantity that a sweep along the axis varies, in a few words.
    question : str
        Question that a decision along the axis answers; ``{model}`` stands for the target.
    """

    name: ClassVar[str]
    coordinate: ClassVar[str]
    given: ClassVar[str]
    follows: ClassVar[str]
    teaches: ClassVar[int]
    bounded: ClassVar[bool] = False
    admits_one: ClassVar[bool] = False
    searches_beyond: ClassVar[bool] = False
    unit: ClassVar[str]
    in_words: ClassVar[str]
    mark: ClassVar[str]
    label: ClassVar[str]
    experiment: ClassVar[str]
    question: ClassVar[str]

    def __repr__(self) -> str:
        return f"<axis {self.name}>"

    # Where a run lies

    @abstractmethod
    def values(self, runs: Mapping[Any, Any]) -> Any:
        """Value of each run, from its coordinates in curves or from a mapping by their names."""

    @abstractmethod
    def facts(self, value: Array, fixed: Fixed) -> Array:
        """Infused facts K at a value."""

    @abstractmethod
    def ratio(self, value: Array, fixed: Fixed) -> Array:
        """Infusion ratio r at a value."""

    def place(self, value: Array, fixed: Fixed) -> dict[str, Array]:
        """Facts, ratio and exposures of an infused fact at a value; they obey r D = K f l."""
        nothing = 0 * value  # so that all three have the value's shape
        return {
            schema.FACTS: self.facts(value, fixed) + nothing,
            schema.RATIO: self.ratio(value, fixed) + nothing,
            schema.EXPOSURES: self.exposures(value, schema.INFUSED, fixed) + nothing,
        }

    @abstractmethod
    def shown_by(self, varies: frozenset[str], told: frozenset[str]) -> bool:
        """Whether a table shows this experiment.

        Parameters
        ----------
        varies : frozenset of str
            Which of facts, ratio and exposures have several values.
        told : frozenset of str
            Which of them the table names itself; the others follow from r D = K f l.
        """

    # What stays the same

    @property
    def moved(self) -> frozenset[str]:
        """Names among facts and ratio that differ between the levels of one cell."""
        return frozenset({schema.FACTS, schema.RATIO} - {self.given})

    @property
    def moves_load(self) -> bool:
        """Whether the number of distinct facts varies along the axis."""
        return schema.FACTS in self.moved

    @property
    def moves_ratio(self) -> bool:
        """Whether the infusion ratio varies along the axis, so that infusion displaces the general corpus."""
        return schema.RATIO in self.moved

    def held(self, background: bool) -> tuple[str, ...]:
        """Return the quantities that a target needs besides its budget, with or without background facts."""
        of_background = (schema.BACKGROUND_FACTS, schema.BACKGROUND_SHARE) if self.moves_ratio or background else ()
        return self.given, schema.TOKENS_PER_FACT, *of_background

    # Exposures of each group, and back

    def moves(self, group: str, knows_load: bool = False) -> int:
        """Return the sign of the change of effective exposures of `group` as the value rises: -1, 0 or 1.

        A group that does not move has no collapse point on the axis: without an effect of the load, amount leaves the
        background alone, and dose the exposures of every infused fact.
        """
        if group not in schema.GROUPS:
            raise InputError(f"a group among {', '.join(schema.GROUPS)}", repr(group), "group")
        own = self.teaches if group in schema.OF_INFUSED else -int(self.moves_ratio)
        return own or -int(knows_load and self.moves_load)

    def exposures(self, value: Array, group: str, fixed: Fixed, load: LoadEffect | None = None) -> Array:
        """Exposures of a fact of the group at a value; the inverse of `value`, with the same parameters."""
        if load is not None:
            return self.exposures(value, group, fixed) * load.worth(self._load(value, fixed))
        tokens, length = fixed[schema.TOKENS], fixed[schema.TOKENS_PER_FACT]
        if group in schema.OF_INFUSED:
            return self._infused(value, fixed)
        shared = fixed[schema.BACKGROUND_FACTS], fixed[schema.BACKGROUND_SHARE]
        return background_exposures(tokens, self.ratio(value, fixed), *shared, length)

    def exposures_uninfused(self, fixed: Fixed, load: LoadEffect | None = None, ratio: Array = 0.0) -> Array:
        """Effective exposures of a background fact in the same run without infusion.

        The general corpus has the whole budget there, but for a `ratio` that an import assumed.
        """
        shared = fixed[schema.BACKGROUND_FACTS], fixed[schema.BACKGROUND_SHARE]
        exposures = background_exposures(fixed[schema.TOKENS], ratio, *shared, fixed[schema.TOKENS_PER_FACT])
        return exposures * (1.0 if load is None else load.worth(self._background_facts(fixed)))

    def exposures_at_start(self, fixed: Fixed, load: LoadEffect | None = None) -> Array:
        """Effective exposures of a background fact where the axis starts, at a ratio that stays."""
        return self.exposures_uninfused(fixed, load, 0.0 if self.moves_ratio else fixed[schema.RATIO])

    def value(self, exposures: Array, group: str, fixed: Fixed, load: LoadEffect | None = None) -> Array:
        """The value at which a group is seen `exposures` times.

        Parameters
        ----------
        exposures : array
            Exposures of a fact of the group, > 0; effective ones where the load counts.
        group : str
            One of ``schema.GROUPS``.
        fixed : mapping
            Quantities that are fixed along the axis, by the names of `schema`: ``tokens`` and ``tokens_per_fact``
            always, and, as axis and group need them, ``ratio``, ``facts``, ``exposures``, ``background_facts``,
            ``background_share``.
        load : LoadEffect, optional
            Without it an exposure counts as one, whatever else is learned.

        Returns
        -------
        array
            Above 0; along a ratio no more than what all of the tokens are. The ends mean that no mixture gives so many
            exposures. NaN where the group's exposures do not move along the axis.
        """
        if self.moves(group, load is not None) == 0:
            return exposures * np.nan
        if load is not None and not self.moves_load:
            exposures, load = exposures / load.worth(self._load(0.0, fixed)), None
        if load is None:
            of_infused = group in schema.OF_INFUSED
            return self._value_of_infused(exposures, fixed) if of_infused else self._of_rest(exposures, fixed)
        if self.moves(group) == 0:  # the load alone moves
            unloaded = self.exposures(0.0, group, fixed)
            return self._at_facts(load.load_worth(exposures / unloaded) - self._background_facts(fixed), fixed)
        return self._value_under_load(exposures, group, fixed, load)

    def at_ratio(self, ratio: Array, fixed: Fixed) -> Array:
        """Value at an infusion ratio: the inverse of `ratio` where the ratio varies."""
        raise NotImplementedError(f"along {self.name} the ratio stays")

    def range(self, fixed: Fixed, once: float = 1.0) -> tuple[float, float]:
        """Possible values: at least one fact, and every fact seen at least once on average.

        Where exposures are known up to a constant alone, `once` says what stands in for one.

        They follow from what is held fixed alone; a grid or a plot has no say in them.
        """
        least = once * fixed[self.given] * fixed[schema.TOKENS_PER_FACT] / fixed[schema.TOKENS]
        shares = fixed[schema.BACKGROUND_FACTS] * fixed[schema.BACKGROUND_SHARE] > 0
        most = self._of_rest(np.float64(once), fixed) if shares else self.at_ratio(1 - least, fixed)
        return float(self.at_ratio(least, fixed)), float(most)

    def end(self, fixed: Fixed) -> Array:
        """The value at which all tokens are infused; infinite where the ratio is fixed."""
        return self.at_ratio(1.0, fixed) if self.moves_ratio else np.inf

    def _infused(self, value: Array, fixed: Fixed) -> Array:
        facts, ratio = self.facts(value, fixed), self.ratio(value, fixed)
        return infused_exposures(fixed[schema.TOKENS], ratio, facts, fixed[schema.TOKENS_PER_FACT])

    def _value_of_infused(self, exposures: Array, fixed: Fixed) -> Array:
        ratio = exposures * fixed[schema.FACTS] * fixed[schema.TOKENS_PER_FACT] / fixed[schema.TOKENS]
        return self.at_ratio(np.clip(ratio, 0.0, 1.0), fixed)

    def _of_rest(self, exposures: Array, fixed: Fixed) -> Array:
        ratio = 1 - exposures / self.exposures(0.0, schema.BACKGROUND, fixed)
        return self.at_ratio(np.clip(ratio, 0.0, 1.0), fixed)

    def _at_facts(self, facts: Array, fixed: Fixed) -> Array:
        raise NotImplementedError(f"along {self.name} the facts stay")

    def _value_under_load(self, exposures: Array, group: str, fixed: Fixed, load: LoadEffect) -> Array:
        """Value at which effective exposures, which fall along the axis, reach `exposures`."""
        low = 0.0 * (np.minimum(exposures, 1.0) + load.effect)  # of their shape; exposures may be infinite
        step = 0.5
        for _ in range(_HALVINGS):
            there = self.exposures(self.at_ratio(low + step, fixed), group, fixed, load)
            low = low + step * (there > exposures)
            step /= 2
        return self.at_ratio(low, fixed)

    def _load(self, value: Array, fixed: Fixed) -> Array:
        return self.facts(value, fixed) + self._background_facts(fixed)

    @staticmethod
    def _background_facts(fixed: Fixed) -> Array:
        return fixed.get(schema.BACKGROUND_FACTS, 0.0)

    # Which group an answer is about

    def harmed_group(self, groups: Iterable[str]) -> str:
        """Return the first of `groups` whose exposures fall along the axis, that is, which can collapse.

        Raises
        ------
        InputError
            If none of them does.
        """
        groups = list(groups)
        falling = [group for group in groups if self.moves(group) < 0]
        if not falling:
            raise InputError(f"a group that over-infusion on the axis {self.name!r} can harm", ", ".join(groups),
                             "groups", "probe another group and fit again")  # fmt: skip
        return falling[0]

    def deciding_group(self, groups: Iterable[str]) -> str:
        """Return the group that can collapse, or else the first whose knowledge rises with infusion.

        Raises
        ------
        InputError
            If no group moves along the axis.
        """
        groups = list(groups)
        rising = [group for group in groups if self.moves(group) > 0]
        return rising[0] if rising and not self.harms(groups) else self.harmed_group(groups)

    def harms(self, groups: Iterable[str]) -> bool:
        """Whether one of `groups` loses exposures along the axis."""
        return any(self.moves(group) < 0 for group in groups)

    def nothing_to_harm(self, groups: Iterable[str], knows_load: bool = False) -> str:
        """Return what a sweep lacks if no group loses exposures along the axis; else an empty string."""
        groups = [str(group) for group in groups]
        if any(self.moves(group, knows_load) < 0 for group in groups):
            return ""
        return (
            f"No probed group ({', '.join(groups)}) can be harmed by more infusion along the axis '{self.name}': these "
            "runs can show how much infusion is enough, and not how much is too much."
        )

    @property
    def harms_infused(self) -> bool:
        """Whether more infusion makes a model lose infused facts."""
        return self.teaches < 0

    def half_point(self, group: str) -> str:
        """Return the name of a group's half-point on the axis: a collapse point, or an onset where it rises."""
        return schema.ONSET if self.moves(group) > 0 else schema.COLLAPSE

    # Values for calculations, plans and people

    @property
    def counts_facts(self) -> bool:
        """Whether a value is a number of facts."""
        return self.coordinate == schema.FACTS

    def to_line(self, value: Array) -> Array:
        """Transform values to the real line: the logarithm."""
        return np.log(value)

    def from_line(self, line: Array) -> Array:
        """The inverse of `to_line`."""
        return np.exp(line)

    def grid(self, low: float, high: float, points: int) -> FloatArray:
        """Values evenly spaced on the line from `low` to `high`, shape ``(point,)``."""
        return np.clip(self.from_line(np.linspace(self.to_line(low), self.to_line(high), points)), low, high)

    def candidates(self, values: FloatArray, possible: tuple[float, float]) -> FloatArray:
        """Candidate levels in three significant digits, within the possible range."""
        return np.clip(self._three_digits(np.clip(values, *possible)), *possible)

    @staticmethod
    def _three_digits(values: FloatArray) -> FloatArray:
        digits = 10.0 ** (np.floor(np.log10(values)) - 2)
        return np.round(values / digits) * digits

    @abstractmethod
    def level(self, value: float) -> float:
        """Level of a run at a value."""
