"""Names are text: active markup in every text that can enter a page, opened in a real browser.

A file's texts are tried one by one. Those that programs look up are refused when the file is read; all others are
markup at once in the pages, where none may run, make an element, or be shown otherwise than as text.
"""

import json
import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
import xarray as xr
from markdown_it import MarkdownIt
from plotly.offline import get_plotlyjs

import bayeskisl as bk
from bayeskisl import reporting
from bayeskisl.decision import Backtest, Decision, Verification, verify
from bayeskisl.decision.files import checked_answer
from bayeskisl.design import Plan
from bayeskisl.errors import InputError
from bayeskisl.inference import Fit
from bayeskisl.inference.storage import checked_tree
from bayeskisl.laws import load_law
from bayeskisl.shipped import shipped_folder
from tests.reporting.browser import BROWSER, DRIVER, browser
from tests.reporting.markup import KEY, markup, name_markup, texts_in, with_markup

pytest.importorskip("anywidget")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore:constrained_layout not applied"),  # names of hundreds of signs leave no room
    pytest.mark.skipif(not (BROWSER and DRIVER), reason="no chromium with its chromedriver on this machine"),
]

SIZES, LEVELS = [6_144, 13_824, 24_576, 38_400], [60, 250, 1000, 4000]
TRUTH = {
    "intercept": 4.8, "exponent": 0.7, "curvature": 0.1, "tau": 0.05, "sigma_run": 0.08, "steepness_intercept": 1.6,
    "asymmetry": 1.0, "domain_intercept": {"legal": 0.4, "medical": -0.4},
}  # fmt: skip
FILE, HEADER, RUN, DOMAIN, TITLE, LAW, QUANTITY = range(
    1001, 1008
)  # numbers of markup that enters elsewhere than by a file
TARGET = bk.Target(98_304, "10M", domain=f"legal{name_markup(DOMAIN)}", prior_driven=True)
OURS = (Fit, Decision, Verification, Plan, Backtest)
# Texts with markup that each page shows, at least; how many warnings name one depends on the draws.
FEWEST = {"report": 15, "report-of-a-fit": 5, "markdown": 14, "explorer": 3, "cards": 20, "figures": 2}
# xarray shortens what its cards show, and titles of figures are wrapped.
SHORTENED = ("cards", "figures")
ESCAPED_END = "<\\/"  # in a script's text, where the end of a tag would end the script
# Before the page's own scripts, in every page that is opened.
RECORD = "window.executed = []; window.m = number => { window.executed.push(number); return number; };"
# What markup made of itself; a frame of plotly and our own scripts carry no such attribute.
MADE = (
    "return [...document.querySelectorAll('[x-m], x-m, [src=x], [onerror], [onload], [onfocus], a[href^=\"java\" i]')]"
    ".map(each => each.outerHTML.slice(0, 200))"
)
SHOWN = (
    "const body = document.body.cloneNode(true); body.querySelectorAll('script, style').forEach(e => e.remove());"
    "const said = [document.title, body.textContent];"
    "for (const each of document.querySelectorAll('[alt], [aria-label], [title]'))"
    "  said.push(each.getAttribute('alt'), each.getAttribute('aria-label'), each.getAttribute('title'));"
    "return said.join(' ')"
)
DRAWN = (
    "return [...document.querySelectorAll('figure')]"
    ".every(f => !f.querySelector('.plot') || f.querySelector('.main-svg'))"
)


@pytest.fixture(scope="module")
def curves(tmp_path_factory):
    """An imported table whose file, headers, runs and domains carry markup."""
    design = {"params": SIZES, "facts": LEVELS, "seeds": 1, "domains": ("legal", "medical")}
    table = bk.tidy(bk.simulate("collapse", design, TRUTH, seed=1))
    named = [pl.concat_str(name, pl.lit(name_markup(mark))) for name, mark in (("run", RUN), ("domain", DOMAIN))]
    path = tmp_path_factory.mktemp("table") / f"{name_markup(FILE).replace('/', '')}.csv"
    table.with_columns(*named, pl.lit("other").alias(name_markup(HEADER))).write_csv(path)
    imported = bk.curves_from_table(path)
    return imported.assign_attrs(title=f"title{markup(TITLE)}")


