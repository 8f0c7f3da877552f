"""Triples verbalised in a tokeniser's text: every sentence of every fact, and the position of its answer."""

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from bayeskisl.arrays import IntArray
from bayeskisl.errors import InputError
from bayeskisl.knowledge.text.cache import digest, find_kept, keep
from bayeskisl.knowledge.text.corpus import token_type
from bayeskisl.knowledge.text.tokeniser import Tokeniser
from bayeskisl.knowledge.text.triples import Triple
from bayeskisl.specifications import Count, Number, Positive, Share, strictly

__all__ = ["Options", "Sentences", "TextFacts", "fill", "guessing_rate", "templates_of", "verbalise_triples"]

# Counted up whenever the arrays of the cache change.
_FORMAT = 2

Options = Annotated[int, Field(ge=2, le=20)]

_PLACES = re.compile(r"\{(subject|relation|object)\}")


@strictly
@dataclass(frozen=True)
class TextFacts:
    """The population of facts from which runs draw, identified by its content.

    Attributes
    ----------
    sentences : str
        SHA-256 of the triples with their templates.
    tokeniser : str
        SHA-256 of the tokeniser's file.
    tokeniser_vocabulary : int
    facts : int
        Triples in all.
    tokens_per_fact : float
        l: the mean tokens of a sentence, its separator included, over templates and then over facts.
    guessing : float
        Chance of an exact match without knowledge.
    heldout : int
        Templates that a fact is never trained in; they are probed as ``infused_heldout``.
    domain_marker : bool
        Whether infused sequences begin with a start token of their own.
    options : int, optional
        Answers of a question of multiple choice. Such questions are asked about the infused facts, the group
        ``infused_choice``, and in a run without background facts about held-out text, the group ``background``.
    """

    sentences: str
    tokeniser: str
    tokeniser_vocabulary: Count
    facts: Count
    tokens_per_fact: Positive
    guessing: Share
    heldout: Number = 0
    domain_marker: bool = False
    options: Options | None = None

    @property
    def separator(self) -> int:
        """Token after every document and every sentence of a fact."""
        return self.tokeniser_vocabulary

    @property
    def start(self) -> int:
        """Token before the first of a sequence, only an input: the separator of an imagined document before it."""
        return self.separator

    @property
    def infused_start(self) -> int:
        """Token before the first of an infused sequence: the domain's marker, if there is one."""
        return self.start + self.domain_marker

    @property
    def vocabulary(self) -> int:
        return self.infused_start + 1

    def written(self) -> "Sentences":
        """The sentences.

        Raises
        ------
        SweepError
            If they are not in the cache.
        """
        return _loaded(find_kept(_file(self.sentences, self.tokeniser)))


