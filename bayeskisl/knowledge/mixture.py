"""The training stream of one run: infused facts, background facts and general text in exact proportions.

The unit of mixing is a sequence (one context window), so that the infusion identity r D = K f l holds to the last
token: r is the share of sequences that are infused, and each of them holds a whole number of facts.
"""

from dataclasses import dataclass

import numpy as np

from bayeskisl import schema
from bayeskisl.arrays import IntArray
from bayeskisl.errors import InputError
from bayeskisl.knowledge.corpus import CorpusFormat, GeneralCorpus
from bayeskisl.knowledge.facts import (
    FactFormat,
    Facts,
    answer_places,
    draw_facts,
    draw_templates,
    refuse_large_vocabulary,
    refuse_too_many,
    verbalise,
)
from bayeskisl.knowledge.identity import background_exposures, infused_exposures
from bayeskisl.knowledge.questions import Questions
from bayeskisl.specifications import Count, Number, strictly

__all__ = ["Material", "Mixture", "draw_material", "in_passes", "pack", "plan_mixture", "refuse_no_infusion",
           "refuse_odd_budget"]  # fmt: skip


@strictly
@dataclass(frozen=True)
class Mixture:
    """Division of one run's sequences; every quantity is realised, not requested.

    Attributes
    ----------
    context : int
        Tokens of a sequence.
    infused, background, general : int
        Sequences of each kind; D = context x their sum.
    facts, background_facts : int
        K and K_b.
    tokens_per_fact : int
        l.
    """

    context: Count
    infused: Count
    background: Number
    general: Number
    facts: Count
    background_facts: Number
    tokens_per_fact: Count

    @property
    def sequences(self) -> int:
        return self.infused + self.background + self.general

    @property
    def tokens(self) -> int:
        """Token budget D."""
        return self.sequences * self.context

    @property
    def ratio(self) -> float:
        """Infusion ratio r, infused tokens / D."""
        return self.infused / self.sequences

    @property
    def background_share(self) -> float:
        """Share b of the general corpus (everything except infused tokens) that background facts fill."""
        outside = self.background + self.general
        return self.background / outside if outside else 0.0

    @property
    def exposures(self) -> float:
        """Mean exposures f of an infused fact, r D / (K l)."""
        return infused_exposures(self.tokens, self.ratio, self.facts, self.tokens_per_fact)

    @property
    def background_exposures(self) -> float:
        """Mean exposures of a background fact, (1 - r) b D / (K_b l); zero without background facts."""
        if not self.background_facts:
            return 0.0
        return background_exposures(
            self.tokens, self.ratio, self.background_facts, self.background_share, self.tokens_per_fact
        )


def plan_mixture(
    *,
    tokens: int,
    ratio: float,
    facts: int,
    form: FactFormat,
    context: int,
    background_facts: int = 0,
    background_share: float = 0.0,
) -> Mixture:
    """Divide a budget into sequences; the ratio and the background's share are rounded to whole sequences.

    Parameters
    ----------
    tokens : int
        Token budget D; a multiple of `context`.
    ratio : float
        Infusion ratio r, in (0, 1).
    facts : int
        Distinct infused facts K.
    form : FactFormat
    context : int
        Tokens of a sequence; a multiple of the format's tokens per fact.
    background_facts : int
        K_b; zero for none.
    background_share : float
        b in [0, 1].

    Raises
    ------
    InputError
        If a quantity does not divide, or is outside its range.
    """
    refuse_no_infusion(ratio, facts)
    refuse_too_many(form, facts + background_facts)
    refuse_large_vocabulary(form)
    if context % form.tokens_per_fact:
        raise InputError(f"a multiple of the {form.tokens_per_fact} tokens of a fact", context, "context")
    refuse_odd_budget(tokens, context, background_facts, background_share)
    sequences = tokens // context
    infused = round(ratio * sequences)
    background = round(background_share * (sequences - infused))
    if not 0 < infused < sequences:
        raise InputError("a ratio that leaves whole sequences on both sides", ratio, "ratio", "raise the budget")
    return Mixture(
        context=context,
        infused=infused,
        background=background,
        general=sequences - infused - background,
        facts=facts,
        background_facts=background_facts,
        tokens_per_fact=form.tokens_per_fact,
    )


def refuse_no_infusion(ratio: float, facts: int) -> None:
    """Refuse a ratio outside (0, 1) and a domain without facts."""
    if not 0 < ratio < 1:
        raise InputError("a ratio in (0, 1)", ratio, "ratio")
    if facts < 1:
        raise InputError("at least one fact", facts, "facts")


def refuse_odd_budget(tokens: int, context: int, background_facts: int, background_share: float) -> None:
    """Refuse a budget that is not a multiple of the context, and background facts without a share or the reverse."""
    if tokens <= 0 or tokens % context:
        raise InputError(f"a positive multiple of the context of {context} tokens", tokens, "tokens")
    if not 0 <= background_share <= 1 or (background_share > 0) != (background_facts > 0):
        got = f"{background_facts} facts at share {background_share}"
        raise InputError("background_facts and background_share both zero, or a share in (0, 1]", got, "background")


