"""Sphinx: the documentation site, built offline with warnings as errors (`make docs`)."""

import os
import shutil
from importlib import import_module
from inspect import isclass
from pathlib import Path

import bayeskisl

project = "bayeskisl"
author = "the bayeskisl authors"
release = bayeskisl.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx-mathjax-offline",
]
myst_enable_extensions = ["dollarmath", "amsmath", "deflist", "colon_fence"]
myst_heading_anchors = 3
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
exclude_patterns = ["_build", "reference/python-head.md"]

# Executing the notebooks takes minutes, and tests do it anyway: `make site` does it, `make docs` shows their cells.
nb_execution_mode = os.environ.get("NOTEBOOKS", "off")
nb_execution_timeout = 900
nb_execution_raise_on_error = True
nb_merge_streams = True

html_theme = "furo"
html_title = f"bayeskisl {release}"
html_show_sphinx = False
html_show_copyright = False
smartquotes = False  # "--out" is an option and not a dash
default_role = "literal"  # as numpydoc's single backquotes are meant
html_copy_source = False

napoleon_google_docstring = False
napoleon_use_rtype = False
autodoc_typehints = "none"  # the docstrings say types, shapes and units
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
autosummary_generate = False


LAYERS = {
    "target": "Targets",
    "curves": "Curves",
    "laws": "Laws",
    "inference": "Inference",
    "decision": "Decisions",
    "design": "Which runs next",
    "reporting": "Figures, texts, tables",
    "sweeping": "Sweeps",
    "workflow": "Whole workflows",
}
# public, but not called by name from the package's root
BESIDE = ("curves.TableError", "curves.tables.RawTable", "curves.validate", "inference.Gate", "inference.Caution")


def write_python(folder):
    """The reference of every public name, by layer, from what the package says is public."""
    of_layer = {layer: [] for layer in LAYERS}
    for name, module in bayeskisl._PUBLIC.items():
        of_layer[module.split(".")[1]].append((name, getattr(bayeskisl, name), f"{module}.{name}"))
    for path in BESIDE:
        module, name = f"bayeskisl.{path}".rsplit(".", 1)
        found = getattr(import_module(module), name, None)
        if found is not None:
            of_layer[path.split(".")[0]].append((name, found, f"{module}.{name}"))
    parts = [(folder / "python-head.md").read_text(encoding="utf-8")]
    for layer, title in LAYERS.items():
        directives = [
            f".. auto{'class' if isclass(thing) else 'function'}:: {path}"
            + ("\n   :exclude-members: model_config, model_post_init" if isclass(thing) else "")
            for _, thing, path in sorted(of_layer[layer], key=lambda entry: entry[0].lower())
        ]
        parts.append(f"## {title}\n\n```{{eval-rst}}\n" + "\n\n".join(directives) + "\n```\n")
    (folder / "python.md").write_text("\n".join(parts), encoding="utf-8")


def write_command_line(folder):
    """The reference of the command line, from its own help texts."""
    import typer
    import typer.cli
    import typer.main

    from bayeskisl.cli.app import app as commands

    command = typer.main.get_command(commands)
    context = typer.Context(command, info_name="bayeskisl")
    text = typer.cli.get_docs_for_click(obj=command, ctx=context, name="bayeskisl", title="Command line")
    (folder / "cli.md").write_text(text, encoding="utf-8")


def copy_notebooks(folder):
    """The notebooks live beside the package, not in the documentation."""
    folder.mkdir(exist_ok=True)
    for notebook in sorted(folder.parent.parent.glob("notebooks/*.ipynb")):
        shutil.copyfile(notebook, folder / notebook.name)


def write_generated(app):
    copy_notebooks(Path(app.srcdir, "notebooks"))
    write_command_line(Path(app.srcdir, "reference"))
    write_python(Path(app.srcdir, "reference"))


def setup(app):
    app.connect("builder-inited", write_generated)
