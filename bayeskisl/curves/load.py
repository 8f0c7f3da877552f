"""Curves on disk: NetCDF in, NetCDF out."""

from pathlib import Path

import xarray as xr

from bayeskisl.curves.validate import validate
from bayeskisl.errors import InputError

__all__ = ["load_curves", "save_curves"]

_ENGINE = "h5netcdf"


def load_curves(path: str | Path) -> xr.Dataset:
    """Read and validate retention curves.

    Raises
    ------
    InputError
        If the file is missing, is not NetCDF, or breaks the schema.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(
            "a file of retention curves", "no such file", str(path), "make one with `bayeskisl curves build`"
        )
    try:
        curves = xr.load_dataset(path, engine=_ENGINE)
    except (OSError, ValueError, KeyError) as problem:
        raise InputError("a NetCDF file", f"{type(problem).__name__}: {problem}", str(path)) from None
    return validate(curves, str(path))


def save_curves(curves: xr.Dataset, path: str | Path) -> Path:
    """Write retention curves, compressed, replacing the file only when the new one is whole."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.tmp")
    packed = {name: {"zlib": True} for name, v in curves.data_vars.items() if v.dtype.kind in "if"}
    validate(curves, str(path)).to_netcdf(draft, engine=_ENGINE, encoding=packed)
    draft.replace(path)
    return path
