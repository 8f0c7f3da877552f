"""`bayeskisl decide` answers before it keeps anything for later."""

from pathlib import Path

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from bayeskisl.cli.app import app
from bayeskisl.cli.decisions import _print_table


@pytest.mark.slow
def test_a_shipped_fit_leaves_no_file_behind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["decide", "desk-four", "--params", "98304"])
    assert done.exit_code == 0
    assert "recommended" in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("as_json", [False, True])
def test_a_table_without_any_answer_names_its_questions_and_fails(as_json, monkeypatch, capsys):
    unanswered = pd.DataFrame(
        [
            {"table": "one.nc", "params": 1e9, "tokens": 2e10, "risk": 0.05, "problem": "no such budget"},
            {"table": "gone.nc", "problem": "no such file"},
        ]
    )
    monkeypatch.setattr("bayeskisl.decision.decision_table", lambda *asked, **options: unanswered)
    with pytest.raises(typer.Exit) as ended:
        _print_table([Path("one.nc"), Path("gone.nc")], [], [], {}, as_json)
    assert ended.value.exit_code == 1
    said = capsys.readouterr().err
    assert "not answered: one.nc, 1B parameters, 20B tokens, a risk of 5 %: no such budget" in said
    assert "not answered: gone.nc: no such file" in said


@pytest.mark.parametrize(("columns", "shown"), [("80", False), ("140", True)])
def test_a_table_leaves_out_what_a_narrow_terminal_has_no_room_for(columns, shown, monkeypatch, capsys):
    row = {
        "params": 1e9, "tokens": 2e10, "decades": 0.6, "choice": 700.0, "optimum": 970.0, "near_optimal_low": 906.0,
        "near_optimal_high": 1030.0, "collapse": 1250.0, "collapse_eti90_low": 645.0, "collapse_eti90_high": 2140.0,
        "verdict": "good", "rule": "", "edges": "", "unit": "facts", "risk": 0.1,
    }  # fmt: skip
    answered = pd.DataFrame([{**row, "table": "a/one.nc"}, {**row, "table": "b/two.nc"}])
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr("bayeskisl.decision.decision_table", lambda *asked, **options: answered)
    _print_table([Path("a/one.nc"), Path("b/two.nc")], [], [], {}, False)
    said = capsys.readouterr().out
    assert ("times the" in said) == ("as good" in said) == shown
    assert "one.nc" in said
    assert "a/one.nc" not in said
