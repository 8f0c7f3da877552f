"""Plain English: words that CONTRIBUTING lists as ours to avoid are in no prose of the project."""

import ast
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# The pages in docs/results are left out: studies write them from what commands print.
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "data/README.md")]
DOCS = [
    path for path in sorted((ROOT / "docs").rglob("*.md")) if path.relative_to(ROOT).parts[:2] != ("docs", "results")
]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
# Modules whose sentences are being rewritten; take each out when it is done.
WAITING: set[str] = set()
MODULES = [path for path in sorted((ROOT / "bayeskisl").rglob("*.py")) if str(path.relative_to(ROOT)) not in WAITING]
TABLE = re.compile(r"^\| not \| but \|\n\|---\|---\|\n((?:\|.*\n)+)", re.MULTILINE)
# Openings of a docstring, and of a description of a parameter, that leave its subject to the reader.
NO_NOUN = {"Of", "What", "Whose", "That", "Those"}
NO_SUBJECT = NO_NOUN | {"By", "From", "How", "When", "Where", "Why", "Within", "Beside", "So"}
DESCRIPTION = re.compile(r"^\S.* : .*\n {4}(\w+)", re.MULTILINE)
LONGEST = 120
WRITTEN = {"cli.md", "python.md", "gallery.md"}  # by the build of the documentation
NOT_PROSE = ("|", "$$", "![", "[![", "    ", "#")
FENCE = re.compile(r"^(```|~~~)(?!\{).*?^\1", re.MULTILINE | re.DOTALL)  # code and output, not directives


def avoided():
    rows = TABLE.search((ROOT / "CONTRIBUTING.md").read_text())[1].splitlines()
    phrases = [phrase.strip() for row in rows for phrase in row.split("|")[1].split(",")]
    return re.compile(r"(?<!\w)(" + "|".join(map(re.escape, phrases)) + r")(?!\w| apart)", re.IGNORECASE)


AVOIDED = avoided()
NO_LEADING_ZERO = re.compile(r"(?<![\d.\w/\-*\]])\.\d+\b")


def prose_of_page(path):
    text = FENCE.sub("", path.read_text())
    return TABLE.sub("", re.sub(r"`[^`\n]*`", "", text))


def prose_of_notebook(path):
    cells = json.loads(path.read_text())["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


def prose_of_module(path):
    """Docstrings and messages: texts of more than one word."""
    nodes = ast.walk(ast.parse(path.read_text()))
    texts = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return "\n".join(text for text in texts if " " in text.strip())


def found(pattern, text):
    return [text[max(0, hit.start() - 40) : hit.end() + 40] for hit in pattern.finditer(text)]


def name(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [*PAGES, *DOCS], ids=name)
def test_pages_are_plain(path):
    assert not found(AVOIDED, prose_of_page(path))
    assert not found(NO_LEADING_ZERO, prose_of_page(path))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_notebooks_are_plain(path):
    assert not found(AVOIDED, prose_of_notebook(path))
    assert not found(NO_LEADING_ZERO, prose_of_notebook(path))


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_docstrings_and_messages_are_plain(path):
    assert not found(AVOIDED, prose_of_module(path))


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_docstring_opens_with_its_subject(path):
    nodes = ast.walk(ast.parse(path.read_text()))
    kinds = ast.Module, ast.ClassDef, ast.FunctionDef
    docstrings = [ast.get_docstring(node) or "" for node in nodes if isinstance(node, kinds)]
    assert not NO_SUBJECT & {text.split(" ")[0] for text in docstrings}
    assert not NO_NOUN & {opening for text in docstrings for opening in DESCRIPTION.findall(text)}


@pytest.mark.parametrize("path", [*PAGES, *(path for path in DOCS if path.name not in WRITTEN)], ids=name)
def test_lines_of_prose_are_short(path):
    lines = FENCE.sub("", path.read_text()).splitlines()
    assert not [line for line in lines if len(line) > LONGEST and not line.lstrip().startswith(NOT_PROSE)]


def test_the_test_finds_what_it_looks_for():
    assert found(AVOIDED, "the best infusion, were it known")
    assert found(NO_LEADING_ZERO, "an exponent of .57")
    assert not found(NO_LEADING_ZERO, "0.57, v1.2, file.csv, 3..5")
