"""The command that extrapolates critical points."""

import json

import pytest
from typer.testing import CliRunner

from bayeskisl.cli.app import app

TABLE = "model,critical facts\n70M,9000\n160M,22000\n410M,60000\n1B,140000\n"


def run(tmp_path, *options):
    path = tmp_path / "points.csv"
    path.write_text(TABLE)
    asked = ["extrapolate", str(path), "--params", "7B", "--map", "facts=critical facts", *options]
    return CliRunner().invoke(app, asked)


def test_a_table_of_critical_points_is_enough_for_a_forecast(tmp_path):
    told = run(tmp_path)
    assert told.exit_code == 0, told.output
    assert "predicted for 7B parameters, facts " in told.stdout
    (rule,) = (line for line in told.stdout.splitlines() if "rule: proportional to size" in line)
    assert rule.split()[-1] == "980,000"


def test_json_has_the_same_numbers(tmp_path):
    found = json.loads(run(tmp_path, "--json").stdout)
    assert found["rules"]["proportional"] == pytest.approx(980_000)
    assert found["times_the_largest"] == pytest.approx(7)
