"""The place that is planned: a model size and token budget, and what stays as it was in the sweep."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.curves.axis import axis_exposures, axis_value, moves
from bayeskisl.errors import InputError

__all__ = ["Target", "falling_group", "target_of"]

# What an axis needs beside the budget to turn exposures into infusion, and back.
_NEEDED = {
    "amount": (schema.RATIO, schema.TOKENS_PER_FACT),
    "ratio": (schema.FACTS, schema.TOKENS_PER_FACT, schema.BACKGROUND_FACTS, schema.BACKGROUND_SHARE),
    "dose": (schema.EXPOSURES, schema.TOKENS_PER_FACT, schema.BACKGROUND_FACTS, schema.BACKGROUND_SHARE),
}


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
    """

    params: float
    tokens: float
    axis: str
    group: str
    held_fixed: dict[str, float]
    prior_driven: tuple[str, ...] = field(default=())

    @property
    def coordinate(self) -> str:
        """The run coordinate in which an infusion is counted: ``facts`` or ``ratio``."""
        return schema.AXES[self.axis]

    def infusion(self, log_exposures: np.ndarray) -> np.ndarray:
        """The value of the axis that gives a fact of the group so many exposures."""
        return axis_value(np.exp(log_exposures), self.axis, self.group, self._everything_else())

    def log_exposures(self, infusion: np.ndarray) -> np.ndarray:
        """The inverse of `infusion`."""
        return np.log(axis_exposures(infusion, self.axis, self.group, self._everything_else()))

    def _everything_else(self) -> dict[str, float]:
        return {**self.held_fixed, schema.TOKENS: self.tokens}


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


def target_of(curves: xr.Dataset, params: float, tokens: float | None = None, *, prior_driven: bool = False) -> Target:
    """The target of a prediction from a fit to `curves`.

    Parameters
    ----------
    curves : xarray.Dataset
        The retention curves of the fit.
    params : float
        Non-embedding parameters of the model to be planned.
    tokens : float, optional
        Its training tokens; may be left out if all curves share one budget.
    prior_driven : bool
        Whether to answer for a budget that differs from the only one in the curves.

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
    return Target(
        params=_positive(params, schema.PARAMS),
        tokens=target_tokens,
        axis=axis,
        group=falling_group(axis, [str(name) for name in curves[schema.GROUP].values]),
        held_fixed={name: _held_fixed(curves, name) for name in _NEEDED[axis]},
        prior_driven=(schema.TOKENS,) if unvaried else (),
    )


def _budget(budgets: np.ndarray, tokens: float | None) -> float:
    if tokens is not None:
        return _positive(tokens, schema.TOKENS)
    if len(budgets) > 1:
        raise InputError("the token budget of the target", f"none, and the sweep has {len(budgets)}", schema.TOKENS,
                         "name one with `--tokens`")  # fmt: skip
    return float(budgets[0])


def _held_fixed(curves: xr.Dataset, name: str) -> float:
    values = _distinct(curves, name)
    if len(values) > 1:
        raise InputError(f"one value of {name} in a sweep along {curves.attrs['axis']!r}",
                         f"{len(values)} from {values[0]:g} to {values[-1]:g}", name,
                         "fit the runs of one value")  # fmt: skip
    return float(values[0])


def _distinct(curves: xr.Dataset, name: str) -> np.ndarray:
    return np.unique(np.asarray(curves[name].values, dtype=float))


def _positive(value: Any, name: str) -> float:
    if not (np.isscalar(value) and np.isreal(value) and np.isfinite(value) and value > 0):
        raise InputError("a positive number", repr(value), name)
    return float(value)
