"""`curves import` as a new user types it."""

from typer.testing import CliRunner

from bayeskisl.cli.app import app
from bayeskisl.curves import load_curves
from bayeskisl.shipped import shipped_folder

COLLAPSE = str(shipped_folder("data") / "literature" / "phase-transition-collapse.csv")


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_import_says_what_it_did(tmp_path):
    result = run("curves", "import", COLLAPSE, "--probed", 1000, "--out", tmp_path / "c.nc")
    assert result.exit_code == 0
    for line in ("5 runs, groups infused, axis amount", "recognised: accuracy from", "left out: nothing"):
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
    assert "--from beside --metric" in str(run("curves", "import", COLLAPSE, "--metric", "acc").exception)
