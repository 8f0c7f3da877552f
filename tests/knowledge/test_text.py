"""Real text: what the tokens, sentences and streams of a run really hold."""

import json
from dataclasses import replace

import numpy as np
import pytest

from bayeskisl.errors import InputError, SweepError
from bayeskisl.knowledge.text import (
    FileSource,
    Triple,
    draw_text_material,
    hash_documents,
    invent_triples,
    load_tokeniser,
    plan_text_mixture,
    refuse_crowded_facts,
    tokenise,
    trained_tokeniser,
    verbalise_triples,
)
from bayeskisl.knowledge.text import corpus as corpus_module
from studies.simulated.text_sweep import sentences
from tests.knowledge.text_files import text_of

pytest.importorskip("tokenizers")

CONTEXT = 48
TEMPLATES = (
    "The capital of {subject} is {object}.",
    "{subject}, whose {relation} is {object}",
    "Of {subject}: {object}!",
)


@pytest.fixture
def corpus(source, tokeniser):
    return tokenise(hash_documents(source.documents()), source.documents, tokeniser)


def triples(count=20, aliases=False):
    return tuple(
        Triple(f"land {i}", "capital", f"city {i * i}", (f"burg {i}",) if aliases and i % 2 else ())
        for i in range(count)
    )


def facts_of(tokeniser, known=None, **how):
    return verbalise_triples(known or triples(), TEMPLATES, tokeniser, guessing=0.05, **how)


def material_of(form, corpus, seed=0, **changes):
    wanted = {"tokens": 400 * CONTEXT, "ratio": 0.5, "facts": 6, "form": form, "corpus": corpus, "context": CONTEXT}
    mixture = plan_text_mixture(**wanted | changes)
    return mixture, draw_text_material(mixture, form, corpus, np.random.SeedSequence(seed), heldout_sequences=5)


def test_the_same_text_gives_the_same_tokeniser(source, tokeniser, text_cache):
    for path in text_cache.iterdir():
        path.unlink()
    again = trained_tokeniser(hash_documents(source.documents()), 300, source.documents)
    assert again.sha256 == tokeniser.sha256
    assert again.vocabulary == 300


def test_a_corpus_is_all_of_its_documents_with_separators(source, tokeniser, corpus):
    shard = corpus.windows(1).read(np.arange(corpus.tokens)).ravel()
    (document,) = source.documents()
    assert shard[-1] == tokeniser.vocabulary
    assert text_of(tokeniser, shard) == document


def test_shards_are_cut_between_documents_and_read_as_one(tmp_path, text_cache, tokeniser, monkeypatch):
    monkeypatch.setattr(corpus_module, "_SHARD_CHARACTERS", 500)
    for number, text in enumerate(sentences(40)):
        (tmp_path / f"{number:02}.md").write_text(text)
    source = FileSource((str(tmp_path / "*.md"),))
    digest = hash_documents(source.documents())
    windows = tokenise(digest, source.documents, tokeniser).windows(7)
    assert len(windows._shards) == 5
    everything = np.concatenate([np.asarray(shard) for shard in windows._shards])
    order = np.random.default_rng(0).permutation(len(everything))
    np.testing.assert_array_equal(windows.read(order), everything[order])


def test_only_changed_shards_are_made_again(tmp_path, text_cache, tokeniser, monkeypatch):
    monkeypatch.setattr(corpus_module, "_SHARD_CHARACTERS", 1)  # a shard a document
    texts = sentences(5)

    def shards(texts):
        tokenise(hash_documents(iter(texts)), lambda: iter(texts), tokeniser)
        return {path.name for path in text_cache.glob("shard*")}

    before = shards(texts)
    assert len(shards([*texts[:4], "something else"]) - before) == 1


def test_held_out_windows_are_never_trained_on(corpus):
    windows = corpus.windows(CONTEXT)
    assert not set(windows.held_out) & set(windows.trained)
    rng = np.random.default_rng(0)
    once = windows.sample(len(windows.trained), rng)
    np.testing.assert_array_equal(np.sort(once, axis=0), np.sort(windows.read(windows.trained), axis=0))


