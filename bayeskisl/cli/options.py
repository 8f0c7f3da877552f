"""Options that several commands share, as dataclasses whose fields a command takes one by one.

A command names the groups as its parameters and gets each as one object; the command line keeps its flat options.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from bayeskisl.errors import InputError
from bayeskisl.quantities import read_number, read_numbers

if TYPE_CHECKING:
    from bayeskisl.target import Target

__all__ = ["AsJson", "HeldOptions", "SavedFit", "SomeTargetOptions", "TargetOptions", "TargetsOptions", "grouped"]

SavedFit = Annotated[Path, typer.Argument(help="A saved fit.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose parameters of dataclass types are, on the command line, one option per field.

    Parameters
    ----------
    command : callable
        Annotated with dataclasses such as `TargetOptions`; their fields carry ``Annotated`` options themselves.

    Returns
    -------
    callable
        What typer reads and calls: the signature has the fields in the place of their groups.
    """
    hints = get_type_hints(command, include_extras=True)
    flat: dict[str, inspect.Parameter] = {}
    groups: dict[str, type] = {}
    for name, parameter in inspect.signature(command).parameters.items():
        if is_dataclass(hints[name]):
            groups[name] = hints[name]
            flat |= _options_of(hints[name])
        else:
            flat[name] = parameter.replace(kind=parameter.KEYWORD_ONLY, annotation=hints[name])

    @wraps(command)
    def called(**given: Any) -> None:
        own = {
            name: kind(**{each.name: given.pop(each.name) for each in fields(kind)}) for name, kind in groups.items()
        }
        command(**own, **given)

    required_first = sorted(flat.values(), key=lambda each: each.default is not inspect.Parameter.empty)
    vars(called)["__signature__"] = inspect.Signature(required_first)
    return called


def _options_of(group: type) -> dict[str, inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return {
        each.name: inspect.Parameter(
            each.name, inspect.Parameter.KEYWORD_ONLY, default=_default(each), annotation=hints[each.name]
        )
        for each in fields(group)
    }


def _default(each: "Field[Any]") -> Any:
    return inspect.Parameter.empty if each.default is MISSING else each.default


@dataclass(frozen=True, kw_only=True)
class HeldOptions:
    """What a question fixes beside size and budget."""

    hold: Annotated[
        list[str] | None,
        typer.Option(help="What the target holds fixed, where sweeps differ in it: --hold ratio=0.3. Repeatable."),
    ] = None
    domain: Annotated[str | None, typer.Option(help="Which domain, of a fit of several.")] = None
    prior_driven: Annotated[bool, typer.Option("--prior-driven", help="Accept what was never varied, labelled.")] = (
        False
    )

    @property
    def keywords(self) -> dict[str, Any]:
        """The keywords of a `Target` that are named here."""
        return {"hold": _held(self.hold or []), "domain": self.domain, "prior_driven": self.prior_driven}

    def about(self, params: float, tokens: float | None) -> "Target":
        """The target of a size and a budget."""
        from bayeskisl.target import Target

        return Target(params, tokens, **self.keywords)


@dataclass(frozen=True, kw_only=True)
class TargetOptions(HeldOptions):
    """One target."""

    params: Annotated[str, typer.Option(help="Non-embedding parameters of the target, e.g. 98304, 300M or 7B.")]
    tokens: Annotated[
        str | None, typer.Option(help="Token budget of the target, e.g. 1.5T; by default the sweep's only one.")
    ] = None

    def target(self) -> "Target":
        """The target that the options name."""
        return self.about(read_number(self.params, "--params"), _budget(self.tokens))


@dataclass(frozen=True, kw_only=True)
class SomeTargetOptions(HeldOptions):
    """A target, or none."""

    params: Annotated[
        str | None, typer.Option(help="A target, e.g. 98304 or 7B: print what each law predicts for it.")
    ] = None
    tokens: Annotated[str | None, typer.Option(help="Its token budget; by default the sweep's only one.")] = None

    def target(self) -> "Target | None":
        """The target that the options name; None without a size."""
        if self.params is None:
            return None
        return self.about(read_number(self.params, "--params"), _budget(self.tokens))


@dataclass(frozen=True, kw_only=True)
class TargetsOptions(HeldOptions):
    """One target or several."""

    params: Annotated[
        str, typer.Option(help="Non-embedding parameters, e.g. 98304 or 7B; several give a table: 1B,7B,70B.")
    ]
    tokens: Annotated[
        str | None, typer.Option(help="Token budget, e.g. 1.5T, or several; by default the sweep's only one.")
    ] = None

    def targets(self) -> "list[Target]":
        """The targets of every size at every budget."""
        budgets = read_numbers(self.tokens, "--tokens") if self.tokens else [None]
        return [self.about(size, budget) for size in read_numbers(self.params, "--params") for budget in budgets]


def _budget(tokens: str | None) -> int | None:
    return read_number(tokens, "--tokens") if tokens else None


def _held(pairs: list[str]) -> Mapping[str, float]:
    held = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        try:
            held[name.strip()] = float(value)
        except ValueError:
            raise InputError("a name and a number such as ratio=0.3", repr(pair), "--hold") from None
    return held
