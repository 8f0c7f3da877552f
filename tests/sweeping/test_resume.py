"""Nothing lost: kill -9, truncation, corruption, changed specifications, two processes."""

import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from bayeskisl.curves import build_curves
from bayeskisl.errors import InputError, SweepError
from bayeskisl.sweeping import load_sweep, run_sweep, sweep_folders, sweep_status
from bayeskisl.sweeping.store import open_folder
from tests.processes import heeded
from tests.sweeping.conftest import SMOKE, records_of


@pytest.fixture
def copy(finished, tmp_path):
    """A copy of the finished sweep that a test may damage."""
    return shutil.copytree(finished, tmp_path / "copy")


def test_a_finished_sweep_is_reused(smoke, copy):
    before = records_of(copy)
    result = run_sweep(smoke, copy, workers=1)
    assert (result.trained, result.reused) == (0, len(before))
    assert records_of(copy) == before


# compiled, where the worker processes need no torch
@pytest.mark.parametrize("compiled", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_processes_side_by_side_give_the_same_records(smoke, tmp_path, compiled):
    spec = replace(smoke, compile=compiled)
    for workers in (1, 2):
        run_sweep(spec, tmp_path / str(workers), workers=workers)
    assert records_of(tmp_path / "2") == records_of(tmp_path / "1")


def begin(spec, out, *options):
    command = [sys.executable, "-m", "bayeskisl", "sweep", "run", str(spec), "--out", str(out), *options]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def test_kill_9_in_the_middle_then_resume_gives_the_same_records(smoke, finished, tmp_path):
    spec, out = tmp_path / "smoke.toml", tmp_path / "out"
    spec.write_text(SMOKE)
    child = begin(spec, out, "--workers", "1")
    while child.poll() is None and len(records_of(out)) < 2:
        time.sleep(0.01)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    survivors = records_of(out)
    assert 0 < len(survivors) < len(records_of(finished)), "the kill came in the middle"
    run_sweep(smoke, out, workers=1)
    assert records_of(out) == records_of(finished)


def what_is_there(out):
    """Records, and states by their steps as far as their times tell."""
    return {(path.name, path.stat().st_mtime_ns) for path in out.glob("*/[rs]*s/**/*.*") if path.suffix != ".tmp"}


@pytest.mark.slow
def test_kill_9_at_twenty_random_moments_gives_the_same_records(tmp_path):
    """Two workers, states saved at every sign of life. A kill waits until the sweep has moved since the last one."""
    # compiled, where a process that begins 21 times needs no torch
    text = SMOKE.replace("15_360", "691_200").replace("compile = false", "compile = true")
    spec, out = tmp_path / "smoke.toml", tmp_path / "out"
    spec.write_text(text)
    rng, kills, seen = random.Random(0), 0, set()
    while kills < 20:
        child = begin(spec, out, "--workers", "2", "--save-every", "0")
        while child.poll() is None and what_is_there(out) <= seen:
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.1))
        if child.poll() is not None:
            break
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        kills, seen = kills + 1, what_is_there(out)
    assert kills == 20, f"the sweep was over after {kills} kills"
    run_sweep(load_sweep(spec), out, workers=2)
    run_sweep(load_sweep(spec), tmp_path / "undisturbed", workers=1)
    assert records_of(out) == records_of(tmp_path / "undisturbed")


LOOP = ("loop", "{spec}", "--params", "50000", "--until", "width=1.2", "--budget", "600")
RUN = ("sweep", "run", "{spec}")