def test_answers_are_the_objects_and_what_ends_them(tokeniser):
    form = facts_of(tokeniser, triples(aliases=True))
    written = form.written()
    for fact, triple in enumerate(triples(aliases=True)):
        for answer, name in enumerate((triple.object, *triple.aliases)):
            for template, (before, after) in enumerate(t.split("{object}") for t in TEMPLATES):
                at = written.of(np.array([fact]), np.array([template]), answer)[0]
                tokens = written.tokens[written.begins[at] : written.begins[at + 1]]
                first, last = written.answers[at]
                filled = before.format(subject=triple.subject, relation=triple.relation)
                assert text_of(tokeniser, tokens) == filled + name + after
                assert text_of(tokeniser, tokens[:first]).rstrip() == filled.rstrip()
                assert text_of(tokeniser, tokens[first : last - 1]).strip() == name
                assert tokens[last - 1] == (tokeniser.encode([after])[0] if after else [tokeniser.vocabulary])[0]
                assert tokens[-1] == form.separator
    lengths = [
        np.mean([len(x) + 1 for x in tokeniser.encode([t.format(**vars(f)) for t in TEMPLATES])]) for f in triples()
    ]
    assert facts_of(tokeniser).tokens_per_fact == pytest.approx(np.mean(lengths))


def test_infusion_identity_holds_and_so_does_the_stream(tokeniser, corpus):
    mixture, material = material_of(facts_of(tokeniser), corpus, facts=12, background_facts=6, background_share=0.4)
    infused = mixture.facts * mixture.exposures * mixture.tokens_per_fact
    assert infused == pytest.approx(mixture.ratio * mixture.tokens, rel=1e-12)
    background = mixture.background_facts * mixture.background_exposures * mixture.tokens_per_fact
    assert background == pytest.approx((1 - mixture.ratio) * mixture.background_share * mixture.tokens, rel=1e-12)
    assert mixture.ratio == pytest.approx(0.5, abs=1e-3)
    assert mixture.background_share == pytest.approx(0.4, abs=1e-3)
    assert material.stream.size == mixture.tokens == 400 * CONTEXT
    of_facts = sum(count * len(text) for group in ("infused", "background") for text, count in seen(material, group))
    assert of_facts == pytest.approx((0.5 + 0.5 * 0.4) * mixture.tokens, rel=0.02)


def sentences_of(material, group):
    """Tokens of every sentence of a group, by fact and then by template."""
    written = material.form.written()
    for fact in material.facts[group]:
        for at in written.first[fact] + np.arange(written.templates[fact]):
            yield written.tokens[written.begins[at] : written.begins[at + 1]]


def where(stream, tokens):
    """How often a sentence stands in each sequence."""
    windows = np.lib.stride_tricks.sliding_window_view(stream, len(tokens), axis=1)
    return (windows == tokens).all(axis=2).sum(axis=1)


def seen(material, group):
    """Every sentence of a group and how often it stands in the stream."""
    return [(tokens, where(material.stream, tokens).sum()) for tokens in sentences_of(material, group)]


def test_every_fact_is_read_whole_as_often_as_the_mixture_says(tokeniser, corpus):
    mixture, material = material_of(facts_of(tokeniser), corpus)
    counts = np.array([count for _, count in seen(material, "infused")]).reshape(6, len(TEMPLATES)).sum(axis=1)
    assert abs(counts - mixture.exposures).max() < 1
    assert counts.sum() == mixture.encounters


def test_general_text_fills_every_other_place(tokeniser, corpus):
    form = facts_of(tokeniser)
    _, material = material_of(form, corpus, ratio=0.02, facts=1)
    windows = corpus.windows(CONTEXT)
    trained = {row.tobytes() for row in windows.read(windows.trained)}
    held_out = {row.tobytes() for row in windows.read(windows.held_out)}
    whole = [row.astype(np.uint16).tobytes() for row in material.stream]
    assert sum(row in trained for row in whole) > 0.9 * len(whole)
    assert not any(row in held_out for row in whole)
    assert {row.tobytes() for row in material.heldout} <= held_out
    assert material.stream.max() < form.vocabulary


def test_held_out_templates_are_never_read_and_are_asked(tokeniser, corpus):
    form = facts_of(tokeniser, heldout=1)
    _, material = material_of(form, corpus)
    assert list(material.facts) == ["infused", "infused_heldout"]
    counts = np.array([count for _, count in seen(material, "infused")]).reshape(6, len(TEMPLATES))
    expected = material.facts["infused"] % len(TEMPLATES)
    np.testing.assert_array_equal(counts.argmin(axis=1), expected)
    assert (counts.min(axis=1) == 0).all()
    assert (np.sort(counts, axis=1)[:, 1] > 0).all()


