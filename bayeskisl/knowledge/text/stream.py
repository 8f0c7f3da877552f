"""The stream of one run in documents: a corpus with facts between its documents, window by window.

A window is one sequence of training, `context` tokens. It holds whole facts, each behind the end of a document or at
the window's beginning, and general text in all places between; a document that a window ends goes on in the next one.
So no fact is cut, no document is interrupted by one inside a window, and every token is a fact's or general. A run is
never whole in memory: one shard of the corpus is, and one block of exposures.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from bayeskisl import schema
from bayeskisl.arrays import BoolArray, IntArray
from bayeskisl.errors import InputError
from bayeskisl.knowledge.text.corpus import TextCorpus
from bayeskisl.knowledge.text.facts import Sentences, TextFacts
from bayeskisl.knowledge.text.mixture import TextMixture, draw_text_facts
from bayeskisl.knowledge.text.orders import Order, Spaced, Uniform, equal_counts

__all__ = ["GENERAL", "Begun", "Realised", "Stream", "Window", "drawn_facts"]

GENERAL = "general"
_BLOCK = 2**16  # exposures in memory at a time
_LOOK_AHEAD = 32  # facts that wait for a place; the next that fits is taken
# Where facts fill more than this share, whole ones do not always fit when they are due: what waits then needs the last
# windows, which get none of their own.
_DENSE, _TAIL = 0.5, 0.02
_HELD_OUT_EVERY = 20  # the last of so many documents of the corpus is never trained on


@dataclass(frozen=True)
class Begun:
    """A document that begins in a window: its group and its position in the source.

    `place` is (shard, document) of a general document, and (fact, template) of a fact.
    """

    group: str
    place: tuple[int, int]


@dataclass(frozen=True)
class Window:
    """One sequence: tokens of shape ``(context,)``, and the documents that begin in it in order."""

    tokens: IntArray
    begun: tuple[Begun, ...]


@dataclass
class Realised:
    """Content of a stream, counted from its tokens.

    Attributes
    ----------
    tokens : int
        D.
    fact_tokens : dict of str to int
        Tokens of facts by group, their separators included.
    seen : dict of str to numpy.ndarray
        Exposures of each fact by group, shape ``(fact,)``.
    documents : int
        General documents begun.
    passes : float
        How often the documents that are not held out were read.
    """

    tokens: int = 0
    fact_tokens: dict[str, int] = field(default_factory=dict)
    seen: dict[str, IntArray] = field(default_factory=dict)
    documents: int = 0
    passes: float = 0.0

    def summary(self) -> dict[str, float]:
        """The terms of r D = K f l, which hold exactly, and those of the background."""
        infused, seen = self.fact_tokens[schema.INFUSED], self.seen[schema.INFUSED]
        told = {
            schema.TOKENS: self.tokens,
            schema.RATIO: infused / self.tokens,
            schema.FACTS: len(seen),
            schema.EXPOSURES: float(seen.mean()),
            schema.TOKENS_PER_FACT: infused / int(seen.sum()),
            "infused_tokens": infused,
            "fewest_exposures": int(seen.min()),
            "most_exposures": int(seen.max()),
        }
        background = self.fact_tokens.get(schema.BACKGROUND, 0)
        told[schema.BACKGROUND_FACTS] = len(self.seen.get(schema.BACKGROUND, ()))
        told[schema.BACKGROUND_SHARE] = background / (self.tokens - infused)
        return {**told, "documents": self.documents, "corpus_passes": self.passes}


def drawn_facts(mixture: TextMixture, form: TextFacts, seed: np.random.SeedSequence) -> dict[str, IntArray]:
    """Return the facts of a run by group, as numbers in the population, as `draw_text_material` draws them."""
    return draw_text_facts(mixture, form, np.random.default_rng(_fresh(seed).spawn(1)[0]))


def _fresh(seed: np.random.SeedSequence) -> np.random.SeedSequence:
    """The same seed, without children."""
    return np.random.SeedSequence(seed.entropy, spawn_key=seed.spawn_key)


class Stream:
    """The windows of one run.

    Parameters
    ----------
    mixture : TextMixture
    form : TextFacts
    corpus : TextCorpus
    seed : numpy.random.SeedSequence
        Facts, exposures and order of the documents follow from it.
    spacing : int
        Windows from one exposure of a fact to its next; 0 for a uniform order.

    Notes
    -----
    Exposures are exactly those of the mixture, and no two facts of a run differ by more than one. The infused tokens
    follow from the lengths of the run's own facts, and are counted.
    """

    def __init__(
        self, mixture: TextMixture, form: TextFacts, corpus: TextCorpus, seed: np.random.SeedSequence,
        *, spacing: int = 0,
    ) -> None:  # fmt: skip
        self.mixture, self.form, self.written = mixture, form, form.written()
        self.facts = drawn_facts(mixture, form, seed)
        of_groups, of_text, of_places = _fresh(seed).spawn(7)[4:]  # the first four are those of `draw_text_material`
        self._rng = np.random.default_rng(of_places)
        self._general = _General(corpus, form.separator, np.random.default_rng(of_text))
        self.realised = Realised()
        windows = self._windows_with_facts()
        self._orders: dict[str, Order] = {}
        self._templates = {group: _Templates(self.written, form, facts) for group, facts in self.facts.items()}
        for group, each in zip(self.facts, of_groups.spawn(len(self.facts)), strict=True):
            rng = np.random.default_rng(each)
            counts = equal_counts(len(self.facts[group]), mixture.encounters_of_groups[group], rng)
            self._orders[group] = Spaced(counts, windows, spacing, rng) if spacing else Uniform(counts, windows, rng)
            self._templates[group].begin(rng)
            self.realised.seen[group] = np.zeros(len(counts), dtype=np.int64)
            self.realised.fact_tokens[group] = 0

    @property
    def exposures(self) -> int:
        """Exposures of all facts."""
        return self.mixture.encounters + self.mixture.background_encounters

    def windows(self) -> Iterator[Window]:
        """Yield every window in order; `realised` is complete after the last one.

        Raises
        ------
        InputError
            If whole facts do not fit as densely as they are due.
        """
        mixture, due_next = self.mixture, self._due()
        waiting: deque[_Due] = deque()
        coming = next(due_next, None)
        for number in range(mixture.sequences):
            while coming is not None and coming.window <= number:
                waiting.append(coming)
                coming = next(due_next, None)
            yield self._window(waiting)
        if waiting:
            raise InputError("room for every fact", f"{len(waiting)} that no sequence had room for", "ratio",
                             "lower the ratio, or raise the ladder's context")  # fmt: skip
        self.realised.documents, self.realised.passes = self._general.begun, self._general.passes

    def held_out(self) -> Iterator[tuple[tuple[int, int], IntArray]]:
        """Yield general documents outside the training data: (shard, document) and tokens."""
        return self._general.held_out()

    def _windows_with_facts(self) -> int:
        mixture = self.mixture
        share = self.exposures * mixture.tokens_per_fact / mixture.tokens
        return max(1, round(mixture.sequences * (1 - _TAIL * (share > _DENSE))))

    def _due(self) -> Iterator["_Due"]:
        """Facts in the order of their windows."""
        windows = self._windows_with_facts()
        step = max(1, windows * _BLOCK // max(self.exposures, _BLOCK))
        for first in range(0, windows, step):
            last = min(first + step, windows)
            yield from sorted(
                (
                    _Due(int(window), group, int(fact))
                    for group, order in self._orders.items()
                    for fact, window in zip(*order.block(first, last), strict=True)
                ),
                key=lambda each: each.window,
            )

    def _window(self, waiting: "deque[_Due]") -> Window:
        written, context = self.written, self.mixture.context
        facts: list[tuple[_Due, int]] = []
        free = context
        while (found := self._next_that_fits(waiting, free)) is not None:
            facts.append(found)
            free -= int(written.lengths[found[1]])
        general = self._general.take(free)
        slots = [0, *(place for place, piece in enumerate(general, 1) if piece.ends)]
        at = np.sort(self._rng.integers(len(slots), size=len(facts)))
        parts: list[IntArray] = []
        begun: list[Begun] = []
        placed = 0
        for place in range(len(general) + 1):
            while placed < len(facts) and slots[at[placed]] == place:
                due, sentence = facts[placed]
                parts.append(written.tokens[written.begins[sentence] : written.begins[sentence + 1]])
                begun.append(self._count(due, sentence))
                placed += 1
            if place < len(general):
                parts.append(general[place].tokens)
                if (begins := general[place].begins) is not None:
                    begun.append(Begun(GENERAL, begins))
        self.realised.tokens += context
        return Window(np.concatenate(parts), tuple(begun))

    def _next_that_fits(self, waiting: "deque[_Due]", free: int) -> tuple["_Due", int] | None:
        for place in range(min(_LOOK_AHEAD, len(waiting))):
            due = waiting[place]
            sentence = self._templates[due.group].coming(due.fact)
            if self.written.lengths[sentence] <= free:
                del waiting[place]
                self._templates[due.group].advance(due.fact)
                return due, sentence
        return None

    def _count(self, due: "_Due", sentence: int) -> Begun:
        self.realised.seen[due.group][due.fact] += 1
        self.realised.fact_tokens[due.group] += int(self.written.lengths[sentence])
        fact = int(self.facts[due.group][due.fact])
        return Begun(due.group, (fact, int(sentence - self.written.first[fact])))


@dataclass(frozen=True)
class _Due:
    """One exposure: its window, its group and its fact."""

    window: int
    group: str
    fact: int


class _Templates:
    """The sentence of each exposure: the fact's training templates in turn from a random start.

    So the mean length of a fact's sentences is that of its templates, to a fraction of a sentence.
    """

    def __init__(self, written: Sentences, form: TextFacts, facts: IntArray) -> None:
        self._written, self._facts, self._heldout = written, facts, form.heldout
        self._all = written.templates[facts]
        self._trained = self._all - form.heldout
        self._turn = np.zeros(len(facts), dtype=np.int64)

    def begin(self, rng: np.random.Generator) -> None:
        self._turn = rng.integers(self._trained)

    def coming(self, fact: int) -> int:
        """The sentence of the fact's next exposure."""
        number = self._facts[fact]
        template = (number + self._heldout + self._turn[fact] % self._trained[fact]) % self._all[fact]
        return int(self._written.first[number] + template)

    def advance(self, fact: int) -> None:
        self._turn[fact] += 1


