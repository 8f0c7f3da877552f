"""The training stream of one run in real text: whole sentences of facts, with general text between them.

The unit of mixing is the token: an infused sequence holds as many whole facts as fit, and the rest of it is general
text. So every token is a fact's or general, no fact is cut, and r D = K f l with l the mean tokens of a sentence.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from bayeskisl import schema
from bayeskisl.arrays import IntArray
from bayeskisl.errors import InputError
from bayeskisl.knowledge.mixture import in_passes, refuse_no_infusion, refuse_odd_budget
from bayeskisl.knowledge.questions import Choices, Questions
from bayeskisl.knowledge.text.corpus import TextCorpus
from bayeskisl.knowledge.text.facts import Sentences, TextFacts
from bayeskisl.specifications import Count, Number, Positive, strictly

__all__ = [
    "TextMaterial",
    "TextMixture",
    "draw_text_facts",
    "draw_text_material",
    "plan_text_mixture",
    "refuse_crowded_facts",
]

_LOOK_AHEAD = 32  # sentences that wait for a place; the next that fits is taken, so that little is left to fill
_TRIED = 4000  # sentences packed to learn which share of the tokens facts can fill
_SLACK = 0.02  # by which a run's own packing may be worse
_COUNTED = 2**16  # sentences packed at most to learn how many sequences those of a run take
_CLOZE_TOKENS = 8  # of an ending: a few words


@strictly
@dataclass(frozen=True)
class TextMixture:
    """Division of one run's tokens.

    Attributes
    ----------
    context : int
        Tokens of a sequence.
    sequences : int
        D = context x sequences.
    encounters, background_encounters : int
        Sentences of infused and of background facts that are read.
    facts, background_facts : int
        K and K_b.
    tokens_per_fact : float
        l, the mean over the population; a run's own facts are a little shorter or longer.
    """

    context: Count
    sequences: Count
    encounters: Count
    background_encounters: Number
    facts: Count
    background_facts: Number
    tokens_per_fact: Positive

    @property
    def tokens(self) -> int:
        """Token budget D."""
        return self.sequences * self.context

    @property
    def ratio(self) -> float:
        """Infusion ratio r, infused tokens / D."""
        return self.encounters * self.tokens_per_fact / self.tokens

    @property
    def background_share(self) -> float:
        """Share b of everything except infused tokens that background facts fill."""
        return self.background_encounters * self.tokens_per_fact / ((1 - self.ratio) * self.tokens)

    @property
    def exposures(self) -> float:
        """Mean exposures f of an infused fact; those of two facts differ by at most one."""
        return self.encounters / self.facts

    @property
    def encounters_of_groups(self) -> dict[str, int]:
        """Sentences that are read, by the groups that have any."""
        encounters = {schema.INFUSED: self.encounters, schema.BACKGROUND: self.background_encounters}
        return {group: count for group, count in encounters.items() if count}

    @property
    def background_exposures(self) -> float:
        """Mean exposures of a background fact; zero without background facts."""
        return self.background_encounters / self.background_facts if self.background_facts else 0.0


def plan_text_mixture(
    *,
    tokens: int,
    ratio: float,
    facts: int,
    form: TextFacts,
    corpus: TextCorpus,
    context: int,
    background_facts: int = 0,
    background_share: float = 0.0,
) -> TextMixture:
    """Divide a budget into encounters with facts and general text.

    Parameters are those of `plan_mixture`.

    Raises
    ------
    InputError
        If there are too few triples or too little text, a sentence is longer than the context, or so much is infused
        that sequences cannot be filled behind whole facts.
    """
    refuse_no_infusion(ratio, facts)
    if facts + background_facts > form.facts:
        got = f"{facts} infused and {background_facts} background"
        raise InputError(f"at most the {form.facts} facts of [knowledge]", got, "facts", "give it more triples")
    refuse_odd_budget(tokens, context, background_facts, background_share)
    if form.options is not None:
        _refuse_long_choices(form, context)
    packed, windows = _packed_share(form, context), len(corpus.windows(context).trained)
    share = ratio + background_share * (1 - ratio)
    if share > packed * (1 - _SLACK):
        most = (
            f"facts in at most {packed * (1 - _SLACK):.3f} of the tokens, since only whole facts fit {context} tokens"
        )
        raise InputError(most, f"{share:.3f}", "ratio", "lower the ratio or raise the ladder's context")
    if not windows:
        raise InputError(f"at least two windows of {context} tokens", f"{corpus.tokens} tokens", "[corpus]")
    length = form.tokens_per_fact
    encounters = max(1, round(ratio * tokens / length))
    background = round(background_share * (tokens - encounters * length) / length)
    return TextMixture(
        context=context,
        sequences=tokens // context,
        encounters=encounters,
        background_encounters=background,
        facts=facts,
        background_facts=background_facts,
        tokens_per_fact=length,
    )


@dataclass(frozen=True)
class TextMaterial:
    """Training data and questions of one run; as `Material`, with facts as numbers in the population.

    Attributes
    ----------
    stream : numpy.ndarray
        Training tokens in order, shape ``(sequences, context)``.
    starts : numpy.ndarray
        The token before the first of each sequence, shape ``(sequences,)``.
    facts : dict of str to numpy.ndarray
        The facts of each probe group, shape ``(fact,)``.
    heldout : numpy.ndarray
        General text that is never trained on, shape ``(sequence, context)``.
    form : TextFacts
    """

    stream: IntArray
    starts: IntArray
    facts: dict[str, IntArray]
    heldout: IntArray
    form: TextFacts

    @property
    def groups(self) -> tuple[str, ...]:
        """The probe groups, in the order in which they are asked."""
        if self.form.options is None:
            return tuple(self.facts)
        has_background = schema.BACKGROUND in self.facts
        return (*self.facts, schema.INFUSED_CHOICE, *(() if has_background else (schema.BACKGROUND,)))

    def ask(self, group: str, limit: int, rng: np.random.Generator) -> Questions | Choices:
        """Return questions on at most `limit` facts of a group, or so many about held-out text."""
        if group == schema.INFUSED_CHOICE:
            return self._choices(limit, rng)
        if group == schema.BACKGROUND and group not in self.facts:
            return self._cloze(limit, rng)
        return self._recall(group, limit, rng)

    def _recall(self, group: str, limit: int, rng: np.random.Generator) -> Questions:
        """Facts with their objects and then their aliases.

        No sequence asks one fact twice, so that an answer cannot be copied.
        """
        form, written, context = self.form, self.form.written(), self.stream.shape[1]
        asked = rng.permutation(self.facts[group])[:limit]
        templates = written.draw_templates(asked, rng, form.heldout, group == schema.INFUSED_HELDOUT)
        written_out, numbers = _Written(context, form.separator), []
        for answer in range(written.forms[asked].max()):
            has = np.flatnonzero(written.forms[asked] > answer)
            written_out.add(written, written.of(asked[has], templates[has], answer))
            numbers.append(has)
        start = form.start if group == schema.BACKGROUND else form.infused_start
        return Questions(written_out.sequences(), start, written_out.answers(), np.concatenate(numbers), len(asked))

    def _choices(self, limit: int, rng: np.random.Generator) -> Choices:
        """Infused facts with their objects and then with those of other infused facts of the same relation.

        A model that only knows which answers it has read, and how often, chooses the right one no more often than
        chance, see `Sentences.drawn_together`.
        """
        form, written, context = self.form, self.form.written(), self.stream.shape[1]
        assert form.options is not None  # else the group is not asked
        infused = self.facts[schema.INFUSED]
        together = written.drawn_together(rng.permutation(infused)[:limit], infused, form.options, rng)
        if not len(together):
            return Choices(self.stream[:0], form.infused_start, np.empty((0, form.options, 1), dtype=np.int64))
        asked = together[:, 0]
        templates = written.draw_templates(asked, rng, form.heldout, False)
        own, written_out = written.of(asked, templates), _Written(context, form.separator)
        for option in together.T:
            composed = written.with_answers(own, written.of(option, templates))
            written_out.add(composed, composed.first)
        answers = _by_question(written_out.answers(), len(asked))
        return Choices(written_out.sequences(), form.infused_start, answers)

    def _cloze(self, limit: int, rng: np.random.Generator) -> Choices:
        """Places in held-out text with the tokens that follow, and then with those that follow elsewhere."""
        assert self.form.options is not None  # else the group is not asked
        context, length = self.stream.shape[1], min(_CLOZE_TOKENS, self.stream.shape[1] // 2)
        shape = limit, self.form.options
        windows = rng.integers(len(self.heldout), size=shape)
        places = rng.integers(context // 2, context - length + 1, size=shape)[..., None] + np.arange(length)
        endings = self.heldout[windows[..., None], places]
        sequences = np.repeat(self.heldout[windows[:, :1]], shape[1], axis=1)
        np.put_along_axis(sequences, np.broadcast_to(places[:, :1], endings.shape), endings, axis=2)
        begins = np.arange(np.prod(shape)).reshape(shape)[..., None] * context
        return Choices(sequences.reshape(-1, context), self.form.start, begins + places[:, :1])


class _Written:
    """Sentences written out in sequences, with the places of their answers.

    Parameters
    ----------
    context : int
        Tokens of a sequence.
    separator : int
        The filler of a sequence behind its last sentence.
    """

    def __init__(self, context: int, separator: int) -> None:
        self._context, self._separator = context, separator
        self._parts: list[IntArray] = []
        self._places: list[IntArray] = []

    def add(self, written: Sentences, sentences: IntArray) -> None:
        """Add sentences, in sequences of their own."""
        begun = sum(part.size for part in self._parts)
        filled, begins = _packed(written, sentences, self._context, self._separator)
        first, last = (begun + begins + written.answers[sentences, end] for end in (0, 1))
        self._parts.append(filled)
        self._places.append(_ranges(first, last))

    def sequences(self) -> IntArray:
        """Tokens, shape ``(sequence, context)``."""
        return np.concatenate(self._parts)

    def answers(self) -> IntArray:
        """Places of each answer in the flattened sequences, in the order of `add`; -1 behind its last token."""
        longest = max(places.shape[1] for places in self._places)
        padded = [np.pad(p, ((0, 0), (0, longest - p.shape[1])), constant_values=-1) for p in self._places]
        return np.concatenate(padded)


def _by_question(answers: IntArray, asked: int) -> IntArray:
    """Places of answers that stand option by option, shape ``(question, option, longest)``."""
    return answers.reshape(-1, asked, answers.shape[1]).swapaxes(0, 1)


def draw_text_facts(mixture: TextMixture, form: TextFacts, rng: np.random.Generator) -> dict[str, IntArray]:
    """Draw the facts of each group that a run reads, from one population and without replacement."""
    drawn = rng.permutation(form.facts)[: mixture.facts + mixture.background_facts]
    facts = {schema.INFUSED: drawn[: mixture.facts], schema.BACKGROUND: drawn[mixture.facts :]}
    return {group: facts[group] for group in mixture.encounters_of_groups}


def refuse_crowded_facts(mixture: TextMixture, form: TextFacts, seed: np.random.SeedSequence) -> None:
    """Refuse a run whose own facts take more sequences than it has; `seed` is that of `draw_text_material`.

    A mixture is planned with the mean length of all facts, and those of a run may be longer.

    Raises
    ------
    InputError
        If they do. Many sentences are counted by a part of them.
    """
    of_facts, of_encounters = (np.random.default_rng(s) for s in seed.spawn(2))
    written, context = form.written(), mixture.context
    read = [
        (facts, mixture.encounters_of_groups[group])
        for group, facts in draw_text_facts(mixture, form, of_facts).items()
    ]
    if sum(_most_sequences(written, *each, context) for each in read) <= mixture.sequences:
        return
    taken = 0.0
    for facts, count in read:
        counted = min(count, _COUNTED)
        filled = len(_encounters(written, form, facts, counted, context, of_encounters))
        taken += filled if counted == count else (filled - 1) * count / counted  # the last one may be open
    _refuse_crowd(math.floor(taken), mixture.sequences)


def _most_sequences(written: Sentences, facts: IntArray, encounters: int, context: int) -> int:
    """Sequences that sentences of facts take at most: all but the last are closed where not even the longest fits."""
    longest = written.longest[facts]
    tokens = -(-encounters // len(facts)) * longest.sum()
    return int(-(-tokens // (context - longest.max() + 1))) + 1


def _refuse_crowd(taken: int, sequences: int) -> None:
    if taken > sequences:
        raise InputError("sequences for all facts", f"{taken - sequences} too few", "ratio", "lower the ratio")


def draw_text_material(
    mixture: TextMixture, form: TextFacts, corpus: TextCorpus, seed: np.random.SeedSequence, heldout_sequences: int
) -> TextMaterial:
    """Draw facts, templates, text and order of one run, each from a separate child of `seed`."""
    of_facts, of_encounters, of_text, of_order = (np.random.default_rng(s) for s in seed.spawn(4))
    written, windows, context = form.written(), corpus.windows(mixture.context), mixture.context
    drawn = draw_text_facts(mixture, form, of_facts)
    heldout = {schema.INFUSED_HELDOUT: drawn[schema.INFUSED]} if form.heldout else {}
    facts = {schema.INFUSED: drawn[schema.INFUSED], **heldout, **drawn}
    parts = [
        _encounters(written, form, drawn[group], count, context, of_encounters)
        for group, count in mixture.encounters_of_groups.items()
    ]
    taken = sum(map(len, parts))
    _refuse_crowd(taken, mixture.sequences)
    general = mixture.sequences - taken
    text = np.concatenate(
        [np.full((general, context), _GENERAL), *parts]
    )  # whole windows first, then what is left open
    free = text == _GENERAL
    text[free] = windows.sample(-(-free.sum() // context), of_text).reshape(-1)[: free.sum()]
    starts = np.full((mixture.sequences, 1), form.start)
    starts[general : general + len(parts[0])] = form.infused_start
    stream = np.concatenate([starts, text], axis=1).astype(written.tokens.dtype)
    of_order.shuffle(stream, axis=0)
    spread = np.linspace(0, len(windows.held_out) - 1, min(heldout_sequences, len(windows.held_out)))
    held_out = windows.read(windows.held_out[spread.astype(int)])
    return TextMaterial(stream[:, 1:], stream[:, 0], facts, held_out, form)


_GENERAL = -1  # a place that general text is to fill


def _encounters(
    written: Sentences, form: TextFacts, facts: IntArray, count: int, context: int, rng: np.random.Generator
) -> IntArray:
    """Sequences of facts in passes over random permutations, so that exposures differ by at most one."""
    order = facts[in_passes(len(facts), count, rng)]
    templates = written.draw_templates(order, rng, form.heldout, False)
    return _packed(written, written.of(order, templates), context, _GENERAL)[0]


def _packed(written: Sentences, sentences: IntArray, context: int, filler: int) -> tuple[IntArray, IntArray]:
    """Sequences of whole sentences, shape ``(sequence, context)``, and the start of each sentence."""
    lengths = written.lengths[sentences]
    begins = _places(lengths, context)
    text = np.full(-(-(begins + lengths).max() // context) * context, filler, dtype=np.int64)
    within = np.arange(lengths.sum()) - np.repeat(lengths.cumsum() - lengths, lengths)
    source = np.repeat(written.begins[sentences], lengths) + within
    text[np.repeat(begins, lengths) + within] = written.tokens[source]
    return text.reshape(-1, context), begins


def _places(lengths: IntArray, context: int) -> IntArray:
    """Return the starts of sentences packed whole and in order, with a look ahead to one that still fits."""
    of = lengths.tolist()
    begins = np.empty(len(of), dtype=np.int64)
    waiting, coming = list(range(min(_LOOK_AHEAD, len(of)))), _LOOK_AHEAD
    sequence, used = 0, 0
    while waiting:
        fits = next((place for place, number in enumerate(waiting) if used + of[number] <= context), None)
        if fits is None:
            sequence, used = sequence + 1, 0
            continue
        number = waiting.pop(fits)
        begins[number] = sequence * context + used
        used += of[number]
        if coming < len(of):
            waiting.append(coming)
            coming += 1
    return begins


@cache
def _packed_share(form: TextFacts, context: int) -> float:
    """Share of the tokens of a pure fact sequence that facts fill; refuse sentences that fit in no sequence."""
    written = form.written()
    lengths = written.lengths
    if lengths.max() > context:
        too_long = np.flatnonzero(lengths > context)
        fact = np.searchsorted(written.first, too_long[0], side="right")
        got = f"{context}, and {len(too_long)} of {len(lengths)} sentences are longer, the first of triple {fact}"
        remedy = "raise the ladder's context or shorten them"
        raise InputError(
            f"a context of at least the {lengths.max()} tokens of the longest fact", got, "context", remedy
        )
    rng = np.random.default_rng(0)
    facts = rng.integers(form.facts, size=_TRIED)
    tried = lengths[written.of(facts, written.draw_templates(facts, rng, form.heldout, False))]
    sequences = -(-(_places(tried, context) + tried).max() // context)
    return float(tried.sum() / (sequences * context))


@cache
def _refuse_long_choices(form: TextFacts, context: int) -> None:
    """Refuse a context that a sentence with the answer of another fact does not fit."""
    longest = form.written().longest_choice()
    if longest > context:
        remedy = "raise the ladder's context, or leave out options"
        raise InputError(f"a context of the {longest} tokens of the longest choice", context, "context", remedy)


def _ranges(first: IntArray, last: IntArray) -> IntArray:
    """Numbers from `first` to `last` - 1 in rows, padded with -1."""
    steps = first[:, None] + np.arange((last - first).max())
    return np.where(steps < last[:, None], steps, -1)