@dataclass(frozen=True)
class Sentences:
    """All sentences, concatenated.

    Attributes
    ----------
    tokens : numpy.ndarray
        Tokens of all sentences, shape ``(token,)``.
    begins : numpy.ndarray
        Where each sentence begins, and where the last ends, shape ``(sentence + 1,)``.
    answers : numpy.ndarray
        First token of the answer and the one behind its last, counted in the sentence, shape ``(sentence, 2)``. The
        answer is the object's tokens and the one after them, with which it ends.
    first : numpy.ndarray
        First sentence of each fact; its sentences are ordered by form (the object, then its aliases), then template.
    templates, forms : numpy.ndarray
        How many of each a fact has, shape ``(fact,)``.
    kinds, objects : numpy.ndarray
        Numbers of the relation with its templates, and of the object, shape ``(fact,)``. Names of one object, such as
        aliases, have one number.
    """

    tokens: IntArray
    begins: IntArray
    answers: IntArray
    first: IntArray
    templates: IntArray
    forms: IntArray
    kinds: IntArray
    objects: IntArray

    @property
    def lengths(self) -> IntArray:
        """Tokens of each sentence."""
        return np.diff(self.begins)

    @property
    def longest(self) -> IntArray:
        """Tokens of the longest sentence of each fact, shape ``(fact,)``."""
        return np.maximum.reduceat(self.lengths, self.first)

    def of(self, facts: IntArray, templates: IntArray, form: int = 0) -> IntArray:
        """Return the sentence of each fact in its template, with its object or one of the aliases."""
        return self.first[facts] + form * self.templates[facts] + templates

    def draw_templates(self, facts: IntArray, rng: np.random.Generator, heldout: int, from_heldout: bool) -> IntArray:
        """Draw a template for each encounter, from the fact's training templates or its held-out ones.

        Fact i is held out from templates i, ..., i + heldout - 1 (modulo their number).
        """
        count = self.templates[facts]
        first, number = (0, np.full_like(count, heldout)) if from_heldout else (heldout, count - heldout)
        return (facts + first + rng.integers(number)) % count

    def drawn_together(self, asked: IntArray, among: IntArray, count: int, rng: np.random.Generator) -> IntArray:
        """Draw facts of its kind to each fact that is asked, all of different objects.

        Any of the facts in a row could have been the one that is asked. A model that knows nothing but how frequent
        objects are therefore chooses right once in `count`. Facts that are drawn together with others of one object are
        left out, and so are those of a kind with too few facts.

        Returns
        -------
        numpy.ndarray
            Shape ``(question, count)``, the asked fact first.
        """
        of_kind = {kind: among[self.kinds[among] == kind] for kind in np.unique(self.kinds[asked]).tolist()}
        drawn = []
        for fact in asked:
            others = of_kind[int(self.kinds[fact])]
            drawn.append([fact, *rng.permutation(others[others != fact])[: count - 1]])
        kept = [facts for facts in drawn if len(set(self.objects[facts].tolist())) == count]
        return np.array(kept, dtype=np.int64).reshape(-1, count)

    def with_answers(self, sentences: IntArray, others: IntArray) -> "Sentences":
        """Return sentences with the answers of others in place of their own, each a fact of its own.

        Both are sentences of one template, so that what stands behind an answer is the same.
        """
        cuts = self.answers[sentences, 0]
        from_others = self.answers[others, 0]
        parts = [
            np.concatenate([self.tokens[begin : begin + cut], self.tokens[other + start : end]])
            for begin, cut, other, start, end in zip(
                self.begins[sentences], cuts, self.begins[others], from_others, self.begins[others + 1], strict=True
            )
        ]
        each = np.arange(len(parts))
        return Sentences(
            tokens=np.concatenate(parts),
            begins=np.cumsum([0, *map(len, parts)]),
            answers=np.stack([cuts, cuts + self.answers[others, 1] - from_others], axis=1),
            first=each,
            templates=np.ones_like(each),
            forms=np.ones_like(each),
            kinds=self.kinds[:0],
            objects=self.objects[:0],
        )

    def longest_choice(self) -> int:
        """Return the tokens of the longest sentence with the answer of another fact of its kind."""
        of_fact = np.repeat(np.arange(len(self.kinds)), self.templates * self.forms)
        before, kinds = self.answers[:, 0], self.kinds[of_fact]
        behind = self.lengths - before
        return max(int(before[kinds == kind].max() + behind[kinds == kind].max()) for kind in np.unique(kinds))

    def mean_tokens(self) -> float:
        """l, averaged over templates with the object itself, then over facts."""
        lengths = self.lengths
        of_fact = [lengths[a : a + n].mean() for a, n in zip(self.first, self.templates, strict=True)]
        return float(np.mean(of_fact))


def verbalise_triples(
    triples: tuple[Triple, ...],
    templates: dict[str, tuple[str, ...]] | tuple[str, ...],
    tokeniser: Tokeniser,
    *,
    guessing: float,
    heldout: int = 0,
    domain_marker: bool = False,
    options: int | None = None,
    where: str = "[knowledge]",
) -> TextFacts:
    """Write every triple in all of its templates, and store the tokens in the cache.

    Parameters
    ----------
    triples : tuple of Triple
    templates : tuple of str, or dict of str to tuple of str
        For all relations, or by relation; a triple's own come first.
    tokeniser : Tokeniser
    guessing : float
    heldout : int
    domain_marker : bool
    options : int, optional
    where : str
        Name of the source in an error.

    Raises
    ------
    InputError
        If a relation has no template, a template lacks subject or object, two templates of a fact are equal, or too
        few templates are left to train in.
    """
    of_triple = [templates_of(triple, templates, where) for triple in triples]
    for template in sorted({template for each in of_triple for template in each}):
        _check_template(template, where)
    for relation, own in dict.fromkeys(zip((triple.relation for triple in triples), of_triple, strict=True)):
        _refuse_equal_templates(relation, own, where)
    if (fewest := min(map(len, of_triple))) <= heldout:
        raise InputError("fewer templates held out than every fact has", f"{heldout} of {fewest}", where)
    content = digest([asdict(triple) for triple in triples], of_triple)
    path = keep(_file(content, tokeniser.sha256), lambda draft: _write(draft, triples, of_triple, tokeniser))
    return TextFacts(
        sentences=content,
        tokeniser=tokeniser.sha256,
        tokeniser_vocabulary=tokeniser.vocabulary,
        facts=len(triples),
        tokens_per_fact=_loaded(path).mean_tokens(),
        guessing=guessing,
        heldout=heldout,
        domain_marker=domain_marker,
        options=options,
    )


