"""A few kills at random moments. The full bar is `studies.kills`."""

import subprocess
import sys

import pytest


@pytest.mark.slow
def test_kills_leave_nothing_half_written(tmp_path):
    command = [sys.executable, "-m", "studies.kills", "--count", "6", "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert " kills, " in done.stdout
    assert "number" not in done.stdout, done.stdout
