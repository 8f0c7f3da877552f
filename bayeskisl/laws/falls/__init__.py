"""Falls of retention, each in a file of its own; a new one is a file and a line of `FALLS`."""

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from bayeskisl.arrays import FloatArray, IntArray
from bayeskisl.laws.falls.fall import Curve, Fall, MixedShape, Parameter, Shape
from bayeskisl.laws.falls.gompertz import GOMPERTZ
from bayeskisl.laws.falls.logistic import LOGISTIC
from bayeskisl.laws.falls.none import NO_FALL
from bayeskisl.laws.falls.smooth_break import SMOOTH_BREAK

__all__ = [
    "FALLS", "FALL_PARAMETERS", "GOMPERTZ", "LOGISTIC", "NO_FALL", "SMOOTH_BREAK", "Curve", "Fall", "MixedShape",
    "Parameter", "Shape", "shape_of_draws", "typical_shape",
]  # fmt: skip

FALLS: Mapping[str, Fall] = MappingProxyType(
    {fall.name: fall for fall in (SMOOTH_BREAK, LOGISTIC, GOMPERTZ, NO_FALL)}
)  # fmt: skip

FALL_PARAMETERS: Mapping[str, Parameter] = MappingProxyType(
    {parameter.name: parameter for fall in FALLS.values() for parameter in fall.parameters}
)


def shape_of_draws(falls: IntArray, named: Mapping[str, FloatArray]) -> Curve:
    """The curve of draws under laws that may have different falls.

    Parameters
    ----------
    falls : numpy.ndarray
        Name of each draw's fall, shape ``(draw,)``.
    named : mapping
        Values of the parameters by name, ``(draw, ...)``; those that a draw's fall does not have are not read.
    """
    rows = {name: np.flatnonzero(falls == name) for name in dict.fromkeys(falls.tolist())}
    parts = tuple(FALLS[name].of(named).map(partial(_at, at)) for name, at in rows.items())
    return parts[0] if len(parts) == 1 else MixedShape(tuple(rows.values()), parts)


def _at(rows: IntArray, values: Any) -> FloatArray:
    return np.asarray(values)[rows]


def typical_shape(shapes: list[Shape], counts: list[int]) -> Shape:
    """The fall of most draws, at the medians of its parameters.

    Parameters
    ----------
    shapes : list of Shape
        One for each law, parameters of shape ``(draw,)``.
    counts : list of int
        How many draws each law has.
    """
    votes: dict[Fall, int] = {}
    for shape, count in zip(shapes, counts, strict=True):
        votes[shape.fall] = votes.get(shape.fall, 0) + count
    most = max(votes, key=votes.__getitem__)
    own = zip(*(shape.own for shape in shapes if shape.fall == most), strict=True)
    return Shape(most, tuple(float(np.median(np.concatenate(each))) for each in own))
