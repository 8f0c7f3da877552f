"""ArviZ's functions without the seconds that loading JAX takes."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

__all__ = ["without_lazy_jax"]


@contextmanager
def without_lazy_jax() -> Iterator[None]:
    """Hide an installed JAX that is not loaded yet, within the block.

    ArviZ announces JAX as a module that loads on first use. SciPy's `logsumexp`, which ArviZ calls, asks any module of
    that name whether an array is its own, and so loads it: two to four seconds of a fit at the command line, for
    nothing. A JAX that is loaded stays where it is.
    """
    announced = sys.modules.get("jax")
    if announced is None or type(announced) is ModuleType:  # a lazy one is of another type until it is loaded
        yield
        return
    del sys.modules["jax"]
    try:
        yield
    finally:
        sys.modules.setdefault("jax", announced)
