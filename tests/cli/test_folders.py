"""A folder where a file is expected, and a file where a folder is: the sentence says which, and what to do."""

import sys

import pytest

from bayeskisl import cli
from bayeskisl.files import lies_at

CURVES = "expected a file of retention curves, got"
FIT = "expected a saved fit, got a folder; make one with `bayeskisl fit`"
BUILD = "run `bayeskisl curves build trained --out curves.nc` and name curves.nc"
TARGET = ["--params", "7B"]
PLAN = [*TARGET, "--budget", "1e12flop"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A folder with an empty one, one of NetCDF files, one of a trained sweep, and a file."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty.toml").mkdir()
    (tmp_path / "answers").mkdir()
    (tmp_path / "answers" / "some.nc").touch()
    (tmp_path / "trained" / "mine-0123" / "records").mkdir(parents=True)
    (tmp_path / "trained" / "mine-0123" / "sweep.json").write_text("{}")
    (tmp_path / "file").write_text("x\n")
    (tmp_path / "table.csv").write_text("params,facts,accuracy\n1M,10,0.5\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(monkeypatch, capsys, arguments):
    monkeypatch.setattr(sys, "argv", ["bayeskisl", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    return capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fit", "trained"], f"trained: {CURVES} the folder of a sweep; {BUILD}."),
        (["fit", "trained/mine-0123"], f"trained/mine-0123: {CURVES} the folder of a sweep"),
        (["prior", "empty"], f"empty: {CURVES} a folder; make one with `bayeskisl curves import`"),
        (["curves", "check", "answers"], f"answers: {CURVES} a folder; name a file in it, such as answers/some.nc."),
        (["backtest", "trained"], BUILD),
        (["replay", "trained", "--out", "x"], BUILD),
        (["export", "trained", "--out", "x.csv"], BUILD),
        (["curves", "import", "trained"], BUILD),
        (["decide", "empty", *TARGET], f"empty: {FIT}"),
        (["predict", "answers", *TARGET], "got a folder; name a file in it, such as answers/some.nc."),
        (["plan", "empty", *PLAN], f"empty: {FIT}"),
        (["report", "empty"], f"empty: {FIT}"),
        (["compare", "empty"], f"empty: {FIT}"),
        (["verify", "empty", "empty"], "expected a file with a prediction, got a folder; make it with"),
        (["curves", "import", "table.csv", "--map-file", "empty"], "a file of a mapping, got a folder; write one with"),
        (["sweep", "run", "empty", "--out", "x"], "got 'empty', a folder."),
        (["sweep", "estimate", "file"], "got 'file', a file whose name does not end in .toml."),
        (["sweep", "run", "empty.toml", "--out", "x"], "empty.toml: expected a TOML file, got a folder"),
        (["fit", "desk-dose", "--law", "empty"], "got 'empty', a folder."),
    ],
)
def test_a_folder_is_no_file(arguments, message, monkeypatch, capsys):
    assert message in refused(monkeypatch, capsys, arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["curves", "build", "file"],
            "file: expected a folder with records of a sweep, got a file; name the one given",
        ),
        (["sweep", "status", "file"], "got a file; name the one given to `bayeskisl sweep run --out`."),
        (["curves", "import", "file", "--from", "wandb"], "run folders of Weights & Biases, got a file;"),
        (["curves", "import", "none", "--from", "mlflow"], "got no such file or folder;"),
        (["curves", "import", "file", "--results", "x"], "an export with its manifest runs.csv, got a file;"),
        (["sweep", "run", "desk-dose", "--out", "file"], "--out: expected a folder, got file, a file"),
        (["sweep", "export", "desk-text", "--out", "file"], "--out: expected a folder, got file, a file"),
        (["replay", "desk-dose", "--out", "file"], "--out: expected a folder, got file, a file"),
        (["demo", "--out", "file"], "--out: expected a folder, got file, a file"),
        (["loop", "demo", *PLAN, "--until", "width=1", "--out", "file"], "--out: expected a folder, got file, a file"),
        (["report", "x.nc", "--figures", "file"], "--figures: expected a folder, got file, a file"),
    ],
)
def test_a_file_is_no_folder(arguments, message, monkeypatch, capsys):
    assert message in refused(monkeypatch, capsys, arguments)


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (["fit", "none.nc", "--out", "empty"], "empty/fit.nc"),
        (["decide", "none.nc", *TARGET, "--out", "empty"], "empty/NAME"),
        (["predict", "none.nc", *TARGET, "--out", "empty"], "empty/NAME"),
        (["plan", "none.nc", *PLAN, "--out", "empty.toml"], "empty.toml/NAME"),
        (["report", "none.nc", "--out", "empty"], "empty/report.html"),
        (["curves", "build", "none", "--out", "empty"], "empty/curves.nc"),
        (["curves", "import", "none", "--out", "empty"], "empty/curves.nc"),
        (["export", "none.nc", "--out", "empty"], "empty/NAME"),
    ],
)
def test_a_folder_to_be_written_as_a_file_is_refused_before_anything_is_computed(
    arguments, advice, monkeypatch, capsys
):
    said = refused(monkeypatch, capsys, arguments)
    assert said.endswith(f"--out: expected a file to write, got the folder {advice.rpartition('/')[0]}, "
                         f"name a file in it, as in {advice}.".replace(", name", "; name"))  # fmt: skip


def test_what_lies_at_a_path(here):
    (here / "loose").symlink_to("nowhere")
    names = ["empty", "file", "loose", "none"]
    assert [lies_at(here / name) for name in names] == ["a folder", "a file", *["no such file or folder"] * 2]
    assert lies_at(here.__class__("/dev/null")) == "neither a file nor a folder"
