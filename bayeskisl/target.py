"""Targets: an untrained model, and the quantities that keep their values of the sweep."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypedDict

import numpy as np

from bayeskisl import schema
from bayeskisl.arguments import as_positive, in_words
from bayeskisl.errors import InputError, argument
from bayeskisl.keywords import from_keywords
from bayeskisl.quantities import as_number, is_percent, number_in, read_budget

__all__ = ["Target", "TargetKeywords", "target_from"]

# Covariates that a target names by arguments of their own.
_OWN = (schema.PARAMS, schema.TOKENS)
# Covariates of which a run may have none, and those that are shares of a whole.
_OR_NONE = (schema.BACKGROUND_FACTS, schema.BACKGROUND_SHARE, schema.TOKENS_BEFORE)
_SHARES = (schema.RATIO, schema.BACKGROUND_SHARE)


class TargetKeywords(TypedDict, total=False):
    """Keywords of a short call, from which a `Target` is built."""

    params: float | str
    tokens: float | str | None
    hold: Mapping[str, float] | None
    domain: str | None
    prior_driven: bool


@dataclass(frozen=True, init=False)
class Target:
    """A model to be planned, the subject of every question.

    Parameters
    ----------
    params : float or str
        N*, non-embedding parameters; text such as ``7B`` or ``7 billion`` is accepted.
    tokens : float or str, optional
        D*, training tokens, such as ``1.5T`` or ``20/param``; by default the only budget of the sweep.
    hold : mapping, optional
        Fixed quantities that differ between sweeps, by run coordinate: ``{"ratio": 0.3}`` for amount sweeps at two
        ratios, ``{"depth": 4}`` under a law of depth.
    domain : str, optional
        One of the domains of a fit with several.
    prior_driven : bool
        Whether to answer for a budget or a value in `hold` outside the swept values; the answer is then labelled.

    Raises
    ------
    InputError
        If a number is not positive, a share is above 1, or a name cannot be fixed. Zero is possible for background
        facts, their share and tokens before. Whether the fit covers the target is checked by the function that receives
        both.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> target = bk.Target("7B", tokens="1T", hold={"ratio": 0.3})
    >>> target.params, target.tokens
    (7000000000.0, 1000000000000.0)
    """

    main_field: ClassVar[str] = schema.PARAMS

    params: float
    tokens: float | None
    hold: Mapping[str, float] = field(hash=False)
    domain: str | None
    prior_driven: bool

    def __init__(
        self,
        params: float | str,
        tokens: float | str | None = None,
        hold: Mapping[str, float] | None = None,
        domain: str | None = None,
        prior_driven: bool = False,
    ) -> None:
        if not isinstance(domain, str | None):
            raise InputError("the name of a domain", in_words(domain), "domain")
        if not isinstance(prior_driven, bool | np.bool):
            raise InputError("True or False", in_words(prior_driven), "prior_driven")
        size = as_positive(params, schema.PARAMS)
        budget = read_budget(tokens, size, schema.TOKENS) if isinstance(tokens, str) else tokens
        checked = {
            "params": size,
            "tokens": None if budget is None else as_positive(budget, schema.TOKENS),
            "hold": _all_held({} if hold is None else hold),
            "domain": domain,
            "prior_driven": bool(prior_driven),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)


def target_from(
    target: Target | float | str | None,
    short: Mapping[str, Any],
    default: float | None = None,
    of: Callable[..., Any] | None = None,
) -> Target:
    """Return the target of a call: the given object, or one built from a size and keywords.

    Parameters
    ----------
    target : Target, float or str, optional
        A target, or its size.
    short : mapping
        Keywords of `Target`, see `TargetKeywords`.
    default : float, optional
        The default size; without it, a size is required.
    of : callable, optional
        The function that was called, see `bayeskisl.keywords.from_keywords`.

    Raises
    ------
    InputError
        As `bayeskisl.keywords.from_keywords` does.
    """
    unnamed = target is None and short.get(schema.PARAMS) is None
    (made,) = from_keywords(short, (Target, default if unnamed else target), of=of)
    return made


def _all_held(hold: Any) -> dict[str, float]:
    if not isinstance(hold, Mapping):
        raise InputError("names and numbers, as ratio=0.3", in_words(hold), "hold", 'write {"ratio": 0.3}')
    return {name: _held(value, name) for name, value in hold.items()}


def _held(value: Any, name: str) -> float:
    if name in _OWN:
        raise InputError(f"{name} as {name} of the target", "a value to hold", name, f"name it as `{argument(name)}`")
    number = as_number(_number_of(value, name) if isinstance(value, str) else value)
    above_none = number > 0 or (number == 0 and name in _OR_NONE)
    if not (above_none and number < math.inf and (number <= 1 or name not in _SHARES)):
        raise InputError(_possible(name), in_words(value), name)
    return number


def _possible(name: str) -> str:
    """Values that may be held of a covariate, in words."""
    if name in _SHARES:
        return f"a share in {'[' if name in _OR_NONE else '('}0, 1]"
    return "0 or a positive number" if name in _OR_NONE else "a positive number"


def _number_of(text: str, name: str) -> float | None:
    """Return the number that a text is, ``0.3`` or ``10k``; percents are for shares alone."""
    return None if is_percent(text) and name not in _SHARES else number_in(text)
