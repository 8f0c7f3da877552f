"""Checks of an answer that was read from a file."""

import json
from typing import Any

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.axes import AXES
from bayeskisl.decision.caveat import Caveat
from bayeskisl.errors import InputError
from bayeskisl.laws.falls import FALL_PARAMETERS, FALLS

__all__ = ["check_answer"]

_DRAWS = ("chain", "draw")
_POSITIVE = {"steepness", "asymmetry", "infusion"}
_FINITE = {schema.CHOICE, "near_optimal", schema.EXPONENT, "best_utility", "utility", "mean_utility", "expected_regret"}
_SIGNED = {
    schema.EXPONENT, "best_utility", "best_mean_utility", "utility", "mean_utility", "mean_loss_rise",
    "mean_kept_infused", "mean_kept_background", "risk_neutral_side", "binds",
}  # fmt: skip
_SHARES = {
    "floor", "ceiling", "weight", "shortfall_risk", "collapse_risk", "ignorance_risk", "stated_risk",
    "window_probability", "both_hold", "ratio_at", "quantile",
}  # fmt: skip
# There need not be such a choice: where more is always worth more, or nothing is recommended whose risk could be told.
_MAY_BE_ABSENT = {"risk_neutral_choice", "sensitivity_risk_neutral_choice", "sensitivity_risk", "window"}
# Attributes that are JSON, with the type of their content; the former must be there.
_JSON: dict[str, type] = {"levels": dict, "held_fixed": dict, "gate": dict, "warnings": list, "fitted_runs": list}
_JSON_IF_ANY: dict[str, type] = {
    "assumes": list, "invented": list, "rules": dict, "gives": dict, "harmed": list, "prices": dict,
}  # fmt: skip
# Texts and numbers that every answer states, and those of a decision beside them.
_TEXTS = ("kind", "keep_of", "coordinate", "unit", "group", "half_point", "law", "created")
_NUMBERS = ("ci_prob", "keep", "seed", "extrapolation_decades")
_TEXTS_OF_DECISION = ("utility", "utility_unit", "assumes")
_NUMBERS_OF_DECISION = ("risk",)
_STATED_SHARES = ("ci_prob", "keep", "risk")
_ROUNDING = 1e-9


def check_answer(answer: xr.Dataset, where: str) -> None:
    """Refuse a prediction or a decision with impossible values.

    Raises
    ------
    InputError
        On the first variable that is not numbers, or has values outside its range, or attribute that cannot be read.
    """
    _check_attributes(answer, where)
    for name in (schema.COLLAPSE, schema.SHOULDER):
        if name in answer.variables and set(answer[name].dims) != set(_DRAWS):
            raise InputError(f"draws of {name} over chain and draw", f"dimensions {answer[name].dims}", where)
    _check_falls(answer, where)
    for each, values in answer.variables.items():
        if each not in FALL_PARAMETERS and (each in answer.data_vars or values.dtype.kind in "iuf"):
            _require_range(str(each), values.values, where)


def _check_falls(answer: xr.Dataset, where: str) -> None:
    """Refuse a parameter of the fall that is missing, or not positive, in a draw whose fall has it."""
    falls = answer["fall"].values if "fall" in answer.coords else np.array([])
    for name in FALL_PARAMETERS:
        if name not in answer.data_vars:
            continue
        draws = answer[name].values
        having = [fall.name for fall in FALLS.values() if name in fall.parameter_names]
        asked = np.isin(falls, having) if falls.shape == draws.shape else np.ones(draws.shape, dtype=bool)
        _require_range(name, draws[asked], where)


def _require_range(name: str, values: np.ndarray, where: str) -> None:
    """Refuse numbers out of range; infusions and exposures without a place are zero or infinite."""
    if values.dtype.kind not in "iuf":
        raise InputError(f"numbers as {name}", f"values of type {values.dtype}", where)
    expected, holds = "not negative", values >= 0
    if name in _SHARES:
        expected, holds = "in [0, 1]", (values >= -_ROUNDING) & (values <= 1 + _ROUNDING)
    elif name in _POSITIVE:
        expected, holds = "positive and finite", (values > 0) & np.isfinite(values)
    elif name in _FINITE | _SIGNED:
        expected, holds = "finite", np.isfinite(values) & ((values >= 0) | (name in _SIGNED))
    elif name in _MAY_BE_ABSENT:
        holds |= np.isnan(values)
    if not holds.all():
        got = f"{values[~holds].flat[0]:g} in {int((~holds).sum())} place(s)"
        raise InputError(f"{name} {expected}", got, where)


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
    decides = attrs.get("content") == "decision"
    _require_types(attrs, where, _TEXTS + decides * _TEXTS_OF_DECISION, str, "a text")
    _require_types(attrs, where, _NUMBERS + decides * _NUMBERS_OF_DECISION, int | float | np.number, "a number")
    for name in _STATED_SHARES:
        if name in attrs and not 0 < attrs[name] <= 1:
            raise InputError(f"attribute {name!r} in (0, 1]", repr(attrs[name]), where)
    for name, kind in (_JSON | {name: kind for name, kind in _JSON_IF_ANY.items() if name in attrs}).items():
        try:
            sound = isinstance(json.loads(attrs[name]), kind)
        except (KeyError, TypeError, ValueError, RecursionError):
            sound = False
        if not sound:
            raise InputError(f"attribute {name!r} to be a JSON {kind.__name__}", repr(attrs.get(name))[:80], where)
    levels = json.loads(attrs["levels"])
    for group in [attrs["group"], *json.loads(attrs.get("harmed", "[]"))]:
        if group not in levels:
            raise InputError("a level for every group that decides", f"none for {str(group)[:80]!r}", where)
    for caveat in json.loads(attrs["warnings"]):
        try:
            Caveat.from_dict(caveat)
        except (TypeError, ValueError):
            expected = "warnings with a code, a message and a known weight"
            raise InputError(expected, repr(caveat)[:80], where) from None


def _require_types(attrs: dict[str, Any], where: str, names: tuple[str, ...], kind: Any, expected: str) -> None:
    """Refuse a missing attribute or one of another type."""
    for name in names:
        if not isinstance(attrs.get(name), kind):
            got = repr(attrs[name])[:80] if name in attrs else "none"
            raise InputError(f"attribute {name!r} to be {expected}", got, where)
