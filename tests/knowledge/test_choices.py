"""Questions of multiple choice: their answers, their places, and the chance of a guess."""

import numpy as np
import pytest

from bayeskisl import schema
from bayeskisl.errors import InputError
from bayeskisl.knowledge.questions import Choices
from bayeskisl.knowledge.text import (
    Triple,
    draw_text_material,
    hash_documents,
    plan_text_mixture,
    tokenise,
    verbalise_triples,
)
from tests.knowledge.text_files import text_of

pytest.importorskip("tokenizers")

CONTEXT = 48
TEMPLATES = {
    "capital": ("The capital of {subject} is {object}.", "{subject}: {object}"),
    "code": ("{subject}, {object}",),
}
# four towns are capitals of many lands each, one as often as all others
FACTS = (
    *(Triple(f"land {i}", "capital", ("Rome", "Rome", "Rome", "Oslo", "Bern", "Lima")[i % 6]) for i in range(60)),
    *(Triple(f"land {i}", "code", f"q{i}") for i in range(2)),
)


@pytest.fixture
def material(source, tokeniser):
    form = verbalise_triples(FACTS, TEMPLATES, tokeniser, guessing=0.5, options=3)
    return material_of(form, source, tokeniser)


def material_of(form, source, tokeniser, context=CONTEXT):
    corpus = tokenise(hash_documents(source.documents()), source.documents, tokeniser)
    wanted = {"tokens": 400 * context, "ratio": 0.5, "facts": len(FACTS), "form": form, "context": context}
    mixture = plan_text_mixture(corpus=corpus, **wanted)
    return draw_text_material(mixture, form, corpus, np.random.SeedSequence(0), heldout_sequences=5)


def answers_of(tokeniser, choices):
    """Texts of the answers without what ends them, (question, answer)."""
    flat = choices.sequences.reshape(-1)
    return [
        [text_of(tokeniser, flat[place[place >= 0]][:-1]).strip() for place in question] for question in choices.answers
    ]


def test_answers_are_one_right_object_and_others_of_the_relation(material, tokeniser):
    choices = material.ask(schema.INFUSED_CHOICE, 500, np.random.default_rng(1))
    found = answers_of(tokeniser, choices)
    assert choices.answers.shape[1] == 3
    # two codes are too few for three answers, and capitals drawn with another of their name are not asked
    assert {name for answers in found for name in answers} == {"Rome", "Oslo", "Bern", "Lima"}
    assert all(len(set(answers)) == 3 for answers in found)


def test_an_answer_of_another_fact_is_written_as_the_tokeniser_writes_it(material, tokeniser):
    written = material.form.written()
    rome, oslo = np.array([0]), np.array([3])
    for template in range(2):
        own, other = (written.of(fact, np.array([template])) for fact in (rome, oslo))
        composed = written.with_answers(own, other)
        (expected,) = tokeniser.encode([TEMPLATES["capital"][template].format(subject="land 0", object="Oslo")])
        assert composed.tokens.tolist() == [*expected, material.form.separator]
        begin, end = composed.answers[0]
        assert text_of(tokeniser, composed.tokens[begin : end - 1]).strip() == "Oslo"


def test_frequencies_alone_choose_right_no_more_often_than_chance(material, tokeniser):
    frequency = {"Rome": 30, "Oslo": 10, "Bern": 10, "Lima": 10}
    right = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        answers = answers_of(tokeniser, material.ask(schema.INFUSED_CHOICE, 500, rng))
        known = np.array([[frequency[name] for name in each] for each in answers])
        right += list((known + rng.random(known.shape)).argmax(axis=1) == 0)  # ties are broken by chance
    assert np.mean(right) == pytest.approx(1 / 3, abs=3 * np.sqrt(2 / 9 / len(right)))


def test_the_right_answer_has_to_be_more_probable_than_every_other():
    answers = np.array([[[0], [1]], [[2], [3]], [[4], [5]]])
    choices = Choices(np.zeros((1, 6), dtype=int), 0, answers)
    nats = np.array([[0.5, 1.0, 1.0, 0.5, 0.7, 0.7]])
    assert choices.judge(nats, nats > 0) == (1, pytest.approx(0.5 + 1.0 + 0.7))
    assert (choices.asked, choices.guessing) == (3, 0.5)


def test_an_answer_counts_as_a_whole():
    choices = Choices(np.zeros((1, 4), dtype=int), 0, np.array([[[0, 1], [2, -1]]]))
    recalled, nats = choices.judge(np.array([[0.4, 0.4, 0.7, 9.0]]), np.ones((1, 4), dtype=bool))
    assert (recalled, nats) == (0, pytest.approx(0.8))  # shorter by token, and less probable


def test_no_question_is_no_answer():
    none = Choices(np.zeros((0, 4), dtype=int), 0, np.zeros((0, 3, 1), dtype=int))
    assert none.judge(np.zeros((0, 4)), np.zeros((0, 4), dtype=bool)) == (0, 0.0)


def test_a_cloze_goes_on_as_the_text_does_or_as_it_does_elsewhere(material):
    choices = material.ask(schema.BACKGROUND, 50, np.random.default_rng(0))
    of_questions = choices.sequences.reshape(50, 3, CONTEXT)
    assert choices.asked == 50
    for question, (right, *others) in enumerate(of_questions):
        first = choices.answers[question, 0, 0] % CONTEXT
        assert any((right == window).all() for window in material.heldout)
        assert first >= CONTEXT // 2
        assert all((other[:first] == right[:first]).all() for other in others)
    flat = choices.sequences.reshape(-1)
    assert flat[choices.answers].shape == (50, 3, 8)


def test_groups_are_asked_in_the_order_of_a_record(material):
    assert material.groups == (schema.INFUSED, schema.INFUSED_CHOICE, schema.BACKGROUND)


def test_a_context_that_an_answer_of_another_fact_does_not_fit_is_refused(source, tokeniser):
    long = (*FACTS, Triple("a", "capital", "x" * 30), Triple("y" * 30, "capital", "b"))
    form = verbalise_triples(long, TEMPLATES, tokeniser, guessing=0.5, options=3)
    longest = max(form.written().lengths)
    with pytest.raises(InputError, match="longest choice"):
        material_of(form, source, tokeniser, context=int(longest) + 2)
