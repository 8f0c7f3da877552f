"""Lists of the files that ship, by kind and name: laws, ladders, sweeps, curves, tables and fits."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayeskisl.shipped import shipped_file, shipped_folder, shipped_names, shipped_tables
from bayeskisl.specifications import read_toml

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Shipped", "comment_of", "list_shipped", "shipped_of"]


@dataclass(frozen=True)
class Shipped:
    """A shipped file.

    Attributes
    ----------
    kind, name, title : str
    runs : int, optional
        Number of runs of curves, and of the curves of a fit; None where there are none, or h5py is not installed.
    file : pathlib.Path
    """

    kind: str
    name: str
    title: str
    runs: int | None
    file: Path


def list_shipped(kind: str | None = None) -> "pd.DataFrame":
    """List what ships with the package.

    Parameters
    ----------
    kind : {"laws", "ladders", "sweeps", "curves", "tables", "fits"}, optional
        The only kind to list; by default all. `load_law` and `fit` take the names of laws, `load_sweep` and `run_sweep`
        those of sweeps, a sweep's file those of ladders, `load_curves` and all that reads curves those of curves,
        `curves_from_table` those of tables, and `load_fit` those of fits.

    Returns
    -------
    pandas.DataFrame
        Columns: ``kind``, ``name``, ``title``, ``runs`` (of curves and fits; else missing) and ``file``.

    Raises
    ------
    InputError
        If there is no such kind.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> bk.list_shipped("fits")["name"].tolist()
    ['desk-four']
    >>> bk.list_shipped().groupby("kind", sort=False).size().index.tolist()
    ['laws', 'ladders', 'sweeps', 'curves', 'tables', 'fits']
    """
    import pandas as pd

    from bayeskisl.arguments import require_one_of  # NumPy, which the command line does without

    if kind is not None:
        require_one_of(kind, _LISTED, "kind", "a kind among")
    rows = [asdict(each) for one in ([kind] if kind else _LISTED) for each in shipped_of(one)]
    return pd.DataFrame(rows).astype({"runs": "Int64"})


def shipped_of(kind: str) -> list[Shipped]:
    """Return what ships of one kind, see `list_shipped`."""
    return list(_LISTED[kind]())


def comment_of(path: Path) -> list[str]:
    """Return the lines of the comment at the head of a file, without its marks; one empty line if it has none."""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("# ").rstrip())
    return lines or [""]


def _specifications(kind: str) -> Iterator[Shipped]:
    for name in shipped_names(kind):
        path = shipped_file(kind, name)
        yield Shipped(kind, name, read_toml(path)["title"], None, path)


def _curves() -> Iterator[Shipped]:
    for folder in sorted((shipped_folder("data") / "sweeps").iterdir()):
        path = folder / "curves.nc"
        yield Shipped("curves", folder.name, read_toml(folder / "sweep.toml")["title"], _runs(path, "recalled"), path)


def _tables() -> Iterator[Shipped]:
    for name, path in shipped_tables().items():
        yield Shipped("tables", name, comment_of(path)[0], None, path)


def _fits() -> Iterator[Shipped]:
    for path in sorted((shipped_folder("data") / "examples").glob("*.nc")):
        yield Shipped("fits", path.stem, _title_of_fit(path), _runs(path, "observed_data/recalled"), path)


_LISTED: dict[str, Callable[[], Iterator[Shipped]]] = {
    **{kind: partial(_specifications, kind) for kind in ("laws", "ladders", "sweeps")},
    "curves": _curves,
    "tables": _tables,
    "fits": _fits,
}


def _runs(path: Path, counts: str) -> int | None:
    """Return the number of runs of a shipped file; None if this installation cannot read it."""
    return _read(path, lambda content: int(content[counts].shape[0]))


def _title_of_fit(path: Path) -> str:
    told = _read(path, lambda content: json.loads(content["constant_data"].attrs["curves_attrs"])["title"])
    return "an example" if told is None else f"fit of {told}"


def _read[T](path: Path, read: Callable[[Any], T]) -> T | None:
    """Return what a function reads of an HDF5 file; None without h5py, as on a machine that only trains."""
    try:
        import h5py
    except ModuleNotFoundError:
        return None
    with h5py.File(path) as content:
        return read(content)
