"""The planned model: a target completed by the values that a sweep fixed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arrays import FloatArray, IntArray
from bayeskisl.axes import Axis, LoadEffect, axis_of
from bayeskisl.curves import further_covariates, reference_load
from bayeskisl.curves.benchmark import benchmarks, known_uninfused
from bayeskisl.curves.cells import same_tokens_per_parameter, tokens_per_parameter, without_rounding
from bayeskisl.curves.domains import curves_of_domain
from bayeskisl.curves.exposures import assumed_terms
from bayeskisl.curves.groups import infused_group, probed_groups
from bayeskisl.decision.criterion import KeepOf
from bayeskisl.errors import InputError, way
from bayeskisl.quantities import SAME_BUDGET, SAME_HELD, SAME_SIZE
from bayeskisl.specifications import refuse_unknown
from bayeskisl.target import Target

if TYPE_CHECKING:
    from bayeskisl.inference import Fit

__all__ = ["PlannedModel", "cells_like", "of_target", "planned_model", "require_place", "require_target"]

# Exposures that a table does not tell have no unit of their own, so that "once on average" ends nothing: the range goes
# on to a thousandth of an exposure, where typical levels have a hundred (`curves.tables.identity`).
_UNSEEN = 1e-3


@dataclass(frozen=True)
class PlannedModel:
    """A `Target` with all values that an answer needs.

    Parameters
    ----------
    params : float
        N*, non-embedding parameters.
    tokens : float
        D*, training tokens.
    axis : Axis
        Axis of infusions.
    group : str
        The probe group that the answer is about: the one that can collapse, or where nothing can, the one that more
        infusion teaches.
    held_fixed : dict
        Quantities that the sweep fixed and the target keeps: names of run coordinates and values, without `tokens`; the
        further covariates of the laws are among them.
    prior_driven : tuple of str
        Covariates of the target that the sweep never varied, so that only the prior says what they do; the size is
        among them where one size was trained.
    groups : tuple of str
        Groups that some run of the sweep probed, in the order of `schema.GROUPS`.
    reference_load : float
        Reference load of the sweep, see `bayeskisl.curves.reference_load`.
    relative : bool
        Whether exposures of infused facts are known up to a constant alone.
    invented : tuple of str
        Covariates that stand in for what an imported table does not tell.
    knows_uninfused : bool
        Whether what each model recalls of the background without infusion was measured: its ceiling is then a share of
        that.
    benchmarks : tuple of str
        Groups that are general benchmarks, which no budget of the sweep teaches in full.
    """

    params: float
    tokens: float
    axis: Axis
    group: str
    held_fixed: dict[str, float]
    prior_driven: tuple[str, ...] = field(default=())
    groups: tuple[str, ...] = field(default=())
    reference_load: float = 1.0
    relative: bool = False
    invented: tuple[str, ...] = ()
    knows_uninfused: bool = False
    benchmarks: tuple[str, ...] = ()

    @property
    def usual_reference(self) -> KeepOf:
        """The reference of levels where none was stated: what a benchmark keeps without infusion, or else ceilings.

        Where the ratio stays, the runs have lost the same share of the corpus at every infusion: unless scores without
        infusion were measured, a level refers to what is kept with the fewest facts.
        """
        if not self.benchmarks:
            return "ceiling"
        return "uninfused" if self.axis.moves_ratio or self.knows_uninfused else "fewest"

    @property
    def of_start(self) -> tuple[str, ...]:
        """Groups whose whole is what they retain where the axis starts, see `bayeskisl.curves.benchmark.of_start`."""
        return () if self.knows_uninfused else self.benchmarks

    def known(self, group: str) -> str:
        """Name what a group keeps or loses: facts, or the score of a benchmark."""
        return "score" if group in self.benchmarks else "facts"

    def named(self, group: str) -> str:
        """Name a group with what it keeps or loses: infused heldout facts, or background score."""
        return f"{group.replace('_', ' ')} {self.known(group)}"

    @property
    def coordinate(self) -> str:
        """Name of a value of the axis, such as ``facts`` or ``ratio``."""
        return self.axis.coordinate

    @property
    def half_point(self) -> str:
        """Name of the group's half-point: its collapse point, or its onset."""
        return self.axis.half_point(self.group)

    @property
    def harms(self) -> bool:
        """Whether more infusion can harm a probed group, so that it has a collapse point."""
        return self.half_point == schema.COLLAPSE

    @property
    def everything_else(self) -> dict[str, float]:
        """All values that stay fixed along the axis."""
        return {**self.held_fixed, schema.TOKENS: self.tokens}

    @property
    def rising_group(self) -> str | None:
        """The probe group, if any, whose knowledge rises with infusion."""
        return infused_group(group for group in self.groups if self.axis.moves(group) > 0)

    @property
    def range(self) -> tuple[float, float]:
        """Possible infusions: at least one fact, and every fact seen at least once on average.

        They follow from the target alone; a grid or a plot has no say in them.
        """
        return self.axis.range(
            self.everything_else, once=_UNSEEN if self.relative or self.group in self.benchmarks else 1.0
        )

    @property
    def exposures_are_known(self) -> bool:
        """Whether exposures of the group that decides have a unit, and are not known up to a constant alone."""
        return self.group not in self.benchmarks and (self.group == schema.BACKGROUND or not self.relative)

    def infusion(self, log_exposures: Any, group: str | None = None, load_effect: Any = 0.0) -> Any:
        """Value of the axis at given effective exposures of a fact of the group."""
        place = (group or self.group, self.everything_else, self._load(load_effect))
        # what never falls collapses at no number of facts; under a wide prior some draws need more than any exposures
        with np.errstate(divide="ignore", over="ignore"):
            return self.axis.value(np.exp(log_exposures), *place)

    def log_exposures(
        self, infusion: FloatArray, group: str | None = None, load_effect: FloatArray | float = 0.0
    ) -> FloatArray:
        """The inverse of `infusion`."""
        place = (group or self.group, self.everything_else, self._load(load_effect))
        return np.log(self.axis.exposures(infusion, *place))

    def log_exposures_at_load(
        self, log_exposures: FloatArray, facts: float, load_effect: FloatArray | float = 0.0
    ) -> FloatArray:
        """Return the counted exposures that equal given effective ones at a number of infused facts."""
        load = self._load(load_effect)
        if load is None:
            return log_exposures
        return log_exposures - np.log(load.worth(facts + self.held_fixed.get(schema.BACKGROUND_FACTS, 0.0)))

    def log_exposures_uninfused(self, load_effect: FloatArray | float = 0.0) -> FloatArray:
        """Log effective exposures of a background fact in the same run without infusion.

        The general corpus has the whole budget there. Where an import assumed the ratio, the corpus keeps its tokens.
        """
        ratio = self.held_fixed[schema.RATIO] if schema.RATIO in self.invented else 0.0
        return np.log(self.axis.exposures_uninfused(self.everything_else, self._load(load_effect), ratio))

    def log_exposures_at_start(self, load_effect: FloatArray | float = 0.0) -> FloatArray:
        """Log effective exposures of a background fact where the axis starts, at a ratio that stays."""
        return np.log(self.axis.exposures_at_start(self.everything_else, self._load(load_effect)))

    def _load(self, effect: FloatArray | float) -> LoadEffect | None:
        return LoadEffect(effect, self.reference_load) if np.any(effect) else None

    def place(self, infusion: FloatArray) -> dict[str, FloatArray]:
        """Facts, ratio and exposures of an infused fact at an infusion; they obey r D = K f l."""
        return self.axis.place(infusion, self.everything_else)

    def to_line(self, infusion: Any) -> Any:
        """Transform values to the real line, see `bayeskisl.axes.Axis.to_line`."""
        return self.axis.to_line(infusion)

    def from_line(self, line: Any) -> Any:
        """The inverse of `to_line`."""
        return self.axis.from_line(line)

    def holding(self, **values: float) -> "PlannedModel":
        """Return the same target with other fixed values."""
        return replace(self, held_fixed={**self.held_fixed, **values})


