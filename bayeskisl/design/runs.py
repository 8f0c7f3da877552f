"""A run that could be bought."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bayeskisl.design.beliefs import Cell

__all__ = ["Run", "sorted_runs"]


@dataclass(frozen=True, order=True)
class Run:
    """A run that could be bought.

    Attributes
    ----------
    params, tokens : float
        Non-embedding parameters and training tokens.
    level : float
        The value of the sweep's axis, such as facts of an amount sweep or the ratio of a ratio sweep.
    replicates : int
        Runs alike in all but their seed.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> run = bk.Run(params=24_576, level=500.0, tokens=614_400.0, replicates=2)
    >>> run.replicates
    2
    """

    params: float
    tokens: float
    level: float
    replicates: int = 1

    @property
    def cell(self) -> "Cell":
        """Everything but the level and the seed."""
        return (self.params, self.tokens)

    def summary(self) -> dict[str, float]:
        """The run as plain numbers, ready for JSON."""
        return asdict(self)


def sorted_runs(runs: Iterable[Run]) -> tuple[Run, ...]:
    """Distinct runs in one order, whatever order they came in."""
    return tuple(sorted(set(runs)))
