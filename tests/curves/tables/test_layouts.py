"""Layouts of ten public sources, in files that were made anew, and what they say."""

from pathlib import Path

import pytest

from bayeskisl.curves import curves_from_table, read_exported, read_runs
from bayeskisl.shipped import shipped_folder

FOLDER = Path(__file__).parent / "layouts"
FACTS = "CASE WHEN \"model_config.model\" LIKE '%k1000' THEN 1000 ELSE 4000 END"
SIZE, PROBED = {"params": "70M"}, {"probed": 400}

# the file, how it is read, its mapping, its options, and the sizes that it says
LAYOUTS = {
    "wandb-export.csv": (None, {}, {}, [70e6, 70e6]),
    "mlflow-runs.csv": (None, {}, {}, [70e6, 70e6]),
    "pythia-card.csv": (None, {}, {}, [18_915_328, 85_056_000]),
    "open-llm-leaderboard.csv": (None, {}, {}, [70e6, 160e6]),
    "olmes-metrics.jsonl": (
        None,
        {"params": "model_config.model", "facts": FACTS,
         "accuracy": "metrics.exact_match", "probed": "num_instances"},
        {},
        [70e6, 160e6],
    ),
    "lm-eval": ("lm-eval", {"params": "model"}, {}, [70e6, 70e6]),
    "trainer": ("trainer", SIZE, PROBED, [70e6, 70e6]),
    "olmo-core": ("olmo", {**SIZE, "accuracy": '"eval/bios (accuracy)"'}, PROBED, [70e6, 70e6]),
    "nanochat": ("nanochat", {**SIZE, "accuracy": '"bios recall"'}, PROBED, [70e6, 70e6]),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYOUTS)
def test_what_a_public_layout_says(name):
    source, mapping, options, sizes = LAYOUTS[name]
    table = read_runs(FOLDER / name, source) if source else FOLDER / name
    curves = curves_from_table(table, mapping, axis="amount", **options).sortby("facts")
    assert curves.params.values.tolist() == sizes
    assert curves.facts.values.tolist() == [1000, 4000]
    assert curves.recalled.values.ravel().tolist() == [360, 40]
    assert set(curves.probed.values.ravel()) == {400}


def test_single_questions_by_their_repeats():
    rows = read_runs(FOLDER / "samples", "lm-eval", questions=True)
    curves = curves_from_table(rows, {**SIZE, "exposures": "doc.copies", "facts": 10}, by=["doc.copies"],
                               metric="exact_match").sortby("exposures")  # fmt: skip
    assert (curves.attrs["axis"], curves.exposures.values.tolist()) == ("frequency", [1, 16])
    assert (curves.recalled.values.ravel().tolist(), set(curves.probed.values.ravel())) == ([0, 8], {10})


def test_every_file_is_read():
    assert {path.name for path in FOLDER.iterdir()} == {*LAYOUTS, "samples"}
    assert len(LAYOUTS) + 1 == 10


def test_the_export_that_ships_with_its_results():
    folder = shipped_folder("data") / "exports" / "llama-tiny"
    curves = curves_from_table(read_exported(folder, folder / "results")).sortby(["params", "facts"])
    assert curves.facts.values.tolist() == [40, 100, 240, 560] * 2
    assert curves.recalled.values.ravel().tolist() == [40, 62, 3, 1, 40, 99, 14, 2]
    assert set(curves.params.values) == {6144, 24576}
    assert "could be meant" not in curves.attrs["import_notes"]
