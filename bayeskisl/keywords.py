"""Short calls: objects built from the keywords of a call."""

from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any

from bayeskisl.errors import InputError
from bayeskisl.specifications import refuse_unknown

__all__ = ["from_keywords"]


def from_keywords(
    short: Mapping[str, Any], *parts: tuple[type, Any], of: Callable[..., Any] | None = None
) -> tuple[Any, ...]:
    """Return the parts of a question: objects that were given, or objects built from the matching keywords.

    Parameters
    ----------
    short : mapping
        All keywords of a short call.
    *parts : tuple
        A dataclass, and its object or None. A value of another type stands for the field that the dataclass calls its
        `main_field`: the size of a target.
    of : callable, optional
        The function that was called, whose own arguments an unknown keyword may mean.

    Raises
    ------
    InputError
        If a keyword is unknown, a required one is missing, or a part is given both as an object and by its keywords.
    """
    names = {kind: list(signature(kind).parameters) for kind, _ in parts}
    possible = [*_own_of(of), *(name for each in names.values() for name in each)]
    refuse_unknown(short, dict.fromkeys(possible), "keywords", "keywords")
    return tuple(
        _part(kind, given, {name: short[name] for name in names[kind] if name in short}) for kind, given in parts
    )


def _own_of(function: Callable[..., Any] | None) -> list[str]:
    """Return the names of a function's own arguments."""
    parameters = () if function is None else signature(function).parameters.values()
    return [each.name for each in parameters if each.kind is not each.VAR_KEYWORD]


def _part(kind: type, given: Any, own: dict[str, Any]) -> Any:
    if isinstance(given, kind):
        return _alone(given, own)
    if given is not None:
        own = _with_main(kind, given, own)
    required = [name for name, each in signature(kind).parameters.items() if each.default is each.empty]
    lacking = [name for name in required if own.get(name) is None]
    if lacking:
        raise InputError(f"the {lacking[0]} of a {kind.__name__}", "none", lacking[0])
    return kind(**own)


def _alone(given: Any, own: dict[str, Any]) -> Any:
    if own:
        name = type(given).__name__
        raise InputError(f"a {name} or its keywords", f"both, also {', '.join(own)}", name.lower(),
                         f"name {next(iter(own))!r} in the {name}")  # fmt: skip
    return given


def _with_main(kind: type, value: Any, own: dict[str, Any]) -> dict[str, Any]:
    main = getattr(kind, "main_field", None)
    if main is None:
        raise InputError(f"a {kind.__name__}", type(value).__name__, kind.__name__.lower())
    if own.get(main) is not None:
        raise InputError(f"the {main} of a {kind.__name__} once", f"{value!r} and {own[main]!r}", main)
    return {**own, main: value}
