"""Every command of the studies is on their page, and explains itself."""

import re
from importlib import import_module
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

STUDIES = Path(__file__).parents[2] / "studies"
COMMANDS = [path.stem for path in sorted(STUDIES.glob("*.py")) if "__main__" in path.read_text(encoding="utf-8")]


def test_their_page_lists_every_command():
    page = STUDIES.parent / "docs" / "how-to" / "prove.md"
    listed = re.findall(r"^\| `python -m studies\.(\w+)`", page.read_text(encoding="utf-8"), re.M)
    assert sorted(listed) == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_explains_itself(command):
    app = typer.Typer()
    app.command()(import_module(f"studies.{command}").main)
    result = CliRunner().invoke(app, ["--help"])
    assert result.exit_code == 0
    assert "--" in result.output
