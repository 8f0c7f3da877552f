"""Architectures of decoders, one in each module: a new one is a file and a line of `ARCHITECTURES`."""

from types import MappingProxyType

from bayeskisl.errors import InputError
from bayeskisl.sweeping.architectures.base import Architecture, Rule, Start
from bayeskisl.sweeping.architectures.plain import Plain
from bayeskisl.sweeping.architectures.standard import Standard

__all__ = ["ARCHITECTURES", "PLAIN", "Architecture", "Rule", "Start", "architecture_named"]

PLAIN = Plain.name
ARCHITECTURES = MappingProxyType({each.name: each for each in (Plain(), Standard())})


def architecture_named(name: str | None) -> Architecture:
    """The architecture of this name; without a name the plain one, which the first ladders do not write down.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    found = ARCHITECTURES.get(name or PLAIN)
    if found is None:
        raise InputError(f"an architecture among {', '.join(ARCHITECTURES)}", repr(name), "[model]")
    return found
