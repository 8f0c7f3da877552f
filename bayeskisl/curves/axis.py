"""Exposures of a group and the value of the sweep's axis: the same place in two coordinates."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from bayeskisl import schema
from bayeskisl.errors import InputError
from bayeskisl.knowledge.identity import background_exposures, infused_exposures

__all__ = ["axis_exposures", "axis_value", "moves"]

Array = Any  # a float, a NumPy array or a DataArray: anything that broadcasts

_INFUSED = (schema.INFUSED, schema.INFUSED_HELDOUT)


def moves(axis: str, group: str) -> int:
    """How exposures of `group` move as `axis` rises: -1 falling, 1 rising, 0 not at all.

    A group that does not move has no collapse point on that axis: amount leaves the background alone, dose leaves the
    exposures of every infused fact alone.
    """
    _require_known(axis, group)
    if group in _INFUSED:
        return {"amount": -1, "ratio": 1, "dose": 0}[axis]
    return {"amount": 0, "ratio": -1, "dose": -1}[axis]


def axis_value(exposures: Array, axis: str, group: str, held_fixed: Mapping[str, Array]) -> Array:
    """The value of the sweep's axis at which a group is seen `exposures` times.

    Parameters
    ----------
    exposures : array
        Exposures of a fact of the group, > 0.
    axis : str
        A key of ``schema.AXES``.
    group : str
        One of ``schema.GROUPS``.
    held_fixed : mapping
        The covariates that the sweep holds fixed, by their names in `schema`: ``tokens`` and ``tokens_per_fact``
        always, and, as axis and group need them, ``ratio``, ``facts``, ``background_facts``, ``background_share``.

    Returns
    -------
    array
        Facts on the axis ``amount``; an infusion ratio in [0, 1] on the others, where the ends mean that no mixture
        gives so many exposures. NaN where the group's exposures do not move along the axis.
    """
    if moves(axis, group) == 0:
        return exposures * np.nan
    tokens, tokens_per_fact = held_fixed[schema.TOKENS], held_fixed[schema.TOKENS_PER_FACT]
    if axis == "amount":
        return infused_exposures(tokens, held_fixed[schema.RATIO], exposures, tokens_per_fact)
    if group in _INFUSED:
        ratio = exposures * held_fixed[schema.FACTS] * tokens_per_fact / tokens
    else:
        undiluted = background_exposures(
            tokens,
            0.0,
            held_fixed[schema.BACKGROUND_FACTS],
            held_fixed[schema.BACKGROUND_SHARE],
            tokens_per_fact,
        )
        ratio = 1 - exposures / undiluted
    return np.clip(ratio, 0.0, 1.0)


def axis_exposures(value: Array, axis: str, group: str, held_fixed: Mapping[str, Array]) -> Array:
    """Exposures of a fact of the group at a value of the axis: the inverse of `axis_value`.

    Parameters are those of `axis_value`; on the axis ``dose`` an infused group needs ``exposures`` in `held_fixed`, on
    ``amount`` the background needs ``ratio``.
    """
    _require_known(axis, group)
    tokens, tokens_per_fact = held_fixed[schema.TOKENS], held_fixed[schema.TOKENS_PER_FACT]
    ratio = held_fixed[schema.RATIO] if axis == "amount" else value
    if group not in _INFUSED:
        return background_exposures(
            tokens,
            ratio,
            held_fixed[schema.BACKGROUND_FACTS],
            held_fixed[schema.BACKGROUND_SHARE],
            tokens_per_fact,
        )
    if axis == "dose":
        return held_fixed[schema.EXPOSURES] + 0 * value
    facts = value if axis == "amount" else held_fixed[schema.FACTS]
    return infused_exposures(tokens, ratio, facts, tokens_per_fact)


def _require_known(axis: str, group: str) -> None:
    if axis not in schema.AXES:
        raise InputError(f"an axis among {', '.join(schema.AXES)}", repr(axis), "axis")
    if group not in schema.GROUPS:
        raise InputError(f"a group among {', '.join(schema.GROUPS)}", repr(group), "group")
