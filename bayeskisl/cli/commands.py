"""Commands by name, imported only when they are called or described."""

from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from bayeskisl.cli.help import Command
from bayeskisl.cli.options import grouped

__all__ = ["Commands", "Entry", "group"]


@dataclass(frozen=True)
class Entry:
    """A command whose module is not imported yet.

    Attributes
    ----------
    name : str
    summary : str
        For the list of commands: at most 58 characters.
    where : str
        ``module:function`` inside `bayeskisl.cli`; empty for a group.
    example : str
        An example, on one line or more.
    section : str
        When a person needs it; shown once, before its first command.
    entries : tuple of Entry
        The commands of a group.
    """

    name: str
    summary: str
    where: str = ""
    example: str = ""
    section: str = ""
    entries: tuple["Entry", ...] = ()

    def load(self) -> Any:
        """Import and build the command."""
        return group(self) if self.entries else _command(self)


def _command(entry: Entry) -> Command:
    module, _, function = entry.where.partition(":")
    made = typer.Typer(add_completion=False, rich_markup_mode=None)
    made.command(entry.name, cls=Command)(grouped(getattr(import_module(f"bayeskisl.cli.{module}"), function)))
    command = typer.main.get_command(made)
    assert isinstance(command, Command)
    command.example = entry.example
    return command


class _Loaded(MutableMapping[str, Any]):
    """Commands by name, each built on first use."""

    def __init__(self, entries: tuple[Entry, ...]) -> None:
        self.entries = {entry.name: entry for entry in entries}
        self.built: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self.built:
            self.built[name] = self.entries[name].load()
        return self.built[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self.built[name] = command

    def __delitem__(self, name: str) -> None:
        del self.entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)


class Commands(TyperGroup):
    """A group of commands whose help lists them in the order of use."""

    entries: tuple[Entry, ...] = ()
    example = ""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = _Loaded(self.entries)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands."""
        lines = [f"Usage: {ctx.command_path} COMMAND ...", "", self.help or "", "", *_listed(self.entries)]
        if self.example:
            lines += ["", "Example", *(f"  {line}" for line in self.example.splitlines())]
        lines += ["", f"{ctx.command_path} COMMAND --help explains a command, with an example."]
        formatter.write("\n".join(lines) + "\n")


def _listed(entries: tuple[Entry, ...]) -> Iterator[str]:
    sections = max(len(entry.section) for entry in entries)
    names = max(len(entry.name) for entry in entries)
    last = ""
    for entry in entries:
        section = entry.section if entry.section != last else ""
        left = f"{section:<{sections}}  {entry.name:<{names}}" if sections else f"{entry.name:<{names}}"
        yield f"  {left}  {entry.summary}"
        last = entry.section


def group(entry: Entry, callback: Callable[..., None] | None = None, **settings: Any) -> Any:
    """Return a group of commands; with a `callback`, as a separate application."""
    kind = type("Commands", (Commands,), {"entries": entry.entries, "example": entry.example})
    made = typer.Typer(
        name=entry.name, cls=kind, help=entry.summary, no_args_is_help=True, rich_markup_mode=None,
        pretty_exceptions_enable=False, **settings,
    )  # fmt: skip
    made.callback()(callback or _nothing)
    return made if callback else typer.main.get_command(made)


def _nothing() -> None:
    """Take no options."""
