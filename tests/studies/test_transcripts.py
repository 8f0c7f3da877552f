"""Outputs on pages are those of their commands."""

from pathlib import Path

import pytest

from studies.transcripts import with_transcripts

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial.md"


def page(kind, code, shown):
    return f"Before.\n\n```{kind}\n{code}\n```\n\n```text\n{shown}\n```\n\nAfter.\n"


def test_a_text_shows_what_the_commands_before_it_print():
    assert with_transcripts(page("shell", "echo 4", "3")) == page("shell", "echo 4", "4")
    assert with_transcripts(page("python", "print(2 + 2)", "3")) == page("python", "print(2 + 2)", "4")


def test_a_command_that_fails_shows_its_error():
    assert "no such" in with_transcripts(page("shell", "echo no such >&2; exit 2", "fine"))


def test_commands_of_a_page_share_a_folder():
    first, second = page("python", "open('a', 'w').write('5')", "a file"), page("shell", "cat a", "")
    assert with_transcripts(first + second) == first + page("shell", "cat a", "5")


def test_nothing_is_installed():
    installs = page("shell", "pip install nothing-of-this-name", "done")
    assert with_transcripts(installs) == installs


@pytest.mark.slow
def test_the_tutorial_shows_what_its_commands_print():
    text = TUTORIAL.read_text(encoding="utf-8")
    # another machine draws otherwise; the program is the same
    assert _recommended(with_transcripts(text)) == pytest.approx(_recommended(text), rel=0.1)


def _recommended(text):
    return float(text.split("recommended: at most ")[1].split(" facts")[0].replace(",", ""))
