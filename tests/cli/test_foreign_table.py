"""The whole way of a table that somebody else made, as its owner types it."""

import re

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from bayeskisl.cli.app import app


def run(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.exception
    return result.stdout


SIZES = {"70M": 70e6, "160M": 160e6, "410M": 410e6, "1B": 1e9}


def is_true(why, params):
    """Whether the reason of a planned run holds of its size; which run is best is a matter of small margins."""
    if between := re.fullmatch(r"new size between (\w+) and (\w+)", why):
        return SIZES[between[1]] < params < SIZES[between[2]]
    if beyond := re.fullmatch(r"new size, ([\d.]+) times the largest seen", why):
        return params == pytest.approx(float(beyond[1]) * max(SIZES.values()), rel=0.05)
    if why == "new size below those seen":
        return params < min(SIZES.values())
    return params in SIZES.values()


@pytest.mark.slow
def test_from_a_wide_table_to_a_report_and_the_next_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(3)
    levels = {"25k": 25e3, "50k": 50e3, "100k": 1e5, "200k": 2e5, "400k": 4e5, "800k": 8e5}
    rows = []
    for label, params in SIZES.items():
        collapse = 2e5 * (params / 1e8) ** 0.8 * np.exp(rng.normal(0, 0.05, len(levels)))
        kept = 1 / (1 + (np.array(list(levels.values())) / collapse) ** 3)
        rows.append(
            {"model": label, "n": 1000, **{f"facts={k}": round(v, 3) for k, v in zip(levels, kept, strict=True)}}
        )
    pd.DataFrame(rows).to_csv("wide.csv", index=False)

    problem = CliRunner().invoke(app, ["curves", "import", "wide.csv"]).exception
    assert "add --levels facts" in str(problem)
    said = run("curves", "import", "wide.csv", "--levels", "facts", "--map", "params=model", "--map", "probed=n")
    assert "names such as 70M" in said
    said = run("fit", "curves.nc", "--law", "power", "--rival", "capacity", "--out", "both.nc")
    assert re.search(r"weights: power [.\d]+, capacity [.\d]+", said)
    said = run("fit", "curves.nc", "--law", "power", "--alone")
    assert "weights:" not in said
    assert "collapse of 70M parameters, facts" in said
    assert "exponent of params" in said
    assert max(map(len, said.split("warning:")[0].splitlines())) <= 80
    assert "gate passed" in said
    said = run("decide", "fit.nc", "--params", "7B", "--out", "decision.nc")
    assert "recommended: at" in said
    assert "model was taken as non-embedding parameters" in said
    run("report", "fit.nc", "--decision", "decision.nc")
    assert (tmp_path / "report.html").stat().st_size < 6_000_000

    asked = ["plan", "fit.nc", "--params", "7B", "--budget", "1e21flop"]
    assert "tokens that the import assumed" in str(CliRunner().invoke(app, asked).exception)
    named = ["--map", "params=model", "--map", "probed=n", "--map", "tokens=20e9"]
    run("curves", "import", "wide.csv", "--levels", "facts", *named)
    run("fit", "curves.nc", "--law", "power", "--alone")
    said = run(*asked, "--out", "next.csv")
    assert re.search(r"new size between (70M and 160M|160M and 410M|410M and 1B)|times the largest seen", said)
    planned = pd.read_csv("next.csv")
    assert all(is_true(row.why, row.params) for row in planned.itertuples())
    bought = ["params", "tokens", "facts", "replicates", "cost", "unit", "expected_width", "why"]
    assert list(planned)[: len(bought)] == bought
    assert not {"ratio", "tokens_per_fact"} & set(planned)  # the import assumed them
    refused = CliRunner().invoke(app, [*asked, "--out", "next.toml"])
    assert "write a table, --out next.csv" in str(refused.exception)
