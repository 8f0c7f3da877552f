"""Descriptions in words: the text that the command line prints for a result."""

from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from bayeskisl.arguments import kind_of, require_kind
from bayeskisl.curves import describe_import
from bayeskisl.decision import Decision
from bayeskisl.kinds import CHECK, CRITICAL_POINTS, CURVES, DECISION, FIT, PLAN, PREDICTION, VERIFICATION
from bayeskisl.reporting.text import (
    describe_critical_points,
    describe_decision,
    describe_fit,
    describe_plan,
    describe_prediction,
    describe_verification,
)

if TYPE_CHECKING:
    import xarray as xr

    from bayeskisl.curves import Diagnosis
    from bayeskisl.decision import CriticalPoints, Verification
    from bayeskisl.design import Plan
    from bayeskisl.inference import Fit

__all__ = ["describe"]

_DESCRIBED_BY: dict[str, Callable[[Any], str]] = {
    DECISION: describe_decision,
    PREDICTION: describe_prediction,
    VERIFICATION: describe_verification,
    CURVES: describe_import,
    CRITICAL_POINTS: describe_critical_points,
    FIT: describe_fit,
    PLAN: describe_plan,
    CHECK: attrgetter("text"),
}


def describe(thing: "Fit | Decision | Verification | Plan | CriticalPoints | Diagnosis | xr.Dataset") -> str:
    """Describe a fit, an answer, a plan, a verification, a check or an import of curves, as the command line does.

    Parameters
    ----------
    thing : Fit, Decision, Verification, Plan, CriticalPoints, Diagnosis or xarray.Dataset
        Result of `fit`, `decide`, `verify`, `plan`, `extrapolate_points`, `check`, `predict` or `curves_from_table`.

    Returns
    -------
    str
        Plain text, one statement per line.

    Raises
    ------
    InputError
        If `thing` is something else.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> decision = bk.decide(bk.load_fit("desk-four"), 98_304, sensitivity=False)
    >>> bk.describe(decision).startswith("recommended: at most ")
    True
    """
    require_kind(thing, "thing", *_DESCRIBED_BY)
    return _DESCRIBED_BY[kind_of(thing)](thing)
