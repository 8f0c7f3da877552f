"""The documentation: every picture has its code, every executed notebook its notebook, every link its page."""

import ast
import importlib.util
import json
import re
import shutil
from importlib import import_module
from pathlib import Path

import pytest

import bayeskisl as bk
from bayeskisl.decision.caveat import _ORDER

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
EXAMPLES = sorted((DOCS / "gallery").glob("[0-9]*.py"))
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
DISTANCES = {2: "up to 2 times", 4: "2 to 4 times", 10: "4 to 10 times"}
LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)]*)?\)")
MADE = {"gallery.md", "cli.md", "python.md"}  # by the site itself


def name(path):
    return str(path.relative_to(ROOT))


def test_the_gallery_has_twenty_pictures_and_every_figure_of_the_package():
    code = "\n".join(path.read_text() for path in EXAMPLES)
    assert len(EXAMPLES) >= 20
    assert {each for each in bk.__all__ if each.startswith("plot_")} <= set(re.findall(r"plot_\w+", code))


@pytest.mark.parametrize("path", EXAMPLES, ids=name)
def test_an_example_has_a_title_a_sentence_and_a_picture(path):
    tree = ast.parse(path.read_text())
    title, _, about = ast.get_docstring(tree).partition("\n\n")
    assert title
    assert about.endswith((".", "?"))
    assert "figure" in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert (DOCS / "gallery" / "figures" / f"{path.stem}.png").is_file(), "run docs/gallery/make.py"


@pytest.fixture(scope="module")
def site():
    """Return the module with the settings of the documentation site."""
    spec = importlib.util.spec_from_file_location("site_settings", DOCS / "conf.py")
    settings = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(settings)
    return settings


def test_a_card_of_the_gallery_has_its_options_on_one_line_each(site, tmp_path):
    shutil.copytree(DOCS / "gallery", tmp_path / "gallery", ignore=shutil.ignore_patterns("*.png"))
    site.write_gallery(tmp_path)
    cards = re.findall(r":::\{grid-item-card\} (.*?)\n(.*?):::", (tmp_path / "gallery.md").read_text(), re.DOTALL)
    assert len(cards) == len(EXAMPLES)
    for title, options in cards:
        names = [line.split(":")[1] for line in options.splitlines()]
        assert names == ["img-top", "img-alt", "link", "link-type"], title


@pytest.mark.parametrize("path", sorted((DOCS / "notebooks" / "executed").glob("*.ipynb")), ids=name)
def test_an_executed_notebook_is_that_of_today(path):
    cells = [
        [(cell["cell_type"], "".join(cell["source"])) for cell in json.loads(each.read_text())["cells"]]
        for each in (path, ROOT / "notebooks" / path.name)
    ]
    assert cells[0] == cells[1], f"run docs/notebooks/execute.py {path.stem}"


@pytest.mark.parametrize("path", sorted((DOCS / "notebooks" / "executed").glob("*.ipynb")), ids=name)
def test_every_picture_of_a_notebook_is_described(site, path):
    for cell in site.with_alt_texts(json.loads(path.read_text()))["cells"]:
        if any("image/png" in output.get("data", {}) for output in cell.get("outputs", [])):
            alt = cell["metadata"]["mystnb"]["image"]["alt"]
            assert re.fullmatch(r"[A-Z].{20,} \(.{3,}\)", alt), "".join(cell["source"])


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_links_lead_somewhere(path):
    for target in LINK.findall(path.read_text()):
        if "://" not in target and Path(target).name not in MADE:
            assert (path.parent / target).exists(), f"{name(path)} links to {target}"


def test_the_reference_lists_what_exists():
    tree = ast.parse((DOCS / "conf.py").read_text())
    (beside,) = (ast.literal_eval(each.value) for each in tree.body
                 if isinstance(each, ast.Assign) and each.targets[0].id == "BESIDE")  # fmt: skip
    for path in beside:
        module, name = f"bayeskisl.{path}".rsplit(".", 1)
        assert hasattr(import_module(module), name), path
    returned = {"Plan", "Verification", "CriticalPoints", "Diagnosis", "SweepEstimate", "SweepResult", "Answer",
                "Verdict", "Window"}  # fmt: skip
    assert returned <= {path.rsplit(".", 1)[1] for path in beside}


def test_the_readme_is_one_screen_and_a_half():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 75


def test_shipped_runs_are_counted_right():
    sweeps = [bk.load_curves(path) for path in sorted((ROOT / "data" / "sweeps").glob("*/curves.nc"))]
    runs = f"{sum(curves.sizes['run'] for curves in sweeps):,}"
    smallest = f"{min(int(curves['params'].min()) for curves in sweeps):,}"
    largest = f"{max(int(curves['params'].max()) for curves in sweeps):,}"
    readme = (ROOT / "README.md").read_text()
    assert f"{runs} real training runs of {len(sweeps)} sweeps" in readme
    assert f"{smallest} to {largest} parameters" in readme
    assert f"{runs} training runs" in (DOCS / "index.md").read_text()


def of_a_distance(row):
    """Return the cell of a prediction: its number of sizes and the column of its distance."""
    times = 10 ** row["decades"]
    column = next(name for most, name in DISTANCES.items() if times < 1.01 * most)
    return "6" if row["trained"].startswith("6 sizes") else "4 and 5", column


def test_the_table_of_coverage_counts_what_the_shipped_sweeps_predicted():
    counts = {}
    for path in (ROOT / "data" / "results").glob("*.json"):
        for row in json.loads(path.read_text()).get("held_out", []):
            if row["law"] == "limits" and row["trained"][0].isdigit() and row["hit"] is not None:
                counts.setdefault(of_a_distance(row), []).append(row["hit"])
    lines = (DOCS / "trust.md").read_text().splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("| shipped sweeps"))
    said = {}
    for line in lines[first : first + 2]:
        sizes, *cells = (cell.strip() for cell in line.split("|")[2:6])
        columns = zip(DISTANCES.values(), cells, strict=True)
        said |= {(sizes, column): cell.split(",")[0] for column, cell in columns if cell}
    assert said == {place: f"{sum(hits)} of {len(hits)}" for place, hits in counts.items()}


def test_the_page_on_decisions_lists_every_rule_of_the_verdict():
    page = (DOCS / "how-to" / "decide.md").read_text()
    assert [code for code in _ORDER if f"`{code}`" not in page] == []
