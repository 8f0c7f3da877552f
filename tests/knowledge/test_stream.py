"""The stream of a run in documents: whole facts, exact exposures, every token accounted for, in any order."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayeskisl import schema
from bayeskisl.errors import InputError
from bayeskisl.knowledge.text import GENERAL, Stream, TextCorpus, drawn_facts
from bayeskisl.knowledge.text.mixture import draw_text_material
from bayeskisl.knowledge.text.orders import Spaced, Uniform, equal_counts
from bayeskisl.knowledge.text.stream import _documents_of
from bayeskisl.sweeping import load_sweep
from studies.simulated.text_sweep import write_sweep

pytest.importorskip("tokenizers")


def seed():
    return np.random.SeedSequence(5)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BAYESKISL_CACHE", str(tmp_path_factory.mktemp("cache")))
        background = "\n[background]\nfacts = 5\nshare = 0.2\n"
        path = write_sweep(tmp_path_factory.mktemp("in"), steps=20, levels=(12,), heldout=1, background=background)
        yield load_sweep(path).runs()[0]


def stream_of(run, **how):
    return Stream(run.mixture, run.facts, run.corpus, seed(), **how)


@given(st.integers(1, 40), st.integers(1, 200), st.integers(1, 60), st.integers(1, 7))
@settings(max_examples=60, deadline=None)
def test_a_uniform_order_has_every_exposure_once_and_windows_alike(facts, exposures, windows, blocks):
    rng = np.random.default_rng(0)
    counts = equal_counts(facts, exposures, rng)
    assert counts.sum() == exposures
    assert np.ptp(counts) <= 1
    order = Uniform(counts, windows, rng)
    edges = np.linspace(0, windows, blocks + 1).astype(int)
    parts = [order.block(a, b) for a, b in itertools.pairwise(edges)]
    seen, at = (np.concatenate(each) for each in zip(*parts, strict=True))
    assert (np.bincount(seen, minlength=facts) == counts).all()
    assert (np.diff(at) >= 0).all()
    assert np.ptp(np.bincount(at, minlength=windows)) <= 1


@given(st.integers(1, 30), st.integers(1, 5), st.integers(1, 9), st.integers(1, 7))
@settings(max_examples=60, deadline=None)
def test_a_spaced_order_keeps_the_interval(facts, each, interval, blocks):
    windows = (each - 1) * interval + 3
    order = Spaced(np.full(facts, each), windows, interval, np.random.default_rng(0))
    edges = np.linspace(0, windows, blocks + 1).astype(int)
    parts = [order.block(a, b) for a, b in itertools.pairwise(edges)]
    seen, at = (np.concatenate(part) for part in zip(*parts, strict=True))
    for fact in range(facts):
        places = at[seen == fact]
        assert len(places) == each
        assert (np.diff(places) == interval).all()


def test_an_interval_that_does_not_fit_is_refused_with_the_longest_that_does():
    with pytest.raises(InputError, match="at most 33 sequences"):
        Spaced(np.array([4]), 100, 34, np.random.default_rng(0))


def test_facts_are_those_that_our_own_engine_infuses(run):
    own = draw_text_material(run.mixture, run.facts, run.corpus, seed(), 4).facts
    drawn = drawn_facts(run.mixture, run.facts, seed())
    assert (own[schema.INFUSED] == drawn[schema.INFUSED]).all()
    assert (own[schema.BACKGROUND] == drawn[schema.BACKGROUND]).all()


@pytest.mark.parametrize("spacing", [0, 2])
def test_what_a_stream_holds_is_what_its_tokens_say(run, spacing):
    stream = stream_of(run, spacing=spacing)
    windows = list(stream.windows())
    told, mixture = stream.realised.summary(), run.mixture
    assert len(windows) == mixture.sequences
    assert {window.tokens.shape for window in windows} == {(mixture.context,)}
    assert told["tokens"] == mixture.tokens == sum(window.tokens.size for window in windows)
    assert told["exposures"] * told["facts"] == mixture.encounters
    assert told["most_exposures"] - told["fewest_exposures"] <= 1
    infused = told["facts"] * told["exposures"] * told["tokens_per_fact"]
    assert told["ratio"] * told["tokens"] == pytest.approx(infused, rel=1e-12)
    assert told["ratio"] == pytest.approx(mixture.ratio, rel=0.05)
    begun = [each for window in windows for each in window.begun]
    groups = [each.group for each in begun]
    assert groups.count(schema.INFUSED) == mixture.encounters
    assert groups.count(schema.BACKGROUND) == mixture.background_encounters
    assert groups.count(GENERAL) == told["documents"]


def test_facts_stand_whole_in_a_window_behind_a_document_or_at_its_beginning(run):
    stream = stream_of(run)
    written, separator = run.facts.written(), run.facts.separator
    for window in stream.windows():
        for each in window.begun:
            if each.group == GENERAL:
                continue
            fact, template = each.place
            sentence = written.first[fact] + template
            tokens = written.tokens[written.begins[sentence] : written.begins[sentence + 1]]
            places = np.flatnonzero(
                (np.lib.stride_tricks.sliding_window_view(window.tokens, len(tokens)) == tokens).all(1)
            )
            assert len(places)
            assert any(place == 0 or window.tokens[place - 1] == separator for place in places)


def test_held_out_templates_are_not_trained_and_held_out_documents_neither(run):
    stream = stream_of(run)
    begun = {each for window in stream.windows() for each in window.begun}
    of_facts = {each.place for each in begun if each.group != GENERAL}
    assert all(template != fact % 3 for fact, template in of_facts)
    held_out = {place for place, _ in stream.held_out()}
    assert held_out
    assert not held_out & {each.place for each in begun if each.group == GENERAL}


def test_held_out_documents_are_counted_over_all_shards(run, monkeypatch):
    (whole,) = run.corpus.shards()
    ends = np.flatnonzero(whole == run.facts.separator) + 1
    shards = np.split(whole, ends[6:-1:7])  # seven documents each
    monkeypatch.setattr(TextCorpus, "shards", lambda self: shards)
    _documents_of.cache_clear()
    stream = stream_of(run)
    held_out = dict(stream.held_out())
    assert list(held_out) == [divmod(document, 7) for document in range(19, len(ends), 20)]
    trained = run.corpus.tokens - sum(map(len, held_out.values()))
    begun = {each.place for window in stream.windows() for each in window.begun if each.group == GENERAL}
    assert not begun & set(held_out)
    _documents_of.cache_clear()
    assert stream.realised.passes == pytest.approx(general_tokens(stream) / trained)


def general_tokens(stream):
    return stream.realised.tokens - sum(stream.realised.fact_tokens.values())


def test_one_seed_gives_one_stream(run):
    one, two = ([window.tokens.tolist() for window in stream_of(run).windows()] for _ in range(2))
    assert one == two
