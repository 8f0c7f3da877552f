"""A run that a plan may choose."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bayeskisl import schema
from bayeskisl.arguments import in_words, require_number, require_positive, require_whole
from bayeskisl.arrays import BoolArray, FloatArray
from bayeskisl.curves import levels_of_runs
from bayeskisl.errors import InputError
from bayeskisl.quantities import SAME_LEVEL, SAME_SIZE

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Cell", "Run", "in_domain", "of_cell", "runs_of", "same_level", "sorted_runs"]


class Cell(NamedTuple):
    """All that runs of one cell share, apart from what the target fixes.

    Parameters
    ----------
    params, tokens : float
        Non-embedding parameters and training tokens.
    domain : str
        Empty in a fit of one domain.
    """

    params: float
    tokens: float
    domain: str = ""


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
    domain : str
        A domain of a fit with several; empty for the target's own.

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
    domain: str = ""

    def __post_init__(self) -> None:
        require_positive(self.params, schema.PARAMS)
        require_positive(self.tokens, schema.TOKENS)
        require_number(self.level, "level")
        require_whole(self.replicates, "replicates", 1)
        if not isinstance(self.domain, str):
            raise InputError("the name of a domain", in_words(self.domain), schema.DOMAIN)

    @property
    def cell(self) -> Cell:
        """All values except level and seed."""
        return Cell(self.params, self.tokens, self.domain)

    def summary(self) -> dict[str, float | str]:
        """The run as plain numbers, with its domain if it names one, ready for JSON."""
        return {name: value for name, value in asdict(self).items() if value or name != schema.DOMAIN}


def same_level(one: FloatArray | float, other: float) -> BoolArray:
    """Whether levels are the same up to how runs realise them."""
    return np.isclose(one, other, rtol=SAME_LEVEL)


def of_cell(run: Run, curves: "xr.Dataset") -> BoolArray:
    """Mask of the runs of the curves with the size, the budget and the domain of a run."""
    places = (schema.PARAMS, schema.TOKENS)
    alike = [np.isclose(curves[name].values, getattr(run, name), rtol=SAME_SIZE) for name in places]
    return np.all([*alike, in_domain(curves, run.domain)], axis=0)


def in_domain(curves: "xr.Dataset", domain: str) -> BoolArray:
    """Mask of the runs of the curves in a domain; of all runs for no name."""
    if not domain:
        return np.ones(curves.sizes[schema.RUN], dtype=bool)
    return curves[schema.DOMAIN].values.astype(str) == domain


def runs_of(curves: "xr.Dataset", domain: str = "") -> tuple[Run, ...]:
    """Every run of the curves, in their order, in a domain of the fit."""
    of_runs = curves[schema.PARAMS].values, curves[schema.TOKENS].values, levels_of_runs(curves)
    rows = np.column_stack(of_runs).astype(float).tolist()
    return tuple(Run(params, tokens, level, domain=domain) for params, tokens, level in rows)


def sorted_runs(runs: Iterable[Run]) -> tuple[Run, ...]:
    """Distinct runs in a fixed order."""
    return tuple(sorted(set(runs)))
