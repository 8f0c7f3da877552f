"""`curves import` as a new user types it."""

import json
import os
import threading

import pytest
from typer.testing import CliRunner

from bayeskisl.cli.app import app
from bayeskisl.cli.options import by_group
from bayeskisl.curves import load_curves
from bayeskisl.errors import InputError
from bayeskisl.shipped import shipped_folder

COLLAPSE = str(shipped_folder("data") / "literature" / "phase-transition-collapse.csv")


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_import_says_what_it_did(tmp_path):
    result = run("curves", "import", COLLAPSE, "--probed", 1000, "--out", tmp_path / "c.nc")
    assert result.exit_code == 0
    for line in ("5 runs, groups infused, axis amount", "accuracy_percent", "left out: nothing"):
        assert line in result.output
    assert load_curves(tmp_path / "c.nc").recalled.values[:, 0].tolist() == [941, 749, 708, 0, 0]


def test_a_mapping_is_field_equals_source(tmp_path):
    (tmp_path / "t.csv").write_text("size,amount,acc,n\n1k,10,.9,50\n1k,20,.1,50\n")
    given = ["--map", "params=size", "--map", "facts=amount", "--map", "recalled=round(acc*n)", "--map", "probed=n"]
    assert run("curves", "import", tmp_path / "t.csv", *given, "--out", tmp_path / "c.nc").exit_code == 0
    assert load_curves(tmp_path / "c.nc").recalled.values[:, 0].tolist() == [45, 5]
    for wrong in ("params", "=size", "params="):
        problem = run("curves", "import", tmp_path / "t.csv", "--map", wrong).exception
        assert "--map: expected FIELD=COLUMN" in str(problem)


def test_export_writes_what_a_file_holds(tmp_path):
    run("curves", "import", COLLAPSE, "--probed", 1000, "--out", tmp_path / "c.nc")
    assert run("export", tmp_path / "c.nc", "--out", tmp_path / "c.csv").exit_code == 0
    assert (tmp_path / "c.csv").read_text().count("\n") == 6
    assert run("export", "desk-amount", "--out", tmp_path / "d.parquet").exit_code == 0
    assert "a NetCDF file of bayeskisl" in str(run("export", tmp_path / "c.csv", "--out", tmp_path / "x.csv").exception)


def test_runs_of_other_tools_by_name(tmp_path):
    problem = run("curves", "import", tmp_path, "--from", "wandb").exception
    assert "expected a folder with run folders of Weights & Biases" in str(problem)
    assert "--from or --by beside --metric" in str(run("curves", "import", COLLAPSE, "--metric", "acc").exception)


@pytest.fixture
def trivia(tmp_path):
    """Three sizes and two ratios, with a benchmark beside what was infused."""
    lines = ["model,ratio,recall,trivia"]
    lines += [f"{size},{ratio},{ratio},{1 - ratio}" for size in ("70M", "160M", "410M") for ratio in (0.1, 0.4)]
    path = tmp_path / "runs.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


GROUPS = [
    "--map", "accuracy.infused=recall", "--map", "accuracy.background=trivia", "--map", "tokens=20B",
    "--probed", "infused=1000", "--probed", "background=2000", "--guessing", "background=0.02",
]  # fmt: skip


def test_groups_by_column_names_and_a_dry_run(trivia, tmp_path):
    result = run("curves", "import", trivia, *GROUPS, "--dry-run", "--out", tmp_path / "c.nc")
    assert result.exit_code == 0
    assert not (tmp_path / "c.nc").exists()
    lines = [line.split() for line in result.output.splitlines()]
    assert ["column", "read", "as", "in", "the", "table", "read"] in lines
    assert ["trivia", "accuracy.background", "'0.9',", "'0.6'", "0.9,", "0.6"] in lines


def test_a_map_is_kept_for_the_next_table(trivia, tmp_path):
    kept = tmp_path / "map.toml"
    assert run("curves", "import", trivia, *GROUPS, "--save-map", kept, "--out", tmp_path / "a.nc").exit_code == 0
    assert run("curves", "import", trivia, "--map-file", kept, "--out", tmp_path / "b.nc").exit_code == 0
    assert load_curves(tmp_path / "a.nc").equals(load_curves(tmp_path / "b.nc"))
    kept.write_text("levls = 3")
    assert "keys among map" in str(run("curves", "import", trivia, "--map-file", kept).exception)


def test_what_is_missing_is_asked_for(tmp_path):
    (tmp_path / "t.csv").write_text("width,bios,score\n70M,10,.9\n70M,20,.1\n")
    answers = {"size of the model": "width", "number of infused facts": "bios", "share of probed": "score",
               "How many facts were probed": "100"}  # fmt: skip
    order = ("width", "bios", "score", "100")
    assert set(order) == set(answers.values())
    arguments = ["curves", "import", str(tmp_path / "t.csv"), "--ask", "--out", str(tmp_path / "c.nc")]
    result = CliRunner().invoke(app, arguments, input="\n".join(order) + "\n")
    assert result.exit_code == 0, result.output
    assert load_curves(tmp_path / "c.nc").recalled.values.ravel().tolist() == [90, 10]


def test_a_column_is_left_out_when_asked_for(tmp_path):
    rows = [
        f"{size},{facts},{accuracy},100,{facts}" for size in (100, 200) for facts, accuracy in ((10, 0.9), (20, 0.1))
    ]
    (tmp_path / "t.csv").write_text("\n".join(["params,facts,accuracy,probed,Budget", *rows]))
    arguments = ["curves", "import", str(tmp_path / "t.csv"), "--ask", "--out", str(tmp_path / "c.nc")]
    result = CliRunner().invoke(app, arguments, input="ignore Budget\n")
    assert result.exit_code == 0, result.output
    assert "`ignore COLUMN` leaves a column out" in result.output
    curves = load_curves(tmp_path / "c.nc")
    assert json.loads(curves.attrs["import_options"])["ignore"] == ["Budget"]


