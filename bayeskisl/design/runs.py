"""A run that a plan may choose."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from bayeskisl import schema
from bayeskisl.arguments import require_number, require_positive, require_whole
from bayeskisl.arrays import BoolArray, FloatArray
from bayeskisl.curves import levels_of_runs
from bayeskisl.quantities import SAME_LEVEL

if TYPE_CHECKING:
    import xarray as xr

    from bayeskisl.design.beliefs import Cell

__all__ = ["Run", "of_cell", "runs_of", "same_level", "sorted_runs"]


@dataclass(frozen=True, order=True)
class Run:
    """A run that a plan may choose.

    Attributes
    ----------
    params, tokens : float
        Non-embedding parameters and training tokens.
    level : float
        Value on the sweep's axis, such as the facts of an amount sweep or the ratio of a ratio sweep.
    replicates : int
        Number of runs that differ only in their seed.

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

    def __post_init__(self) -> None:
        require_positive(self.params, schema.PARAMS)
        require_positive(self.tokens, schema.TOKENS)
        require_number(self.level, "level")
        require_whole(self.replicates, "replicates", 1)

    @property
    def cell(self) -> "Cell":
        """All values except level and seed."""
        return (self.params, self.tokens)

    def summary(self) -> dict[str, float]:
        """The run as plain numbers, ready for JSON."""
        return asdict(self)


def same_level(one: FloatArray | float, other: float) -> BoolArray:
    """Whether levels are the same up to how runs realise them."""
    return np.isclose(one, other, rtol=SAME_LEVEL)


def of_cell(run: Run, curves: "xr.Dataset") -> BoolArray:
    """Mask of the runs of the curves with the size and the budget of a run."""
    return np.isclose(curves[schema.PARAMS].values, run.params) & np.isclose(curves[schema.TOKENS].values, run.tokens)


def runs_of(curves: "xr.Dataset") -> tuple[Run, ...]:
    """Every run of the curves, in their order."""
    of_runs = curves[schema.PARAMS].values, curves[schema.TOKENS].values, levels_of_runs(curves)
    return tuple(Run(*row) for row in np.column_stack(of_runs).astype(float).tolist())


def sorted_runs(runs: Iterable[Run]) -> tuple[Run, ...]:
    """Distinct runs in a fixed order."""
    return tuple(sorted(set(runs)))