def of_target(fit: "Fit", target: Target) -> tuple["Fit", PlannedModel]:
    """Return the fit of the target's domain, and the planned model.

    Raises
    ------
    InputError
        As `planned_model` does, or if the fit has no such domain.
    """
    ours = fit if target.domain is None else fit.of_domain(target.domain)
    return ours, planned_model(ours.curves, target)


def require_target(curves: xr.Dataset, target: Target) -> None:
    """Refuse a target that the curves of a fit do not determine, before a draw is read.

    Raises
    ------
    InputError
        As `of_target` does; if the curves have several domains and the target names none.
    """
    planned_model(curves_of_domain(curves, target.domain), target)


def require_place(curves: xr.Dataset, target: Target) -> None:
    """Refuse a size and a budget that runs do not determine.

    Parameters
    ----------
    curves : xarray.Dataset
        Runs, trained or to be trained; ``params`` and ``tokens`` will do.
    target : Target

    Raises
    ------
    InputError
        As `planned_model` does for the size and the budget.
    """
    _only_size(curves, target)
    _budget(curves, target)


def planned_model(curves: xr.Dataset, target: Target) -> PlannedModel:
    """Return the target completed by the values that `curves` fixed.

    Parameters
    ----------
    curves : xarray.Dataset
        The retention curves of the fit.
    target : Target
        The target as it was asked for.

    Raises
    ------
    InputError
        If several budgets or values make the target ambiguous, a fixed name is not in the sweep, or the target differs
        from the sweep in what the sweep never varied.
    """
    axis = axis_of(curves)
    one_size = _only_size(curves, target)
    tokens, unvaried = _budget(curves, target)
    needed = _needed(curves)
    refuse_unknown(target.hold, needed, "hold", "names")
    held = {name: _held_fixed(curves, name, target.hold.get(name), target.prior_driven) for name in needed}
    return PlannedModel(
        params=target.params,
        tokens=tokens,
        axis=axis,
        group=axis.deciding_group(probed_groups(curves)),
        held_fixed={name: value for name, (value, _) in held.items()},
        prior_driven=(
            *((schema.PARAMS,) if one_size else ()),
            *((schema.TOKENS,) if unvaried else ()),
            *(name for name, (_, outside) in held.items() if outside),
        ),
        **_of_sweep(curves),
    )


