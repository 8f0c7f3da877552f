"""Runs that could be made: sizes, budgets, levels around each size's fall, and replicates."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Unpack

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.axes import axis_of
from bayeskisl.decision.target import of_target
from bayeskisl.design.beliefs import PARTICLES, Beliefs, Cell, believe
from bayeskisl.errors import InputError
from bayeskisl.target import Target, TargetKeywords, target_from

if TYPE_CHECKING:
    from bayeskisl.inference import Fit

__all__ = ["Run", "candidate_runs", "probed_facts", "sorted_runs"]

# Retention at a level counts as informative between these shares, over the central 90 % of what is believed.
_KEPT, _BELIEVED = (0.03, 0.97), (0.05, 0.95)


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
    """

    params: float
    tokens: float
    level: float
    replicates: int = 1

    @property
    def cell(self) -> Cell:
        """Everything but the level and the seed."""
        return (self.params, self.tokens)


def candidate_runs(
    fit: "Fit",
    target: Target | float | str | None = None,
    *,
    sizes: Iterable[float] | None = None,
    largest: float | None = None,
    levels: int = 10,
    replicates: Sequence[int] = (1, 2, 3),
    seed: int = 0,
    **short: Unpack[TargetKeywords],
) -> tuple[Run, ...]:
    """The default candidates: levels around the believed fall of sizes seen and of new ones between.

    Parameters
    ----------
    fit : Fit
    target : Target, float or str
        The model that is planned, or its size; no candidate has its size or a larger one.
    sizes : iterable of float, optional
        Sizes that can be trained, for instance those of a ladder; left out, those seen and the geometric means of
        neighbours.
    largest : float, optional
        The largest size that may be trained; left out, the largest seen.
    levels : int
        Levels of each cell, even in log exposures.
    replicates : sequence of int
        How many runs a candidate may have.
    seed : int
        Of the beliefs about sizes that were not seen.
    **short
        In place of a `Target`, its keywords: ``params``, ``tokens``, ``hold``, ``domain``, ``prior_driven``.

    Raises
    ------
    InputError
        If no size is left below the target, or the target is not one that the fit can speak of.
    """
    asked = target_from(target, short)
    fit, planned = of_target(fit, asked)
    asked = replace(asked, domain=None)
    seen = np.unique(fit.curves[schema.PARAMS].values.astype(float))
    limit = float(largest) if largest is not None else float(seen.max())
    offered = _with_midpoints(seen, limit) if sizes is None else np.unique(np.asarray(list(sizes), dtype=float))
    allowed = [size for size in offered if size <= limit * (1 + 1e-9) and size < planned.params * (1 - 1e-9)]
    if not allowed:
        raise InputError(f"a size below the target's {planned.params:,.0f} and at most {limit:,.0f}", "none", "sizes",
                         "state a larger `largest`")  # fmt: skip
    budgets = np.unique(fit.curves[schema.TOKENS].values.astype(float))
    cells = [(float(size), float(budget)) for size in allowed for budget in budgets]
    beliefs = believe(fit, asked, cells, particles=PARTICLES // 4, seed=seed)
    return sorted_runs(
        Run(*cell, float(level), int(count))
        for cell in cells
        for level in _levels(beliefs, cell, levels)
        for count in replicates
    )


def sorted_runs(runs: Iterable[Run]) -> tuple[Run, ...]:
    """Distinct runs in one order, whatever order they came in."""
    return tuple(sorted(set(runs)))


def probed_facts(run: Run, curves: xr.Dataset, group: str) -> int:
    """Facts that a run would be asked: all of them, up to the most that the sweep asked."""
    most = int(curves[schema.PROBED].values[:, list(curves[schema.GROUP].values).index(group)].max())
    return int(min(run.level, most)) if axis_of(curves).counts_facts else most


def _with_midpoints(seen: np.ndarray, limit: float) -> np.ndarray:
    between = np.sqrt(seen[1:] * seen[:-1])
    beyond = [limit] if limit > seen.max() * (1 + 1e-9) else []
    return np.unique(np.concatenate([seen, np.round(between), beyond]))


def _levels(beliefs: Beliefs, cell: Cell, count: int) -> np.ndarray:
    """Levels from where next to all is kept to where next to nothing is, rounded as people write them."""
    place, target = beliefs.places[cell], beliefs.target
    logit = np.log(_KEPT[1] / _KEPT[0])
    low, high = np.quantile(place.on_axis, _BELIEVED)
    reach = logit / np.median(place.steepness)
    effective = np.linspace(high + reach, low - reach, count) - np.median(place.at_load)
    at = replace(target, params=cell[0], tokens=cell[1])
    values = at.infusion(effective, load_effect=np.median(beliefs.load_effect))
    return np.unique(target.axis.candidates(values, at.range))
