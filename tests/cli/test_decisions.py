"""`bayeskisl decide` answers before it keeps anything for later."""

import pytest
from typer.testing import CliRunner

from bayeskisl.cli.app import app


@pytest.mark.slow
def test_a_shipped_fit_leaves_no_file_behind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["decide", "desk-four", "--params", "98304"])
    assert done.exit_code == 0
    assert "recommended" in done.stdout
    assert list(tmp_path.iterdir()) == []
