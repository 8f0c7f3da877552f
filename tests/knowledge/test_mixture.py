"""The infusion identity, and what a mixture really contains."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayeskisl.errors import InputError
from bayeskisl.knowledge import CorpusFormat, FactFormat, draw_facts, draw_material, plan_mixture, verbalise

FORM, CORPUS = FactFormat(symbols=16, subject_length=2, answer_length=2), CorpusFormat(symbols=16, successors=4)
CONTEXT = 2 * FORM.tokens_per_fact


@st.composite
def mixtures(draw):
    sequences = draw(st.integers(20, 300))
    background = draw(st.booleans())
    return plan_mixture(
        tokens=sequences * CONTEXT,
        ratio=draw(st.floats(0.1, 0.9)),
        facts=draw(st.integers(1, 100)),
        form=FORM,
        context=CONTEXT,
        background_facts=draw(st.integers(1, 50)) if background else 0,
        background_share=draw(st.floats(0.2, 1.0)) if background else 0.0,
    )


@given(mixtures())
def test_infusion_identity_holds_exactly(mixture):
    infused = mixture.facts * mixture.exposures * mixture.tokens_per_fact
    assert infused == pytest.approx(mixture.ratio * mixture.tokens, rel=1e-12)
    background = mixture.background_facts * mixture.background_exposures * mixture.tokens_per_fact
    assert background == pytest.approx((1 - mixture.ratio) * mixture.background_share * mixture.tokens, rel=1e-12)


@given(mixtures(), st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_stream_holds_each_fact_as_often_as_it_says(mixture, seed):
    material = draw_material(mixture, FORM, CORPUS, np.random.SeedSequence(seed), heldout_sequences=2)
    assert material.stream.size == mixture.tokens
    blocks = material.stream.reshape(-1, FORM.tokens_per_fact)
    of_facts = blocks[blocks[:, 0] == FORM.marker]
    for group, exposures in (("infused", mixture.exposures), ("background", mixture.background_exposures)):
        for fact in verbalise(FORM, material.facts[group]) if group in material.facts else []:
            seen = (of_facts == fact).all(axis=1).sum()
            assert abs(seen - exposures) < 1


def test_stream_is_general_text_outside_the_facts():
    mixture = plan_mixture(tokens=200 * CONTEXT, ratio=0.5, facts=7, form=FORM, context=CONTEXT)
    material = draw_material(mixture, FORM, CORPUS, np.random.SeedSequence(1), heldout_sequences=3)
    is_infused = material.stream[:, 0] == FORM.marker
    assert is_infused.sum() == 100
    assert material.stream[~is_infused].max() < CORPUS.symbols
    assert 0 < is_infused[:100].sum() < 100, "infused and general sequences are shuffled together"


@given(mixtures(), st.integers(1, 100))
@settings(max_examples=20, deadline=None)
def test_what_is_read_before_the_budget_is_the_general_corpus_alone(mixture, before):
    seed = 5
    plain = draw_material(mixture, FORM, CORPUS, np.random.SeedSequence(seed), heldout_sequences=2)
    material = draw_material(mixture, FORM, CORPUS, np.random.SeedSequence(seed), 2, sequences_before=before)
    np.testing.assert_array_equal(material.stream[before:], plain.stream)
    blocks = material.stream[:before].reshape(-1, FORM.tokens_per_fact)
    known = {tuple(fact) for fact in verbalise(FORM, material.facts.get("background", plain.facts["infused"][:0]))}
    of_facts = [tuple(block) for block in blocks if block[0] == FORM.marker]
    assert set(of_facts) <= known
    assert len(of_facts) == round(mixture.background_share * before) * CONTEXT // FORM.tokens_per_fact


def test_facts_have_distinct_subjects_and_a_stated_chance():
    facts = draw_facts(FORM, FORM.subjects, np.random.default_rng(0))
    assert len({tuple(s) for s in facts.subjects.tolist()}) == FORM.subjects
    assert FORM.guessing == 1 / 256


def test_general_corpus_has_the_entropy_rate_of_its_successors():
    from bayeskisl.knowledge import GeneralCorpus

    text = GeneralCorpus(CORPUS, np.random.default_rng(0)).sample(4000, 20, np.random.default_rng(1))
    pairs = np.zeros((16, 16))
    np.add.at(pairs, (text[:, :-1].ravel(), text[:, 1:].ravel()), 1)
    following = pairs / pairs.sum(axis=1, keepdims=True)
    entropy = -np.sum(pairs / pairs.sum() * np.log(np.where(following > 0, following, 1)))
    chance = CORPUS.successor_probabilities
    assert entropy == pytest.approx(-np.sum(chance * np.log(chance)), abs=0.01)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ratio": 1.0}, r"ratio: expected a ratio in \(0, 1\), got 1.0"),
        ({"facts": 0}, "facts: expected at least one fact, got 0"),
        ({"tokens": 101}, "tokens: expected a positive multiple of the context of 10 tokens"),
        ({"context": 11}, "context: expected a multiple of the 5 tokens of a fact, got 11"),
        ({"background_share": 0.5}, "background: expected background_facts and background_share both zero"),
    ],
)
def test_impossible_mixtures_are_refused(change, message):
    wanted = {"tokens": 1000, "ratio": 0.5, "facts": 3, "form": FORM, "context": CONTEXT, "background_facts": 0}
    wanted |= {"background_share": 0.0} | change
    with pytest.raises(InputError, match=message):
        plan_mixture(**wanted)


def test_more_facts_than_subjects_are_refused():
    with pytest.raises(InputError, match="at most 256 facts"):
        draw_facts(FORM, 257, np.random.default_rng(0))
