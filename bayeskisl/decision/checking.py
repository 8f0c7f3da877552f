"""Checks of an answer that was read from a file."""

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.errors import InputError
from bayeskisl.laws.falls import FALL_PARAMETERS, FALLS

__all__ = ["check_answer"]

_DRAWS = ("chain", "draw")
_POSITIVE = {"steepness", "infusion", *FALL_PARAMETERS}
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
_ROUNDING = 1e-9


def check_answer(answer: xr.Dataset, where: str) -> None:
    """Refuse a prediction or a decision with impossible values.

    Raises
    ------
    InputError
        On the first variable that is not numbers, or has values outside its range.
    """
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
