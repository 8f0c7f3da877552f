"""The second pass: new levels where the curve changes, a deterministic function of the coarse records."""

import itertools
import math

import numpy as np

from bayeskisl.arrays import BoolArray, FloatArray
from bayeskisl.axes import Axis
from bayeskisl.sweeping.spec import Refine

__all__ = ["refined_levels"]


def refined_levels(
    levels: tuple[float, ...], retention: FloatArray, refine: Refine, axis: Axis, falls: BoolArray | None = None
) -> tuple[float, ...]:
    """Return the levels to add to one cell.

    Parameters
    ----------
    levels : tuple of float
        Coarse levels, ascending.
    retention : numpy.ndarray
        Mean retention at each, shape ``(level, group)``; NaN where nothing was probed. A level where no group was
        probed, since its runs diverged, is left out; without any other level there is none to add.
    refine : Refine
    axis : Axis
        New levels are even on its line. Along an amount, the cliff is followed beyond the last level where it has not
        been passed, or below the first; along other axes new levels stay between the coarse ones.
    falls : numpy.ndarray, optional
        Groups whose cliff is followed, shape ``(group,)``; by default all.

    Notes
    -----
    Repeatedly halves the gap over which retention changes most in any group, taking the change to be even inside a
    gap. A gap over which less than ``1 - upper + lower`` is lost in every group still comes last, not never.
    """
    points = _probed_points(levels, retention, axis)
    followed = points if falls is None else _probed_points(levels, retention[:, falls], axis)
    added = _beyond(followed, refine) if axis.searches_beyond and followed else []
    while len(added) < refine.levels and len(points) > 1:
        changes = [np.nan_to_num(np.abs(b - a)).max(initial=0.0) for (_, a), (_, b) in itertools.pairwise(points)]
        widest = int(np.argmax(changes))
        (x0, y0), (x1, y1) = points[widest], points[widest + 1]
        points.insert(widest + 1, ((x0 + x1) / 2, (y0 + y1) / 2))
        added.append((x0 + x1) / 2)
    new = {axis.level(float(axis.from_line(x))) for x in added} - set(levels)
    return tuple(sorted(new))


def _probed_points(levels: tuple[float, ...], retention: FloatArray, axis: Axis) -> list[tuple[float, FloatArray]]:
    """Places on the axis' line of the levels where a group was probed, with their retention."""
    probed = zip(levels, retention, np.isfinite(retention).any(axis=1), strict=True)
    return [(float(axis.to_line(level)), row) for level, row, is_probed in probed if is_probed]


def _beyond(points: list[tuple[float, FloatArray]], refine: Refine) -> list[float]:
    """Levels above a cliff not reached yet, or below one passed before the first level."""
    spacing = (points[-1][0] - points[0][0]) / max(1, len(points) - 1) if len(points) > 1 else math.log(2)
    (first, retained_first), (last, retained_last) = points[0], points[-1]
    if np.nanmax(retained_last) > refine.upper:
        return [last + spacing * (i + 1) for i in range(refine.levels)]
    if np.nanmax(retained_first) < refine.lower:
        return [first - spacing * (i + 1) for i in range(refine.levels)]
    if len(points) == 1:
        half = math.log(2) / 2
        return [last + half * (1 + i // 2) * (-1) ** i for i in range(refine.levels)]
    return []
