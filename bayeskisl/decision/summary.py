"""A prediction or a verification as one object of plain numbers: what ``--json`` prints."""

import json
import math
from typing import Any

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.decision.intervals import interval, interval_name
from bayeskisl.decision.verification import Verification

__all__ = ["prediction_summary", "verification_summary"]


def prediction_summary(ahead: xr.Dataset) -> dict[str, Any]:
    """The numbers of a prediction, ready for JSON.

    Parameters
    ----------
    ahead : xarray.Dataset
        What `predict` returned.

    Returns
    -------
    dict
        Medians with intervals (``eti90`` unless the prediction says otherwise), the choice with its risk, every law
        with its weight, the gate and the warnings. A number that does not exist, such as the optimum where more facts
        are always worth more, is None.
    """
    attrs = ahead.attrs
    ci_prob = attrs["ci_prob"]
    return {
        schema.PARAMS: _plain(attrs[schema.PARAMS]),
        schema.TOKENS: _plain(attrs[schema.TOKENS]),
        "held_fixed": json.loads(attrs["held_fixed"]),
        "kind": attrs["kind"],
        schema.COLLAPSE: _with_interval(ahead[schema.COLLAPSE], ci_prob),
        schema.SHOULDER: _with_interval(ahead[schema.SHOULDER], ci_prob),
        schema.CHOICE: {
            "value": _plain(ahead[schema.CHOICE].item()),
            "risk": attrs["risk"],
            "axis": attrs["axis"],
            "unit": attrs["unit"],
            "keep": attrs["keep"],
            "risk_neutral": _plain(ahead["risk_neutral_choice"].item()),
        },
        schema.OPTIMUM: _with_interval(ahead[schema.OPTIMUM], ci_prob),
        "sufficient_ratio": {
            schema.FACTS: _plain(ahead["domain_facts"].item()),
            **_with_interval(ahead["sufficient_ratio"], ci_prob),
            "at_risk": _plain(float(np.quantile(ahead["sufficient_ratio"].values, 1 - attrs["risk"], method="higher"))),
            "assumes": "critical exposures do not depend on the ratio",
        },
        schema.EXPONENT: {
            str(name): _with_interval(ahead[schema.EXPONENT].sel(covariate=name), ci_prob)
            for name in ahead["covariate"].values
        },
        "laws": {
            str(law): {
                "weight": _plain(ahead["weight"].sel(law=law).item()),
                schema.COLLAPSE: _with_interval(ahead["collapse_by_law"].sel(law=law), ci_prob),
            }
            for law in ahead["law"].values
        },
        "extrapolation_decades": attrs["extrapolation_decades"],
        "gate": json.loads(attrs["gate"]),
        "warnings": json.loads(attrs["warnings"]),
    }


def verification_summary(verification: Verification) -> dict[str, Any]:
    """The numbers of a verification, ready for JSON; an open end of a bound is None."""
    median, low, high = verification.predicted
    measured, at_choice = verification.measured, verification.at_choice
    ends = [_plain(end) if end > 0 else None for end in (measured.low, measured.high)]
    interval_of = interval_name(verification.ci_prob)
    return {
        schema.PARAMS: verification.params,
        schema.TOKENS: verification.tokens,
        "verdict": verification.verdict,
        "hit": verification.hit,
        "predicted": {"median": median, interval_of: [low, high]},
        "measured": {
            "median": None if measured.bound else measured.median,
            interval_of: ends,
            "bound": measured.bound,
            "note": measured.note,
        },
        "rank": verification.rank,
        "hit_by_law": verification.hit_by_law,
        "at_choice": {"runs": len(at_choice.shares), "fell_short": at_choice.fell_short, "keep": at_choice.keep},
        "runs": list(measured.runs),
    }


def _with_interval(draws: xr.DataArray, ci_prob: float) -> dict[str, Any]:
    median, low, high = interval(draws.values, ci_prob)
    return {"median": _plain(median), interval_name(ci_prob): [_plain(low), _plain(high)]}


def _plain(number: float) -> float | None:
    """A number as JSON has it: infinity and NaN are not."""
    return float(number) if math.isfinite(number) else None