@pytest.fixture(scope="module")
def made(curves):
    """A fit of those curves under a law with markup in its title, its first domain, and a decision."""
    law = load_law("collapse").model_copy(update={"title": f"law{markup(LAW)}"})
    fit = bk.fit(curves, law, rivals=("power",), draws=50, tune=200, throw=False)
    return fit, fit.of_domain(TARGET.domain), bk.decide(fit, TARGET, throw=False)


@pytest.fixture(scope="module")
def marked(made, tmp_path_factory):
    """The fit and the decision as files of which every text carries markup that programs do not look up."""
    folder = tmp_path_factory.mktemp("files")
    _, fit, decision = made
    ours, marked = load_marked_fit(fit, folder / "fit.nc"), load_marked_decision(decision, folder / "decision.nc")
    of_it = {"fitted_runs": json.dumps(ours.curves.run.values.tolist()), "law_sha256": ours.law.sha256}
    return ours, Decision(marked.data.assign_attrs(of_it))  # with other marks it would be of another fit


def load_marked_fit(fit, path):
    nodes = {node.path: node.to_dataset() for node in fit.tree.subtree}

    def marked(wanted):
        return xr.DataTree.from_dict({at: with_markup(part, wanted, (at,)) for at, part in nodes.items()})

    places = [place for at, part in nodes.items() for place in texts_in(part, (at,))]
    # the keys of a law are many, and one strict reader refuses all but its own: tests/laws/test_files.py
    some = [each for each in places if not ("laws" in each and each[-1] == KEY)]
    wanted = accepted(some, lambda one: checked_tree(marked(one), "fit"))
    return bk.load_fit(Fit(marked(wanted)).save(path))


def load_marked_decision(decision, path):
    def marked(wanted):
        return with_markup(decision.data, wanted)

    wanted = accepted(texts_in(decision.data), lambda one: checked_answer(marked(one), "decision", "decision"))
    return bk.load_decision(Decision(marked(wanted)).save(path))


def accepted(places, check):
    """Markup by place, at all places but those where markup alone is refused."""
    wanted = {place: markup(number) for number, place in enumerate(dict.fromkeys(places))}
    return {place: mark for place, mark in wanted.items() if not is_refused(check, {place: mark})}


def is_refused(check, wanted):
    try:
        check(wanted)
    except InputError:
        return True
    return False


@pytest.fixture(scope="module")
def objects(marked, made, curves):
    """Everything that a person shows in a notebook."""
    ours, decision = marked
    trained = bk.simulate("collapse", {"params": [98_304], "facts": LEVELS, "tokens": 10_000_000}, seed=2)
    return {
        "fit": ours,
        "fit of all domains": made[0],
        "decision": decision,
        "verification": verify(made[2], trained),
        "plan": bk.plan(ours, 98_304, budget="1e14flop", throw=False, runs=2),
        "backtest": bk.backtest(ours.curves, "collapse", method="preview"),
        "curves": curves,
    }


def figures(objects):
    """A figure by every function that draws one."""
    fit, decision, one = objects["fit"], objects["decision"], np.linspace(0.01, 0.99, 50)
    named = f"quantity{name_markup(QUANTITY)}"
    return {
        "plot_backtest": lambda: bk.plot_backtest(objects["backtest"]),
        "plot_calibration": lambda: bk.plot_calibration({named: one}),
        "plot_check": lambda: bk.plot_check(fit.curves),
        "plot_collapse": lambda: bk.plot_collapse(fit, decision.data, target=bk.Target(98_304)),
        "plot_curves": lambda: bk.plot_curves(fit),
        "plot_decision": lambda: bk.plot_decision(decision, objects["verification"]),
        "plot_diagnostics": lambda: bk.plot_diagnostics(fit),
        "plot_plan": lambda: bk.plot_plan(objects["plan"]),
        "plot_prior_predictive": lambda: bk.plot_prior_predictive(fit.law, fit.curves, draws=50),
        "plot_prior_vs_posterior": lambda: bk.plot_prior_vs_posterior(fit),
        "plot_replay": lambda: bk.plot_replay(games(named), whole=named),
        "plot_risk": lambda: bk.plot_risk(decision),
    }


