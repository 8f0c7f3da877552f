"""Files that ship with the package: laws, ladders, sweeps and reference data."""

from os.path import exists, isfile  # unlike those of Path false for a name that is too long, on every version
from pathlib import Path

from bayeskisl.errors import InputError
from bayeskisl.files import lies_at

__all__ = ["shipped_file", "shipped_folder", "shipped_names", "shipped_tables"]

_PACKAGE = Path(__file__).parent


def shipped_folder(kind: str) -> Path:
    """Folder of the shipped files of one kind: ``laws``, ``ladders``, ``sweeps`` or ``data``.

    A wheel holds them inside the package; a checkout (or an editable install) at the repository's root.
    """
    relative = Path("data") if kind == "data" else Path("models") / kind
    inside = _PACKAGE / "_shipped" / relative
    return inside if inside.is_dir() else _PACKAGE.parent / relative


def shipped_names(kind: str) -> list[str]:
    """Names of the shipped TOML files of one kind."""
    return sorted(path.stem for path in shipped_folder(kind).glob("*.toml"))


def shipped_tables() -> dict[str, Path]:
    """Tables of runs by the names of their files: those that others published, and invented examples."""
    folders = (shipped_folder("data") / name for name in ("literature", "examples"))
    return {path.name: path for folder in folders for path in sorted(folder.glob("*.csv"))}


def shipped_file(kind: str, name: str | Path) -> Path:
    """Return the path of a TOML file: any path that ends in ``.toml``, or the file of a shipped name.

    Raises
    ------
    InputError
        If it is neither, listing the shipped names.
    """
    path = Path(name)
    if path.suffix == ".toml":
        return path
    shipped = shipped_folder(kind) / f"{name}.toml"
    if isfile(shipped):
        return shipped
    known = ", ".join(shipped_names(kind)) or "none"
    got = f"{str(name)!r}{_remark(path)}"
    raise InputError(f"a TOML file or one of the shipped {kind} ({known})", got, kind)


def _remark(path: Path) -> str:
    """Return what is wrong with an existing path."""
    if isfile(path):
        return ", a file whose name does not end in .toml"
    return f", {lies_at(path)}" if exists(path) else ""
