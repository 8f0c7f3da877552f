"""Compilation of C and C++ text to functions, once per machine; libraries are kept in the user's cache directory.

`BAYESKISL_CACHE` names another directory, or says ``off``. An entry is named by a hash of all that it depends on. It is
loaded only from a folder that no other user can read or write, and only if its bytes have the checksum that was written
beside them: a library that was cut off by a full disk would otherwise end the process. What fails that is made again.
"""

import ctypes
import fcntl
import hashlib
import json
import os
import platform
import shutil
import stat
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["C", "CannotCompile", "Language", "cache_folder", "load_library", "processor", "processor_name"]

_NATIVE = {
    "x86_64": ("-march=native", "-mprefer-vector-width=512"),
    "arm64": ("-mcpu=native",),
    "aarch64": ("-mcpu=native",),
}.get(platform.machine(), ("-march=native",))
# GNU's vectors of exp, log and the like, which only its own library for this processor has.
_VECTOR_MATHS = ("-lmvec",) if platform.libc_ver()[0] == "glibc" and platform.machine() == "x86_64" else ()
_MOST_ENTRIES = 300  # some 60 kB each
_STALE = 3600.0  # seconds after which the folder of a compilation was left behind by a process that was killed


@dataclass(frozen=True)
class Language:
    """Recipe that turns source text into a library.

    Attributes
    ----------
    name : str
        For people: ``C``.
    stem, suffix : str
        File names: the beginning of a library's name, and the source's ending.
    variable : str
        The environment variable that names a compiler.
    compilers : tuple of str
        Compilers to look for otherwise.
    flags : tuple of str
    native : tuple of tuple of str
        Flags for this very processor, tried in this order.
    libraries : tuple of str
    """

    name: str
    stem: str
    suffix: str
    variable: str
    compilers: tuple[str, ...]
    flags: tuple[str, ...]
    native: tuple[tuple[str, ...], ...] = (_NATIVE, ())
    libraries: tuple[str, ...] = ()

    def compiler(self) -> list[str] | None:
        """The command that compiles, or None."""
        named = os.environ.get(self.variable, "").split()
        for command in [named] if named else [[name] for name in self.compilers]:
            if found := shutil.which(command[0]):
                return [found, *command[1:]]
        return None

    def require_compiler(self) -> list[str]:
        """The command that compiles; raises `CannotCompile` without one."""
        command = self.compiler()
        if command is None:
            named = os.environ.get(self.variable, "")
            absent = f" {named!r}" if named else ""
            raise CannotCompile(
                f"there is no {self.name} compiler{absent}; install {self.compilers[0]} or name one in {self.variable}"
            )
        return command


C = Language(
    name="C",
    stem="density",
    suffix=".c",
    variable="CC",
    compilers=("cc", "gcc", "clang"),
    # Sums may be reordered, as every vectorised sum is; infinities and NaN keep their meaning: they end trajectories.
    # A density is one function of hundreds of loops: -O3 takes three times as long to compile it, and gains no speed.
    # Vectorised remainders of loops would double its code; GCC can leave them out.
    # Expensive optimisations include `vzeroupper` before each call of a function without vectors, of which loops over a
    # few cells are full: without it a call of exp took a tenth of a microsecond, and a gradient four to six times as
    # long (LOG.md, 2026-11-30).
    flags=(
        "-O1", "-fexpensive-optimizations", "-ftree-vectorize", "-fopenmp-simd", "-shared", "-fPIC", "-std=gnu11",
        "-fno-math-errno", "-fno-trapping-math", "-fno-signed-zeros", "-fassociative-math", "-freciprocal-math",
    ),
    native=((*_NATIVE, "--param", "vect-epilogues-nomask=0"), _NATIVE, ()),
    libraries=(*_VECTOR_MATHS, "-lm"),
)  # fmt: skip


class CannotCompile(Exception):
    """No compiler was found, it failed, or the source text is missing."""


def cache_folder() -> Path | None:
    """Return the folder of compiled code and prepared text, or None without a cache.

    Warns
    -----
    UserWarning
        Once, if the folder belongs to another user or others may write it: it is not used.
    """
    folder = _named_folder()
    if folder is None:
        return None
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = folder.stat()
    except OSError:
        return None
    if found.st_uid != os.getuid():
        _warn_refused(folder, "belongs to another user")
        return None
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        _warn_refused(folder, "can be written by others")
        return None
    return folder if os.access(folder, os.W_OK | os.X_OK) else None


def _named_folder() -> Path | None:
    named = os.environ.get("BAYESKISL_CACHE", "")
    if named.lower() in ("off", "0", "none"):
        return None
    try:
        if named:
            return Path(named).expanduser()
        home = os.environ.get("XDG_CACHE_HOME", "")
        return (Path(home) if os.path.isabs(home) else Path.home() / ".cache") / "bayeskisl"
    except RuntimeError:  # no home
        return None


@cache
def _warn_refused(folder: Path, reason: str) -> None:
    warnings.warn(
        f"the cache {folder} is not used, since it {reason}; make it your own with mode 700, or name another folder in "
        "BAYESKISL_CACHE.",
        stacklevel=3,
    )


