"""C text to functions, compiled once per machine: libraries are kept in the user's cache directory.

`BAYESKISL_CACHE` names another directory, or says ``off``. An entry is named by a hash of all that it depends on, and
is used only if its checksum is right and the directory is the user's own; otherwise it is made again.
"""

import ctypes
import hashlib
import json
import os
import platform
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["CannotCompile", "cache_folder", "load_library", "processor", "processor_name"]

_COMPILERS = ("cc", "gcc", "clang")
_FLAGS = ("-O3", "-fopenmp-simd", "-shared", "-fPIC", "-std=gnu11")
# Sums may be reordered, as every vectorised sum is; infinities and NaN keep their meaning, since they end trajectories.
_MATHS = ("-fno-math-errno", "-fno-trapping-math", "-fno-signed-zeros", "-fassociative-math", "-freciprocal-math")
_NATIVE = {
    "x86_64": ("-march=native", "-mprefer-vector-width=512"),
    "arm64": ("-mcpu=native",),
    "aarch64": ("-mcpu=native",),
}.get(platform.machine(), ("-march=native",))
_MOST_ENTRIES = 300  # some 60 kB each


class CannotCompile(Exception):
    """There is no C compiler, it fails, or there is nothing to give it."""


def cache_folder() -> Path | None:
    """Where libraries are kept; None if they are not."""
    said = os.environ.get("BAYESKISL_CACHE", "")
    if said.lower() in ("off", "0", "none"):
        return None
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(said) if said else home / "bayeskisl"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = folder.stat()
    except OSError:
        return None
    is_private = found.st_uid == os.getuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return folder if is_private and os.access(folder, os.W_OK) else None


def load_library(key: Any, write: Callable[[], tuple[str, dict]]) -> tuple[ctypes.CDLL, dict]:
    """The library of some C text, and what is written beside it.

    Parameters
    ----------
    key : JSON value
        All that the text depends on.
    write : callable
        Makes the text, and a JSON object that describes it, when the cache has none.

    Raises
    ------
    CannotCompile
        If it has to be compiled and cannot be.
    """
    folder = cache_folder()
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="bayeskisl-") as temporary:
            return _make(Path(temporary) / "density.so", *write())
    name = hashlib.sha256(json.dumps([key, _FLAGS, _MATHS, _NATIVE, processor()]).encode()).hexdigest()[:32]
    path = folder / f"density-{name}.so"
    return _kept(path) or _make(path, *write())


def _kept(path: Path) -> tuple[ctypes.CDLL, dict] | None:
    try:
        entry = json.loads(path.with_suffix(".json").read_text())
        if hashlib.sha256(path.read_bytes()).hexdigest() != entry["sha256"]:
            return None
        os.utime(path)
        return ctypes.CDLL(str(path)), entry["about"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _make(path: Path, text: str, about: dict) -> tuple[ctypes.CDLL, dict]:
    with tempfile.TemporaryDirectory(prefix=".making-", dir=path.parent) as work:
        source, built, entry = Path(work) / "density.c", Path(work) / "density.so", Path(work) / "density.json"
        source.write_text(text)
        _compile(source, built)
        checksum = hashlib.sha256(built.read_bytes()).hexdigest()
        entry.write_text(json.dumps({"sha256": checksum, "about": about}))
        library = ctypes.CDLL(str(built))
        os.replace(built, path)
        os.replace(entry, path.with_suffix(".json"))
    _prune(path.parent)
    return library, json.loads(json.dumps(about))


def _compile(source: Path, built: Path) -> None:
    compiler = _compiler()
    if compiler is None:
        raise CannotCompile(f"no C compiler among {', '.join(_COMPILERS)}")
    vector_maths = ("-lmvec",) if platform.libc_ver()[0] == "glibc" and platform.machine() == "x86_64" else ()
    for native in (_NATIVE, ()):
        command = [*compiler, *_FLAGS, *_MATHS, *native, "-o", str(built), str(source), *vector_maths, "-lm"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError as problem:
            raise CannotCompile(f"{compiler[0]} failed: {problem}") from None
        if done.returncode == 0:
            return
    raise CannotCompile(f"{compiler[0]} failed: {done.stderr[-500:]}")


def _compiler() -> list[str] | None:
    named = os.environ.get("CC", "").split()
    if named:
        return named
    found = next(filter(None, map(shutil.which, _COMPILERS)), None)
    return None if found is None else [found]


@cache
def processor() -> str:
    """Hash of what native code depends on."""
    lines = _cpuinfo()
    named = {line for line in lines if line.startswith(("model name", "flags", "Features"))}
    told = sorted(named) if lines else [platform.processor()]
    return hashlib.sha256("\n".join([platform.machine(), *told]).encode()).hexdigest()


def _cpuinfo() -> list[str]:
    """What Linux says of the processor; nothing elsewhere."""
    try:
        return Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return []


def processor_name() -> str:
    """What this machine calls its processor."""
    named = (line.partition(":")[2].strip() for line in _cpuinfo() if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def _prune(folder: Path) -> None:
    """The entries that were used longest ago go."""
    try:
        kept = sorted(folder.glob("density-*.so"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in kept[_MOST_ENTRIES:]:
            path.unlink(missing_ok=True)
            path.with_suffix(".json").unlink(missing_ok=True)
    except OSError:
        pass  # another process was faster