def model_of_cell(curves: xr.Dataset, cell: Mapping[str, float], group: str) -> PlannedModel:
    """Return the model of one cell as a target.

    Parameters
    ----------
    curves : xarray.Dataset
        Retention curves of the whole sweep.
    cell : mapping
        Covariates of the cell by their names in `schema`, size and budget included.
    group : str
        The probe group whose half-point is asked for.
    """
    params, tokens = cell[schema.PARAMS], cell[schema.TOKENS]
    return PlannedModel(params, tokens, axis_of(curves), group, dict(cell), **_of_sweep(curves))


def _of_sweep(curves: xr.Dataset) -> dict[str, Any]:
    """Fields of a planned model that every model of a sweep shares."""
    groups = probed_groups(curves)
    return {
        "groups": groups,
        "reference_load": reference_load(curves),
        "relative": curves.attrs.get("exposure_scale") == "relative",
        "invented": assumed_terms(curves),
        "knows_uninfused": bool(known_uninfused(curves)[curves[schema.GROUP].values == schema.BACKGROUND].any()),
        "benchmarks": tuple(
            name for name in curves[schema.GROUP].values[benchmarks(curves)].tolist() if name in groups
        ),
    }


def cells_like(planned: PlannedModel, cells: xr.Dataset) -> IntArray:
    """Indices of the cells of a `bayeskisl.curves.cell_table` with the fixed values of the model, up to rounding."""
    shared = {name: value for name, value in planned.held_fixed.items() if name in cells}
    alike = [np.isclose(cells[name].values, value, rtol=SAME_HELD) for name, value in shared.items()]
    return np.flatnonzero(np.all(alike, axis=0))


def _needed(curves: xr.Dataset) -> tuple[str, ...]:
    """Names of the values that a target takes from the sweep: for the axis, and for the laws of the fit."""
    of_axis = axis_of(curves).held(background=bool((curves[schema.BACKGROUND_FACTS] > 0).any()))
    before = [schema.TOKENS_BEFORE] if schema.TOKENS_BEFORE in curves.coords else []
    return tuple(dict.fromkeys([*of_axis, *before, *further_covariates(curves)]))


