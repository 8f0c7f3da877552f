"""Layout of the coefficients of a law with limits."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from bayeskisl.arrays import FloatArray

__all__ = ["Layout"]


@dataclass(frozen=True)
class Layout:
    """Columns of the coefficients of a law with limits.

    First stand the level of learning, the logarithm of its exponent of params, and the turn of that; then the exponents
    of other covariates; then for each domain what it adds to the level, the log exponent and the other exponents; and
    at last log minimum exposures, log bits per parameter, and log sharpness, whose columns count from the end.

    Parameters
    ----------
    others : int
        Number of covariates besides params.
    domains : int
        Number of domains, 0 where they are not told apart.
    """

    level: ClassVar[int] = 0
    log_exponent: ClassVar[int] = 1
    turn: ClassVar[int] = 2
    minimum: ClassVar[int] = -3
    capacity: ClassVar[int] = -2
    sharpness: ClassVar[int] = -1
    # Columns that are the same at every place, in the order of `bayeskisl.laws.limits.limits`.
    shared: ClassVar[tuple[int, ...]] = (turn, minimum, capacity, sharpness)

    others: int
    domains: int

    @staticmethod
    def in_order[T](learning: Iterable[T], turn: T, of_domains: Iterable[T], last: Iterable[T]) -> list[T]:
        """Return a thing of each column in the order of the columns; `learning` starts with level and log exponent."""
        level, log_exponent, *others = learning
        return [level, log_exponent, turn, *others, *of_domains, *last]

    @property
    def count(self) -> int:
        """Number of columns."""
        return self._first_of_domains + self.domains * self._of_learning + 3

    @property
    def other_exponents(self) -> range:
        """Columns of the exponents of covariates besides params."""
        return range(3, self._first_of_domains)

    @property
    def levels_of_domains(self) -> range:
        """Column of what each domain adds to the level of learning."""
        return range(self._first_of_domains, self.count - 3, self._of_learning)

    def split_domains(self, coefficients: FloatArray) -> FloatArray:
        """Return what each domain adds to level, log exponent and other exponents, ``(..., domain, 2 + others)``."""
        own = coefficients[..., self._first_of_domains : self.minimum]
        return own.reshape(*coefficients.shape[:-1], self.domains, self._of_learning)

    @property
    def _of_learning(self) -> int:
        """Number of columns of learning besides the turn: level, log exponent, and other exponents."""
        return 2 + self.others

    @property
    def _first_of_domains(self) -> int:
        return 3 + self.others
