"""Facts with known entropy: unique subjects, uniform answers, and their verbalisation into tokens."""

from dataclasses import dataclass

import numpy as np

from bayeskisl.errors import InputError

__all__ = ["FactFormat", "Facts", "draw_facts", "verbalise"]


@dataclass(frozen=True)
class FactFormat:
    """How a fact is written: a marker, the symbols of its subject, the symbols of its answer.

    Attributes
    ----------
    symbols : int
        Size of the alphabet that subjects and answers are drawn from, e.g. 64.
    subject_length, answer_length : int
        Symbols of a subject and of an answer, e.g. 3 and 2.
    """

    symbols: int = 64
    subject_length: int = 3
    answer_length: int = 2

    @property
    def tokens_per_fact(self) -> int:
        """Tokens l of one verbalised fact, marker included."""
        return 1 + self.subject_length + self.answer_length

    @property
    def guessing(self) -> float:
        """Chance of an exact match without knowledge: one over the number of answers."""
        return float(self.symbols) ** -self.answer_length

    @property
    def entropy_bits(self) -> float:
        """Entropy of one answer in bits."""
        return self.answer_length * float(np.log2(self.symbols))

    @property
    def subjects(self) -> int:
        """Number of distinct subjects."""
        return self.symbols**self.subject_length

    @property
    def marker(self) -> int:
        """Token that opens a fact; the symbols are 0 to ``symbols - 1``."""
        return self.symbols

    @property
    def start(self) -> int:
        """Token before the first of a sequence; it is an input only and never counted."""
        return self.symbols + 1

    @property
    def vocabulary(self) -> int:
        """Number of distinct tokens, marker and start included."""
        return self.symbols + 2


@dataclass(frozen=True)
class Facts:
    """Distinct facts: `subjects` (fact, subject_length) and `answers` (fact, answer_length), both symbols."""

    subjects: np.ndarray
    answers: np.ndarray

    def __len__(self) -> int:
        return len(self.subjects)

    def __getitem__(self, which: slice) -> "Facts":
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


def verbalise(form: FactFormat, facts: Facts) -> np.ndarray:
    """Tokens of each fact, shape ``(fact, tokens_per_fact)``: marker, subject, answer."""
    marker = np.full((len(facts), 1), form.marker, dtype=np.uint8)
    return np.concatenate([marker, facts.subjects, facts.answers], axis=1)