@dataclass(frozen=True)
class _Piece:
    """Tokens of one general document: `begins` is its number if they are its first, `ends` whether its last is here."""

    tokens: IntArray
    begins: tuple[int, int] | None
    ends: bool


class _General:
    """The documents of a corpus, in passes over shuffled shards and their shuffled documents."""

    def __init__(self, corpus: TextCorpus, separator: int, rng: np.random.Generator) -> None:
        self._shards, self._separator, self._rng = corpus.shards(), separator, rng
        self._first, self._tokens = _documents_of(corpus, separator)
        self._read = self.begun = 0
        self._documents = self._all()
        self._left: _Piece | None = None

    @property
    def passes(self) -> float:
        """Number of passes over the documents that are not held out, in their tokens."""
        return self._read / self._tokens

    def take(self, count: int) -> list[_Piece]:
        """Return the next tokens, by document."""
        pieces = []
        self._read += count
        while count:
            piece = self._left or next(self._documents)
            self._left = None
            if piece.begins is not None:
                self.begun += 1
            if len(piece.tokens) > count:
                self._left = _Piece(piece.tokens[count:], None, piece.ends)
                piece = _Piece(piece.tokens[:count], piece.begins, False)
            pieces.append(piece)
            count -= len(piece.tokens)
        return pieces

    def held_out(self) -> Iterator[tuple[tuple[int, int], IntArray]]:
        """Yield documents outside the training data: (shard, document) and tokens."""
        for number, shard in enumerate(self._shards):
            ends = _ends(shard, self._separator)
            for document in np.flatnonzero(_is_held_out(self._first[number], len(ends))).tolist():
                yield (number, document), _document(shard, ends, document)

    def _all(self) -> Iterator[_Piece]:
        while True:
            for number in self._rng.permutation(len(self._shards)):
                shard = self._shards[number]
                ends = _ends(shard, self._separator)
                trained = np.flatnonzero(~_is_held_out(self._first[number], len(ends)))
                for document in self._rng.permutation(trained).tolist():
                    tokens = np.asarray(_document(shard, ends, document))
                    yield _Piece(tokens, (int(number), document), True)


@cache
def _documents_of(corpus: TextCorpus, separator: int) -> tuple[list[int], int]:
    """Number of the first document of each shard, and the tokens of all documents that are not held out."""
    first, begun, tokens = [], 0, 0
    for shard in corpus.shards():
        ends = _ends(shard, separator)
        first.append(begun)
        tokens += int(np.diff(ends, prepend=0)[~_is_held_out(begun, len(ends))].sum())
        begun += len(ends)
    return first, tokens


def _ends(shard: IntArray, separator: int) -> IntArray:
    """Ends of the documents of a shard, including their separators."""
    return np.flatnonzero(shard == separator) + 1


def _document(shard: IntArray, ends: IntArray, document: int) -> IntArray:
    return shard[ends[document - 1] if document else 0 : ends[document]]


def _is_held_out(first: int, documents: int) -> BoolArray:
    """Whether each of so many documents is held out, by their running number in the corpus."""
    return np.arange(first, first + documents) % _HELD_OUT_EVERY == _HELD_OUT_EVERY - 1