def _never_varied(expected: str, asked: float, name: str, remedy: str) -> InputError:
    """Return the error for a value of the target that lies outside a sweep that never varied it."""
    prior = f"or take an answer that rests on the prior with {_prior_driven()}"
    return InputError(expected, f"{asked:,.0f}", name, f"{remedy}, {prior}")


def _only_size(curves: xr.Dataset, target: Target) -> bool:
    """Whether only one size was trained and the target has another one."""
    sizes = _distinct(curves, schema.PARAMS)
    apart = bool(np.ptp(sizes) <= SAME_SIZE * sizes[0]) and not np.isclose(target.params, sizes[0], rtol=SAME_SIZE)
    if apart and not target.prior_driven:
        expected = f"the only size of the sweep, {sizes[0]:,.0f} parameters"
        raise _never_varied(expected, target.params, schema.PARAMS, "train a second size")
    return apart


def _budget(curves: xr.Dataset, target: Target) -> tuple[float, bool]:
    """Training tokens of the target, and whether they lie outside a sweep that never varied them."""
    budgets, of_each = _distinct(curves, schema.TOKENS), tokens_per_parameter(curves)
    if target.tokens is None:
        if len(budgets) > 1:
            beside = (
                f"; at the sweep's {of_each:,.3g} per parameter it has {of_each * target.params:,.0f}"
                if of_each
                else ""
            )
            raise InputError("the token budget of the target", f"none, and the sweep has {len(budgets)}",
                             schema.TOKENS, f"name one with {way('`tokens`', '`--tokens`')}{beside}")  # fmt: skip
        return float(budgets[0]), False
    if of_each and not same_tokens_per_parameter(of_each, target.tokens / target.params):
        if not target.prior_driven:
            expected = f"the only budget of the sweep for a size, {of_each:,.3g} tokens per parameter"
            raise _never_varied(expected, target.tokens / target.params, schema.TOKENS,
                                "sweep a second budget at one size")  # fmt: skip
        return target.tokens, True
    unvaried = len(budgets) == 1 and not np.isclose(target.tokens, budgets[0], rtol=SAME_BUDGET)
    if unvaried and not target.prior_driven:
        expected = f"the only token budget of the sweep, {budgets[0]:,.0f}"
        raise _never_varied(expected, target.tokens, schema.TOKENS, "sweep a second budget")
    return target.tokens, unvaried


def _held_fixed(curves: xr.Dataset, name: str, asked: float | None, prior_driven: bool) -> tuple[float, bool]:
    """The fixed value of the target, and whether it lies outside the swept values."""
    values = _distinct(curves, name)
    low, high = values[0], values[-1]
    if asked is not None:
        if asked == 0 < low:
            raise InputError(f"{name.replace('_', ' ')} above 0, as in the sweep", "0", name, "train runs without any")
        outside = not low * (1 - SAME_HELD) <= asked <= high * (1 + SAME_HELD)
        if outside and not prior_driven:
            words = name.replace("_", " ")
            only = f"the only value of {words} that was swept, {low:g}"
            swept = only if low == high else f"a value of {words} that was swept, {low:g} to {high:g}"
            raise InputError(swept, f"{asked:g}", name,
                             f"sweep it, or take an answer that rests on the law with {_prior_driven()}")  # fmt: skip
        return asked, outside
    if high > low * (1 + SAME_HELD):
        held = way(f"`hold={{'{name}': {low:g}}}`", f"`--hold {name}={low:g}`")
        raise InputError(f"one value of {name} in a sweep along {curves.attrs['axis']!r}",
                         f"{len(values)} from {low:g} to {high:g}", name,
                         f"name the target's, as {held}, or fit the runs of one value")  # fmt: skip
    return float(np.median(np.asarray(curves[name].values, dtype=float))), False


def _prior_driven() -> str:
    return way("`prior_driven=True`", "`--prior-driven`")


def _distinct(curves: xr.Dataset, name: str) -> FloatArray:
    values = np.asarray(curves[name].values, dtype=float)
    return np.unique(values if name == schema.PARAMS else without_rounding(values))
