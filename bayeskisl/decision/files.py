"""Predictions on disk: written down before the target is trained, and checked when read again."""

from pathlib import Path

import xarray as xr

from bayeskisl.errors import InputError

__all__ = ["load_prediction", "save_prediction"]

_NEEDED = ("collapse", "shoulder", "optimum", "choice", "collapse_by_law", "weight")


def save_prediction(ahead: xr.Dataset, path: str | Path) -> Path:
    """Write what `predict` returned as a netCDF file; plain xarray opens it."""
    path = Path(path)
    unfinished = path.with_name(path.name + ".part")
    ahead.to_netcdf(unfinished, engine="h5netcdf")
    unfinished.replace(path)
    return path


def load_prediction(path: str | Path) -> xr.Dataset:
    """Read a prediction.

    Raises
    ------
    InputError
        If the file is missing, is not netCDF, or holds something else than a prediction.
    """
    path, remedy = Path(path), "write one with `bayeskisl predict`"
    if not path.is_file():
        raise InputError("a file with a prediction", "no such file", str(path), remedy)
    try:
        ahead = xr.load_dataset(path, engine="h5netcdf")
    except (OSError, ValueError) as error:
        raise InputError("a netCDF file with a prediction", f"a file that cannot be read ({type(error).__name__})",
                         str(path), remedy) from error  # fmt: skip
    if ahead.attrs.get("content") != "prediction" or not set(_NEEDED) <= set(ahead.variables):
        content = ", ".join(str(name) for name in list(ahead.variables)[:4]) or "other content"
        raise InputError("a prediction", f"a file with {content}", str(path), remedy)
    return ahead
