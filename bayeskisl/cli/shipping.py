"""Commands that list and describe shipped laws, sweeps and measured curves."""

import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer

from bayeskisl.cli.display import echo, print_json
from bayeskisl.cli.help import rows
from bayeskisl.cli.options import AsJson
from bayeskisl.errors import InputError
from bayeskisl.shipped import shipped_file, shipped_folder, shipped_names, shipped_tables
from bayeskisl.specifications import read_toml

__all__ = ["data", "laws", "sweeps"]

Name = Annotated[str | None, typer.Argument(metavar="NAME", help="One of the list, to describe it.")]
_DEFAULT_LAW = "limits"


def laws(name: Name = None, as_json: AsJson = False) -> None:
    """List the laws that ship, or describe one: its formula, its priors, and the file to copy."""
    listed = [
        {"name": one, "title": _toml("laws", one)["title"], "default": one == _DEFAULT_LAW, "file": _file("laws", one)}
        for one in shipped_names("laws")
    ]
    if name is not None:
        _describe(_file("laws", name), as_json)
    elif as_json:
        print_json(listed)
    else:
        _list((each["name"], each["title"] + (" (default)" if each["default"] else "")) for each in listed)
        echo("\nCopy a law's file, edit its priors, and pass its path: fit curves.nc --law mine.toml")


def sweeps(name: Name = None, as_json: AsJson = False) -> None:
    """List the sweeps that ship, or describe one: its sizes, its levels, and the file to copy."""
    listed = [
        {"name": one, **{key: table[key] for key in ("title", "axis", "widths")}, "file": _file("sweeps", one)}
        for one in shipped_names("sweeps")
        for table in [_toml("sweeps", one)]
    ]
    if name is not None:
        _describe(_file("sweeps", name), as_json)
    elif as_json:
        print_json(listed)
    else:
        _list((each["name"], each["title"]) for each in listed)
        echo("\nTrain one: sweep run NAME --out DIR. Estimate it first: sweep estimate NAME")


def data(name: Name = None, as_json: AsJson = False) -> None:
    """List the measured curves that ship, or describe one: how it was made, and its runs."""
    folders = {folder.name: folder for folder in sorted((shipped_folder("data") / "sweeps").iterdir())}
    tables = shipped_tables()
    if name is None:
        _list_data(folders, tables, as_json)
    elif name in folders:
        _describe_curves(folders[name], as_json)
    elif table := tables.get(name, tables.get(f"{name}.csv")):
        comment = " ".join(_comment(table))
        if as_json:
            print_json({"name": table.name, "about": comment, "file": table})
        else:
            echo(f"{comment}\n\n{table}")
    else:
        raise InputError(f"one of {', '.join([*folders, *tables])}", repr(name), "data")


def _list_data(folders: dict[str, Path], tables: dict[str, Path], as_json: bool) -> None:
    about = {name: tomllib.loads((folder / "sweep.toml").read_text())["title"] for name, folder in folders.items()}
    counts = {name: _runs(folder) for name, folder in folders.items()}
    if as_json:
        print_json(
            [{"name": name, "title": about[name], "runs": counts[name], "file": folders[name] / "curves.nc"}
             for name in folders]
            + [{"name": name, "title": _comment(table)[0], "file": table} for name, table in tables.items()]
        )  # fmt: skip
        return
    echo("Trained by this project; every command that reads curves takes the name:")
    _list((name, f"{counts[name] or '?'} runs: {about[name]}") for name in folders)
    echo("\nTables for `curves import`, with their sources:")
    _list((name, _comment(table)[0].split(":")[0]) for name, table in tables.items())
    echo("\nA fit for trying `predict`, `decide`, `plan` and `report`: desk-four")


def _describe_curves(folder: Path, as_json: bool) -> None:
    about = (folder / "PROVENANCE.md").read_text()
    if as_json:
        print_json({"name": folder.name, "runs": _runs(folder), "about": about, "file": folder / "curves.nc"})
    else:
        typer.echo(f"{about.strip()}\n\n{folder / 'curves.nc'}")


def _runs(folder: Path) -> int | None:
    """Return the number of runs; None if this installation cannot read them."""
    try:
        import h5py
    except ModuleNotFoundError:
        return None
    with h5py.File(folder / "curves.nc") as content:
        return int(content["recalled"].shape[0])


def _describe(path: Path, as_json: bool) -> None:
    table, text = read_toml(path), path.read_text()
    if as_json:
        print_json({**table, "about": " ".join(_comment(path)), "file": path})
    else:
        typer.echo(f"{text.strip()}\n\n{path}")


def _list(entries: Any) -> None:
    listed = list(entries)
    for line in rows(listed, max(len(name) for name, _ in listed) + 2):
        echo(line)


def _file(kind: str, name: str) -> Path:
    return shipped_file(kind, name)


def _toml(kind: str, name: str) -> dict[str, Any]:
    return tomllib.loads(_file(kind, name).read_text())


def _comment(path: Path) -> list[str]:
    """Return the comment at the head of a file, without its marks."""
    lines = []
    for line in path.read_text().splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("# ").rstrip())
    return lines or [""]
