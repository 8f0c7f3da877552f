"""Files: whole or not at all, one writer at a time, whatever the clock says."""

import multiprocessing
import os
import sys
import threading
import time

import pytest

from bayeskisl import machine_code
from bayeskisl.errors import BusyError, OutputError
from bayeskisl.files import append_line, draft_of, held, replace_file, turn_in

WRITERS, TIMES = 4, 25
SPAWN = multiprocessing.get_context("spawn")  # libraries of other tests have threads, which a fork would not take along


def side_by_side(act, *arguments, make=threading.Thread):
    writers = [make(target=act, args=(*arguments, number)) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    if make is not threading.Thread:
        assert [writer.exitcode for writer in writers] == [0] * WRITERS


def write_often(path, number):
    for _ in range(TIMES):
        replace_file(path, bytes([number]) * 100_000)


@pytest.mark.parametrize("make", [threading.Thread, SPAWN.Process], ids=["threads", "processes"])
def test_of_several_writers_one_wins_whole_and_no_draft_stays(tmp_path, make):
    side_by_side(write_often, tmp_path / "file", make=make)
    content = (tmp_path / "file").read_bytes()
    assert content == content[:1] * 100_000
    assert os.listdir(tmp_path) == ["file"]


def test_two_drafts_of_one_process_are_two_files(tmp_path):
    with draft_of(tmp_path / "file") as one, draft_of(tmp_path / "file") as other:
        assert one != other
        one.write_text("one")
        other.write_text("other")
    assert (tmp_path / "file").read_text() == "one"


def append_often(path, number):
    for time_ in range(TIMES):
        append_line(path, f"{number} {time_}")


def test_no_line_of_several_writers_is_lost(tmp_path):
    side_by_side(append_often, tmp_path / "lines", make=SPAWN.Process)
    lines = (tmp_path / "lines").read_text().splitlines()
    assert sorted(lines) == sorted(f"{number} {time_}" for number in range(WRITERS) for time_ in range(TIMES))


def test_a_line_that_was_cut_off_takes_no_other_with_it(tmp_path):
    (tmp_path / "lines").write_text("whole\ncut o")
    append_line(tmp_path / "lines", "next")
    assert (tmp_path / "lines").read_text() == "whole\ncut o\nnext\n"


def test_a_folder_is_one_process_s_at_a_time(tmp_path):
    with (
        held(tmp_path / "deep" / "er") as _,
        pytest.raises(BusyError, match=f"er is in use by process {os.getpid()}; wait for it"),
        held(tmp_path / "deep" / "er"),
    ):
        raise AssertionError("two at once")
    with held(tmp_path / "deep" / "er"):
        pass
    with pytest.raises(OutputError, match="cannot write"), held(tmp_path / "deep" / "er" / ".lock"):
        raise AssertionError("a file is no folder")


def write_pair(folder, number):
    for _ in range(TIMES):
        with turn_in(folder):
            replace_file(folder / "one", str(number).encode())
            replace_file(folder / "other", str(number).encode())


@pytest.mark.parametrize("make", [threading.Thread, SPAWN.Process], ids=["threads", "processes"])
def test_files_that_belong_together_are_of_one_writer(tmp_path, make):
    side_by_side(write_pair, tmp_path, make=make)
    assert (tmp_path / "one").read_text() == (tmp_path / "other").read_text()
    assert sorted(os.listdir(tmp_path)) == ["one", "other"]


def test_a_clock_that_was_set_back_does_not_throw_out_what_was_just_compiled(tmp_path, monkeypatch):
    monkeypatch.setattr(machine_code, "_MOST_ENTRIES", 2)
    now = time.time()
    used = {"new": now, "before": now - 60, "future": now + 1e7, "farther": now + 2e7}
    for name, at in used.items():
        (tmp_path / f"{name}.so").touch()
        os.utime(tmp_path / f"{name}.so", (at, at))
    (tmp_path / ".making-x").mkdir()
    os.utime(tmp_path / ".making-x", (now + 1e7, now + 1e7))
    machine_code._prune(tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["before.so", "new.so"]


@pytest.mark.skipif(sys.platform == "win32", reason="no flock")
def hold(folder, begun):
    with held(folder):
        begun.set()
        time.sleep(60)


def test_a_killed_process_gives_its_folder_back(tmp_path):
    begun = SPAWN.Event()
    process = SPAWN.Process(target=hold, args=(tmp_path, begun))
    process.start()
    assert begun.wait(60)
    process.kill()
    process.join()
    with held(tmp_path):
        pass