def test_a_pipe_is_a_table(trivia, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text(trivia.read_text()))
    writer.start()
    result = run("curves", "import", pipe, *GROUPS, "--dry-run")
    writer.join()
    assert result.exit_code == 0
    assert "6 runs, groups infused, background, axis ratio" in result.output


def test_a_folder_is_read_as_its_tool_left_it(tmp_path):
    for facts in (100, 200):
        folder = tmp_path / f"facts={facts}"
        folder.mkdir()
        content = {"results": {"probe": {"acc,none": 0.5}}, "n-samples": {"probe": {"effective": 40}}, "config": {}}
        (folder / "results_1.json").write_text(json.dumps(content))
    result = run("curves", "import", tmp_path, "--map", "params=70M", "--dry-run")
    assert result.exit_code == 0, result.exception
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "name the tool with --from" in str(run("curves", "import", empty).exception)


@pytest.mark.parametrize("option", ["--probed", "--guessing"])
def test_numbers_by_group_are_numbers(trivia, option):
    assert "number, or GROUP=NUMBER, got 'x'" in str(run("curves", "import", trivia, option, "x").exception)


@pytest.mark.parametrize(
    ("option", "text", "known"),
    [("--guessing", "25%", 0.25), ("--guessing", "0", 0.0), ("--probed", "1k", 1000), ("--probed", "2,000", 2000)],
)
def test_numbers_by_group_are_written_in_any_way(option, text, known):
    assert by_group([text], option, "1", whole=option == "--probed") == known
    assert by_group([f" infused = {text}"], option, "1", whole=option == "--probed") == {"infused": known}


@pytest.mark.parametrize("texts", [["infused=1", "infused=2"], ["1", "2"], ["1", "infused=2"]])
def test_a_group_has_one_number(texts):
    with pytest.raises(InputError, match="one number"):
        by_group(texts, "--probed", "1000", whole=True)


def test_a_zero_on_the_command_line_counts_beside_a_map_file(tmp_path):
    table, kept = tmp_path / "t.csv", tmp_path / "map.toml"
    table.write_text("params,facts,accuracy\n1000000,100,0.98\n1000000,400,0.41\n1000000,800,0.30\n")
    kept.write_text('guessing = 0.25\nprobed = 100\n[map]\n"accuracy" = "accuracy"\n')
    for more, rate in ((["--guessing", "0"], 0.0), ([], 0.25)):
        result = run("curves", "import", table, "--map-file", kept, "--out", tmp_path / "c.nc", *more)
        assert result.exit_code == 0
        assert set(load_curves(tmp_path / "c.nc").guessing.values.ravel()) == {rate}


MANY = ["--map", "tokens=20B", "--probed", "infused=1000", "--probed", "background=2000"]


def test_a_column_mapped_to_a_group_is_its_accuracy(trivia, tmp_path):
    short = ["--map", "infused=recall", "--map", "background=trivia"]
    long = ["--map", "accuracy.infused=recall", "--map", "accuracy.background=trivia"]
    for name, given in (("a.nc", short), ("b.nc", long)):
        assert run("curves", "import", trivia, *given, *MANY, "--out", tmp_path / name).exit_code == 0
    assert load_curves(tmp_path / "a.nc").equals(load_curves(tmp_path / "b.nc"))


def test_a_ratio_sweep_without_anything_to_harm_is_noted(trivia):
    alone = run("curves", "import", trivia, "--ignore", "trivia", "--map", "tokens=20B", "--probed", 1000, "--dry-run")
    assert "not how much is too much" in alone.stdout
    assert "--map background=COLUMN" in alone.stdout
    both = run("curves", "import", trivia, "--map", "background=trivia", *MANY, "--dry-run")
    assert "too much" not in both.stdout


def test_a_benchmark_needs_no_number_or_share_of_background_facts(trivia, tmp_path):
    given = ["--map", "infused=recall", "--map", "background=trivia", *MANY, "--guessing", "background=0.25"]
    assert run("curves", "import", trivia, *given, "--out", tmp_path / "c.nc").exit_code == 0
    curves = load_curves(tmp_path / "c.nc")
    assert set(curves.guessing.sel(group="background").values.tolist()) == {0.25}
    assert curves.attrs["background_scale"] == "relative"


def test_groups_under_other_names_are_refused_with_the_option_that_names_them(tmp_path):
    lines = ["model,ratio,task,acc,n"]
    lines += [f"{size},{r},{task},0.5,100" for size in ("70M", "160M") for r in (0.1, 0.3) for task in ("mmlu", "bios")]
    (tmp_path / "long.csv").write_text("\n".join(lines) + "\n")
    given = ["--map", "group=task", "--map", "tokens=20B", "--map", "probed=n"]
    problem = str(run("curves", "import", tmp_path / "long.csv", *given).exception)
    remedy = "group=CASE WHEN task = 'bios' THEN 'infused' ELSE 'background' END"
    assert f'--map "{remedy}"' in problem
    named = run("curves", "import", tmp_path / "long.csv", "--map", remedy, *given[2:], "--dry-run")
    assert "groups infused, background" in named.stdout


def test_an_import_answers_in_json(trivia, tmp_path):
    found = json.loads(run("curves", "import", trivia, *GROUPS, "--json", "--out", tmp_path / "c.nc").stdout)
    assert found["runs"] == 6
    assert found["groups"] == ["infused", "background"]
    assert found["file"] == str(tmp_path / "c.nc")
    assert any("general benchmark" in sentence for sentence in found["assumed"])
