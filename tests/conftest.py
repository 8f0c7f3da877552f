"""What all processes of a test run share, and how it ends."""

import fcntl
import gc
import os
import shutil
import sys

import pytest

_STATUS = pytest.StashKey[int]()


@pytest.hookimpl(wrapper=True)
def pytest_collection(session):
    """Import without the search for garbage, and leave what was imported out of every later search.

    Some 700,000 objects stay until the end. While they are made, searching them again and again takes a sixth of the
    collection's time.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def pytest_sessionfinish(session, exitstatus):
    session.config.stash[_STATUS] = int(exitstatus)


@pytest.fixture(scope="session")
def made_once(tmp_path_factory):
    """A folder that the first process of a session to ask for it fills, and that all others read."""
    root = tmp_path_factory.getbasetemp()
    shared = (root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / "made-once"
    shared.mkdir(exist_ok=True)

    def folder(name, fill):
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (shared / name).exists():
                shutil.rmtree(shared / f"{name}.begun", ignore_errors=True)  # of a test that failed
                (shared / f"{name}.begun").mkdir()
                fill(shared / f"{name}.begun")
                (shared / f"{name}.begun").rename(shared / name)
        return shared / name

    return folder


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    """Leave without running destructors: with torch, JAX and nutpie in one process, one of them crashes at the exit.

    Seen at the end of two of two whole runs, after the last test and the summary (2026-11-24); never for a folder of
    tests by itself, and never for a command.
    """
    status = config.stash.get(_STATUS, None)
    if status is not None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
