"""The place that is planned: a model size and token budget, and what stays as it was in the sweep."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.axes import Axis, LoadEffect, axis_of
from bayeskisl.curves import reference_load
from bayeskisl.errors import InputError
from bayeskisl.quantities import read_number

__all__ = ["Target", "target_of"]

# Exposures that a table does not tell have no unit of their own, so that "once on average" ends nothing: the range goes
# on to a thousandth of an exposure, where typical levels have a hundred (`curves.tables.identity`).
_UNSEEN = 1e-3
# Mixtures are whole sequences, so that what a sweep holds fixed is held up to rounding.
_ROUNDING = 0.05


@dataclass(frozen=True)
class Target:
    """A model to be planned.

    Parameters
    ----------
    params : float
        N*, non-embedding parameters.
    tokens : float
        D*, training tokens.
    axis : Axis
        What an infusion is counted in.
    group : str
        The probe group that the answer is about: the one that can collapse, or where nothing can, the one that more
        infusion teaches.
    held_fixed : dict
        What the sweep held fixed, and the target keeps: names of `schema` and values, without `tokens`.
    prior_driven : tuple of str
        Covariates of the target that the sweep never varied, so that only the prior says what they do.
    groups : tuple of str
        All probe groups.
    reference_load : float
        Of the sweep, see `bayeskisl.curves.reference_load`.
    relative : bool
        Whether exposures of infused facts are known up to a constant alone.
    invented : tuple of str
        Covariates that stand in for what an imported table does not tell.
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

    @property
    def coordinate(self) -> str:
        """What a value of the axis is called, such as ``facts`` or ``ratio``."""
        return self.axis.coordinate

    @property
    def half_point(self) -> str:
        """What is asked of the group: its collapse point, or its onset."""
        return self.axis.half_point(self.group)

    @property
    def harms(self) -> bool:
        """Whether more infusion can harm a probed group, so that it has a collapse point."""
        return self.half_point == schema.COLLAPSE

    @property
    def everything_else(self) -> dict[str, float]:
        """All that stays the same along the axis."""
        return {**self.held_fixed, schema.TOKENS: self.tokens}

    @property
    def rising_group(self) -> str | None:
        """The probe group, if any, that more infusion teaches."""
        return next((group for group in self.groups if self.axis.moves(group) > 0), None)

    @property
    def range(self) -> tuple[float, float]:
        """The infusions that there can be: at least one fact, and every fact seen at least once on average.

        They follow from the target alone; a grid or a plot has no say in them.
        """
        return self.axis.range(self.everything_else, once=_UNSEEN if self.relative else 1.0)

    def infusion(self, log_exposures: Any, group: str | None = None, load_effect: Any = 0.0) -> Any:
        """The value of the axis that gives a fact of the group so many effective exposures."""
        place = (group or self.group, self.everything_else, self._load(load_effect))
        with np.errstate(divide="ignore"):  # what never falls collapses at no number of facts
            return self.axis.value(np.exp(log_exposures), *place)

    def log_exposures(
        self, infusion: np.ndarray, group: str | None = None, load_effect: np.ndarray | float = 0.0
    ) -> np.ndarray:
        """The inverse of `infusion`."""
        place = (group or self.group, self.everything_else, self._load(load_effect))
        return np.log(self.axis.exposures(infusion, *place))

    def log_exposures_at_load(
        self, log_exposures: np.ndarray, facts: float, load_effect: np.ndarray | float = 0.0
    ) -> np.ndarray:
        """How many exposures, where so many facts are infused, are as good as these effective ones."""
        load = self._load(load_effect)
        if load is None:
            return log_exposures
        return log_exposures - np.log(load.worth(facts + self.held_fixed.get(schema.BACKGROUND_FACTS, 0.0)))

    def _load(self, effect: np.ndarray | float) -> LoadEffect | None:
        return LoadEffect(effect, self.reference_load) if np.any(effect) else None

    def place(self, infusion: np.ndarray) -> dict[str, np.ndarray]:
        """Facts, ratio and exposures of an infused fact at an infusion; they obey r D = K f l."""
        return self.axis.place(infusion, self.everything_else)

    def to_line(self, infusion: Any) -> Any:
        """The axis without its ends, see `bayeskisl.axes.Axis.to_line`."""
        return self.axis.to_line(infusion)

    def from_line(self, line: Any) -> Any:
        """The inverse of `to_line`."""
        return self.axis.from_line(line)

    def holding(self, **values: float) -> "Target":
        """The same target under other values of what is held fixed."""
        return replace(self, held_fixed={**self.held_fixed, **values})


