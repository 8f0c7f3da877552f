"""Templates: what is trained, what is held out, and that nothing moves where there are none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayeskisl.errors import InputError
from bayeskisl.knowledge import (
    CorpusFormat,
    FactFormat,
    Templates,
    draw_material,
    draw_templates,
    plan_mixture,
    verbalise,
)
from bayeskisl.knowledge.facts import draw_facts

PLAIN = FactFormat(symbols=16, subject_length=2, answer_length=2)
CORPUS = CorpusFormat(symbols=16, successors=4)


def form_with(**settings):
    return FactFormat(symbols=16, subject_length=2, answer_length=2, templates=Templates(**settings))


def material_of(form, facts=6, background=0, seed=0):
    context = 2 * form.tokens_per_fact
    mixture = plan_mixture(
        tokens=400 * context, ratio=0.5, facts=facts, form=form, context=context, background_facts=background,
        background_share=0.5 if background else 0.0,
    )  # fmt: skip
    return draw_material(mixture, form, CORPUS, np.random.SeedSequence(seed), heldout_sequences=2)


def times_seen(material, form, group, fact, template):
    written = verbalise(form, material.facts[group][fact : fact + 1], np.array([template]))[0]
    return (material.stream.reshape(-1, form.tokens_per_fact) == written).all(axis=1).sum()


def test_one_template_of_one_symbol_is_the_plain_format():
    plain, templated = material_of(PLAIN), material_of(form_with())
    np.testing.assert_array_equal(plain.stream, templated.stream)
    assert PLAIN.vocabulary == form_with().vocabulary


@pytest.mark.parametrize("frame", ["prefix", "around"])
@pytest.mark.parametrize("group", ["infused", "background"])
def test_every_fact_is_trained_in_all_templates_but_its_held_out_ones(group, frame):
    form = form_with(count=4, heldout=1, frame=frame)
    material = material_of(form, background=5)
    for fact in range(5):
        seen = [times_seen(material, form, group, fact, template) for template in range(4)]
        assert seen[fact % 4] == 0, "held out from this fact"
        assert min(s for t, s in enumerate(seen) if t != fact % 4) > 0


def test_every_carrier_is_read_about_equally_often():
    form = form_with(count=3, heldout=1, carrier=1)
    stream = material_of(form).stream
    read = [(stream == 16 + template).sum() for template in range(3)]
    assert max(read) < 1.2 * min(read)


@given(st.integers(1, 6), st.data())
def test_held_out_and_trained_templates_are_complements(count, data):
    templates = Templates(count=count, heldout=data.draw(st.integers(0, count - 1)))
    form = FactFormat(symbols=16, subject_length=2, answer_length=2, templates=templates)
    order, rng = np.repeat(np.arange(10), 200), np.random.default_rng(0)
    for fact, trained in enumerate(draw_templates(form, order, rng).reshape(10, 200)):
        held_out = {(fact + i) % count for i in range(templates.heldout)}
        assert set(trained.tolist()) == set(range(count)) - held_out


def test_carriers_stand_around_the_subject_and_the_answer_stands_last():
    form = form_with(count=3, carrier=2, frame="around")
    facts = draw_facts(form, 1, np.random.default_rng(0))
    s, a = facts.subjects[0].tolist(), facts.answers[0].tolist()
    written = verbalise(form, facts[np.zeros(3, dtype=int)], np.arange(3)).tolist()
    assert written == [[16, 17, *s, *a], [18, *s, 19, *a], [*s, 20, 21, *a]]
    assert form.tokens_per_fact == 6
    assert (form.start, form.vocabulary) == (22, 23)


def test_domain_marker_stands_before_infused_sequences_alone_and_costs_nothing():
    form = form_with(domain_marker=True)
    marked, plain = material_of(form, background=3), material_of(PLAIN, background=3)
    np.testing.assert_array_equal(marked.stream, plain.stream)
    infused = {tuple(row) for row in verbalise(form, marked.facts["infused"]).tolist()}
    is_infused = np.array([tuple(row) in infused for row in marked.stream[:, : form.tokens_per_fact].tolist()])
    np.testing.assert_array_equal(marked.starts, np.where(is_infused, form.start + 1, form.start))
    assert (form.infused_start, form.vocabulary) == (form.start + 1, PLAIN.vocabulary + 1)


def test_held_out_facts_are_the_infused_ones():
    material = material_of(form_with(count=2, heldout=1))
    assert list(material.facts) == ["infused", "infused_heldout"]
    assert material.facts["infused_heldout"] is material.facts["infused"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"count": 2, "heldout": 2}, "expected fewer templates held out than there are, got 2 of 2"),
        ({"frame": "suffix"}, "expected a frame 'prefix' or 'around', got 'suffix'"),
        ({"count": 0}, "expected at least one template"),
        ({"count": 300}, "expected a vocabulary of at most 256 tokens .*, got 317; take fewer"),
    ],
)
def test_impossible_templates_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        material_of(form_with(**settings))
