"""Sweeps in real text: what their files say, what identifies their runs, and that they train."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from bayeskisl.curves import bits_per_parameter, build_curves
from bayeskisl.errors import InputError, SweepError
from bayeskisl.sweeping import estimate_sweep, load_sweep, run_sweep
from bayeskisl.sweeping.memory import stack_memory
from bayeskisl.sweeping.native import compiler
from bayeskisl.sweeping.plan import Stack, plan_stacks
from bayeskisl.sweeping.record_reading import BrokenRecord, read_record
from bayeskisl.sweeping.records import GroupProbe, Measured, RunProbe
from bayeskisl.sweeping.run import _can_be_trained, refinements
from bayeskisl.sweeping.store import open_folder
from studies.simulated.text_sweep import sentences, write_json_lines
from tests.knowledge.text_files import SPEC, write_corpus, write_triples
from tests.sweeping.conftest import records_of, rewritten

pytest.importorskip("tokenizers")

TOKENS = 24 * 8 * 60


@pytest.fixture(autouse=True)
def text_cache(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("BAYESKISL_CACHE", str(folder))
    return folder / "text"


@pytest.fixture
def text(tmp_path):
    write_triples(tmp_path / "facts.csv")
    knowledge = f'triples = "{tmp_path / "facts.csv"}"\ntemplates = ["{{subject}}: {{object}}"]\n'
    return SPEC.format(files=json.dumps([str(write_corpus(tmp_path))]), tokens=TOKENS) + knowledge


def spec_of(tmp_path, text):
    path = tmp_path / "words.toml"
    path.write_text(text)
    return load_sweep(path)


def test_a_run_is_known_by_the_content_of_its_text_and_not_by_where_it_lies(tmp_path, text):
    spec = spec_of(tmp_path, text)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    write_corpus(elsewhere)
    moved = spec_of(tmp_path, text.replace(str(tmp_path / "corpus.txt"), str(elsewhere / "corpus.txt")))
    assert moved.identity == spec.identity
    (elsewhere / "corpus.txt").write_text("\n".join(sentences(300, seed=1)))
    changed = spec_of(tmp_path, text.replace(str(tmp_path / "corpus.txt"), str(elsewhere / "corpus.txt")))
    assert changed.identity != spec.identity
    facts = tmp_path / "facts.csv"
    facts.write_text(facts.read_text().replace("city 7", "city 77"))
    assert spec_of(tmp_path, text).identity not in (spec.identity, changed.identity)
    assert str(tmp_path) not in json.dumps(spec.as_dict())


def test_guessing_and_tokens_per_fact_are_those_of_the_triples(tmp_path, text):
    (run, *_) = spec_of(tmp_path, text).runs()
    assert run.facts.guessing == 1 / 30
    assert run.mixture.ratio * run.mixture.tokens == pytest.approx(
        4 * run.mixture.exposures * run.facts.tokens_per_fact
    )
    assert run.facts.vocabulary == 301


@pytest.mark.parametrize("compiled", [False, True])
def test_a_sweep_in_text_is_trained_and_built(tmp_path, text, compiled):
    if compiled and compiler() is None:
        pytest.skip("no C++ compiler on this machine")
    spec = spec_of(tmp_path, text.replace("compile = false", f"compile = {str(compiled).lower()}"))
    for name, workers in (("one", 1), ("two", 2)):
        assert run_sweep(spec, tmp_path / name, workers=workers).trained == 2
    assert records_of(tmp_path / "one") == records_of(tmp_path / "two")
    curves = build_curves(tmp_path / "one")
    assert curves.probed.values.ravel().tolist() == [4, 12]
    assert curves.tokens_per_fact.values == pytest.approx(spec.ladder.facts.tokens_per_fact)
    assert set(curves.guessing.values.ravel()) == {1 / 30}
    assert (curves.general_loss.values < np.log(300)).all()
    corpus = spec.runs()[0].corpus
    assert corpus.bytes_per_token * corpus.tokens == pytest.approx((tmp_path / "corpus.txt").stat().st_size)
    assert curves.bits_per_byte.values == pytest.approx(curves.general_loss.values / np.log(2) / corpus.bytes_per_token)


def test_facts_in_words_are_learned(tmp_path, text):
    easy = text.replace(f"tokens = {TOKENS}", f"tokens = {24 * 8 * 500}").replace("widths = 8", "widths = 16")
    easy = easy.replace("levels = [4, 12]", "levels = [3]")
    run_sweep(spec_of(tmp_path, easy), tmp_path / "out", workers=1)
    curves = build_curves(tmp_path / "out")
    assert curves.recalled.values.ravel().tolist() == [3]


def test_background_held_out_templates_and_checkpoints_work_in_text(tmp_path, text):
    more = text.replace('["{subject}: {object}"]', '["{subject}: {object}", "{object}"]').replace(
        '"{object}"', '"In {subject} {object}"'
    )
    more = "checkpoints = [0.5]\n" + more + "heldout = 1\ndomain_marker = true\n[background]\nfacts = 6\nshare = 0.3\n"
    run_sweep(spec_of(tmp_path, more), tmp_path / "out", workers=1)
    curves = build_curves(tmp_path / "out")
    assert curves["group"].values.tolist() == ["infused", "infused_heldout", "background"]
    assert curves.probed.isel(checkpoint=-1).values.tolist() == [[4, 4, 6], [12, 12, 6]]
    assert curves.background_share.values == pytest.approx(0.3, rel=0.01)


def test_questions_of_multiple_choice_have_their_own_rate_of_guesses(tmp_path, text):
    spec = spec_of(tmp_path, text + "options = 3\n")
    run_sweep(spec, tmp_path / "out", workers=1)
    curves = build_curves(tmp_path / "out")
    assert curves["group"].values.tolist() == ["infused", "infused_choice", "background"]
    assert curves.guessing.values == pytest.approx(np.tile([1 / 30, 1 / 3, 1 / 3], (2, 1)))
    assert curves.probed.values.tolist() == [[4, 4, spec.probes], [12, 12, spec.probes]]
    assert curves.attrs["background_scale"] == "relative"
    assert (curves.background_facts.values > 0).all()


@pytest.mark.parametrize("compiled", [False, True])
def test_too_few_facts_for_a_choice_are_not_asked(tmp_path, text, compiled):
    if compiled and compiler() is None:
        pytest.skip("no C++ compiler on this machine")
    few = text.replace("levels = [4, 12]", "levels = [2]").replace(
        "compile = false", f"compile = {str(compiled).lower()}"
    )
    run_sweep(spec_of(tmp_path, few + "options = 3\n"), tmp_path / "out", workers=1)
    curves = build_curves(tmp_path / "out")
    assert curves.probed.sel(group="infused_choice").item() == 0


@pytest.mark.parametrize(("chosen", "beyond"), [(1.0, True), (1 / 3, False)])
def test_the_cliff_of_choices_is_followed_above_their_guesses(tmp_path, text, chosen, beyond):
    few = text.replace("levels = [4, 12]", "levels = [6, 12]")
    spec = spec_of(tmp_path, few + "options = 3\n[refine]\nlevels = 1\n")
    (cell,) = spec.cells()
    with open_folder(spec, tmp_path / "out") as folder:
        for run in spec.runs():
            asked = run.mixture.facts
            groups = {
                "infused": GroupProbe(0, asked, 1.0),
                "infused_choice": GroupProbe(round(chosen * asked), asked, 1.0, 1 / 3),
                "background": GroupProbe(0, spec.probes, 1.0, 1 / 3),
            }
            folder.write(run, Stack((run,)), RunProbe((Measured(run.mixture.tokens, groups, 1.0),)))
        ((level,),) = refinements(spec, folder, cell)
    assert (level > 12) == beyond
    assert (level < 6) != beyond


def test_a_choice_is_no_fact_more(tmp_path, text):
    run_sweep(spec_of(tmp_path, text + "options = 3\n"), tmp_path / "choices", workers=1)
    choices = build_curves(tmp_path / "choices")
    alone = choices.sel(group=["infused"])
    np.testing.assert_array_equal(bits_per_parameter(choices), bits_per_parameter(alone))


@pytest.mark.parametrize("change", [{"guessing": 0.5}, {"guessing": 0}, {"probed": 13}])
def test_a_record_with_other_questions_is_refused(tmp_path, text, change):
    run_sweep(spec_of(tmp_path, text + "options = 3\n"), tmp_path / "out", workers=1)
    path = next(path for path in (tmp_path / "out").rglob("*.jsonl") if b'"probed":12' in path.read_bytes())
    rewritten(path, lambda lines: [line | change if line.get("group") == "infused_choice" else line for line in lines])
    with pytest.raises(BrokenRecord, match=r"it does not hold one probe of each group|does not belong to a record"):
        read_record(path)


def test_generated_facts_need_no_file(tmp_path, text):
    spec = spec_of(
        tmp_path,
        text[: text.index("triples =")]
        .replace('"smoke"', '"text"')
        .replace("= 8", "= 16")
        .replace(str(TOKENS), str(64 * 16 * 40))
        + "generated = 300\n",
    )
    assert spec.ladder.facts.facts == 300
    assert spec.ladder.facts.guessing == 1 / 4096


def test_an_existing_tokeniser_is_taken(tmp_path, text, text_cache):
    trained = spec_of(tmp_path, text)
    (path,) = text_cache.glob("tokeniser*")
    given = spec_of(tmp_path, text.replace("vocabulary = 300", f'tokeniser = "{path}"'))
    assert given.identity == trained.identity


def test_a_local_dataset_trains_as_the_same_text_in_files_does(tmp_path, text):
    pytest.importorskip("datasets")
    folder = tmp_path / "dataset"
    folder.mkdir()
    rows = write_json_lines(folder / "train.jsonl", [{"text": text} for text in sentences(300)])
    pattern = re.compile("^files = .*$", re.MULTILINE)
    by_files = spec_of(tmp_path, pattern.sub(f'files = "{rows}"', text))
    by_dataset = spec_of(tmp_path, pattern.sub(f'dataset = "{folder}"', text))
    assert by_files.identity == by_dataset.identity


def test_an_estimate_and_the_memory_count_two_bytes_a_token(tmp_path, text):
    spec = spec_of(tmp_path, text)
    (size,) = estimate_sweep(spec, workers=1).sizes
    (stack,) = plan_stacks(spec.runs(), 3)
    assert size.memory == stack_memory(stack, compiled=False)
    assert stack_memory(stack) > (2 * 4 + 24) * TOKENS


def test_workers_without_the_prepared_text_say_what_to_do(tmp_path, text, text_cache):
    spec = spec_of(tmp_path, text)
    for path in text_cache.glob("facts*"):
        path.unlink()
    with pytest.raises(SweepError, match="BAYESKISL_CACHE"):
        run_sweep(spec, tmp_path / "out", workers=1)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("vocabulary = 300", "", r"\[corpus\]: expected either a vocabulary to train or a tokeniser's file"),
        ("vocabulary = 300", "vocabulary = 100", "expected a vocabulary of at least the 256 bytes, got 100"),
        ("vocabulary = 300", 'vocabulary = "300"', "expected 'vocabulary' to be a whole number, got '300'"),
        ("vocabulary = 300", "vocabulary = 300\nsplit = 'train'", "the keys of this table to be among .*, got 'split'"),
        ("vocabulary = 300", 'vocabulary = 300\ndataset = "d"', "expected either files or a dataset"),
        ("[knowledge]", "[knowledge]\ngenerated = 5", "expected either triples or generated facts, got both"),
        ("levels = [4, 12]", "levels = [4, 40]", "at most the 30 facts of .knowledge., got 40 infused"),
        ("templates = [", "templates = [3, ", "'templates' to be texts"),
        ("[corpus]", "[templates]\ncount = 2\n[corpus]", r"templates in \[knowledge\], got \[templates\] of symbols"),
    ],
)
def test_bad_text_is_refused_in_one_sentence(tmp_path, text, old, new, message):
    assert old in text
    with pytest.raises(InputError, match=message) as refused:
        spec_of(tmp_path, text.replace(old, new))
    assert "\n" not in str(refused.value).strip()


def test_a_run_whose_own_facts_take_more_room_than_it_has_is_refused_with_its_level_and_seed(tmp_path, text):
    rows = [f"{'a land far away' if number % 2 else 'it'} {number},at,x{number}" for number in range(30)]
    (tmp_path / "facts.csv").write_text("\n".join(["subject,relation,object", *rows]))
    crowded = text.replace("levels = [4, 12]", "levels = [1]").replace('name = "words"', 'name = "words"\nratio = 0.7')
    with pytest.raises(InputError, match=r"level 1, seed \d, ratio: expected sequences for all facts, got \d+ too few"):
        spec_of(tmp_path, crowded.replace("seeds = [0]", f"seeds = {list(range(8))}"))
    spec = spec_of(tmp_path, crowded.replace("levels = [1]", "levels = [20]"))
    (cell,) = spec.cells()
    assert not all(_can_be_trained(replace(spec, seeds=(seed,)), cell, 1.0) for seed in range(8))
    assert _can_be_trained(spec, cell, 20.0)


def test_knowledge_without_a_corpus_is_refused(tmp_path, text):
    start, end = text.index("[corpus]"), text.index("[knowledge]")
    with pytest.raises(InputError, match=r"expected a \[corpus\] of text beside \[knowledge\], got none"):
        spec_of(tmp_path, text[:start] + text[end:])
