"""Descriptions in words: the text that the command line prints for a result."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bayeskisl.arguments import kind_of, require_kind
from bayeskisl.curves import describe_import
from bayeskisl.decision import Decision
from bayeskisl.kinds import CRITICAL_POINTS, CURVES, DECISION, PREDICTION, VERIFICATION
from bayeskisl.reporting.text import (
    describe_critical_points,
    describe_decision,
    describe_prediction,
    describe_verification,
)

if TYPE_CHECKING:
    import xarray as xr

    from bayeskisl.decision import CriticalPoints, Verification

__all__ = ["describe"]

_DESCRIBED_BY: dict[str, Callable[[Any], str]] = {
    DECISION: describe_decision,
    PREDICTION: describe_prediction,
    VERIFICATION: describe_verification,
    CURVES: describe_import,
    CRITICAL_POINTS: describe_critical_points,
}


def describe(thing: "Decision | Verification | CriticalPoints | xr.Dataset") -> str:
    """Describe an answer, a verification, a forecast from points or imported curves, as the command line does.

    Parameters
    ----------
    thing : Decision, Verification, CriticalPoints or xarray.Dataset
        Result of `decide`, `verify`, `extrapolate_points`, `predict` or `curves_from_table`.

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
