import json

import pytest
from typer.testing import CliRunner

from bayeskisl.cli.app import app
from bayeskisl.errors import InputError


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    from bayeskisl.inference import fit, simulate

    curves = simulate("power", {"params": [6144, 12288, 24576, 49152], "facts": [62, 250, 1000, 4000], "seeds": 2})
    folder = tmp_path_factory.mktemp("fits")
    few = {"draws": 500, "tune": 400, "retry": False}  # enough to pass the gate
    fit(curves, "power", rivals=(), **few).save(folder / "one.nc")
    fit(curves, "collapse", **few).save(folder / "two.nc")
    return folder


def test_the_verdict_and_each_laws_prediction_are_printed(saved):
    arguments = ["compare", str(saved / "two.nc"), "--no-refit", "--largest", "0", "--json", "--params", "500k"]
    said = json.loads(CliRunner().invoke(app, arguments).stdout)
    assert {row["law"] for row in said["laws"]} == {"collapse", "power"}
    assert sum(row["weight"] for row in said["laws"]) == pytest.approx(1, abs=1e-6)
    assert "4 sizes do not separate" in said["verdict"]
    assert set(said["collapse_by_law"]) == {row["law"] for row in said["laws"] if row["weight"] > 0}
    low, middle, high = said["collapse_by_law"]["collapse"]
    assert low < middle < high


def test_the_compared_fit_is_saved_with_its_weights(saved, tmp_path):
    from bayeskisl.inference import load_fit

    arguments = ["compare", str(saved / "one.nc"), str(saved / "two.nc"), "--no-refit", "--largest", "0"]
    result = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path / "both.nc")])
    assert "4 sizes do not separate" in result.stdout.replace("\n", " ")
    assert set(load_fit(tmp_path / "both.nc").weights) <= {"power", "collapse"}
    assert list(load_fit(tmp_path / "both.nc").laws) == ["power", "collapse"]


def test_one_law_alone_is_one_sentence(saved):
    result = CliRunner().invoke(app, ["compare", str(saved / "one.nc")])
    assert isinstance(result.exception, InputError)
    assert "at least two laws" in str(result.exception)