def _code_folder() -> Path | None:
    """The folder of compiled code in the cache: owned by this user and closed to others."""
    folder = cache_folder()
    if folder is None:
        return None
    code = folder / "code"
    try:
        code.mkdir(exist_ok=True, mode=0o700)
        found = code.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            _warn_refused(code, "is no folder of yours")
            return None
        if stat.S_IMODE(found.st_mode) != stat.S_IRWXU:
            code.chmod(stat.S_IRWXU)
    except OSError:
        return None
    return code


def load_library(
    key: Any, write: Callable[[], tuple[str, dict[str, Any]]], language: Language = C
) -> tuple[ctypes.CDLL, dict[str, Any]]:
    """Return the library of a source text, with the file written beside it.

    Parameters
    ----------
    key : JSON value
        All that the text depends on.
    write : callable
        Makes the text, and a JSON object that describes it, when the cache has none.
    language : Language

    Raises
    ------
    CannotCompile
        If it has to be compiled and cannot be.
    """
    write, folder = cache(write), _code_folder()
    if folder is not None:
        path = folder / f"{language.stem}-{_digest(key, language)}.so"
        with suppress(OSError):  # a full disk, or programs may not be run from there: a temporary folder may do
            if (kept := _kept(path)) is not None:
                return kept
            with _one_process(path):
                return _kept(path) or _make(path, *write(), language)
    try:
        with tempfile.TemporaryDirectory(prefix="bayeskisl-") as temporary:
            return _make(Path(temporary) / f"{language.stem}.so", *write(), language)
    except OSError as problem:
        raise CannotCompile(f"no folder for compiled code can be used: {problem.strerror or problem}") from None


def _digest(key: Any, language: Language) -> str:
    parts = [key, language.flags, language.native, language.libraries, processor()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


@contextmanager
def _one_process(path: Path) -> Iterator[None]:
    """Let only one of several processes compile the same library."""
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        with suppress(OSError):  # a file system without locks: each compiles, and the last one's stays
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _kept(path: Path) -> tuple[ctypes.CDLL, dict[str, Any]] | None:
    try:
        entry = json.loads(path.with_suffix(".json").read_text())
        if hashlib.sha256(path.read_bytes()).hexdigest() != entry["sha256"]:
            return None
        os.utime(path)
        return ctypes.CDLL(str(path)), entry["about"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _make(path: Path, text: str, about: dict[str, Any], language: Language) -> tuple[ctypes.CDLL, dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix=".making-", dir=path.parent) as work:
        source, built, entry = (Path(work) / f"library{ending}" for ending in (language.suffix, ".so", ".json"))
        source.write_text(text)
        _compile(source, built, language)
        checksum = hashlib.sha256(built.read_bytes()).hexdigest()
        entry.write_text(json.dumps({"sha256": checksum, "about": about}))
        library = ctypes.CDLL(str(built))
        os.replace(built, path)
        os.replace(entry, path.with_suffix(".json"))
    _prune(path.parent)
    return library, json.loads(json.dumps(about))


def _compile(source: Path, built: Path, language: Language) -> None:
    compiler = language.require_compiler()
    for native in language.native:
        command = [*compiler, *language.flags, *native, "-o", str(built), str(source), *language.libraries]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, errors="replace")
        except OSError as problem:
            raise CannotCompile(f"{compiler[0]} failed: {problem}") from None
        if done.returncode == 0 and built.is_file():
            return
    raise CannotCompile(f"{compiler[0]} failed: {done.stderr[-500:]}")


@cache
def processor() -> str:
    """Hash of the processor properties that native code depends on."""
    lines = _cpuinfo()
    named = {line for line in lines if line.startswith(("model name", "flags", "Features"))}
    told = sorted(named) if lines else [platform.processor()]
    return hashlib.sha256("\n".join([platform.machine(), *told]).encode()).hexdigest()


def _cpuinfo() -> list[str]:
    """Return Linux's description of the processor; empty elsewhere."""
    try:
        return Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return []


def processor_name() -> str:
    """Return the name of this machine's processor."""
    named = (line.partition(":")[2].strip() for line in _cpuinfo() if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def _prune(folder: Path) -> None:
    """Remove the entries unused for longest and the remains of killed processes."""
    with suppress(OSError):  # another process was faster
        kept = sorted(folder.glob("*.so"), key=_last_use, reverse=True)
        for path in kept[_MOST_ENTRIES:]:
            for each in (path, path.with_suffix(".json"), path.with_name(f".{path.name}.lock")):
                each.unlink(missing_ok=True)
        for left in folder.glob(".making-*"):
            if abs(time.time() - left.stat().st_mtime) > _STALE:
                shutil.rmtree(left, ignore_errors=True)


def _last_use(path: Path) -> float:
    """Return when an entry was last used; a time in the future (the clock was set back) counts as oldest."""
    used = path.stat().st_mtime
    return used if used <= time.time() + _STALE else 0.0
