"""Lengths that compiled code receives at run time: the numbers of runs, points and cells.

PyTensor's graphs have shapes of plain integers. A graph for code that takes any number of them is made with primes
in their place. Whatever is computed from lengths is a product of them, such as the stride of a cell in an
array ``(cell, group)``, so that its factors tell which lengths it contains.
"""

from collections.abc import Iterable, Sequence
from math import prod

__all__ = ["STAND_INS", "at_lengths", "c_length", "is_open"]

# Two stand-ins each: a graph makes the same code with either, which a test asks, unless a length has leaked into a
# number. No other length has such a factor: groups and quantities, a few for each domain, are fewer than 491.
STAND_INS = ((1009, 503, 491), (1013, 509, 499))
_NAMES = {prime: name for primes in STAND_INS for prime, name in zip(primes, "RPC", strict=True)}


def c_length(length: int) -> str:
    """A product of lengths in C, where ``R``, ``P`` and ``C`` are the numbers of runs, points and cells."""
    return " * ".join(_factors(length))


def is_open(length: int) -> bool:
    """Whether the number of runs, points or cells is a factor."""
    return bool(set("RPC") & set(_factors(length)))


def at_lengths(shape: Iterable[int], counts: Sequence[int]) -> tuple[int, ...]:
    """Return a shape with the actual numbers of runs, points and cells, `counts`."""
    values = dict(zip("RPC", counts, strict=True))
    return tuple(prod(values[f] if f in values else int(f) for f in _factors(length)) for length in shape)


def _factors(length: int) -> list[str]:
    """Names of the open lengths that are factors, after the remaining number unless that is 1."""
    length, found = int(length), []
    for prime, name in _NAMES.items():
        while length and length % prime == 0:
            length //= prime
            found.append(name)
    return [str(length), *found] if length != 1 or not found else found
