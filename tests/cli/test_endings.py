"""How commands end: interrupted, terminated, without room, without memory, without a reader."""

import os
import resource
import signal
import subprocess
import sys

import pytest

from bayeskisl.cli import _POOLS, _bound_threads
from tests.processes import heeded

BUILD = ["export", "desk-dose", "--out"]


# Limits are set between fork and exec, where JAX, if another test has loaded it, warns: nothing of it runs there.
pytestmark = [
    pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def begun(*arguments, **options):
    command = [sys.executable, "-m", "bayeskisl", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_while_libraries_load_is_one_sentence(number, code, tmp_path):
    with heeded(number):
        process = begun(*BUILD, tmp_path / "curves.nc")
    first = process.stderr.readline()
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert first.endswith(" ...\n")
    assert said in ("bayeskisl: interrupted.\n", "bayeskisl: terminated.\n")
    assert process.returncode == code
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path):
    def without_room():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    process = begun(*BUILD, tmp_path / "curves.nc", preexec_fn=without_room)
    _, said = process.communicate(timeout=60)
    *stages, sentence = said.splitlines()
    assert all(stage.endswith((" ...", " s)")) for stage in stages)
    assert sentence.startswith(f"bayeskisl: cannot write {tmp_path}/curves.nc: File too large; make room")
    assert process.returncode == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not limit addresses")
def test_a_limit_on_memory_that_is_too_low_is_refused():
    def limited():
        resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))

    _, said = begun(*BUILD, "curves.nc", preexec_fn=limited).communicate(timeout=60)
    expected = "expected at least 2,048 MiB of address space, got 1,024 MiB; raise the limit."
    assert said == f"bayeskisl: ulimit -v: {expected}\n"


@pytest.mark.parametrize(
    ("limit", "wanted", "threads"),
    [
        (2**31, None, "2"),
        (2**31, "64", "2"),
        (2**31, "1", "1"),
        (2**29, "8", "1"),
        (2**36, "4", "4"),
        (2**36, "", "64"),
    ],
)
def test_a_limit_on_memory_bounds_how_many_threads_are_started(monkeypatch, limit, wanted, threads):
    for name in _POOLS:
        monkeypatch.setenv(name, wanted or "")
        if wanted is None:
            monkeypatch.delenv(name)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (limit, limit))
    _bound_threads()
    assert {os.environ[name] for name in _POOLS} == {threads}


def test_without_a_limit_threads_are_as_many_as_wanted(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    monkeypatch.setenv("POLARS_MAX_THREADS", "64")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    _bound_threads()
    assert os.environ["POLARS_MAX_THREADS"] == "64"
    assert "OMP_NUM_THREADS" not in os.environ


def test_a_reader_that_goes_away_is_no_problem():
    command = f"'{sys.executable}' -m bayeskisl laws limits | true"
    assert subprocess.run(command, shell=True, capture_output=True, text=True, check=True).stderr == ""


def test_a_terminal_without_utf_8_gets_what_it_can_show(monkeypatch):
    for name, value in (("LC_ALL", "C"), ("PYTHONUTF8", "0"), ("PYTHONCOERCECLOCALE", "0"), ("COLUMNS", "20")):
        monkeypatch.setenv(name, value)
    process = begun("laws", "limits")
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, "")