def test_a_domain_marker_stands_before_sequences_of_infused_facts_alone(tokeniser, corpus):
    form = facts_of(tokeniser, domain_marker=True)
    _, marked = material_of(form, corpus, background_facts=5, background_share=0.3)
    _, plain = material_of(replace(form, domain_marker=False), corpus, background_facts=5, background_share=0.3)
    np.testing.assert_array_equal(marked.stream, plain.stream)
    assert set(plain.starts.tolist()) == {form.separator}
    holds = np.any([where(marked.stream, tokens) for tokens in sentences_of(marked, "infused")], axis=0)
    np.testing.assert_array_equal(marked.starts == form.separator + 1, holds)
    assert form.vocabulary == form.tokeniser_vocabulary + 2


def test_questions_are_judged_by_the_object_or_an_alias(tokeniser, corpus):
    form = facts_of(tokeniser, triples(aliases=True))
    _, material = material_of(form, corpus, facts=20, tokens=4000 * CONTEXT, ratio=0.2)
    questions = material.ask("infused", 15, np.random.default_rng(0))
    shape = questions.sequences.shape
    assert questions.asked == 15
    assert len(questions.fact) > 15
    nats, nothing, everything = np.ones(shape), np.zeros(shape, bool), np.ones(shape, bool)
    assert questions.judge(nats, nothing)[0] == 0
    assert questions.judge(nats, everything) == (15, (questions.answers[:15] >= 0).sum())
    by_alias = nothing.copy()
    by_alias.reshape(-1)[questions.answers[15:][questions.answers[15:] >= 0]] = True
    assert questions.judge(nats, by_alias)[0] == len(questions.fact) - 15
    almost = everything.copy()
    almost.reshape(-1)[questions.answers[:, 1]] = False
    assert questions.judge(nats, almost)[0] == 0
    facts_in = np.sort(questions.answers[:, 0] // CONTEXT * 100 + questions.fact)
    assert (np.diff(facts_in) > 0).all(), "no sequence asks one fact twice"


def test_runs_draw_from_one_population_without_replacement(tokeniser, corpus):
    form = facts_of(tokeniser)
    _, one = material_of(form, corpus, facts=10, background_facts=10, background_share=0.3)
    _, other = material_of(form, corpus, seed=1, facts=10, background_facts=10, background_share=0.3)
    assert sorted([*one.facts["infused"], *one.facts["background"]]) == list(range(20))
    assert set(one.facts["infused"]) != set(other.facts["infused"])


def test_a_tokeniser_that_is_there_already_is_taken_as_it_is(source, tokeniser, tmp_path):
    path = tmp_path / "tokenizer.json"
    path.write_text(tokeniser._encoder.to_str())
    assert load_tokeniser(path).encode(["a river"]) == tokeniser.encode(["a river"])
    (tmp_path / "bad.json").write_text("{}")
    for name in ("bad.json", "none.json"):
        with pytest.raises(InputError, match=rf"{name}: expected a tokenizer.json"):
            load_tokeniser(tmp_path / name)


def test_a_folder_of_transformers_names_the_end_of_its_documents(tokeniser, tmp_path):
    assert tokeniser.end_of_document() is None
    end, number = tokeniser.save(tmp_path, 64)
    assert (end, number) == ("<|endoftext|>", tokeniser.vocabulary)
    saved = load_tokeniser(tmp_path)
    assert saved.end_of_document() == (end, number)
    assert saved.vocabulary == tokeniser.vocabulary + 1
    assert saved.encode(["a page"]) == tokeniser.encode(["a page"])  # the end is put before a text only for others
    word = "<|stop|>"
    content = json.loads((tmp_path / "tokenizer.json").read_text())
    content["added_tokens"][0]["content"] = word
    content["post_processor"] = None
    (tmp_path / "tokenizer.json").write_text(json.dumps(content))
    assert load_tokeniser(tmp_path).end_of_document() is None
    for named in (word, {"content": word}):
        (tmp_path / "tokenizer_config.json").write_text(json.dumps({"eos_token": named}))
        assert load_tokeniser(tmp_path).end_of_document() == (word, number)


def test_truncation_and_padding_that_were_saved_are_off(tokeniser, tmp_path):
    content = json.loads(tokeniser.path.read_text())
    content["truncation"] = {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0}
    content["padding"] = {"strategy": "BatchLongest", "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0,
                          "pad_type_id": 0, "pad_token": "x"}  # fmt: skip
    (tmp_path / "tokenizer.json").write_text(json.dumps(content))
    texts = ["a", "a much longer page than two tokens"]
    assert load_tokeniser(tmp_path).encode(texts) == tokeniser.encode(texts)


def test_invented_facts_are_written_in_the_tokenisers_text(tokeniser, corpus):
    known = invent_triples(50, np.random.default_rng(0))
    _, material = material_of(facts_of(tokeniser, known), corpus, facts=3, tokens=4000 * CONTEXT)
    stream = text_of(tokeniser, material.stream.ravel())
    for fact in material.facts["infused"]:
        assert f"The capital of {known[fact].subject} is {known[fact].object}." in stream


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"facts": 15, "background_facts": 6, "background_share": 0.1},
            "at most the 20 facts .*, got 15 infused and 6",
        ),
        (
            {"ratio": 0.99},
            r"facts in at most \.?0?\.\d+ of the tokens, since only whole facts fit 48 tokens, got 0.990",
        ),
        (
            {"context": 16, "tokens": 1600},
            r"a context of at least the \d+ tokens of the longest fact, got 16, and .* of triple",
        ),
        ({"tokens": 100}, "a positive multiple of the context of 48 tokens, got 100"),
        ({"facts": 0}, "expected at least one fact, got 0"),
        ({"ratio": 1.5}, r"expected a ratio in \(0, 1\), got 1.5"),
        ({"background_share": 0.5}, "background_facts and background_share both zero"),
    ],
)
def test_impossible_mixtures_are_refused(tokeniser, corpus, change, message):
    with pytest.raises(InputError, match=message):
        material_of(facts_of(tokeniser), corpus, **change)