def games(named):
    """A replay that ships, with markup in the names of planners."""
    frame = pd.read_csv(shipped_folder("data") / "replays" / "desk-amount" / "replay.csv")
    return frame.assign(planner=frame["planner"] + named)


def cards(objects):
    """The cards of all objects and of their public attributes, as a notebook shows them."""
    for one in objects.values():
        names = [name for name in dir(type(one)) if not name.startswith("_")] if isinstance(one, OURS) else []
        names += list(getattr(one, "__dataclass_fields__", ()))
        for each in (one, *(getattr(one, name) for name in dict.fromkeys(names))):
            if hasattr(each, "_repr_html_"):
                yield each._repr_html_()


def explorer_page(fit):
    """The explorer's own script and style, and a model with the values that a kernel would send."""
    widget = bk.explore(fit, bk.Target(98_304), throw=False)
    state = json.dumps({"dials": widget.dials, "places": widget.places, "answer": dict(widget.answer)})
    model = "{get: name => state[name], set: () => {}, on: () => {}, off: () => {}, save_changes: () => {}}"
    script = f"{widget._esm}\nconst state = {state};\nrender({{model: {model}, el: document.body}});"
    return f"<style>{widget._css}</style><body><script type=module>{script.replace('</', ESCAPED_END)}</script></body>"


def figure_page(objects):
    parts = [
        bk.interactive(draw()).to_html(full_html=False, include_plotlyjs=False) for draw in figures(objects).values()
    ]
    return f"<script>{get_plotlyjs()}</script>{''.join(parts)}"


@pytest.fixture(scope="module")
def pages(objects, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    fit, decision = objects["fit"], objects["decision"]
    answered = (fit, decision, objects["verification"])
    markdown = bk.report(*answered, folder / "report.md").read_text("utf-8")
    written = {
        "markdown": MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(markdown),
        "cards": "".join(cards(objects)),
        "explorer": explorer_page(fit),
        "figures": figure_page(objects),
    }
    for name, text in written.items():
        (folder / f"{name}.html").write_text(f"<!doctype html><meta charset=utf-8>{text}", "utf-8")
    bk.report(*answered, folder / "report.html")
    bk.report(fit, out=folder / "report-of-a-fit.html")
    return folder


@pytest.fixture(scope="module")
def tab():
    with browser() as opened:
        recording = {"cmd": "Page.addScriptToEvaluateOnNewDocument", "params": {"source": RECORD}}
        opened.ask("POST", "goog/cdp/execute", recording)
        yield opened


def test_every_figure_is_tried(objects):
    assert set(figures(objects)) == {name for name in reporting.__all__ if name.startswith("plot_")}


@pytest.mark.parametrize("page", ["report", "report-of-a-fit", "markdown", "explorer", "cards", "figures"])
def test_markup_is_shown_as_text_and_does_nothing(pages, tab, page):
    tab.open(pages / f"{page}.html")
    tab.wait(DRAWN)
    said = tab.run(SHOWN)
    numbers = {int(number) for number in re.findall(r"~(\d+)~", said)}
    assert tab.run("return window.executed") == []
    assert tab.run(MADE) == []
    assert len(numbers) >= FEWEST[page], sorted(numbers)
    assert page in SHORTENED or [number for number in numbers if not is_whole(number, said)] == []


def is_whole(number, said):
    """Whether each mention of a piece of markup is followed by all of its name part; commands quote it for a shell."""
    squeezed = re.sub(r"\s+", "", said).replace("'\"'\"'", "'")
    return squeezed.count(f"~{number}~") == squeezed.count(re.sub(r"\s+", "", name_markup(number)))


def test_pages_do_run_what_is_no_text(pages, tab):
    """The test can fail: the same markup unescaped calls and makes."""
    (pages / "active.html").write_text(f"<!doctype html><body>{markup(7)}", "utf-8")
    tab.open(pages / "active.html")
    tab.wait("return window.executed.length > 1")
    assert tab.run(MADE) != []
