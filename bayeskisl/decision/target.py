"""The place that is planned: a model size and token budget, and what stays as it was in the sweep."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.curves import reference_load
from bayeskisl.curves.axis import LoadEffect, axis_exposures, axis_value, moves
from bayeskisl.errors import InputError
from bayeskisl.knowledge.identity import infused_exposures
from bayeskisl.quantities import read_number

__all__ = ["Target", "falling_group", "target_of"]

# What an axis needs beside the budget to turn exposures into infusion, and back.
_NEEDED = {
    "amount": (schema.RATIO, schema.TOKENS_PER_FACT),
    "ratio": (schema.FACTS, schema.TOKENS_PER_FACT, schema.BACKGROUND_FACTS, schema.BACKGROUND_SHARE),
    "dose": (schema.EXPOSURES, schema.TOKENS_PER_FACT, schema.BACKGROUND_FACTS, schema.BACKGROUND_SHARE),
}
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
    axis : str
        A key of ``schema.AXES``: what an infusion is counted in.
    group : str
        The probe group whose collapse is asked for.
    held_fixed : dict
        What the sweep held fixed, and the target keeps: names of `schema` and values, without `tokens`.
    prior_driven : tuple of str
        Covariates of the target that the sweep never varied, so that only the prior says what they do.
    groups : tuple of str
        All probe groups.
    reference_load : float
        Of the sweep, see `bayeskisl.curves.reference_load`.
    """

    params: float
    tokens: float
    axis: str
    group: str
    held_fixed: dict[str, float]
    prior_driven: tuple[str, ...] = field(default=())
    groups: tuple[str, ...] = field(default=())
    reference_load: float = 1.0

    @property
    def coordinate(self) -> str:
        """The run coordinate in which an infusion is counted: ``facts`` or ``ratio``."""
        return schema.AXES[self.axis]

    @property
    def everything_else(self) -> dict[str, float]:
        """All that stays the same along the axis."""
        return {**self.held_fixed, schema.TOKENS: self.tokens}

    @property
    def rising_group(self) -> str | None:
        """The probe group, if any, that more infusion teaches."""
        return next((group for group in self.groups if moves(self.axis, group) > 0), None)

    @property
    def range(self) -> tuple[float, float]:
        """The infusions that there can be: at least one fact, and every fact seen at least once on average.

        They follow from the target alone; a grid or a plot has no say in them.
        """
        fixed = self.everything_else
        length = fixed[schema.TOKENS_PER_FACT]
        if self.axis == "amount":
            return 1.0, float(self.infusion(np.float64(0.0), schema.INFUSED))
        repeats = fixed[schema.FACTS] if self.axis == "ratio" else fixed[schema.EXPOSURES]
        low = repeats * length / self.tokens
        if not fixed[schema.BACKGROUND_FACTS] * fixed[schema.BACKGROUND_SHARE] > 0:
            return low, 1 - low
        return low, float(self.infusion(np.float64(0.0), schema.BACKGROUND))

    def infusion(self, log_exposures: Any, group: str | None = None, load_effect: Any = 0.0) -> Any:
        """The value of the axis that gives a fact of the group so many effective exposures."""
        place = (self.axis, group or self.group, self.everything_else)
        with np.errstate(divide="ignore"):  # what never falls collapses at no number of facts
            return axis_value(np.exp(log_exposures), *place, self._load(load_effect))

    def log_exposures(
        self, infusion: np.ndarray, group: str | None = None, load_effect: np.ndarray | float = 0.0
    ) -> np.ndarray:
        """The inverse of `infusion`."""
        place = (self.axis, group or self.group, self.everything_else)
        return np.log(axis_exposures(infusion, *place, self._load(load_effect)))

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
        fixed = {name: value + 0 * infusion for name, value in self.held_fixed.items()}
        length = self.held_fixed[schema.TOKENS_PER_FACT]
        ratio = infusion if self.axis != "amount" else fixed[schema.RATIO]
        if self.axis == "dose":
            exposures = fixed[schema.EXPOSURES]
            facts = ratio * self.tokens / (exposures * length)
        else:
            facts = infusion if self.axis == "amount" else fixed[schema.FACTS]
            exposures = infused_exposures(self.tokens, ratio, facts, length)
        return {schema.FACTS: facts, schema.RATIO: ratio, schema.EXPOSURES: exposures}

    def to_line(self, infusion: np.ndarray) -> np.ndarray:
        """The axis without its ends: log facts, or the log odds of a ratio."""
        return np.log(infusion) if self.axis == "amount" else np.log(infusion) - np.log1p(-np.asarray(infusion))

    def from_line(self, line: np.ndarray) -> np.ndarray:
        """The inverse of `to_line`."""
        return np.exp(line) if self.axis == "amount" else 1 / (1 + np.exp(-line))

    def holding(self, **values: float) -> "Target":
        """The same target under other values of what is held fixed."""
        return replace(self, held_fixed={**self.held_fixed, **values})


def falling_group(axis: str, groups: list[str]) -> str:
    """The first of `groups` whose exposures fall as the axis rises: the one that can collapse.

    Raises
    ------
    InputError
        If none of them does.
    """
    falling = [group for group in groups if moves(axis, group) < 0]
    if not falling:
        raise InputError(f"a group that over-infusion on the axis {axis!r} can harm", ", ".join(groups), "groups",
                         "probe another group and fit again")  # fmt: skip
    return falling[0]


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
    axis = curves.attrs["axis"]
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
    needed = _NEEDED[axis]
    if axis == "amount" and (curves[schema.BACKGROUND_FACTS] > 0).any():
        needed = (*needed, schema.BACKGROUND_FACTS)
    foreign = sorted(set(asked) - set(needed))
    if foreign:
        raise InputError(f"names among {', '.join(needed)}", ", ".join(foreign), "hold")
    held = {name: _held_fixed(curves, name, asked.get(name), prior_driven) for name in needed}
    groups = tuple(str(name) for name in curves[schema.GROUP].values)
    return Target(
        params=_positive(params, schema.PARAMS),
        tokens=target_tokens,
        axis=axis,
        group=falling_group(axis, list(groups)),
        held_fixed={name: value for name, (value, _) in held.items()},
        prior_driven=(
            *((schema.TOKENS,) if unvaried else ()),
            *(name for name, (_, outside) in held.items() if outside),
        ),
        groups=groups,
        reference_load=reference_load(curves),
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
