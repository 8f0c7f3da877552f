"""Facts with known entropy: unique subjects, uniform answers, and their verbalisation into tokens."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from bayeskisl.arrays import IntArray
from bayeskisl.errors import InputError
from bayeskisl.knowledge.templates import Templates
from bayeskisl.specifications import strictly

__all__ = [
    "FactFormat",
    "Facts",
    "answer_places",
    "draw_facts",
    "draw_templates",
    "refuse_large_vocabulary",
    "refuse_too_many",
    "verbalise",
]

_LARGEST_VOCABULARY = 256  # tokens are stored as uint8
_MOST_SUBJECTS = 2**62  # they are numbered by int64


@strictly
@dataclass(frozen=True)
class FactFormat:
    """Format of a fact: a marker, the symbols of its subject and of its answer; or templates.

    Attributes
    ----------
    symbols : int
        Size of the alphabet that subjects and answers are drawn from, e.g. 64.
    subject_length, answer_length : int
        Symbols of a subject and of an answer, e.g. 3 and 2.
    templates : Templates, optional
        Several ways of writing a fact, in place of the one marker.
    """

    symbols: Annotated[int, Field(ge=2, le=254)] = 64
    subject_length: Annotated[int, Field(ge=1, le=64)] = 3
    answer_length: Annotated[int, Field(ge=1, le=64)] = 2
    templates: Templates | None = None

    def __post_init__(self) -> None:
        if self.subjects > _MOST_SUBJECTS:
            got = f"{self.subject_length} symbols out of {self.symbols}"
            raise InputError("at most 2^62 distinct subjects", got, "facts", "shorten the subjects")

    @property
    def tokens_per_fact(self) -> int:
        """Tokens l of one verbalised fact, including the marker or the template's carrier."""
        carrier = self.templates.carrier if self.templates else 1
        return carrier + self.subject_length + self.answer_length

    @property
    def guessing(self) -> float:
        """Probability of an exact match without knowledge: one over the number of answers."""
        return float(self.symbols) ** -self.answer_length

    @property
    def subjects(self) -> int:
        """Number of distinct subjects."""
        return self.symbols**self.subject_length

    @property
    def marker(self) -> int:
        """Token that opens a fact, the first of the carriers; the symbols are 0 to ``symbols - 1``."""
        return self.symbols

    @property
    def start(self) -> int:
        """Token before the first of a sequence; it is only an input and never counted."""
        return self.symbols + (self.templates.tokens if self.templates else 1)

    @property
    def infused_start(self) -> int:
        """Token before the first of an infused sequence: the domain's marker, if there is one."""
        return self.start + (self.templates is not None and self.templates.domain_marker)

    @property
    def vocabulary(self) -> int:
        """Number of distinct tokens, including markers and the start token."""
        return self.infused_start + 1


@dataclass(frozen=True)
class Facts:
    """Distinct facts: `subjects` (fact, subject_length) and `answers` (fact, answer_length), both symbols."""

    subjects: IntArray
    answers: IntArray

    def __len__(self) -> int:
        return len(self.subjects)

    def __getitem__(self, which: slice | IntArray) -> "Facts":
        return Facts(self.subjects[which], self.answers[which])


def draw_facts(form: FactFormat, count: int, rng: np.random.Generator) -> Facts:
    """Draw `count` facts with distinct subjects and independent, uniform answers.

    Raises
    ------
    InputError
        If there are fewer distinct subjects than facts.
    """
    refuse_too_many(form, count)
    codes = rng.choice(form.subjects, size=count, replace=False)
    places = form.symbols ** np.arange(form.subject_length)
    subjects = codes[:, None] // places % form.symbols
    answers = rng.integers(form.symbols, size=(count, form.answer_length))
    return Facts(subjects.astype(np.uint8), answers.astype(np.uint8))


def refuse_too_many(form: FactFormat, count: int) -> None:
    """Raise an InputError if there are fewer distinct subjects than `count` facts."""
    if count > form.subjects:
        raise InputError(
            f"at most {form.subjects} facts (subjects of {form.subject_length} symbols out of {form.symbols})",
            count,
            "facts",
            "lengthen the subjects",
        )


def draw_templates(form: FactFormat, order: IntArray, rng: np.random.Generator, heldout: bool = False) -> IntArray:
    """Draw one template for each fact of `order`, from its training templates or its held-out ones.

    Without templates there is nothing to draw: zeros, and `rng` is left as it is.
    """
    if form.templates is None:
        return np.zeros(len(order), dtype=np.int64)
    return form.templates.draw(order, rng, heldout)


def verbalise(form: FactFormat, facts: Facts, templates: IntArray | None = None) -> IntArray:
    """Return the tokens of each fact, shape ``(fact, tokens_per_fact)``: marker, subject, answer, or by template.

    Parameters
    ----------
    form : FactFormat
    facts : Facts
    templates : numpy.ndarray, optional
        The template of each fact, shape ``(fact,)``; the first by default.
    """
    if form.templates is None:
        marker = np.full((len(facts), 1), form.marker, dtype=np.uint8)
        return np.concatenate([marker, facts.subjects, facts.answers], axis=1)
    chosen = np.zeros(len(facts), dtype=np.int64) if templates is None else templates
    return form.templates.write(facts.subjects, facts.answers, chosen, first_carrier=form.symbols)


def answer_places(form: FactFormat) -> slice:
    """Return the positions of the answer in a verbalised fact: at its end, in every template."""
    return slice(form.tokens_per_fact - form.answer_length, None)


def refuse_large_vocabulary(form: FactFormat) -> None:
    """Raise an InputError if a token does not fit a byte."""
    if form.vocabulary > _LARGEST_VOCABULARY:
        raise InputError(
            f"a vocabulary of at most {_LARGEST_VOCABULARY} tokens (symbols, carriers of templates, start)",
            form.vocabulary,
            "facts",
            "take fewer symbols or templates",
        )
