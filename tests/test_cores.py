"""Cores are those that the process may use; matrix products keep to one where it is asked for, and get them back."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import bayeskisl as bk
from bayeskisl.cores import available_cores, one_blas_thread
from bayeskisl.inference import fleet


def threads():
    np.ones((2, 2)) @ np.ones((2, 2))
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def two_threads():
    with threadpool_limits(2, user_api="blas"):
        if threads() != {2}:
            pytest.skip("a BLAS library whose threads cannot be set")
        yield


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system does not bind processes to cores")
def test_cores_are_those_that_the_process_may_use():
    code = (
        "import os; from bayeskisl.cores import available_cores\n"
        "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); print(available_cores())"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert int(told) == 1
    assert available_cores() >= 1


def test_one_thread_inside_and_as_many_as_before_outside():
    with one_blas_thread():
        assert threads() == {1}
        with one_blas_thread():
            assert threads() == {1}
        assert threads() == {1}
    assert threads() == {2}


def test_an_exception_gives_the_threads_back():
    @one_blas_thread()
    def fails():
        assert threads() == {1}
        raise ValueError("said")

    with pytest.raises(ValueError, match="said"):
        fails()
    assert threads() == {2}


def test_threads_opened_inside_take_the_limit_over():
    with one_blas_thread(), ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda _: threads(), range(2))) == [{1}, {1}]
    assert threads() == {2}


def test_a_fleet_keeps_to_one_thread_per_posterior(monkeypatch):
    seen = []
    monkeypatch.setattr(fleet, "fit_laws", lambda *_, **__: seen.append(threads()))
    sweep = bk.simulate("collapse", {"params": [6_144, 13_824], "facts": [60, 375], "tokens": 600_000, "seeds": 1})
    with pytest.raises(AttributeError):  # of the posterior that was not made
        bk.fit_many([sweep], workers=2)
    assert seen == [{1}]
