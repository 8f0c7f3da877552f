"""Probe groups of curves: those that some run probed, and those that an answer is about.

Groups have the order of `schema.GROUPS`, so that the order in which a file lists them changes no answer.
"""

from collections.abc import Iterable

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.axes import axis_of

__all__ = ["deciding_group", "infused_group", "probed_groups"]


def probed_groups(curves: xr.Dataset) -> tuple[str, ...]:
    """Groups that some run probed; joined imports and domains may hold others."""
    names, probed = curves[schema.GROUP].values.astype(str), curves[schema.PROBED].sum(schema.RUN).values
    asked = set(names[np.asarray(probed) > 0].tolist()) or set(names.tolist())
    return tuple(group for group in schema.GROUPS if group in asked)


def infused_group(groups: Iterable[str]) -> str | None:
    """Return the group by which infused facts are counted, or None: several groups ask for the same facts."""
    there = set(groups)
    return next((group for group in schema.OF_INFUSED if group in there), None)


def deciding_group(curves: xr.Dataset) -> str:
    """Return the probed group that answers are about, see `bayeskisl.axes.Axis.deciding_group`."""
    return axis_of(curves).deciding_group(probed_groups(curves))
