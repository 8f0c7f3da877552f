"""A terminal gets sentences wrapped between words; a file gets them unchanged."""

import io
import os

from hypothesis import given
from hypothesis import strategies as st

from bayeskisl.cli.sentences import for_stream, wrapped


class Terminal(io.StringIO):
    def isatty(self):
        return True


def columns(monkeypatch, number):
    monkeypatch.setattr("shutil.get_terminal_size", lambda *_, **__: os.terminal_size((number, 24)))


@given(st.text("ab -/=\n", max_size=400), st.integers(40, 120))
def test_nothing_but_blanks_at_ends_of_lines_changes(text, width):
    assert wrapped(text, width).split() == text.split()


def test_lines_fit_unless_a_word_does_not():
    lines = wrapped(f"  note: {'some words ' * 20}\n{'x' * 90}", 80).split("\n")
    assert max(map(len, lines[:-1])) <= 80
    assert lines[-1] == "x" * 90


def test_a_number_stays_beside_its_unit():
    assert wrapped("within 88 % of it", 9) == "within\n  88 % of\n  it"


def test_continued_lines_are_indented_below_their_first():
    assert wrapped("  aaa bbb", 6) == "  aaa\n    bbb"


def test_a_file_gets_lines_unchanged(monkeypatch):
    columns(monkeypatch, 80)
    assert for_stream("word " * 40, io.StringIO()) == "word " * 40


def test_a_terminal_gets_lines_of_its_width(monkeypatch):
    columns(monkeypatch, 60)
    assert max(map(len, for_stream("word " * 40, Terminal()).split("\n"))) <= 60


def test_a_very_narrow_terminal_breaks_lines_by_itself(monkeypatch):
    columns(monkeypatch, 10)
    assert for_stream("word " * 40, Terminal()) == "word " * 40