def target_of(
    curves: xr.Dataset,
    params: float | str,
    tokens: float | str | None = None,
    *,
    hold: Mapping[str, float] | None = None,
    prior_driven: bool = False,
) -> Target:
    """The target of a prediction from a fit to `curves`.

    Parameters
    ----------
    curves : xarray.Dataset
        The retention curves of the fit.
    params : float or str
        Non-embedding parameters of the model to be planned; text such as ``7B`` is read.
    tokens : float or str, optional
        Its training tokens; may be left out if all curves share one budget.
    hold : mapping, optional
        Values of what several sweeps held fixed each in its own way, by their names in `schema`: of amount sweeps at
        two ratios, ``{"ratio": 0.3}``.
    prior_driven : bool
        Whether to answer for a budget, or for a value in `hold`, that lies outside what was swept.

    Raises
    ------
    InputError
        If a number is not positive, several budgets leave it open which one is meant, or the target differs from the
        sweep in what the sweep never varied.
    """
    axis = axis_of(curves)
    budgets = _distinct(curves, schema.TOKENS)
    target_tokens = _budget(budgets, tokens)
    unvaried = len(budgets) == 1 and not np.isclose(target_tokens, budgets[0], rtol=1e-9)
    if unvaried and not prior_driven:
        raise InputError(
            f"the only token budget of the sweep, {budgets[0]:,.0f}",
            f"{target_tokens:,.0f}",
            schema.TOKENS,
            "sweep a second budget, or take an answer that rests on the prior with `--prior-driven`",
        )
    asked = {name: _positive(value, name) for name, value in (hold or {}).items()}
    needed = axis.held(background=bool((curves[schema.BACKGROUND_FACTS] > 0).any()))
    foreign = sorted(set(asked) - set(needed))
    if foreign:
        raise InputError(f"names among {', '.join(needed)}", ", ".join(foreign), "hold")
    held = {name: _held_fixed(curves, name, asked.get(name), prior_driven) for name in needed}
    groups = tuple(str(name) for name in curves[schema.GROUP].values)
    return Target(
        params=_positive(params, schema.PARAMS),
        tokens=target_tokens,
        axis=axis,
        group=axis.deciding_group(groups),
        held_fixed={name: value for name, (value, _) in held.items()},
        prior_driven=(
            *((schema.TOKENS,) if unvaried else ()),
            *(name for name, (_, outside) in held.items() if outside),
        ),
        groups=groups,
        reference_load=reference_load(curves),
        relative=curves.attrs.get("exposure_scale") == "relative",
        invented=tuple(json.loads(curves.attrs.get("import_invented", "[]"))),
    )


def _budget(budgets: np.ndarray, tokens: float | str | None) -> float:
    if tokens is not None:
        return _positive(tokens, schema.TOKENS)
    if len(budgets) > 1:
        raise InputError("the token budget of the target", f"none, and the sweep has {len(budgets)}", schema.TOKENS,
                         "name one with `--tokens`")  # fmt: skip
    return float(budgets[0])


def _held_fixed(curves: xr.Dataset, name: str, asked: float | None, prior_driven: bool) -> tuple[float, bool]:
    """The value that the target holds fixed, and whether it lies outside what was swept."""
    values = _distinct(curves, name)
    low, high = values[0], values[-1]
    if asked is not None:
        outside = not low * (1 - _ROUNDING) <= asked <= high * (1 + _ROUNDING)
        if outside and not prior_driven:
            raise InputError(f"a {name.replace('_', ' ')} that was swept, {low:g} to {high:g}", f"{asked:g}", name,
                             "sweep it, or take an answer that rests on the law with `--prior-driven`")  # fmt: skip
        return asked, outside
    if high > low * (1 + _ROUNDING):
        raise InputError(f"one value of {name} in a sweep along {curves.attrs['axis']!r}",
                         f"{len(values)} from {low:g} to {high:g}", name,
                         "say which one the target has (`--hold`), or fit the runs of one value")  # fmt: skip
    return float(np.median(np.asarray(curves[name].values, dtype=float))), False


def _distinct(curves: xr.Dataset, name: str) -> np.ndarray:
    return np.unique(np.asarray(curves[name].values, dtype=float))


def _positive(value: Any, name: str) -> float:
    if isinstance(value, str):
        return float(read_number(value, name))
    if not (np.isscalar(value) and np.isreal(value) and np.isfinite(value) and value > 0):
        raise InputError("a positive number", repr(value), name)
    return float(value)
