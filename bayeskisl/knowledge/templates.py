"""Templates of a fact, some held out, so that knowledge can be distinguished from a repeated phrase."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from bayeskisl.arrays import IntArray
from bayeskisl.errors import InputError
from bayeskisl.specifications import strictly

__all__ = ["Templates"]


@strictly
@dataclass(frozen=True)
class Templates:
    """The surface forms of a relation: symbols of their own, placed around subject and answer.

    Each fact is trained in all templates but `heldout` of them, one drawn at every encounter, and the ones that it
    never meets rotate from fact to fact. So every template is read as often as any other and no symbol of a probe is
    new to the model: only the pair of this fact with this template is.

    Attributes
    ----------
    count : int
        T, e.g. 4.
    heldout : int
        Templates that a fact is never trained in, less than T; they are probed as the group ``infused_heldout``.
    carrier : int
        Symbols of a template's own, e.g. 1.
    frame : str
        Where they stand: ``prefix``, all before the subject, as the marker of the plain format does; or ``around``,
        where template t places the first ``carrier - t mod (carrier + 1)`` of them before the subject and the rest
        between subject and answer.
    domain_marker : bool
        Whether infused sequences begin with a start token of their own; like every start token it is an input only
        and costs nothing of the budget (arXiv 2404.05405 measures the effect of such a marker).
    """

    count: Annotated[int, Field(ge=1, le=254)] = 1
    heldout: Annotated[int, Field(ge=0, le=253)] = 0
    carrier: Annotated[int, Field(ge=1, le=254)] = 1
    frame: Literal["prefix", "around"] = "prefix"
    domain_marker: bool = False

    def __post_init__(self) -> None:
        if self.count < 1 or self.carrier < 1:
            got = f"{self.count} with {self.carrier}"
            raise InputError("at least one template with at least one symbol of its own", got, "templates")
        if self.frame not in ("prefix", "around"):
            raise InputError("a frame 'prefix' or 'around'", repr(self.frame), "templates")
        if not 0 <= self.heldout < self.count:
            got = f"{self.heldout} of {self.count}"
            raise InputError("fewer templates held out than there are", got, "templates")

    @property
    def tokens(self) -> int:
        """Number of symbols that all templates add to the vocabulary."""
        return self.count * self.carrier

    def draw(self, order: IntArray, rng: np.random.Generator, heldout: bool) -> IntArray:
        """Draw a template for each encounter with the facts `order`, shape ``(encounter,)``.

        Fact i is held out from templates i, ..., i + heldout - 1 (modulo T).
        """
        first, number = (0, self.heldout) if heldout else (self.heldout, self.count - self.heldout)
        return (order + first + rng.integers(number, size=len(order))) % self.count

    def write(self, subjects: IntArray, answers: IntArray, chosen: IntArray, first_carrier: int) -> IntArray:
        """Return tokens of facts in given templates, shape ``(fact, carrier + subject + answer)``, dtype uint8."""
        carriers = first_carrier + chosen[:, None] * self.carrier + np.arange(self.carrier)
        between = chosen % (self.carrier + 1) if self.frame == "around" else np.zeros_like(chosen)
        before = self.carrier - between
        length = subjects.shape[1]
        written = np.empty((len(chosen), self.carrier + length + answers.shape[1]), dtype=np.uint8)
        for split in range(self.carrier + 1):
            rows = before == split
            parts = [carriers[rows, :split], subjects[rows], carriers[rows, split:], answers[rows]]
            written[rows] = np.concatenate(parts, axis=1)
        return written
