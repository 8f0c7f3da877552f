"""NetCDF files: checked before they are read, and written atomically.

NetCDF is HDF5, which can name other files to read from, allocate what a header of a few bytes says, and call programs
to decompress. A file that is only read for its numbers needs none of that.
"""

import io
import math
import mmap
import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bayeskisl.arguments import require_path
from bayeskisl.errors import BayeskislError, InputError, require_ending
from bayeskisl.files import lies_at, replace_file

if TYPE_CHECKING:
    import h5py
    import xarray as xr

__all__ = ["read_netcdf", "read_netcdf_tree", "write_netcdf"]

_ENGINE: Final = "h5netcdf"
_FILTERS = {1: "deflate", 2: "shuffle", 3: "fletcher32"}  # those that are part of HDF5 itself
_COLLECTION: Final = b"GCOL\x01\0\0\0"  # mark and version
_MOST_OBJECTS = 10_000  # a fit of eight laws has some 500
_MOST_DIMS = 8
# What a file may unpack to: curves are small and compress well, posteriors are large and hardly compress.
_FREE_BYTES, _TIMES_ITS_SIZE = 2**26, 8
# Attributes by which NetCDF itself is laid out in HDF5; all others are a text or a number.
_OF_THE_FORMAT = {
    "CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST", "_Netcdf4Dimid", "_Netcdf4Coordinates", "_NCProperties",
    "_nc3_strict", "_FillValue",
}  # fmt: skip
# No variable of ours is a time, whatever its units say.
_AS_STORED: dict[str, Any] = {"decode_times": False, "decode_timedelta": False}


def read_netcdf(path: str | Path, what: str = "a NetCDF file", remedy: str = "") -> "xr.Dataset":
    """Read the arrays of a NetCDF file into memory.

    Parameters
    ----------
    path : path
    what, remedy : str
        Expected content and remedy, for the error message.

    Raises
    ------
    InputError
        If it is no NetCDF file, is damaged, would unpack to far more than its size, or refers to other files.
    """
    import xarray as xr

    return _read(path, what, remedy, lambda file: xr.load_dataset(file, engine=_ENGINE, **_AS_STORED))


def read_netcdf_tree(path: str | Path, judge: "Callable[[xr.DataTree], None] | None" = None) -> "xr.DataTree":
    """Read the groups of a NetCDF file into memory.

    Parameters
    ----------
    path : path
    judge : callable, optional
        Receives the opened tree, of which an array is read once it is used, before all others are read.

    Raises
    ------
    InputError
        As `read_netcdf`; what `judge` raises.
    """
    import xarray as xr

    def load(file: Any) -> xr.DataTree:
        with xr.open_datatree(file, engine=_ENGINE, **_AS_STORED) as opened:
            if judge is not None:
                judge(opened)
            return opened.load()

    return _read(path, "a NetCDF file", "", load)


def write_netcdf(data: "xr.Dataset | xr.DataTree", path: str | Path, **options: Any) -> Path:
    """Write arrays as NetCDF; an existing file is replaced only when the new one is complete.

    The file is laid out in memory first: HDF5 itself does not survive a full disk.

    Raises
    ------
    InputError
        If `path` is no path, or does not end in ``.nc``.
    OutputError
        If the file cannot be written.
    """
    require_path(path, "a file to write", "path", 'name it, for example "result.nc"')
    path, laid_out = Path(path), io.BytesIO()
    require_ending(path, [".nc"], "path")
    with _hdf5(laid_out, "w", track_order=True) as file:  # NetCDF keeps the order of what is in a file
        data.to_netcdf(file, engine=_ENGINE, **options)
    with laid_out.getbuffer() as content:
        replace_file(path, content)
    return path


def _read(path: str | Path, what: str, remedy: str, load: Any) -> Any:
    path = Path(path)
    try:
        _look_over(path)
        with _hdf5(path, "r") as file:
            return load(file)
    except BayeskislError:
        raise
    except _Refused as reason:
        raise InputError(what, str(reason), str(path), remedy) from None
    except Exception as problem:  # the libraries raise whatever their parsing of damaged bytes runs into
        if isinstance(problem, MemoryError) and _memory_is_limited():
            raise  # what a damaged file could ask for has been refused already
        said = next(iter(str(problem).splitlines()), "")[:120]
        got = f"a file that cannot be read ({type(problem).__name__}{': ' if said else ''}{said})"
        raise InputError(what, got, str(path), remedy) from None


def _hdf5(*where: Any, **options: Any) -> Any:
    """Open a file that keeps the objects found in it: h5netcdf looks up the same hundred some fifty times each."""
    import h5py

    class Remembering(h5py.File):
        def __init__(self) -> None:
            self.__dict__["found"] = {}
            super().__init__(*where, **options)

        def __getitem__(self, path: str) -> "h5py.Group | h5py.Dataset":
            known = self.found.get(path)
            if known is None or not h5py.h5o.get_info(known.id).rc:  # nothing refers to what was deleted
                known = self.found[path] = super().__getitem__(path)
            return known

    return Remembering()


def _memory_is_limited() -> bool:
    return resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY


class _Refused(Exception):
    """A file must not be read; the message names its content."""