def test_facts_are_crowded_exactly_where_no_stream_can_be_drawn(tokeniser, corpus):
    known = tuple(Triple(f"land {i}" + " far away" * (i % 2), "capital", f"city {i}") for i in range(20))
    form = facts_of(tokeniser, known)
    wanted = {"tokens": 400 * CONTEXT, "ratio": 0.65, "facts": 2, "form": form, "corpus": corpus, "context": CONTEXT}
    mixture = plan_text_mixture(**wanted)
    seeds = range(7)
    refused = [refusal(refuse_crowded_facts, mixture, form, np.random.SeedSequence(seed)) for seed in seeds]
    drawn = [refusal(draw_text_material, mixture, form, corpus, np.random.SeedSequence(seed), 5) for seed in seeds]
    assert 0 < sum(map(bool, refused)) < len(seeds)
    assert refused == drawn


def refusal(draw, *arguments):
    try:
        draw(*arguments)
    except InputError as problem:
        return str(problem)
    return ""


@pytest.mark.parametrize(
    ("templates", "heldout", "message"),
    [
        (("{object} is the capital of {subject}",), 0, r"a template with \{subject\} and then \{object\}"),
        (("{subject} {object} {object}",), 0, r"a template with \{subject\} and then \{object\}"),
        ({"colour": ("{subject} {object}",)}, 0, "a template for the relation 'capital', got none"),
        (TEMPLATES, 3, "fewer templates held out than every fact has, got 3 of 3"),
        ((*TEMPLATES, TEMPLATES[0]), 1, "different templates of a fact, got .* 2 times for the relation 'capital'"),
        (("{subject} {relation} {object}", "{subject} capital {object}"), 1, "different templates of a fact"),
    ],
)
def test_templates_that_cannot_be_asked_are_refused(tokeniser, templates, heldout, message):
    with pytest.raises(InputError, match=message):
        verbalise_triples(triples(), templates, tokeniser, guessing=0.1, heldout=heldout)


def test_text_that_is_no_longer_prepared_is_told(tokeniser, corpus, text_cache):
    for path in text_cache.glob("corpus*"):
        path.unlink()
    with pytest.raises(SweepError, match="is missing; load the sweep's specification again on this machine"):
        corpus.windows(CONTEXT)
