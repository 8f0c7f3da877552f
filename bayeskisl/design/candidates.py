"""Candidate runs: sizes, budgets, levels around each size's fall, and replicates."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Unpack

import numpy as np

from bayeskisl import schema
from bayeskisl.arguments import as_positive, require_fit, require_whole
from bayeskisl.arrays import FloatArray
from bayeskisl.budgets import Budget, read_budget
from bayeskisl.curves.cells import budgets_tried
from bayeskisl.curves.domains import curves_of_domain
from bayeskisl.decision.planned_model import of_target
from bayeskisl.design.beliefs import Beliefs, Curve
from bayeskisl.design.costs import Costs, costs_for
from bayeskisl.design.particles import PARTICLES, believe
from bayeskisl.design.runs import Cell, Run, sorted_runs
from bayeskisl.design.sizes import Sizes, SizesKeywords, offered_sizes
from bayeskisl.errors import InputError, argument
from bayeskisl.keywords import from_keywords
from bayeskisl.laws.falls import Shape
from bayeskisl.target import Target, TargetKeywords

if TYPE_CHECKING:
    import xarray as xr

    from bayeskisl.inference import Fit

__all__ = ["candidate_runs"]

# Retention at a level counts as informative between these shares, over the central 90 % of what is believed.
_KEPT, _BELIEVED = (0.03, 0.97), (0.05, 0.95)


class CandidateKeywords(TargetKeywords, SizesKeywords, total=False):
    """Keywords of a short call of `candidate_runs`."""


def candidate_runs(
    fit: "Fit",
    target: Target | float | str | None = None,
    *,
    budget: float | str | Budget | None = None,
    costs: Costs | None = None,
    levels: int = 10,
    replicates: Sequence[int] = (1, 2, 3),
    seed: int = 0,
    **short: Unpack[CandidateKeywords],
) -> tuple[Run, ...]:
    """Return the default candidates: levels around the expected fall of trained, intermediate and larger sizes.

    Parameters
    ----------
    fit : Fit
    target : Target, float or str
        The planned model, or its size; no candidate has its size or a larger one.
    budget : float, str or Budget, optional
        Budget that limits sizes larger than the trained ones: it must pay for one run; by default sizes up to the
        target's are offered.
    costs : Costs, optional
        Costs, as for `plan`.
    levels : int
        Number of levels of each cell, evenly spaced in log exposures.
    replicates : sequence of int
        Allowed numbers of runs of a candidate.
    seed : int
        Seed of the beliefs about untrained sizes.
    **short
        Keywords of `Target`, instead of the object. Those of the sizes on offer: `sizes`, as ``[70e6, "160M"]`` or
        ``"70M,160M"``, for instance those of a ladder (by default the trained ones, geometric means of neighbours, and
        larger ones in steps of at most a factor of two; a size within 3 % of a trained one stands for it); `largest`,
        the largest size that may be trained (by default the largest below the target's that the budget pays for); and
        `sweep` (the name or file of a sweep, for the sizes of its ladder). `domains`, as ``["legal", "medical"]``, are
        the domains whose runs may be trained; by default the target's alone.

    Raises
    ------
    InputError
        If no size is left below the target, or the fit does not cover the target or lacks a domain.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> fit = bk.load_fit("desk-four")
    >>> runs = bk.candidate_runs(fit, 98_304, sizes=[13_824, 24_576], levels=3, replicates=(1,))
    >>> len(runs), {run.params for run in runs} == {13_824, 24_576}
    (6, True)
    """
    require_fit(fit)
    require_whole(levels, "levels", 1)
    require_whole(seed, "seed")
    asked, on_offer = from_keywords(short, (Target, target), (Sizes, None), of=candidate_runs)
    domains = on_offer.domains_of(fit.curves, asked.domain)
    ours, planned = of_target(fit, asked)
    seen, sizes = _sizes_seen(ours.curves), on_offer.listed(fit.curves)
    if planned.params <= seen[0] and sizes is None:
        raise InputError(f"a target above the smallest trained size, {seen[0]:,.0f}", f"{planned.params:,.0f}",
                         "plan", "train the target itself: it costs less than any run of the sweep")  # fmt: skip
    largest = None if on_offer.largest is None else as_positive(on_offer.largest, argument("largest"))
    money = None if budget is None else read_budget(budget)
    cells = [
        Cell(float(size), float(tokens), domain)
        for domain in domains
        for budgets in [budgets_tried(fit.curves, domain or None)]
        for size in offered_sizes(
            _sizes_seen(curves_of_domain(fit.curves, domain or None)), planned.params, sizes=sizes, largest=largest,
            pays=_paying(money, costs, budgets.min()),
        )
        for tokens in budgets
    ]  # fmt: skip
    if not cells:
        limit = "" if largest is None else f" and at most {largest:,.0f}"
        raise InputError(f"a size below the target's {planned.params:,.0f}{limit}", "none", argument("sizes"))
    beliefs = believe(fit, asked, cells, particles=PARTICLES // 4, seed=seed)
    return sorted_runs(
        Run(cell.params, cell.tokens, float(level), int(count), cell.domain)
        for cell in cells
        for level in _levels(beliefs, cell, levels)
        for count in replicates
    )


def _sizes_seen(curves: "xr.Dataset") -> FloatArray:
    return np.unique(curves[schema.PARAMS].values.astype(float))


def _paying(budget: Budget | None, costs: Costs | None, tokens: float) -> Callable[[float], bool]:
    """Return whether the budget, if there is one, pays for a run of a size."""
    if budget is None:
        return lambda size: True
    money, prices = costs_for(budget, costs)
    return lambda size: prices.of(Run(size, tokens, 0.0)) <= money.amount


def _levels(beliefs: Beliefs, cell: Cell, count: int) -> FloatArray:
    """Rounded levels from almost full retention to almost none."""
    place, probe = beliefs.places[cell], beliefs.probes[0]
    at, load_effect = probe.at(cell), np.median(beliefs.load_effect)
    if probe.group in at.of_start:
        ends = _ends_of_benchmark(place, probe.typical.shape, at.log_exposures_at_start(load_effect))
    else:
        ends = _ends_of_facts(place)
    values = at.infusion(np.linspace(*ends, count), load_effect=load_effect)
    return np.unique(at.axis.candidates(values, at.range))


def _ends_of_facts(place: Curve) -> tuple[float, float]:
    """Effective log exposures at which almost all and almost none is kept."""
    low, high = np.quantile(place.on_axis, _BELIEVED) - np.median(place.at_load)
    reach = np.log(_KEPT[1] / _KEPT[0]) / np.median(place.steepness)
    return float(high + reach), float(low - reach)


def _ends_of_benchmark(place: Curve, shape: Shape, start: FloatArray) -> tuple[float, float]:
    """Effective log exposures at which almost all and almost none is kept of what is kept where the axis starts."""
    whole = shape.share(place.steepness * (start - place.log_threshold))
    few, most = (place.log_threshold + shape.inverse(share * whole) / place.steepness for share in _KEPT)
    return float(np.quantile(most, _BELIEVED[1])), float(np.quantile(few, _BELIEVED[0]))
