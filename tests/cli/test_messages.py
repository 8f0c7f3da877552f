"""The command line: one clear sentence and the right exit code."""

import subprocess
import sys

import pytest

from bayeskisl import cli
from bayeskisl.cli import missing_package
from bayeskisl.errors import InputError
from bayeskisl.quantities import read_number, read_numbers

UNKNOWN_FOLDER = ["sweep", "status", "nowhere"]


def bayeskisl(*arguments):
    return subprocess.run([sys.executable, "-m", "bayeskisl", *map(str, arguments)], capture_output=True, text=True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sweep", "run", "nowhere.toml", "--out", "x"], "nowhere.toml: expected a TOML file, got no such file"),
        (["sweep", "status", "nowhere"], "nowhere: expected a folder with records of a sweep, got no such folder"),
        (["curves", "build", "nowhere"], "nowhere: expected a folder with records of a sweep, got no such folder"),
        (["fit", "nowhere.nc"], "nowhere.nc: expected a file of retention curves, got no such file"),
        (["fit", "nowhere.nc", "--law", "colapse"], "'colapse'"),
        (["fit", "nowhere.nc", "--rival", "colapse"], "'colapse'"),
        (["fit", "nowhere.nc", "--rival", "power", "--alone"], "--alone or --rival"),
        (["prior", "nowhere.nc"], "nowhere.nc: expected a file of retention curves, got no such file"),
        (["prior", "nowhere.nc", "--out", "prior.xyz"], "--out: expected a name that ends in .png or .svg or .pdf"),
        (["predict", "nowhere.nc", "--params", "7Q"], "--params: expected a positive whole number such as"),
        (["predict", "nowhere.nc", "--params", "7B"], "nowhere.nc: expected"),
        (["decide", "nowhere.nc", "--params", "7B", "--tokens", "1.5T"], "nowhere.nc: expected"),
        (["decide", "fit.nc", "--params", "1B,7Q"], "--params: expected a positive whole number"),
        (["decide", "fit.nc", "--params", "1B,7B", "--out", "d.nc"], "expected one target with --out"),
        (["report", "fit.nc", "--verification", "v.nc"], "expected --decision beside --verification"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(arguments, message, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["bayeskisl", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    *stages, said = capsys.readouterr().err.splitlines()
    assert message in said
    assert said.startswith("bayeskisl: ")
    assert all(stage.endswith((" ...", " s)")) for stage in stages)
    assert ended.value.code == 2


def test_a_process_ends_with_the_sentence_and_the_code():
    result = bayeskisl(*UNKNOWN_FOLDER)
    assert result.stderr.splitlines()[-1].startswith("bayeskisl: nowhere: expected a folder with records of a sweep")
    assert "Traceback" not in result.stderr
    assert result.returncode == 2


def test_debug_shows_the_traceback():
    assert "Traceback" in bayeskisl("--debug", *UNKNOWN_FOLDER).stderr


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("98304", 98_304), ("98_304", 98_304), ("300M", 300_000_000), ("7B", 7_000_000_000), ("1.8e6", 1_800_000),
        ("7 billion", 7_000_000_000), ("1.5 trillion tokens", 1_500_000_000_000), ("7×10^9", 7_000_000_000),
    ],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(text, value):
    assert read_number(text, "--params") == value


@pytest.mark.parametrize("text", ["", "M", "-3", "0", "nan", "inf", "1.5", "7Q", "seven", "100%", "7B ± 1B"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(InputError):
        read_number(text, "--params")


def test_a_decimal_comma_is_no_comma_between_thousands():
    with pytest.raises(InputError, match=r"got '1,5 billion'; write 1\.5 billion"):
        read_number("1,5 billion", "--params")


def test_a_missing_package_is_named_with_the_extra_that_has_it():
    assert "pip install 'bayeskisl[infer]'" in missing_package("polars")
    assert "pip install 'bayeskisl[report]'" in missing_package("matplotlib.figure")


def test_a_comma_between_thousands_is_no_list():
    with pytest.raises(InputError, match="without a comma between thousands"):
        read_numbers("98,304", "--params")
    assert read_numbers("98, 304,7B", "--params") == [98, 304, 7_000_000_000]
