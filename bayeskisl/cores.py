"""Processor cores: the number available to this process, and one BLAS thread for small matrix products.

A BLAS library gives every product all cores and lets its threads wait for one another by spinning. For products of
thousands of draws that wins 7 % on an idle machine, costs twice the processor time, and is four times slower where
other work, such as our own fleets, wants the cores too.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["available_cores", "one_blas_thread"]


def available_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Limit BLAS to one thread, as a context or a decorator; enter it before a thread pool is opened."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        yield
