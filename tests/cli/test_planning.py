"""The planning commands as a user types them: bad input is one sentence, and nothing is imported that has moved."""

import pytest
from typer.testing import CliRunner

from bayeskisl.cli.app import app
from bayeskisl.errors import InputError


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["plan", "no.nc", "--params", "98304", "--budget", "60"], "a saved fit"),
        (["plan", "no.nc", "--params", "many", "--budget", "60"], "--params"),
        (["loop", "demo", "--params", "98304", "--until", "0.6", "--budget", "60", "--out", "x"], "width=W"),
        (
            ["loop", "demo", "--params", "98304", "--until", "width=1", "--budget", "2x", "--out", "x"],
            "a budget such as",
        ),
        (["replay", "no.nc", "--out", "x"], "curves"),
    ],
)
def test_bad_input_is_one_sentence(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, InputError)
    assert message in str(result.exception)
