"""Help of one screen of 80 columns: common options and an example; ``--help-all`` shows the rest."""

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperOption

__all__ = ["WIDTH", "Command", "help_of", "rare", "rows"]

WIDTH = 80
_RARE = "Less used options"
_NAMES = 28  # columns for the names of options; longer names stand on a line of their own
_KEPT = "\N{NO-BREAK SPACE}"  # a default is not broken
_METAVARS = {int: "N", float: "X", str: "TEXT"}


def rare(*names: str, **settings: Any) -> Any:
    """Declare an option that only ``--help-all`` shows."""
    return typer.Option(*names, rich_help_panel=_RARE, **settings)


class Command(TyperCommand):
    """A command whose help is plain text, with an example."""

    example = ""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return arguments, required options, and a placeholder for the others."""
        arguments = [_metavar(one) for one in _arguments(self)]
        required = [_names(one) for one in _options(self) if one.required]
        return [*arguments, *required, "[OPTIONS]"]

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write help of one screen."""
        formatter.write(help_of(self, ctx))


def help_of(command: Command, ctx: typer.Context, *, everything: bool = False) -> str:
    """Return the help of a command.

    Parameters
    ----------
    command : Command
    ctx : typer.Context
    everything : bool
        Whether rarely used options are listed too.

    Returns
    -------
    str
        Lines of at most 80 columns.
    """
    named = [(_metavar(one), one.help or "") for one in _arguments(command)]
    options = _options(command)
    common = [one for one in options if one.rich_help_panel != _RARE]
    further = [one for one in options if one.rich_help_panel == _RARE]
    lines = [
        *_usage(command, ctx),
        "",
        *_paragraphs(command.help or ""),
        *_section("Arguments", named),
        *_section("Options", [(_names(one), _described(one, ctx)) for one in common]),
    ]
    if everything:
        lines += _section(_RARE, [(_names(one), _described(one, ctx)) for one in further])
    lines += ["", "Example", *(f"  {line}" for line in command.example.splitlines())]
    if further and not everything:
        lines += ["", f"{len(further)} more options: {ctx.command_path} --help-all"]
    return "\n".join(lines) + "\n"


def rows(entries: Sequence[tuple[str, str]], width: int = _NAMES) -> Iterator[str]:
    """Yield two columns: uncut names and wrapped descriptions."""
    for name, text in entries:
        wrapped = wrap(text, WIDTH - width - 2, break_on_hyphens=False) or [""]
        if len(name) > width - 2:
            yield f"  {name}"
            name = ""
        yield f"  {name:<{width}}{wrapped[0]}".rstrip().replace(_KEPT, " ")
        yield from (" " * (width + 2) + line.replace(_KEPT, " ") for line in wrapped[1:])


def _usage(command: Command, ctx: typer.Context) -> list[str]:
    start = f"Usage: {ctx.command_path}"
    text = " ".join([start, *command.collect_usage_pieces(ctx)])
    return wrap(text, WIDTH, subsequent_indent="       ", break_on_hyphens=False)


def _paragraphs(text: str) -> list[str]:
    parts = [wrap(" ".join(part.split()), WIDTH) for part in text.split("\n\n")]
    return [line for number, part in enumerate(parts) for line in ([""] if number else []) + part]


def _section(title: str, entries: Sequence[tuple[str, str]]) -> list[str]:
    if not entries:
        return []
    width = min(_NAMES, max(len(name) for name, _ in entries) + 2)
    return ["", title, *rows(entries, width)]


def _arguments(command: TyperCommand) -> list[TyperArgument]:
    return [one for one in command.params if isinstance(one, TyperArgument)]


def _options(command: TyperCommand) -> list[TyperOption]:
    return sorted(
        (one for one in command.params if isinstance(one, TyperOption) and not one.hidden),
        key=lambda one: not one.required,
    )


def _metavar(one: TyperArgument | TyperOption) -> str:
    if isinstance(one, TyperArgument):
        name = one.metavar or str(one.name).upper()
        return name if one.required else f"[{name}]"
    kind = one.type_descriptor
    return one.metavar or ("FILE" if kind.is_path else _METAVARS.get(kind.annotation, "TEXT"))


def _names(one: TyperOption) -> str:
    if not one.is_flag:
        return f"{', '.join(one.opts)} {_metavar(one)}"
    if one.secondary_opts:
        return f"--[no-]{one.opts[0].removeprefix('--')}"
    return ", ".join(one.opts)


def _described(one: TyperOption, ctx: typer.Context) -> str:
    default = one.get_default(ctx)
    shown = one.show_default and not one.required and default not in (None, False, "", []) and not callable(default)
    value = f"{default:g}".replace("e+", "e") if isinstance(default, float) else default
    text = ("on by default" if default is True else f"default: {value}").replace(" ", _KEPT)
    return f"{one.help or ''} [{text}]".strip() if shown else one.help or ""
