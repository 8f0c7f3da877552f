"""Libraries are made once, kept, and made again when what is kept cannot be trusted."""

import ctypes
import errno
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

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
    for path in folder.glob(f"code/density-*{suffix}"):
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
    with pytest.warns(UserWarning, match=f"the cache {folder} is not used, since it can be written by others; make"):
        assert cache_folder() is None


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_not_trusted(folder):
    os.chown(folder, 65534, 65534)
    with pytest.warns(UserWarning, match="since it belongs to another user"):
        assert cache_folder() is None


def test_compiled_code_is_open_to_its_owner_alone(folder):
    twice()
    assert stat.S_IMODE((folder / "code").stat().st_mode) == 0o700
    (folder / "code").chmod(0o755)
    twice("another")
    assert stat.S_IMODE((folder / "code").stat().st_mode) == 0o700


def test_a_link_in_place_of_the_folder_of_code_is_not_followed(folder, tmp_path):
    (folder / "code").rename(tmp_path / "elsewhere")
    (folder / "code").symlink_to(tmp_path / "elsewhere")
    before = set((tmp_path / "elsewhere").iterdir())
    with pytest.warns(UserWarning, match="code is not used, since it is no folder of yours"):
        assert twice() == 42.0
    assert set((tmp_path / "elsewhere").iterdir()) == before


@pytest.mark.parametrize("home", ["", "/nonexistent", "/proc/1"])
def test_without_a_home_nothing_is_kept_and_all_works(monkeypatch, home):
    monkeypatch.delenv("BAYESKISL_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", home)
    monkeypatch.setattr(Path, "mkdir", _read_only)
    assert twice() == 42.0


def _read_only(*_, **__):
    raise OSError(errno.EROFS, "Read-only file system")


def test_nothing_stays_in_the_temporary_folder(monkeypatch, tmp_path):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setenv("BAYESKISL_CACHE", "off")
    assert twice() == 42.0
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_full_cache_is_done_without(folder, monkeypatch):
    replace = os.replace

    def full(source, target):
        if str(target).startswith(str(folder)):
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    assert twice() == 42.0
    assert [path for path in (folder / "code").iterdir() if path.name.startswith(".making")] == []


@pytest.mark.parametrize("name", ["with a space", "süß-知識", "quo'te"])
def test_any_name_of_a_folder_will_do(monkeypatch, tmp_path, name):
    monkeypatch.setenv("BAYESKISL_CACHE", str(tmp_path / name))
    made = []
    assert twice(made=made) == twice(made=made) == 42.0
    assert made == ["twice"]


def test_processes_side_by_side_compile_once(folder):
    code = "from tests.test_machine_code import twice; made = []; twice('side by side', made=made); print(made)"
    with_path = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-c", code]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=with_path) for _ in range(8)]
    said = [child.communicate()[0].strip() for child in children]
    assert sorted(said) == ["['side by side']", *["[]"] * 7]


def test_no_compiler_says_so(monkeypatch):
    monkeypatch.setenv("CC", "false")
    with pytest.raises(CannotCompile, match="false failed"):
        twice("not yet made")
    monkeypatch.setenv("CC", "no-such-compiler-anywhere")
    with pytest.raises(CannotCompile, match="no-such-compiler-anywhere"):
        twice("not yet made")


def test_the_processor_has_a_name():
    assert len(processor_name().strip()) > 1
