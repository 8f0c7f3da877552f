"""Sphinx: the documentation site, built offline with warnings as errors (`make docs`)."""

from pathlib import Path

from bayeskisl import __version__

project = "bayeskisl"
author = "the bayeskisl authors"
release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx-mathjax-offline",
]
myst_enable_extensions = ["dollarmath", "amsmath", "deflist", "colon_fence"]
myst_heading_anchors = 3
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "figures/README.md"]

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


def write_command_line(app):
    """The reference of the command line, from its own help texts."""
    import typer
    import typer.cli
    import typer.main

    from bayeskisl.cli.app import app as commands

    command = typer.main.get_command(commands)
    context = typer.Context(command, info_name="bayeskisl")
    text = typer.cli.get_docs_for_click(obj=command, ctx=context, name="bayeskisl", title="Command line")
    Path(app.srcdir, "reference", "cli.md").write_text(text, encoding="utf-8")


def setup(app):
    app.connect("builder-inited", write_command_line)
