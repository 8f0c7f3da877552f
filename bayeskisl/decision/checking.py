"""Checks of an answer that is read from a file."""

import json
from collections.abc import Callable

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.axes import AXES
from bayeskisl.errors import InputError

__all__ = ["check_answer"]

_DRAWS = ("chain", "draw")
# Infusions and exposures: zero or infinite where there is no such place, but always a place.
_PLACES = (
    schema.COLLAPSE, schema.SHOULDER, schema.ONSET, schema.OPTIMUM, schema.CRITICAL_EXPOSURES, "admissible",
    "collapse_by_law", "critical_exposures_by_law",
)  # fmt: skip
_POSITIVE = ("steepness", "asymmetry", "infusion")
_NOT_NEGATIVE = (schema.CHOICE, "near_optimal")
_FINITE = (schema.EXPONENT, "best_utility", "utility", "mean_utility", "expected_regret")
_SHARES = ("floor", "ceiling", "weight", "shortfall_risk", "collapse_risk", "ignorance_risk")
_JSON = ("held_fixed", "gate", "warnings", "fitted_runs")
_ROUNDING = 1e-9


def check_answer(answer: xr.Dataset, where: str) -> None:
    """Refuse a prediction or a decision with values that none has.

    Raises
    ------
    InputError
        On the first variable that is not numbers, or has values outside its range, or attribute that cannot be read.
    """
    _check_attributes(answer, where)
    for name in (schema.COLLAPSE, schema.SHOULDER):
        if name in answer.variables and set(answer[name].dims) != set(_DRAWS):
            raise InputError(f"draws of {name} over chain and draw", f"dimensions {answer[name].dims}", where)
    for name in _PLACES:
        _require(answer, name, where, "not negative", lambda x: x >= 0)
    for name in _POSITIVE:
        _require(answer, name, where, "positive and finite", lambda x: (x > 0) & np.isfinite(x))
    for name in _NOT_NEGATIVE:
        _require(answer, name, where, "finite and not negative", lambda x: (x >= 0) & np.isfinite(x))
    for name in _FINITE:
        _require(answer, name, where, "finite", np.isfinite)
    for name in _SHARES:
        _require(answer, name, where, "in [0, 1]", lambda x: (x >= -_ROUNDING) & (x <= 1 + _ROUNDING))


def _require(
    answer: xr.Dataset, name: str, where: str, expected: str, holds: Callable[[np.ndarray], np.ndarray]
) -> None:
    if name not in answer.variables:
        return
    values = answer[name].values
    if values.dtype.kind not in "iuf":
        raise InputError(f"numbers as {name}", f"values of type {values.dtype}", where)
    wrong = ~holds(values)
    if wrong.any():
        raise InputError(f"{name} {expected}", f"{values[wrong].flat[0]:g} in {int(wrong.sum())} place(s)", where)


def _check_attributes(answer: xr.Dataset, where: str) -> None:
    attrs = answer.attrs
    version = attrs.get("schema_version", schema.VERSION)
    if not isinstance(version, int | np.integer) or version > schema.VERSION:
        raise InputError(f"an answer of schema {schema.VERSION} or earlier", str(version), where,
                         "read it with the version of bayeskisl that wrote it")  # fmt: skip
    if attrs.get("axis") not in list(AXES):
        raise InputError(f"attribute 'axis' to be one of {', '.join(AXES)}", repr(attrs.get("axis")), where)
    for name in (schema.PARAMS, schema.TOKENS):
        value = attrs.get(name)
        if not isinstance(value, int | float | np.number) or not 0 < value < np.inf:
            raise InputError(f"attribute {name!r} to be a positive number", repr(value), where)
    for name in _JSON:
        try:
            json.loads(attrs[name])
        except (KeyError, TypeError, ValueError, RecursionError):
            raise InputError(f"attribute {name!r} to be JSON", repr(attrs.get(name))[:80], where) from None
