"""Libraries are made once, kept, and made again when what is kept cannot be trusted."""

import ctypes
import os

import pytest

from bayeskisl.machine_code import CannotCompile, cache_folder, load_library, processor_name

TEXT = "double twice(double x) { return 2 * x; }"


def twice(key="twice", text=TEXT, made=None):
    def write():
        if made is not None:
            made.append(key)
        return text, {"about": key}

    library, about = load_library(key, write)
    library.twice.restype, library.twice.argtypes = ctypes.c_double, [ctypes.c_double]
    assert about == {"about": key}
    return library.twice(21.0)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("BAYESKISL_CACHE", str(tmp_path / "kept"))
    try:
        load_library("probe", lambda: (TEXT, {}))
    except CannotCompile:
        pytest.skip("no C compiler")
    return tmp_path / "kept"


def test_made_once(folder):
    made = []
    assert twice(made=made) == twice(made=made) == 42.0
    assert made == ["twice"]
    assert twice("other", made=made) == 42.0
    assert made == ["twice", "other"]


@pytest.mark.parametrize("suffix", [".so", ".json"])
def test_a_corrupted_entry_is_made_again(folder, suffix):
    twice()
    for path in folder.glob(f"density-*{suffix}"):
        path.write_bytes(path.read_bytes()[:-20])
    made = []
    assert twice(made=made) == 42.0
    assert made == ["twice"]


def test_nothing_is_kept_when_switched_off(monkeypatch):
    monkeypatch.setenv("BAYESKISL_CACHE", "off")
    assert cache_folder() is None
    made = []
    assert twice(made=made) == twice(made=made) == 42.0
    assert made == ["twice", "twice"]


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="permissions of POSIX")
def test_a_folder_that_others_may_write_is_not_trusted(folder):
    folder.chmod(0o777)
    assert cache_folder() is None


def test_no_compiler_says_so(monkeypatch):
    monkeypatch.setenv("CC", "false")
    with pytest.raises(CannotCompile, match="false failed"):
        twice("not yet made")
    monkeypatch.setenv("CC", "no-such-compiler-anywhere")
    with pytest.raises(CannotCompile, match="no-such-compiler-anywhere"):
        twice("not yet made")


def test_the_processor_has_a_name():
    assert len(processor_name().strip()) > 1