def guessing_rate(triples: tuple[Triple, ...]) -> float:
    """Share of triples answered correctly if every relation is answered by its most frequent object.

    That is what a model can reach that has learned which answers are common, and no fact.
    """
    objects: dict[str, Counter[str]] = defaultdict(Counter[str])
    for triple in triples:
        objects[triple.relation][triple.object] += 1
    return sum(max(counts.values()) for counts in objects.values()) / len(triples)


def _file(content: str, tokeniser: str) -> str:
    return f"facts-{digest(content, tokeniser, _FORMAT)[:32]}.npz"


@cache
def _loaded(path: Path) -> Sentences:
    with np.load(path, allow_pickle=False) as file:
        return Sentences(**{name: file[name] for name in file.files})


def templates_of(
    triple: Triple, templates: dict[str, tuple[str, ...]] | tuple[str, ...], where: str
) -> tuple[str, ...]:
    """Return the sentences of a triple: its own, or those of its relation."""
    shared = templates.get(triple.relation, ()) if isinstance(templates, dict) else templates
    chosen = triple.templates or shared
    if not chosen:
        raise InputError(f"a template for the relation {triple.relation!r}", "none", where, "add it to the templates")
    return chosen


def _check_template(template: str, where: str) -> None:
    """Require subject before object and the object at the end: the answer must follow the whole question."""
    places = _PLACES.findall(template)
    if sorted(places) not in (["object", "subject"], ["object", "relation", "subject"]) or places[-1] != "object":
        wanted = "a template with {subject} and then {object} once each, {relation} at most once before {object}"
        raise InputError(wanted, repr(template), where)


def _refuse_equal_templates(relation: str, templates: tuple[str, ...], where: str) -> None:
    """Refuse a sentence that is given twice: a fact would be trained in it and asked in its held-out twin."""
    ((template, times),) = Counter(text.replace("{relation}", relation) for text in templates).most_common(1)
    if times > 1:
        got = f"{template!r} {times} times for the relation {relation!r}"
        raise InputError("different templates of a fact", got, where, "give each of them once")


def _write(path: Path, triples: tuple[Triple, ...], of_triple: list[tuple[str, ...]], tokeniser: Tokeniser) -> None:
    filled = [
        fill(template, triple, form)
        for triple, templates in zip(triples, of_triple, strict=True)
        for form in (triple.object, *triple.aliases)
        for template in templates
    ]
    encoded = tokeniser.encode_with_offsets([text for text, _, _ in filled])
    sentences, answers = [], []
    for (ids, offsets), (text, begin, end) in zip(encoded, filled, strict=True):
        inside = [place for place, (a, b) in enumerate(offsets) if a < end and b > begin]
        if not inside:
            raise InputError("an object that the tokeniser can write", repr(text[begin:end]), "[knowledge]")
        answers.append((inside[0], inside[-1] + 2))
        sentences.append([*ids, tokeniser.vocabulary])
    templates, forms = np.array([len(each) for each in of_triple]), np.array([1 + len(t.aliases) for t in triples])
    arrays: dict[str, Any] = {
        "tokens": np.concatenate(sentences).astype(token_type(tokeniser.vocabulary + 2)),
        "begins": np.cumsum([0, *map(len, sentences)]),
        "answers": np.array(answers),
        "first": np.cumsum([0, *(templates * forms)[:-1]]),
        "templates": templates,
        "forms": forms,
        "kinds": _numbers((triple.relation, own) for triple, own in zip(triples, of_triple, strict=True)),
        "objects": _objects(triples),
    }
    with path.open("wb") as file:  # a handle, since np.savez would add an ending to a path
        np.savez(file, **arrays)


def _numbers(of: Iterable[Hashable]) -> IntArray:
    """Number things in the order of their first occurrence."""
    number: dict[Hashable, int] = {}
    return np.array([number.setdefault(each, len(number)) for each in of])


def _objects(triples: tuple[Triple, ...]) -> IntArray:
    """Number of each triple's object; all names of an object have the number of the one that comes first."""
    number: dict[str, int] = {}
    for triple in triples:
        names = (triple.object, *triple.aliases)
        known = next((number[name] for name in names if name in number), len(number))
        for name in names:
            number.setdefault(name, known)
    return np.array([number[triple.object] for triple in triples])


def fill(template: str, triple: Triple, form: str) -> tuple[str, int, int]:
    """Return a sentence and the character range of its answer."""
    head, tail = template.split("{object}")
    before = _PLACES.sub(lambda place: getattr(triple, place[1]), head)
    return before + form + tail, len(before), len(before) + len(form)
