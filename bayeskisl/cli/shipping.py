"""Commands that list and describe shipped laws, sweeps and measured curves."""

from pathlib import Path
from typing import Annotated, Any

import typer

from bayeskisl.catalogue import Shipped, comment_of, shipped_of
from bayeskisl.cli.display import echo, print_json
from bayeskisl.cli.help import rows
from bayeskisl.cli.options import AsJson
from bayeskisl.errors import InputError
from bayeskisl.shipped import shipped_file
from bayeskisl.specifications import read_toml

__all__ = ["data", "laws", "sweeps"]

Name = Annotated[str | None, typer.Argument(metavar="NAME", help="One of the list, to describe it.")]
_DEFAULT_LAW = "limits"


def laws(name: Name = None, as_json: AsJson = False) -> None:
    """List the laws that ship, or describe one: its formula, its priors, and the file to copy."""
    if name is not None:
        _describe(shipped_file("laws", name), as_json)
        return
    listed = [
        {"name": one.name, "title": one.title, "default": one.name == _DEFAULT_LAW, "file": one.file}
        for one in shipped_of("laws")
    ]
    if as_json:
        print_json(listed)
    else:
        _list((each["name"], f"{each['title']}{' (default)' if each['default'] else ''}") for each in listed)
        echo("\nCopy a law's file, edit its priors, and pass its path: fit curves.nc --law mine.toml")


def sweeps(name: Name = None, as_json: AsJson = False) -> None:
    """List the sweeps that ship, or describe one: its sizes, its levels, and the file to copy."""
    if name is not None:
        _describe(shipped_file("sweeps", name), as_json)
    elif as_json:
        print_json([
            {"name": one.name, **{key: table[key] for key in ("title", "axis", "widths")}, "file": one.file}
            for one in shipped_of("sweeps")
            for table in [read_toml(one.file)]
        ])  # fmt: skip
    else:
        _list((one.name, one.title) for one in shipped_of("sweeps"))
        echo("\nTrain one: sweep run NAME --out DIR. Estimate it first: sweep estimate NAME")


def data(name: Name = None, as_json: AsJson = False) -> None:
    """List the measured curves that ship, or describe one: how it was made, and its runs."""
    curves = {one.name: one for one in shipped_of("curves")}
    tables = {one.name: one for one in shipped_of("tables")}
    if name is None:
        _list_data(curves, tables, as_json)
    elif name in curves:
        _describe_curves(curves[name], as_json)
    elif table := tables.get(name, tables.get(f"{name}.csv")):
        comment = " ".join(comment_of(table.file))
        if as_json:
            print_json({"name": table.name, "about": comment, "file": table.file})
        else:
            echo(f"{comment}\n\n{table.file}")
    else:
        raise InputError(f"one of {', '.join([*curves, *tables])}", repr(name), "data")


def _list_data(curves: dict[str, Shipped], tables: dict[str, Shipped], as_json: bool) -> None:
    if as_json:
        print_json(
            [{"name": name, "title": one.title, "runs": one.runs, "file": one.file} for name, one in curves.items()]
            + [{"name": name, "title": one.title, "file": one.file} for name, one in tables.items()]
        )
        return
    echo("Trained by this project; every command that reads curves takes the name:")
    _list((name, f"{one.runs or '?'} runs: {one.title}") for name, one in curves.items())
    echo("\nTables for `curves import`, with their sources:")
    _list((name, one.title.split(":")[0]) for name, one in tables.items())
    fits = ", ".join(one.name for one in shipped_of("fits"))
    echo(f"\nA fit for trying `predict`, `decide`, `plan` and `report`: {fits}")


def _describe_curves(found: Shipped, as_json: bool) -> None:
    about = (found.file.parent / "PROVENANCE.md").read_text()
    if as_json:
        print_json({"name": found.name, "runs": found.runs, "about": about, "file": found.file})
    else:
        typer.echo(f"{about.strip()}\n\n{found.file}")


def _describe(path: Path, as_json: bool) -> None:
    table, text = read_toml(path), path.read_text()
    if as_json:
        print_json({**table, "about": " ".join(comment_of(path)), "file": path})
    else:
        typer.echo(f"{text.strip()}\n\n{path}")


def _list(entries: Any) -> None:
    listed = list(entries)
    for line in rows(listed, max(len(name) for name, _ in listed) + 2):
        echo(line)
