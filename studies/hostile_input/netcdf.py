"""NetCDF: bytes, attributes and arrays of a file of curves changed."""

import math
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from hypothesis import strategies as st

from bayeskisl.curves import load_curves, save_curves
from studies.hostile_input.door import LIES, Door, few, require_alone

__all__ = ["NETCDF"]


_ARRAYS = (
    "run",
    "group",
    "params",
    "tokens",
    "ratio",
    "facts",
    "recalled",
    "probed",
    "guessing",
    "general_loss",
    "seed",
)
_FILE_CHANGES = st.one_of(
    st.tuples(st.just("bytes"), st.integers(0, 10**6), st.lists(st.integers(0, 255), min_size=1, max_size=3)),
    st.tuples(st.just("cut"), st.integers(0, 10**6), st.none()),
    st.tuples(st.just("attribute"), st.sampled_from(["axis", "schema", "sweeps", "diverged", "title"]), LIES),
    st.tuples(st.just("unit"), st.sampled_from(_ARRAYS), st.sampled_from(["seconds since 1970-01-01", "days", "%"])),
    st.tuples(st.just("scale"), st.sampled_from(_ARRAYS), st.sampled_from(["x", 0.0, math.nan, 1e300])),
    st.tuples(st.just("value"), st.sampled_from(_ARRAYS), st.floats() | st.integers(-5, 10**18)),
    st.tuples(
        st.just("array"),
        st.sampled_from(_ARRAYS),
        st.sampled_from(["text", "one", "enormous", "external", "soft", "outside", "pairs", "gone", "deep"]),
    ),
)


@cache
def _curves() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        few = load_curves("desk-dose").isel(run=slice(0, 160, 20))
        return save_curves(few, Path(folder) / "curves.nc").read_bytes()


def _change_file(path: Path, change: tuple[str, Any, Any]) -> None:
    kind, where, what = change
    content = bytearray(path.read_bytes())
    if kind == "bytes":
        at = where % (len(content) or 1)
        content[at : at + len(what)] = bytes(what)
        path.write_bytes(content)
    elif kind == "cut":
        path.write_bytes(content[: where % (len(content) or 1)])
    else:
        try:
            with h5py.File(path, "r+") as file:
                _change_arrays(file, kind, where, what)
        except Exception:  # an earlier change spoilt the file for the library that makes the next one
            return


def _change_arrays(file: h5py.File, kind: str, where: str, what: Any) -> None:
    if kind == "attribute":
        file.attrs[where] = np.zeros(3) if what in (None, [], {}) else what
    elif kind in ("unit", "scale"):
        file[where].attrs["units" if kind == "unit" else "scale_factor"] = what
    elif kind == "value":
        file[where][...] = what
    else:
        shape = file[where].shape
        del file[where]
        if what == "text":
            file.create_dataset(where, data=np.full(shape, b"x"))
        elif what == "one":
            file[where] = 1
        elif what == "enormous":
            file.create_dataset(where, (10**12,), "f8", chunks=(1024,))
        elif what == "external":
            file.create_dataset(where, (8,), "f8", external=[("/etc/hostname", 0, 64)])
        elif what == "soft":
            file[where] = h5py.SoftLink(f"/{where}")
        elif what == "outside":
            file[where] = h5py.ExternalLink("/etc/hostname", "/")
        elif what == "pairs":
            file.create_dataset(where, shape, [("a", "i4"), ("b", "f8")])
        elif what == "deep":
            file["/".join([where] * 200)] = 1


def _enter(case: list[Any], folder: Path) -> None:
    path = folder / "out" / "curves.nc"
    path.parent.mkdir()
    path.write_bytes(_curves())
    for change in case:
        _change_file(path, change)
    curves = load_curves(path)
    assert curves.nbytes < 2**26, "more than 64 MiB out of a few kilobytes"
    require_alone(folder, "out")


NETCDF = Door("netcdf", few(_FILE_CHANGES), _enter)
