"""Help: one screen, an example that a person can type, and no name that is cut."""

import shlex
import subprocess
import sys
import time

import pytest
import typer
from typer.testing import CliRunner

from bayeskisl.axes import AXES
from bayeskisl.cli.app import COMMANDS, app
from bayeskisl.cli.help import WIDTH

SCREEN = 30  # lines


def leaves(entries=COMMANDS, before=()):
    for entry in entries:
        path = (*before, entry.name)
        yield from leaves(entry.entries, path) if entry.entries else [(path, entry)]


LEAVES = dict(leaves())


def help_of(*arguments):
    result = CliRunner().invoke(app, [*arguments], prog_name="bayeskisl")
    assert result.exit_code == 0
    return result.stdout


def command_at(path):
    command = typer.main.get_command(app)
    for name in path:
        command = command.commands[name]
    return command


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_a_help_is_one_screen_with_an_example(path):
    text = help_of(*path, "--help")
    assert len(text.splitlines()) <= SCREEN
    assert max(map(len, text.splitlines())) <= WIDTH
    assert "Example\n  bayeskisl " in text
    assert "<" not in text
    assert "…" not in text


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_option_is_in_the_long_help_under_its_whole_name(path):
    text = help_of(*path, "--help-all")
    for option in command_at(path).params:
        if option.param_type_name == "option" and not option.hidden:
            name = option.opts[0]
            assert name in text or f"--[no-]{name.removeprefix('--')}" in text
            assert option.help


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_an_example_is_one_that_the_command_accepts(path):
    for example in LEAVES[path].example.replace("\\\n", " ").splitlines():
        words = shlex.split(example)[1 + len(path) :]
        command = command_at(path)
        context = command.make_context("x", words, resilient_parsing=True)
        assert not context.args
        command.make_parser(typer.Context(command)).parse_args(words)


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_command_answers_in_json_and_can_be_quiet(path):
    names = {name for option in command_at(path).params for name in option.opts}
    assert {"--json", "--quiet", "--debug", "--help-all"} <= names


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_the_json_option_stands_last(path):
    options = help_of(*path, "--help").partition("\nOptions\n")[2].partition("\nExample\n")[0]
    assert [line.split()[0] for line in options.splitlines() if line.startswith("  --")][-1] == "--json"


def test_a_large_default_is_short():
    assert "[default: 9.89e14]" in help_of("sweep", "export", "--help")


def test_the_list_of_commands_is_one_screen_in_the_order_of_use():
    text = help_of("--help")
    assert len(text.splitlines()) <= SCREEN
    assert max(map(len, text.splitlines())) <= WIDTH
    sections = ["Start", "Data", "Answer", "Next", "Train", "Check"]
    assert [text.index(f"\n  {name} ") for name in sections] == sorted(text.index(f"\n  {name} ") for name in sections)


def test_the_axes_named_in_a_help_are_those_that_exist():
    text = help_of("curves", "import", "--help-all")
    assert all(axis in text for axis in AXES)


def test_a_group_lists_its_commands():
    text = help_of("sweep", "--help")
    assert all(f"  {name} " in text for name in ("estimate", "run", "status"))


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_the_first_word_comes_at_once(option):
    def seconds():
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-m", "bayeskisl", option], capture_output=True, check=True)
        return time.perf_counter() - begun

    def of_an_interpreter():
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import typer.main"], capture_output=True, check=True)
        return time.perf_counter() - begun

    # 0.3 s on an idle core; beside an interpreter that only loads typer, since a test machine is rarely idle
    assert min(seconds() for _ in range(3)) < 2.5 * max(min(of_an_interpreter() for _ in range(3)), 0.1)
