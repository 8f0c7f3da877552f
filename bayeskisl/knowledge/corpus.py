"""A synthetic general corpus of known entropy rate: a Markov chain with Zipf-distributed successors."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from bayeskisl.arrays import FloatArray, IntArray
from bayeskisl.errors import InputError
from bayeskisl.specifications import strictly

__all__ = ["CorpusFormat", "GeneralCorpus"]


# Successors are ranked by one random number for each context and symbol: 256 MiB of them.
_MOST_RANKED = 2**25


@strictly
@dataclass(frozen=True)
class CorpusFormat:
    """Format of the general text.

    Attributes
    ----------
    symbols : int
        Size of the alphabet, e.g. 64.
    order : int
        How many preceding symbols the next one depends on: 1 is learnable by a desk-scale model, 2 is not.
    successors : int
        Symbols that can follow one context; their probabilities are proportional to 1 / rank (Zipf).
    """

    symbols: Annotated[int, Field(ge=2, le=255)] = 64
    order: Annotated[int, Field(ge=1, le=8)] = 1
    successors: Annotated[int, Field(ge=1, le=255)] = 16

    def __post_init__(self) -> None:
        if self.successors > self.symbols:
            raise InputError(f"at most {self.symbols} successors, as there are symbols", self.successors, "corpus")
        if self.symbols ** (self.order + 1) > _MOST_RANKED:
            got = f"order {self.order} over {self.symbols} symbols"
            raise InputError("a corpus whose successors fit into memory", got, "corpus", "lower the order")

    @property
    def successor_probabilities(self) -> FloatArray:
        """Probability of each rank, shape ``(successors,)``."""
        weights = 1 / np.arange(1, self.successors + 1)
        return weights / weights.sum()


class GeneralCorpus:
    """One language drawn from a `CorpusFormat`: the symbols that follow each context.

    Parameters
    ----------
    form : CorpusFormat
    rng : numpy.random.Generator
        Draws the language; `sample` takes its own generator.
    """

    def __init__(self, form: CorpusFormat, rng: np.random.Generator) -> None:
        self.form = form
        contexts = form.symbols**form.order
        ranked = rng.random((contexts, form.symbols)).argsort(axis=1)
        self._successors = ranked[:, : form.successors].astype(np.int64)
        self._cumulative = form.successor_probabilities.cumsum()

    def sample(self, sequences: int, length: int, rng: np.random.Generator) -> IntArray:
        """Draw independent stretches of text, shape ``(sequences, length)``, dtype uint8."""
        form = self.form
        context = rng.integers(form.symbols**form.order, size=sequences)
        text = np.empty((sequences, length), dtype=np.uint8)
        for position in range(length):
            rank = np.searchsorted(self._cumulative, rng.random(sequences)).clip(max=form.successors - 1)
            symbol = self._successors[context, rank]
            text[:, position] = symbol
            context = (context * form.symbols + symbol) % form.symbols**form.order
        return text