def _look_over(path: Path) -> None:
    """Refuse a file that could read other files, run code, or take more memory than its size warrants."""
    import h5py

    if not path.is_file():
        raise _Refused(lies_at(path) if path.exists() else "no such file")
    if not h5py.is_hdf5(path):
        raise _Refused("a file in another format")
    _refuse_endless_heaps(path)
    unpacked, most = 0, _FREE_BYTES + _TIMES_ITS_SIZE * path.stat().st_size
    with h5py.File(path, "r") as file:
        for name, found in _objects(file):
            _refuse_odd_attributes(name, found)
            if isinstance(found, h5py.Dataset):
                unpacked += _bytes_of(name, found)
                if unpacked > most:
                    raise _Refused(f"one that unpacks to more than {most / 2**20:,.0f} MiB")


def _refuse_endless_heaps(path: Path) -> None:
    """Refuse texts whose index refers to itself, which HDF5 would search forever.

    A collection of texts is its mark, its size in eight bytes, then entries of 16 bytes (a number in the first two, the
    size in the last eight), each with its text, padded to a multiple of eight. The entry 0 is what is free: its size
    counts its own 16 bytes.
    """
    if path.stat().st_size == 0:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        at = content.find(_COLLECTION)
        while at >= 0:
            _walk(content, at)
            at = content.find(_COLLECTION, at + 1)


def _walk(content: mmap.mmap, start: int) -> None:
    if start + 16 > len(content):
        return
    at, end = start + 16, min(start + int.from_bytes(content[start + 8 : start + 16], "little"), len(content))
    while at + 16 <= end:
        number, size = (
            int.from_bytes(content[at : at + 2], "little"),
            int.from_bytes(content[at + 8 : at + 16], "little"),
        )
        step = 16 + -(-size // 8) * 8 if number else size
        if step < 16:
            raise _Refused("one whose texts refer to themselves")
        at += step


def _objects(file: "h5py.File") -> "Iterator[tuple[str, h5py.Group | h5py.Dataset]]":
    """The file's groups and datasets, each once, reached only from within the file."""
    import h5py

    waiting: list[tuple[str, Any]] = [("/", file)]
    seen = {h5py.h5o.get_info(file.id).addr}
    while waiting:
        name, found = waiting.pop()
        yield name, found
        if not isinstance(found, h5py.Group):
            continue
        for child in found:
            place = f"{name.rstrip('/')}/{child}"
            if not isinstance(found.get(child, getlink=True), h5py.HardLink):
                raise _Refused(f"one with a link at {place!r:.80}")
            inner = found[child]
            address = h5py.h5o.get_info(inner.id).addr
            if address in seen or not isinstance(inner, h5py.Group | h5py.Dataset):
                raise _Refused(f"one with something else than groups and arrays at {place!r:.80}")
            seen.add(address)
            if len(seen) > _MOST_OBJECTS:
                raise _Refused(f"one with more than {_MOST_OBJECTS:,} arrays")
            waiting.append((place, inner))


def _bytes_of(name: str, found: "h5py.Dataset") -> int:
    """Return the size of an array in bytes, after checking that it contains numbers or texts of this file."""
    import h5py

    made = found.id.get_create_plist()
    if made.get_external_count() or made.get_layout() == h5py.h5d.VIRTUAL:
        raise _Refused(f"one that takes {name!r:.80} from another file")
    codes = [made.get_filter(number)[0] for number in range(made.get_nfilters())]
    if unknown := [code for code in codes if code not in _FILTERS]:
        raise _Refused(f"one with the filter {unknown[0]} (known are {', '.join(_FILTERS.values())})")
    texts = h5py.check_string_dtype(found.dtype) is not None
    if not texts and (found.dtype.kind not in "iufb" or found.dtype.itemsize > 8):
        raise _Refused(f"one with neither numbers nor texts in {name!r:.80}")
    if found.shape is None or len(found.shape) > _MOST_DIMS:
        raise _Refused(f"one with an invalid shape of {name!r:.80}")
    texts_elsewhere = _bytes_of_texts(name, found) if found.dtype.kind == "O" else 0
    return math.prod(found.shape) * max(found.dtype.itemsize, 1) + texts_elsewhere


def _bytes_of_texts(name: str, found: "h5py.Dataset") -> int:
    """Return the declared size of variable-length texts: HDF5 allocates it before it reads a text.

    An entry is the length of a text in four bytes, then where it lies. (The headers in which attributes lie have
    checksums.)
    """
    if found.id.get_create_plist().get_nfilters():
        raise _Refused(f"one with compressed texts in {name!r:.80}")
    entry = found.id.get_type().get_size()
    return sum(
        int.from_bytes(entries[at : at + 4], "little")
        for entries in _stored(found)
        for at in range(0, len(entries), entry)
    )


def _stored(found: "h5py.Dataset") -> Iterator[bytes]:
    """Yield the stored bytes of an array, except those in a header."""
    if found.chunks:
        chunks = map(found.id.get_chunk_info, range(found.id.get_num_chunks()))
        places = [(chunk.byte_offset, chunk.size) for chunk in chunks]
    else:
        places = [(found.id.get_offset(), found.id.get_storage_size())]
    with Path(found.file.filename).open("rb") as file:
        for offset, size in places:
            if offset is not None:
                file.seek(offset)
                yield file.read(size)


def _refuse_odd_attributes(name: str, found: "h5py.Group | h5py.Dataset") -> None:
    import h5py

    for key in found.attrs:
        if key in _OF_THE_FORMAT:
            continue
        kept = found.attrs.get_id(key)
        one = kept.shape is not None and math.prod(kept.shape) == 1
        if not one or not (h5py.check_string_dtype(kept.dtype) or kept.dtype.kind in "iufbS"):
            raise _Refused(f"one whose attribute {key!r:.80} of {name!r:.80} is neither a text nor a number")
