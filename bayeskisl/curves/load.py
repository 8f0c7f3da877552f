"""Reading and writing of curves as NetCDF."""

import hashlib
import tomllib
from pathlib import Path
from typing import Any

import xarray as xr

from bayeskisl.arguments import require_curves, require_path
from bayeskisl.curves.validation import validate
from bayeskisl.errors import InputError, way
from bayeskisl.files import require_file
from bayeskisl.kinds import CURVES, refuse_other_kinds, table_instead
from bayeskisl.netcdf import read_netcdf, write_netcdf
from bayeskisl.shipped import shipped_folder
from bayeskisl.specifications import nearest
from bayeskisl.sweeping.store import build_it, holds_sweep

__all__ = ["load_curves", "save_curves"]


def load_curves(path: xr.Dataset | str | Path) -> xr.Dataset:
    """Read and validate retention curves.

    Parameters
    ----------
    path : path or xarray.Dataset
        A NetCDF file, or the name of a reference sweep that ships with the package, such as ``desk-amount``. Curves in
        memory are validated.

    Raises
    ------
    InputError
        If the file is missing, is not NetCDF, or breaks the schema, or if a shipped file was altered.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> curves = bk.load_curves("desk-amount")
    >>> curves.sizes["run"], curves.attrs["axis"]
    (231, 'amount')
    """
    if isinstance(path, xr.Dataset):
        return validate(path)
    require_path(path, CURVES, "curves")
    name, path = str(path), Path(path)
    if not path.is_file():
        checksums = _checksums()
        if name in checksums:
            path = shipped_folder("data") / "sweeps" / name / "curves.nc"
            _check_shipped(path, checksums[name])
        else:
            _require_curves(path, list(checksums))
    curves = read_netcdf(path, f"a NetCDF file of {CURVES}", table_instead(path))
    refuse_other_kinds(CURVES, curves.variables, curves.attrs, str(path))
    return validate(curves, str(path))


def save_curves(curves: xr.Dataset, path: str | Path) -> Path:
    """Write retention curves, compressed; an existing file is replaced only when the new one is complete.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> curves = bk.load_curves("desk-amount")
    >>> bk.save_curves(curves.isel(run=slice(0, 40)), "part.nc").name
    'part.nc'
    """
    require_curves(curves)
    packed: dict[Any, dict[str, bool]] = {
        name: {"zlib": True} for name, v in curves.data_vars.items() if v.dtype.kind in "if"
    }
    return write_netcdf(validate(curves, str(path)), path, encoding=packed)


def _require_curves(path: Path, shipped: list[str]) -> None:
    """Refuse a path without a file; for a sweep's folder, name the command that makes a file of it."""
    expected = "a file of retention curves"
    if path.is_dir() and holds_sweep(path):
        raise InputError(expected, "the folder of a sweep", str(path), build_it(path))
    remedy = nearest(path.name, shipped) or (
        f"make one with {way('`bk.curves_from_table`', '`bayeskisl curves import`')} from a table or "
        f"{way('`bk.build_curves`', '`bayeskisl curves build`')} from a sweep, or name a shipped sweep "
        f"({', '.join(shipped)})"
    )
    require_file(path, expected, remedy, ".nc")


def _checksums() -> dict[str, str]:
    """SHA-256 of the curves of every shipped sweep, by name."""
    manifest = tomllib.loads((shipped_folder("data") / "manifest.toml").read_text())
    return {name: entry["sha256"] for name, entry in manifest["sweeps"].items()}


def _check_shipped(path: Path, expected: str) -> None:
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != expected:
        raise InputError(f"a file with SHA-256 {expected[:12]}...", f"{found[:12]}...", str(path), "install again")
