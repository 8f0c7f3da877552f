"""Remedies work where the user is: options at the command line, arguments and functions in Python."""

import ast
import re
import warnings
from pathlib import Path

import pandas as pd
import pytest

import bayeskisl as bk
from bayeskisl.curves.tables.spelling import map_option, option, where_option
from bayeskisl.errors import InputError, argument, at_the_command_line

PACKAGE = Path(bk.__file__).parent
COMMANDS = "fit|curves|check|decide|predict|plan|loop|replay|sweep|report|export|compare|verify|extrapolate|demo"
SPOKEN = re.compile(rf"(?<![\w-])--[a-z]|\bbayeskisl ({COMMANDS})\b|`sweep [a-z]+")
# What speaks command line to every user: the commands themselves, and commands that a page, a file or an export states.
COMMAND_LINES = (
    "cli/", "reporting/contents.py", "curves/tables/command.py",
    "sweeping/export/launch.py", "sweeping/export/trainers/", "sweeping/export/scripts/",
)  # fmt: skip
# Options of other programs.
FOREIGN = (
    "bayeskisl curves import TABLE --map-file THIS",  # a comment of a file for that command
    "--output_path",
    "--log_samples",
    "--version",
    "--param",
    "--include_path",
)
SPELLERS = {"way", "option"}


def spoken(tree):
    """Line and text of every string that names an option or a command outside of a choice between both ways."""
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    chosen = {
        id(below)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in SPELLERS
        for below in ast.walk(call)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation | chosen:
            text = node.value
            for name in FOREIGN:
                text = text.replace(name, "")
            if SPOKEN.search(text):
                yield node.lineno, node.value


def test_no_message_in_python_speaks_command_line():
    found = [
        f"{path.relative_to(PACKAGE)}:{line}: {text!r}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if not str(path.relative_to(PACKAGE)).startswith(COMMAND_LINES)
        for line, text in spoken(ast.parse(path.read_text()))
    ]
    assert found == []


@pytest.mark.parametrize("text", ["'give it with --probed N'", "f'make one with `bayeskisl fit` of {x}'"])
def test_the_search_finds_what_speaks_command_line(text):
    assert list(spoken(ast.parse(f"message = {text}")))
    assert not list(spoken(ast.parse(f"message = way('python', {text})")))


def test_options_are_keywords_in_python():
    made = lambda: [  # noqa: E731
        option("probed", "N"), option("ignore", "my note", "x"), option("skip_bad_rows"), option("levels", "facts"),
        map_option("params", '"size" * 1e6'), where_option("lr", "= 3"), argument("cost_of_miss"),
    ]  # fmt: skip
    assert made() == [
        "probed=N", "ignore=['my note', 'x']", "skip_bad_rows=True", "levels='facts'",
        """mapping={'params': '"size" * 1e6'}""", "where='lr = 3'", "cost_of_miss",
    ]  # fmt: skip
    with at_the_command_line():
        assert made() == [
            "--probed N", "--ignore \"my note\" --ignore x", "--skip-bad-rows", "--levels facts",
            "--map 'params=\"size\" * 1e6'", '--where "lr = 3"', "--cost-of-miss",
        ]  # fmt: skip


TABLE = {"params": [1e6, 1e6, 4e6], "facts": [100, 400, 400], "acc": [0.98, 0.41, 0.97]}


def test_a_table_is_mended_by_the_keyword_that_the_message_names():
    with pytest.raises(InputError, match=r"for all rows with probed=N: a rate alone") as refused:
        bk.curves_from_table(pd.DataFrame(TABLE))
    assert "--" not in str(refused.value)
    with pytest.raises(InputError, match=r"say mapping={'probed': 'n'}"):
        bk.curves_from_table(pd.DataFrame({**TABLE, "n": [100, 90, 100]}))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert bk.curves_from_table(pd.DataFrame({**TABLE, "n": [100, 90, 100]}), {"probed": "n"}).sizes["run"] == 3


def test_files_are_made_by_functions(tmp_path):
    with pytest.raises(InputError, match=r"make one with `bk.fit\(curves\)`\.$"):
        bk.load_fit("x")
    with pytest.raises(InputError, match=r"make it with `bk.decide`"):
        bk.load_decision("x")
    with pytest.raises(InputError, match=r"make one with `bk.curves_from_table` from a table or `bk.build_curves`"):
        bk.load_curves("x")
    with pytest.raises(InputError, match=r"make one with `bk.run_sweep`"):
        bk.build_curves(tmp_path)
    with at_the_command_line(), pytest.raises(InputError, match="make one with `bayeskisl fit`"):
        bk.load_fit("x")
