"""Options that several commands share, as dataclasses whose fields are the options of a command.

A command names such groups as its parameters and receives one object for each; the command line stays flat.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from bayeskisl.cli.help import Command, help_of, rare
from bayeskisl.cli.progress import be_quiet
from bayeskisl.errors import InputError
from bayeskisl.quantities import number_in, read_budget, read_budgets, read_number, read_numbers

if TYPE_CHECKING:
    from bayeskisl.target import Target

__all__ = [
    "AsJson",
    "Curves",
    "Device",
    "HeldOptions",
    "LawName",
    "Peak",
    "SavedFit",
    "SavedFits",
    "Seed",
    "SomeTargetOptions",
    "TargetOptions",
    "TargetsOptions",
    "Utilisation",
    "Workers",
    "by_group",
    "grouped",
]

SavedFit = Annotated[Path, typer.Argument(help="A saved fit, or desk-four, an example.")]
SavedFits = Annotated[
    list[Path], typer.Argument(metavar="FIT...", help="A saved fit, or several; or desk-four, an example.")
]
Curves = Annotated[Path, typer.Argument(help="Retention curves, or the name of a shipped sweep.")]
LawName = Annotated[str, typer.Option(metavar="LAW", help="A shipped law's name (see `laws`), or a TOML file.")]
Seed = Annotated[int, rare(metavar="N", help="Random seed.")]
Device = Annotated[str, typer.Option(metavar="NAME", help="Where to train: cpu, cuda, cuda:1, ...")]
Workers = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="Training processes; by default one per core on a CPU.")
]
Utilisation = Annotated[
    float, typer.Option(min=0.0, max=1.0, metavar="X", help="Share of --peak that training reaches.")
]
Peak = Annotated[float, typer.Option(min=0.0, metavar="X", help="Peak FLOP/s of one device, such as 9.9e14.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


def _everything(ctx: typer.Context, wanted: bool) -> None:
    if wanted and isinstance(ctx.command, Command):
        typer.echo(help_of(ctx.command, ctx, everything=True), nl=False)
        raise typer.Exit


@dataclass(frozen=True, kw_only=True)
class _EveryCommand:
    """Options of every command, which act before the command runs."""

    quiet: Annotated[bool, rare("--quiet", "-q", callback=be_quiet, is_eager=True, help="Print no progress.")] = False
    debug: Annotated[bool, rare("--debug", help="Show a traceback on errors.")] = False
    help_all: Annotated[bool, rare("--help-all", callback=_everything, is_eager=True, help="Show every option.")] = (
        False
    )


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command with one option for each field of its dataclass parameters.

    Parameters
    ----------
    command : callable
        Annotated with dataclasses such as `TargetOptions`; their fields carry ``Annotated`` options themselves.

    Returns
    -------
    callable
        Function for typer: its signature has the fields in the place of the dataclasses, and the options of every
        command, such as ``--quiet``, at the end.
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
    common = _options_of(_EveryCommand)
    flat |= common

    @wraps(command)
    def called(**given: Any) -> None:
        for name in common:
            given.pop(name, None)
        own = {
            name: kind(**{each.name: given.pop(each.name) for each in fields(kind)}) for name, kind in groups.items()
        }
        command(**own, **given)

    required_first = sorted(flat.values(), key=lambda each: each.default is not inspect.Parameter.empty)
    vars(called)["__signature__"] = inspect.Signature(required_first)
    return called


def _options_of(group: type) -> dict[str, inspect.Parameter]:
    """Return the options of a dataclass, its own first, then the inherited ones."""
    hints = get_type_hints(group, include_extras=True)
    return {
        each.name: inspect.Parameter(
            each.name, inspect.Parameter.KEYWORD_ONLY, default=_default(each), annotation=hints[each.name]
        )
        for each in sorted(fields(group), key=lambda each: each.name not in inspect.get_annotations(group))
    }


def _default(each: "Field[Any]") -> Any:
    return inspect.Parameter.empty if each.default is MISSING else each.default


@dataclass(frozen=True, kw_only=True)
class HeldOptions:
    """Options that fix quantities besides size and budget."""

    hold: Annotated[
        list[str] | None,
        rare(metavar="NAME=X", help="A fixed value of the target, if the sweeps differ in it. Repeatable."),
    ] = None
    domain: Annotated[str | None, rare(metavar="NAME", help="The domain, if the fit has several.")] = None
    prior_driven: Annotated[
        bool,
        typer.Option("--prior-driven", help="Allow an answer that rests on the prior, and mark it."),
    ] = False

    @property
    def keywords(self) -> dict[str, Any]:
        """The keywords of a `Target` that were given."""
        return {"hold": _held(self.hold or []), "domain": self.domain, "prior_driven": self.prior_driven}

    def about(self, params: float, tokens: float | None) -> "Target":
        """Return the target of a size and a budget."""
        from bayeskisl.target import Target

        return Target(params, tokens, **self.keywords)


@dataclass(frozen=True, kw_only=True)
class TargetOptions(HeldOptions):
    """Options of one target."""

    params: Annotated[str, typer.Option(metavar="N", help="Target size: non-embedding parameters, 300M or 7B.")]
    tokens: Annotated[
        str | None,
        typer.Option(metavar="N", help="Target budget, 1.5T or 20/param; by default the sweep's."),
    ] = None

    def target(self) -> "Target":
        """The target that the options name."""
        size = read_number(self.params, "--params")
        return self.about(size, _budget(self.tokens, size))


@dataclass(frozen=True, kw_only=True)
class SomeTargetOptions(HeldOptions):
    """Options of an optional target."""

    params: Annotated[
        str | None, typer.Option(metavar="N", help="A target size, such as 7B: show what each law predicts for it.")
    ] = None
    tokens: Annotated[str | None, typer.Option(metavar="N", help="Its token budget.")] = None

    def target(self) -> "Target | None":
        """The target that the options name, or None without a size."""
        if self.params is None:
            return None
        size = read_number(self.params, "--params")
        return self.about(size, _budget(self.tokens, size))


@dataclass(frozen=True, kw_only=True)
class TargetsOptions(HeldOptions):
    """Options of one target or several."""

    params: Annotated[
        str, typer.Option(metavar="N", help="Target size: non-embedding parameters, 7B; or a table: 1B,7B,70B.")
    ]
    tokens: Annotated[
        str | None, typer.Option(metavar="N", help="Target budget, 1.5T or 20/param; by default the sweep's.")
    ] = None

    def targets(self) -> "list[Target]":
        """The targets: every size at every budget."""

        def budgets(size: float) -> Sequence[int | None]:
            return read_budgets(self.tokens, size, "--tokens") if self.tokens else [None]

        sizes = read_numbers(self.params, "--params")
        return [self.about(size, budget) for size in sizes for budget in budgets(size)]


def by_group(texts: Sequence[str], option: str, example: str, whole: bool = False) -> float | dict[str, float] | None:
    """Return one number for all groups, or one for each named group; None without any.

    Parameters
    ----------
    texts : sequence of str
        Each ``NUMBER`` or ``GROUP=NUMBER``.
    option, example : str
        The option that an error names, and a number that it takes.
    whole : bool
        Whether the numbers count something, so that they are whole and at least one.

    Raises
    ------
    InputError
        If a text is something else, or two are of one group.
    """
    found: dict[str, float] = {}
    for text in texts:
        group, _, value = text.rpartition("=")
        group, number = group.strip(), number_in(value)
        if number is None or (whole and not (number >= 1 and number.is_integer())):
            kind = "a whole number" if whole else "a number"
            raise InputError(f"{kind}, or GROUP=NUMBER", repr(text), option, f"for example {option} {example}")
        if group in found:
            raise InputError("one number for each group", f"two{f' for {group}' if group else ''}", option)
        found[group] = int(number) if whole else number
    if "" in found and len(texts) > 1:
        raise InputError("one number, or one for each group", ", ".join(texts), option)
    return found.get("", found) if found else None


def _budget(tokens: str | None, params: float) -> int | None:
    return read_budget(tokens, params, "--tokens") if tokens else None


def _held(pairs: list[str]) -> Mapping[str, Any]:
    held = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        if number_in(value) is None:
            raise InputError("a name and a number such as ratio=0.3", repr(pair), "--hold")
        held[name.strip()] = value
    return held
