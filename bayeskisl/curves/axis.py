"""Exposures of a group and the value of the sweep's axis: the same place in two coordinates."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayeskisl import schema
from bayeskisl.errors import InputError
from bayeskisl.knowledge.identity import background_exposures, infused_exposures

__all__ = ["LoadEffect", "axis_exposures", "axis_value", "moves"]

Array = Any  # a float, a NumPy array or a DataArray: anything that broadcasts

_INFUSED = (schema.INFUSED, schema.INFUSED_HELDOUT)

# Steps of the two searches: Newton's from the far side of a concave function, and halvings of [0, 1].
_NEWTON, _HALVINGS = 30, 55

# Exposures of what never falls, whose log is finite.
_NOTHING = 1e-250


@dataclass(frozen=True)
class LoadEffect:
    """How much less an exposure is worth, the more distinct facts a run trains on: e (load / reference)^-effect.

    Parameters
    ----------
    effect : array
        Not negative; zero where the load does not count.
    reference : float
        The load, in facts, at which an exposure counts as one.
    """

    effect: Array
    reference: float

    def sel(self, **labels: Any) -> "LoadEffect":
        """Of some labels, where the effect is a DataArray."""
        return LoadEffect(self.effect.sel(**labels), self.reference)

    def worth(self, load: Array) -> Array:
        """Effective exposures per exposure."""
        return (load / self.reference) ** -self.effect

    def load_worth(self, worth: Array) -> Array:
        """The load at which an exposure is worth so much: the inverse of `worth`; infinite or zero without effect."""
        with np.errstate(divide="ignore", over="ignore"):
            return self.reference * np.exp(-np.log(worth) / self.effect)


def moves(axis: str, group: str, knows_load: bool = False) -> int:
    """How effective exposures of `group` move as `axis` rises: -1 falling, 1 rising, 0 not at all.

    A group that does not move has no collapse point on that axis: without an effect of the load, amount leaves the
    background alone, and dose the exposures of every infused fact.
    """
    _require_known(axis, group)
    of_load = -1 if knows_load else 0
    if group in _INFUSED:
        return {"amount": -1, "ratio": 1, "dose": of_load}[axis]
    return {"amount": of_load, "ratio": -1, "dose": -1}[axis]


def axis_value(
    exposures: Array, axis: str, group: str, held_fixed: Mapping[str, Array], load: LoadEffect | None = None
) -> Array:
    """The value of the sweep's axis at which a group is seen `exposures` times.

    Parameters
    ----------
    exposures : array
        Exposures of a fact of the group, > 0; effective ones where the load counts.
    axis : str
        A key of ``schema.AXES``.
    group : str
        One of ``schema.GROUPS``.
    held_fixed : mapping
        The covariates that the sweep holds fixed, by their names in `schema`: ``tokens`` and ``tokens_per_fact``
        always, and, as axis and group need them, ``ratio``, ``facts``, ``exposures``, ``background_facts``,
        ``background_share``.
    load : LoadEffect, optional
        Without it an exposure counts as one, whatever else is learned.

    Returns
    -------
    array
        Facts on the axis ``amount``; an infusion ratio in [0, 1] on the others, where the ends mean that no mixture
        gives so many exposures. NaN where the group's exposures do not move along the axis.
    """
    if moves(axis, group, load is not None) == 0:
        return exposures * np.nan
    if load is not None and axis == "ratio":
        exposures, load = exposures / load.worth(held_fixed[schema.FACTS] + _background_facts(held_fixed)), None
    if load is not None:
        return _loaded_axis_value(exposures, axis, group, held_fixed, load)
    tokens, tokens_per_fact = held_fixed[schema.TOKENS], held_fixed[schema.TOKENS_PER_FACT]
    if axis == "amount":
        return infused_exposures(tokens, held_fixed[schema.RATIO], exposures, tokens_per_fact)
    if group in _INFUSED:
        ratio = exposures * held_fixed[schema.FACTS] * tokens_per_fact / tokens
    else:
        ratio = 1 - exposures / axis_exposures(0.0, axis, group, held_fixed)
    return np.clip(ratio, 0.0, 1.0)


def axis_exposures(
    value: Array, axis: str, group: str, held_fixed: Mapping[str, Array], load: LoadEffect | None = None
) -> Array:
    """Exposures of a fact of the group at a value of the axis: the inverse of `axis_value`.

    Parameters are those of `axis_value`; on the axis ``dose`` an infused group needs ``exposures`` in `held_fixed`, on
    ``amount`` the background needs ``ratio``.
    """
    _require_known(axis, group)
    if load is not None:
        facts = _infused_facts(value, axis, held_fixed) + _background_facts(held_fixed)
        return axis_exposures(value, axis, group, held_fixed) * load.worth(facts)
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


def _infused_facts(value: Array, axis: str, held_fixed: Mapping[str, Array]) -> Array:
    if axis == "dose":
        return value * _facts_of_all(held_fixed)
    return value if axis == "amount" else held_fixed[schema.FACTS]


def _background_facts(held_fixed: Mapping[str, Array]) -> Array:
    return held_fixed.get(schema.BACKGROUND_FACTS, 0.0)


def _facts_of_all(held_fixed: Mapping[str, Array]) -> Array:
    """Facts of a dose that is all of the tokens."""
    return held_fixed[schema.TOKENS] / (held_fixed[schema.EXPOSURES] * held_fixed[schema.TOKENS_PER_FACT])


def _loaded_axis_value(
    exposures: Array, axis: str, group: str, held_fixed: Mapping[str, Array], load: LoadEffect
) -> Array:
    """As `axis_value`, where infused facts and so the load rise along the axis."""
    background = _background_facts(held_fixed)
    if (axis == "amount") != (group in _INFUSED):  # the load alone moves
        unloaded = axis_exposures(0.0, axis, group, held_fixed)
        facts = load.load_worth(exposures / unloaded) - background
        return np.maximum(facts, 0.0) if axis == "amount" else np.clip(facts / _facts_of_all(held_fixed), 0.0, 1.0)
    if axis == "amount":
        return _facts_by_newton(exposures * axis_exposures(1.0, axis, group, held_fixed) ** -1, background, load)
    return _ratio_by_halving(exposures, axis, group, held_fixed, load)


def _facts_by_newton(exposures: Array, background: Array, load: LoadEffect) -> Array:
    """The K at which 1 / K exposures are worth `exposures`.

    -log K - effect log((K + background) / reference) is concave in log K with slopes between -1 and -1 - effect, and
    the solution without background lies beyond the one that is sought, so that Newton's steps approach it from there.
    """
    exposures = np.maximum(exposures, _NOTHING)
    log_reference = np.log(load.reference)
    line = (load.effect * log_reference - np.log(exposures)) / (1 + load.effect)
    for _ in range(_NEWTON):
        facts = np.exp(line)
        over = line + load.effect * (np.log(facts + background) - log_reference) + np.log(exposures)
        line = line - over / (1 + load.effect * facts / (facts + background))
    return np.exp(line)


def _ratio_by_halving(
    exposures: Array, axis: str, group: str, held_fixed: Mapping[str, Array], load: LoadEffect
) -> Array:
    """The ratio at which effective exposures, which fall along the axis, have come down to `exposures`."""
    low = 0.0 * (exposures + load.effect)
    step = 0.5
    for _ in range(_HALVINGS):
        low = low + step * (axis_exposures(low + step, axis, group, held_fixed, load) > exposures)
        step /= 2
    return low


def _require_known(axis: str, group: str) -> None:
    if axis not in schema.AXES:
        raise InputError(f"an axis among {', '.join(schema.AXES)}", repr(axis), "axis")
    if group not in schema.GROUPS:
        raise InputError(f"a group among {', '.join(schema.GROUPS)}", repr(group), "group")
