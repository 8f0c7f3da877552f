"""Execute the notebooks and keep the copies with outputs: `python docs/notebooks/execute.py [NAME ...]`."""

import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent
NOTEBOOKS = sorted(HERE.parents[1].glob("notebooks/*.ipynb"))
SHOWN = ("text/html", "text/plain", "image/png")  # others are scripts of widgets, which a page does not run


def main(wanted):
    """Execute all notebooks, or those that are named."""
    (HERE / "executed").mkdir(exist_ok=True)
    for path in NOTEBOOKS:
        if not wanted or any(name in path.stem for name in wanted):
            notebook = nbformat.read(path, as_version=4)
            with tempfile.TemporaryDirectory() as folder:
                NotebookClient(notebook, timeout=1800, resources={"metadata": {"path": folder}}).execute()
            for cell in notebook.cells:
                strip(cell)
            nbformat.write(notebook, HERE / "executed" / path.name)
            print(path.stem, flush=True)


def strip(cell):
    """Leave out times, progress and what a page cannot show."""
    cell.metadata.pop("execution", None)
    if cell.cell_type == "code":
        cell.outputs = [each for each in cell.outputs if each.get("name") != "stderr"]
        for each in cell.outputs:
            if "data" in each:
                each.data = {kind: content for kind, content in each.data.items() if kind in SHOWN}


if __name__ == "__main__":
    main(sys.argv[1:])