@pytest.mark.parametrize(
    ("words", "number", "code"),
    [
        (RUN, signal.SIGINT, 130),
        pytest.param(RUN, signal.SIGTERM, 143, marks=pytest.mark.slow),
        pytest.param(LOOP, signal.SIGINT, 130, marks=pytest.mark.slow),
        pytest.param(LOOP, signal.SIGTERM, 143, marks=pytest.mark.slow),
    ],
)
def test_a_signal_says_how_to_go_on_and_leaves_no_process_behind(tmp_path, words, number, code):
    spec, out = tmp_path / "smoke.toml", tmp_path / "out"
    # compiled, where the worker processes need no torch
    spec.write_text(SMOKE.replace("15_360", "4_608_000").replace("compile = false", "compile = true"))
    given = [word.format(spec=spec) for word in words]
    command = [sys.executable, "-m", "bayeskisl", *given, "--out", str(out), "--workers", "2"]
    with heeded(number):
        child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    while not list(out.rglob("records")):
        time.sleep(0.05)
    time.sleep(2)
    if number == signal.SIGINT:
        os.killpg(child.pid, number)  # a terminal sends it to all processes
    else:
        child.send_signal(number)
    _, said = child.communicate(timeout=240)
    assert child.returncode == code
    assert said.splitlines()[-1].endswith("the same command continues from there.")
    assert said.count("bayeskisl: ") == 1
    assert "Traceback" not in said
    deadline = time.monotonic() + 20
    while _alive(child.pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _alive(child.pid)
    assert not [path for path in out.rglob("*.tmp") if path.is_file()]


def _alive(group):
    """Whether any process of the group runs still; one that waits to be reaped by its parent does not."""
    listed = subprocess.run(["ps", "-o", "stat=", "-g", str(group)], capture_output=True, text=True).stdout.split()
    return any(not state.startswith("Z") for state in listed)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda content: content[: len(content) // 2], "its last line is cut off"),
        (lambda content: content[: content[:-1].rfind(b"\n") + 1], "its closing line is missing"),
        (
            lambda content: content.replace(b'"recalled":', b'"recalled":1', 1),
            "do not match the closing line's SHA-256",
        ),
        (lambda content: b"", "its last line is cut off"),
    ],
)
def test_damaged_records_are_named_and_done_again(smoke, finished, copy, damage, reason):
    victim = sorted(copy.glob("*/records/*.jsonl"))[3]
    victim.write_bytes(damage(victim.read_bytes()))
    assert reason in sweep_status(copy)[0].broken[victim.name]
    with pytest.raises(InputError, match=f"{victim.name}: expected a complete record, got .*{reason}"):
        build_curves(copy)
    assert run_sweep(smoke, copy, workers=1).trained == 1
    assert records_of(copy) == records_of(finished)


def test_a_changed_specification_is_refused_with_the_difference(smoke, copy):
    with pytest.raises(InputError, match=r"another one \(probes: 500 -> 100\)"):
        run_sweep(replace(smoke, probes=100), copy, workers=1)


def test_a_second_process_is_told_who_holds_the_folder(smoke, tmp_path):
    with open_folder(smoke, tmp_path), pytest.raises(SweepError, match=f"is in use by process {os.getpid()}"):
        run_sweep(smoke, tmp_path, workers=1)


def test_an_unwritable_folder_is_told(smoke, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SweepError, match="cannot write"):
        run_sweep(smoke, tmp_path / "file", workers=1)


@pytest.mark.parametrize("where", ["record", "state"])
def test_a_full_disk_is_told_and_finished_runs_are_kept(smoke, finished, tmp_path, monkeypatch, where):
    written = []

    def fsync(file):
        written.append(file)
        if len(written) == 8:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    every = 1e9 if where == "record" else 0.0
    with pytest.raises(SweepError, match=r"cannot write .*: No space left on device; .* finished runs are kept"):
        run_sweep(smoke, tmp_path, workers=1, save_every=every)
    assert records_of(tmp_path).items() <= records_of(finished).items()
    assert not list(tmp_path.glob("*/records/.*"))
    run_sweep(smoke, tmp_path, workers=1)
    assert records_of(tmp_path) == records_of(finished)


def test_refined_levels_lie_where_retention_falls(smoke, finished):
    (folder,) = sweep_folders(finished)
    facts = {json.loads(p.read_text().splitlines()[0])["facts"] for p in folder.records.glob("*.jsonl")}
    assert len(facts - {4, 16, 64}) >= 1
    assert len(records_of(finished)) == 16
