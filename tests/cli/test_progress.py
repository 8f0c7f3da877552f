"""Signs of life: a line per stage, and one now and then, in a file too."""

import sys
from itertools import pairwise

import pytest

from bayeskisl.cli import progress as module
from bayeskisl.cli.progress import Progress, be_quiet


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 0.0

        def monotonic(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def test_a_file_gets_a_line_per_stage(capsys):
    with Progress("reading runs.csv") as progress:
        progress("sampling")
    assert capsys.readouterr().err == "reading runs.csv ...\nsampling ...\n"


def test_the_time_left_follows_from_what_is_done(clock):
    progress = Progress("sampling")
    clock.now = 30.0
    assert progress.line(clock.now) == "sampling (30 s)"
    progress.share(0.25)
    assert progress.line(clock.now) == "sampling (25 %, 1 min 30 s left)"
    progress.share(0.25, "3 of 12 runs")
    assert progress.line(clock.now) == "sampling (3 of 12 runs, 25 %, 1 min 30 s left)"
    progress("writing")
    assert progress.line(clock.now) == "writing"


def test_what_an_earlier_command_has_done_says_nothing_of_the_time_left(clock):
    progress = Progress("training")
    clock.now = 30.0
    progress.share(0.8, before=0.8)
    assert progress.line(clock.now) == "training (30 s)"
    progress.share(0.9, before=0.8)
    assert progress.line(clock.now) == "training (90 %, 30 s left)"


def test_later_lines_become_rarer(clock):
    progress = Progress("training")
    due = []
    for second in range(3600):
        clock.now = float(second)
        if progress._is_due(clock.now):
            due.append(second)
            progress._said = clock.now
    assert due[0] == 20
    assert len(due) < 60
    assert all(later - earlier <= 0.12 * later + 20 for earlier, later in pairwise(due))


def test_quiet_is_quiet(capsys):
    be_quiet(True)
    try:
        with Progress("sampling") as progress:
            progress.note("4 runs")
    finally:
        be_quiet(False)
    assert capsys.readouterr().err == ""


def test_a_terminal_shows_one_line_that_changes(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with Progress("reading") as progress:
        progress("sampling")
    assert capsys.readouterr().err.replace("\r\x1b[K", "|") == "|reading ...|sampling ...|"
