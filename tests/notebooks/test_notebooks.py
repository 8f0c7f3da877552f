"""The notebooks run from top to bottom, are stripped of outputs, and define nothing."""

import ast
import importlib
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
LONGEST = 3  # lines of a cell
IN_A_KERNEL = "05-which-runs-next"


@pytest.fixture(scope="module")
def nbformat():
    """Without the grammar of addresses, which its validation would build for seconds and use for nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "rfc3987_syntax", None)
        yield pytest.importorskip("nbformat")


def test_there_are_notebooks():
    assert len(NOTEBOOKS) >= 3


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_is_stripped_short_celled_and_defines_nothing(path, nbformat):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for cell in (cell for cell in notebook.cells if cell.cell_type == "code"):
        assert not cell.outputs
        assert cell.execution_count is None
        assert len(cell.source.splitlines()) <= LONGEST, cell.source
        assert not [
            node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.FunctionDef | ast.ClassDef)
        ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_tells_more_than_it_computes(path, nbformat):
    cells = nbformat.read(path, as_version=4).cells
    assert cells[0].cell_type == "markdown"
    assert sum(cell.cell_type == "markdown" for cell in cells) >= 5


# The same sweep of fewer and shorter runs, in place of what takes a minute to train.
SMALLER = {'load_sweep("demo")': 'load_sweep("demo-reduced")'}


def code_of(path, nbformat):
    """Its code cells, of small sweeps."""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            source = cell.source
            for large, small in SMALLER.items():
                source = source.replace(large, small)
            yield source


def shown(source, names):
    """Run a cell as a kernel does: its last expression is formatted in every way that a front end may ask for."""
    *body, last = ast.parse(source).body
    if not isinstance(last, ast.Expr):
        exec(compile(source, "<cell>", "exec"), names)
        return
    exec(compile(ast.Module(body, []), "<cell>", "exec"), names)
    value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)
    formatter = importlib.import_module("IPython.core.formatters").DisplayFormatter()
    formatter.active_types = formatter.format_types
    assert value is None or formatter.format(value)[0]["text/plain"]


@pytest.mark.slow
@pytest.mark.filterwarnings("default", "error::IPython.core.formatters.FormatterWarning")
@pytest.mark.parametrize("path", [path for path in NOTEBOOKS if path.stem != IN_A_KERNEL], ids=lambda p: p.stem)
def test_a_notebook_runs(path, tmp_path, nbformat, monkeypatch):
    """In this process, which imports libraries once and compiles each model once."""
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "__main__"}
    for source in code_of(path, nbformat):
        shown(source, names)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_notebook_runs_in_a_kernel(tmp_path, nbformat):
    nbclient = pytest.importorskip("nbclient")
    notebook = nbformat.read(FOLDER / f"{IN_A_KERNEL}.ipynb", as_version=4)
    nbclient.NotebookClient(notebook, timeout=900, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code")
