"""Sphinx: the documentation site, built offline with warnings as errors (`make docs`)."""

import ast
import json
import os
import re
from importlib import import_module
from inspect import isclass
from pathlib import Path

from docutils import nodes

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
    "sphinx_copybutton",
    "sphinx_design",
]
myst_enable_extensions = ["dollarmath", "amsmath", "deflist", "colon_fence"]
myst_heading_anchors = 3
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
exclude_patterns = ["_build", "reference/python-head.md", "gallery/head.md", "notebooks/executed"]
copybutton_exclude = ".linenos, .gp, .go"

# Executing the notebooks takes minutes, and tests do it anyway. `make docs` shows the copies in notebooks/executed that
# `python docs/notebooks/execute.py` writes; `make site` executes all notebooks.
nb_execution_mode = os.environ.get("NOTEBOOKS", "off")
nb_execution_timeout = 900
nb_execution_raise_on_error = True
nb_merge_streams = True

html_theme = "furo"
html_title = f"bayeskisl {release}"
html_static_path = ["static"]
html_css_files = ["site.css"]
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
    "catalogue": "What ships",
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
BESIDE = (
    "curves.TableError",
    "curves.tables.raw.RawTable",
    "curves.validate",
    "inference.Gate",
    "curves.Finding",
    "decision.Caveat",
    "curves.Diagnosis",
    "decision.Answer",
    "decision.CriticalPoints",
    "decision.verdict.Verdict",
    "decision.Verification",
    "decision.two_sides.Window",
    "design.Plan",
    "sweeping.SweepEstimate",
    "sweeping.SweepResult",
)


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
    """The reference of the command line: the whole help of every command, as a person sees it."""
    import typer

    from bayeskisl.cli.app import COMMANDS, app
    from bayeskisl.cli.help import help_of

    root = typer.main.get_command(app)
    context = typer.Context(root, info_name="bayeskisl")
    parts = ["# Command line", "```text\n" + root.get_help(context) + "\n```"]
    section = ""
    for entry in COMMANDS:
        if entry.section != section:
            section = entry.section
            parts.append(f"## {section}")
        command = root.commands[entry.name]
        above = typer.Context(command, info_name=entry.name, parent=context)
        for leaf in entry.entries or (entry,):
            of_leaf = command.commands[leaf.name] if entry.entries else command
            own = typer.Context(of_leaf, info_name=leaf.name, parent=above) if entry.entries else above
            text = help_of(of_leaf, own, everything=True).rstrip()
            parts += [f"### {own.command_path.removeprefix('bayeskisl ')}", f"```text\n{text}\n```"]
    (folder / "cli.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def copy_notebooks(folder):
    """The notebooks live beside the package; a copy with outputs takes their place while its cells are the same."""
    folder.mkdir(exist_ok=True)
    for notebook in sorted(folder.parent.parent.glob("notebooks/*.ipynb")):
        executed = folder / "executed" / notebook.name
        content = json.loads((executed if is_up_to_date(executed, notebook) else notebook).read_text(encoding="utf-8"))
        (folder / notebook.name).write_text(json.dumps(with_alt_texts(content), indent=1), encoding="utf-8")


def with_alt_texts(notebook):
    """Describe the picture of each cell by what its last figure draws and by the heading above it."""
    heading = ""
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            heading = next(reversed(re.findall(r"^#+ (.+)$", source, re.MULTILINE)), heading)
        elif plots := re.findall(r"\bbk\.(plot_\w+)\(", source):
            drawn = getattr(bayeskisl, plots[-1]).__doc__.split("\n")[0].removeprefix("Draw ").rstrip(".")
            cell["metadata"]["mystnb"] = {"image": {"alt": f"{drawn[:1].upper()}{drawn[1:]} ({heading})"}}
    return notebook


def is_up_to_date(executed, notebook):
    """Whether an executed copy has the cells of a notebook."""
    if NOTEBOOKS_ARE_EXECUTED or not executed.is_file():
        return False
    cells = [
        [(cell["cell_type"], "".join(cell["source"])) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]
        for path in (executed, notebook)
    ]
    return cells[0] == cells[1]


NOTEBOOKS_ARE_EXECUTED = nb_execution_mode != "off"


def write_gallery(folder):
    """A page of pictures, and one page for each with its code."""
    scripts = sorted((folder / "gallery").glob("[0-9]*.py"))
    cards = []
    for script in scripts:
        text = script.read_text(encoding="utf-8")
        title, _, about = ast.get_docstring(ast.parse(text)).partition("\n\n")
        code = text.split('"""', 2)[2].strip()
        name, picture = script.stem, f"figures/{script.stem}.png"
        title = title.rstrip(".")
        parts = (f"# {title}", about, f"![{title}]({picture})", f"```python\n{code}\n```",
                 "[Back to the gallery](../gallery.md)")  # fmt: skip
        page = "\n\n".join(parts) + "\n"
        (folder / "gallery" / f"{name}.md").write_text(page, encoding="utf-8")
        on_one_line = " ".join(about.split())  # as an option of a card has to be
        cards.append(
            f":::{{grid-item-card}} {title}\n:img-top: gallery/{picture}\n:img-alt: {on_one_line}\n"
            f":link: gallery/{name}\n:link-type: doc\n:::"
        )
    head = (folder / "gallery" / "head.md").read_text(encoding="utf-8")
    grid = "::::{grid} 1 2 3 3\n:gutter: 3\n\n" + "\n\n".join(cards) + "\n::::"
    tree = "```{toctree}\n:hidden:\n\n" + "\n".join(f"gallery/{script.stem}" for script in scripts) + "\n```"
    (folder / "gallery.md").write_text(f"{head}\n{grid}\n\n{tree}\n", encoding="utf-8")


def write_generated(app):
    copy_notebooks(Path(app.srcdir, "notebooks"))
    write_command_line(Path(app.srcdir, "reference"))
    write_python(Path(app.srcdir, "reference"))
    write_gallery(Path(app.srcdir))


INTERVAL = re.compile(r"(\(-?[\d.,]+ to -?[\d.,]+\):?)")
AFTER_FORMULA = re.compile(r"[.,;:)]+")
NOT_PROSE = (nodes.literal, nodes.literal_block, nodes.math, nodes.math_block, nodes.raw)


def keep_together(app, doctree, docname):
    """A number keeps its per cent on its line, a formula its comma, and the cell of a table its counts."""
    for text in list(doctree.findall(nodes.Text)):
        parent = text.parent
        if isinstance(parent, NOT_PROSE):
            continue
        kept = re.sub(r"(?<=\d)\s%", "\N{NO-BREAK SPACE}%", text)
        kept = re.sub(r"^ -- ", " \N{EN DASH} ", kept)  # a line may end between the hyphens before a meaning
        formula = parent[place - 1] if (place := parent.index(text)) else None
        if isinstance(formula, nodes.math) and (mark := AFTER_FORMULA.match(kept)):
            parent.replace(formula, together(formula.deepcopy(), nodes.Text(mark[0])))
            kept = kept[mark.end() :]
        in_cell = isinstance(parent.parent, nodes.entry) or isinstance(parent.parent.parent, nodes.entry)
        if in_cell:
            kept = re.sub(r"(?<=\d) of (?=\d)", "\N{NO-BREAK SPACE}of\N{NO-BREAK SPACE}", kept)
        parts = INTERVAL.split(kept) if in_cell else [kept]
        if parts != [text]:
            whole = [together(nodes.Text(part)) if INTERVAL.match(part) else nodes.Text(part) for part in parts]
            parent.replace(text, whole)


def together(*parts):
    return nodes.inline("", "", *parts, classes=["together"])


def mark_short_code(app, pagename, templatename, context, doctree):
    """Mark words of code that fit on a line of a phone, so that they are not broken at a hyphen."""
    if "body" in context:
        short = r'<span class="pre">(?=(?:[^<&]|&\w+;){1,24}</span>)'
        context["body"] = re.sub(short, '<span class="pre short">', context["body"])


def setup(app):
    app.connect("builder-inited", write_generated)
    app.connect("doctree-resolved", keep_together)
    app.connect("html-page-context", mark_short_code)