@dataclass(frozen=True)
class Material:
    """Training data and questions of one run.

    Attributes
    ----------
    stream : numpy.ndarray
        Training tokens in order, shape ``(sequences, context)``, dtype uint8.
    starts : numpy.ndarray
        The token before the first of each sequence, an input only, shape ``(sequences,)``, dtype uint8.
    facts : dict of str to Facts
        The facts of each probe group; `infused_heldout` are the infused ones, to be asked in other templates.
    heldout : numpy.ndarray
        General text that is never trained on, shape ``(heldout_sequences, context)``.
    form : FactFormat
    """

    stream: IntArray
    starts: IntArray
    facts: dict[str, Facts]
    heldout: IntArray
    form: FactFormat

    @property
    def groups(self) -> tuple[str, ...]:
        """The probe groups, in the order in which they are asked."""
        return tuple(self.facts)

    def ask(self, group: str, limit: int, rng: np.random.Generator) -> Questions:
        """Return questions on at most `limit` facts of a group, in their own order; others fill the last sequence."""
        form, facts, context = self.form, self.facts[group], self.stream.shape[1]
        asked = rng.permutation(len(facts))[:limit]
        filled = np.concatenate([asked, rng.integers(len(facts), size=-len(asked) % (context // form.tokens_per_fact))])
        templates = draw_templates(form, filled, rng, heldout=group == schema.INFUSED_HELDOUT)
        start = form.start if group == schema.BACKGROUND else form.infused_start
        number = np.arange(len(asked))
        places = np.arange(form.tokens_per_fact)[answer_places(form)]
        answers = number[:, None] * form.tokens_per_fact + places
        return Questions(pack(form, facts, context, filled, templates), start, answers, number, len(asked))


def draw_material(
    mixture: Mixture,
    form: FactFormat,
    corpus: CorpusFormat,
    seed: np.random.SeedSequence,
    heldout_sequences: int,
    sequences_before: int = 0,
) -> Material:
    """Draw facts, language, text and order of one run, each from a separate child of `seed`.

    So many sequences before the mixture hold general text and background facts alone, at the background's share.
    """
    of_facts, of_language, of_text, of_order, of_heldout = (np.random.default_rng(s) for s in seed.spawn(5))
    everything = draw_facts(form, mixture.facts + mixture.background_facts, of_facts)
    infused, background = everything[: mixture.facts], everything[mixture.facts :]
    language = GeneralCorpus(corpus, of_language)
    parts = [
        _encounters(form, infused, mixture.infused, mixture.context, of_order),
        language.sample(mixture.general, mixture.context, of_text),
    ]
    facts = {schema.INFUSED: infused}
    if form.templates is not None and form.templates.heldout:
        facts[schema.INFUSED_HELDOUT] = infused
    if mixture.background:
        parts.append(_encounters(form, background, mixture.background, mixture.context, of_order))
        facts[schema.BACKGROUND] = background
    starts = np.full((mixture.sequences, 1), form.start, dtype=np.uint8)
    starts[: mixture.infused] = form.infused_start
    stream = np.concatenate([starts, np.concatenate(parts)], axis=1)
    of_order.shuffle(stream, axis=0)
    if sequences_before:
        known = round(mixture.background_share * sequences_before)
        parts = [_encounters(form, background, known, mixture.context, of_order)] if known else []
        before = np.concatenate([*parts, language.sample(sequences_before - known, mixture.context, of_text)])
        of_order.shuffle(before, axis=0)
        stream = np.concatenate([np.insert(before, 0, form.start, axis=1), stream])
    heldout = language.sample(heldout_sequences, mixture.context, of_heldout)
    return Material(stream[:, 1:], stream[:, 0], facts, heldout, form)


def pack(form: FactFormat, facts: Facts, context: int, order: IntArray, templates: IntArray | None = None) -> IntArray:
    """Return sequences with the facts `order` one after the other, shape ``(len(order) l / context, context)``."""
    return verbalise(form, facts[order], templates).reshape(-1, context)


def _encounters(form: FactFormat, facts: Facts, sequences: int, context: int, rng: np.random.Generator) -> IntArray:
    """Sequences of facts in passes over random permutations, so that exposures differ by at most one."""
    order = in_passes(len(facts), sequences * context // form.tokens_per_fact, rng)
    return pack(form, facts, context, order, draw_templates(form, order, rng))


def in_passes(facts: int, encounters: int, rng: np.random.Generator) -> IntArray:
    """Return a number of encounters with facts in passes over random permutations, shape ``(encounter,)``."""
    passes = -(-encounters // facts)
    return rng.permuted(np.tile(np.arange(facts), (passes, 1)), axis=1).reshape(-1)[:encounters]
