"""Processes that tests start."""

import contextlib
import signal
from collections.abc import Iterator

__all__ = ["heeded"]


@contextlib.contextmanager
def heeded(number: signal.Signals) -> Iterator[None]:
    """Children that are started meanwhile heed a signal that the tests were told to ignore, as ``nohup`` does."""
    before = signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(number, before)
