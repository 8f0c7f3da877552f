"""Lengths that compiled code takes when it runs: the numbers of runs and of cells.

PyTensor's graphs have shapes of plain integers. A graph for code that takes any number of runs and cells is made with
two primes in their place. Whatever is computed from lengths is a product of them, such as the stride of a cell in an
array ``(cell, group)``, so that its factors tell which lengths it contains.
"""

from collections.abc import Iterable
from math import prod

__all__ = ["CELLS", "RUNS", "at_lengths", "c_length", "is_open"]

# Two stand-ins each: a graph makes the same code with either, which a test asks, unless a length has leaked into a
# number. No other length has such a factor: groups and quantities are fewer than a hundred.
RUNS, CELLS = (1009, 1013), (101, 103)
_NAMES = {**dict.fromkeys(RUNS, "R"), **dict.fromkeys(CELLS, "C")}


def c_length(length: int) -> str:
    """A product of lengths in C, where ``R`` is the number of runs and ``C`` that of cells."""
    return " * ".join(_factors(length))


def is_open(length: int) -> bool:
    """Whether the number of runs or of cells is a factor."""
    return bool({"R", "C"} & set(_factors(length)))


def at_lengths(shape: Iterable[int], runs: int, cells: int) -> tuple[int, ...]:
    """A shape with the true numbers of runs and cells."""
    values = {"R": runs, "C": cells}
    return tuple(prod(values[f] if f in values else int(f) for f in _factors(length)) for length in shape)


def _factors(length: int) -> list[str]:
    """Names of the open lengths that are factors, behind what remains of the number unless that is 1."""
    length, found = int(length), []
    for prime, name in _NAMES.items():
        while length and length % prime == 0:
            length //= prime
            found.append(name)
    return [str(length), *found] if length != 1 or not found else found
