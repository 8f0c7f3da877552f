"""The examination of a machine."""

import json

import pytest
from typer.testing import CliRunner

from bayeskisl.cli import doctor
from bayeskisl.cli.app import app


def run(*arguments):
    return CliRunner().invoke(app, ["doctor", *arguments])


def test_it_names_what_is_installed_and_what_is_missing(monkeypatch):
    monkeypatch.setattr(doctor, "EXTRAS", {"infer": ("xarray", "no-such-package")})
    text = run("--quick").stdout
    assert "missing: no-such-package" in text
    assert "bayeskisl[infer]" in text
    assert "Before the first release" in text
    found = json.loads(run("--quick", "--json").stdout)
    assert found["installed"]["infer"]["no-such-package"] is None
    assert {"cores", "GPU", "C compiler"} <= set(found["machine"])


def test_a_self_test_that_fails_is_reported_and_the_others_run(monkeypatch):
    def broken(folder):
        raise OSError("no space")

    monkeypatch.setattr(doctor, "_TESTS", {"train": broken, "fit": lambda folder: None})
    result = run()
    assert result.exit_code == 1
    assert "FAILED: OSError: no space" in result.stdout
    assert "fit             works" in result.stdout


@pytest.mark.slow
def test_the_self_test_passes_here():
    assert run("--json").exit_code == 0
