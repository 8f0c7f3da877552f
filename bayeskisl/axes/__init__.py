"""Axes: the quantity that a sweep varies, one file for each.

A new axis is a file here, an entry of `AXES` and its row in the documentation; the tests run over the registry.
"""

from types import MappingProxyType
from typing import Any, Protocol

from bayeskisl.axes.amount import Amount
from bayeskisl.axes.base import Axis
from bayeskisl.axes.dose import Dose
from bayeskisl.axes.frequency import Frequency
from bayeskisl.axes.load import LoadEffect
from bayeskisl.axes.ratio import Ratio
from bayeskisl.errors import InputError

__all__ = ["AXES", "Axis", "LoadEffect", "axis_named", "axis_of"]

AXES: MappingProxyType[str, Axis] = MappingProxyType(
    {axis.name: axis for axis in (Amount(), Ratio(), Dose(), Frequency())}
)


class Described(Protocol):
    """Object with attributes, such as curves."""

    @property
    def attrs(self) -> dict[Any, Any]: ...


def axis_named(name: object, where: str = "axis") -> Axis:
    """Return the axis with a name.

    Raises
    ------
    InputError
        If there is none.
    """
    if not isinstance(name, str) or name not in AXES:
        raise InputError(f"an axis among {', '.join(AXES)}", repr(name), where)
    return AXES[name]


def axis_of(curves: Described) -> Axis:
    """Return the axis that the attribute ``axis`` of curves names."""
    return axis_named(curves.attrs.get("axis"))
