"""What ships can be listed and described."""

import json

import pytest
from typer.testing import CliRunner

from bayeskisl.cli.app import app
from bayeskisl.cli.shipping import _DEFAULT_LAW
from bayeskisl.errors import InputError
from bayeskisl.shipped import shipped_names


def run(*arguments):
    return CliRunner().invoke(app, list(arguments))


def test_laws_are_listed_and_described():
    text = run("laws").stdout
    assert all(f"\n  {name} " in f"\n{text}" for name in shipped_names("laws"))
    assert "(default)" in text
    assert "[priors]" in run("laws", "limits").stdout
    assert json.loads(run("laws", "limits", "--json").stdout)["covariates"] == ["params", "tokens"]


def test_the_default_law_is_that_of_fit():
    from inspect import signature

    from bayeskisl.inference import fit

    assert signature(fit).parameters["law"].default == _DEFAULT_LAW


def test_sweeps_and_data_are_listed_with_their_size():
    assert {each["name"] for each in json.loads(run("sweeps", "--json").stdout)} == set(shipped_names("sweeps"))
    listed = {each["name"]: each for each in json.loads(run("data", "--json").stdout)}
    assert listed["desk-amount"]["runs"] == 231
    assert "hubble-exposures.csv" in listed
    assert "231 runs" in run("data").stdout
    assert "Real training runs" in run("data", "desk-amount").stdout
    assert "Hubble" in run("data", "hubble-exposures.csv").stdout
    assert "Invented" in run("data", "three-sizes").stdout


@pytest.mark.parametrize("command", ["laws", "sweeps", "data"])
def test_an_unknown_name_is_one_sentence(command):
    assert isinstance(run(command, "nosuch").exception, InputError)
