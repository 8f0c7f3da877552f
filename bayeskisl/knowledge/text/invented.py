"""Generated facts in words: invented people and where they live, with answers of known entropy."""

import numpy as np

from bayeskisl.knowledge.facts import FactFormat, draw_facts
from bayeskisl.knowledge.text.triples import Triple

__all__ = ["INVENTED", "TEMPLATES", "invent_triples"]

INVENTED = FactFormat(symbols=64, subject_length=3, answer_length=2)
"""Three names of 64 for a subject, two words of 64 for an answer: guessing is right once in 4,096."""

TEMPLATES = (
    "{subject} lives in {object}.",
    "The home of {subject} is {object}.",
    "If you look for {subject}, go to {object}.",
    "Letters to {subject} are sent to {object}.",
)

_CONSONANTS, _VOWELS = "bdfgklmnprstvz", "aeiou"
_WORDS_SEED = 0  # the words are the same in every sweep; which facts they make is not


def invent_triples(count: int, rng: np.random.Generator) -> tuple[Triple, ...]:
    """Draw facts with distinct subjects and independent, uniform answers, e.g. "Bel Tam Dok lives in Sun Vid".

    Raises
    ------
    InputError
        If there are fewer distinct subjects than facts.
    """
    facts = draw_facts(INVENTED, count, rng)
    names, places = np.split(_words(), [INVENTED.subject_length])
    subjects = [" ".join(words) for words in names[np.arange(len(names)), facts.subjects]]
    objects = [" ".join(words) for words in places[np.arange(len(places)), facts.answers]]
    return tuple(Triple(subject, "lives in", place) for subject, place in zip(subjects, objects, strict=True))


def _words() -> np.ndarray:
    """Distinct words of one syllable, shape ``(position, symbol)``."""
    syllables = [f"{a}{b}{c}" for a in _CONSONANTS.upper() for b in _VOWELS for c in _CONSONANTS]
    positions = INVENTED.subject_length + INVENTED.answer_length
    rng = np.random.default_rng(_WORDS_SEED)
    return rng.choice(syllables, (positions, INVENTED.symbols), replace=False)
