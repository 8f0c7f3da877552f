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


@pytest.fixture(scope="module")
def compared(saved):
    """One comparison, which the commands below print, each in its way."""
    import bayeskisl.inference
    from bayeskisl.inference import compare, load_fit

    files = {str(saved / name): load_fit(saved / name) for name in ("one.nc", "two.nc")}
    found = compare(list(files.values()), refit=False, largest=0)
    asked = []

    def known(fits, **options):
        asked.append(([list(each.laws) for each in fits], options["refit"], options["largest"]))
        return found if len(fits) > 1 else compare(fits, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bayeskisl.inference, "compare", known)
        patch.setattr(bayeskisl.inference, "load_fit", lambda path: files[str(path)])
        yield asked


def command(saved, *arguments):
    files = [str(saved / "one.nc"), str(saved / "two.nc")]
    return CliRunner().invoke(app, ["compare", *files, "--no-refit", "--largest", "0", *arguments]).stdout


def test_the_verdict_and_each_laws_prediction_are_printed(saved, compared):
    said = json.loads(command(saved, "--json", "--params", "500k"))
    assert compared[-1] == ([["power"], ["collapse", "power"]], False, 0)
    assert {row["law"] for row in said["laws"]} == {"collapse", "power"}
    assert sum(row["weight"] for row in said["laws"]) == pytest.approx(1, abs=1e-6)
    assert "4 sizes do not separate" in said["verdict"]
    assert set(said["collapse_by_law"]) == {row["law"] for row in said["laws"] if row["weight"] > 0}
    low, middle, high = said["collapse_by_law"]["collapse"]
    assert low < middle < high


def test_the_compared_fit_is_saved_with_its_weights(saved, compared, tmp_path):
    from bayeskisl.inference.result import load_fit

    said = command(saved, "--out", str(tmp_path / "both.nc"))
    assert "4 sizes do not separate" in said.replace("\n", " ")
    again = load_fit(tmp_path / "both.nc")
    assert set(again.weights) <= {"power", "collapse"}
    assert list(again.laws) == ["power", "collapse"]


def test_one_law_alone_is_one_sentence(saved):
    result = CliRunner().invoke(app, ["compare", str(saved / "one.nc")])
    assert isinstance(result.exception, InputError)
    assert "at least two laws" in str(result.exception)
