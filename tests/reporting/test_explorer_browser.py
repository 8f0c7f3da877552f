"""The explorer in JupyterLab, in a real browser, with a live kernel: its sliders move the decision and the picture."""

from importlib.util import find_spec

import numpy as np
import pytest

from bayeskisl.inference import fit, simulate
from tests.decision.test_real_fit import LEVELS, TRUTH
from tests.reporting.browser import BROWSER, DRIVER, browser
from tests.reporting.jupyter_lab import served_notebook

pytest.importorskip("anywidget")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(find_spec("jupyterlab") is None, reason="no jupyterlab: pip install 'bayeskisl[notebook]'"),
    pytest.mark.skipif(not (BROWSER and DRIVER), reason="no chromium with its chromedriver on this machine"),
]

# From the input event of a slider until the frame in which the new picture is drawn.
MEANT = 100.0  # milliseconds
SHOWN = "const shown = document.querySelector('.bayeskisl-explorer');"
MOVE = (
    SHOWN + "const slider = shown.querySelector(`input[name=${arguments[0]}]`); shown.dataset.state = 'moved';"
    "slider.value = arguments[1]; slider.dispatchEvent(new Event('input', {bubbles: true}))"
)
READY_AT = SHOWN + (
    "const [name, stop] = arguments;"
    "return shown.dataset.state === 'ready' && shown.querySelector(`input[name=${name}]`).value === stop"
)
STATE = SHOWN + (
    "return {headline: shown.querySelector('.headline').textContent, choice: shown.querySelector('path.choice')"
    ".getAttribute('d'), latency: Number(shown.dataset.latency), computed: Number(shown.dataset.computed),"
    "titles: [...shown.querySelectorAll('svg[role=img] title')].map(t => t.textContent),"
    "said: [...shown.querySelectorAll('input')].map(i => i.getAttribute('aria-valuetext'))}"
)


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    curves = simulate("collapse", {"params": [6144, 13824, 24576, 38400], "facts": LEVELS}, truth=TRUTH, seed=1)
    fit(curves, throw=False).save(folder / "fit.nc")
    cell = "import bayeskisl as bk\nexplorer = bk.explore(bk.load_fit('fit.nc'), throw=False)\nexplorer"
    with served_notebook(folder, cell) as address, browser() as opened:
        opened.ask("POST", "url", {"url": address})
        opened.wait("return Boolean(window.jupyterapp && document.querySelector('.jp-Notebook'))")
        opened.wait("return Boolean(window.jupyterapp.shell.currentWidget?.sessionContext?.isReady)")
        opened.run("window.jupyterapp.commands.execute('notebook:run-all-cells')")
        opened.wait(SHOWN + "return Boolean(shown?.querySelector('.picture svg'))", patience=480)
        yield opened


def moved(tab, name, stop):
    """What is shown after a slider was moved."""
    tab.run(MOVE, name, stop)
    tab.wait(SHOWN + "return shown.dataset.state === 'ready'")
    return tab.run(STATE)


def test_sliders_move_the_decision_and_its_picture(tab):
    cautious, daring = moved(tab, "risk", 0), moved(tab, "risk", 11)
    assert cautious["headline"] != daring["headline"]
    assert cautious["choice"] != daring["choice"]
    assert cautious["titles"] != daring["titles"]
    assert daring["said"][-1] == "50 %"
    small, large = moved(tab, "params", 2), moved(tab, "params", 14)
    assert small["headline"] != large["headline"]


def test_the_arrow_keys_move_a_slider(tab):
    before = moved(tab, "params", 5)
    tab.run("document.querySelector('input[name=params]').focus()")
    tab.press("\ue014")  # the arrow to the right
    tab.wait(READY_AT, "params", "6", patience=10)
    assert tab.run(STATE)["headline"] != before["headline"]


def test_moves_are_answered_at_once(tab, record_property):
    """How fast is printed, and said in benchmarks; a machine with other work is slower, but not by ten times."""
    moves = [("params", stop) for stop in range(16)] + [("risk", stop) for stop in range(12)]
    shown = [moved(tab, *move) for move in moves]
    latency, computed = (np.array([each[name] for each in shown]) for name in ("latency", "computed"))
    record_property("latency_median_ms", float(np.median(latency)))
    print(f"latency: median {np.median(latency):.0f} ms, from {latency.min():.0f} to {latency.max():.0f}")
    print(f"of it the kernel's: median {np.median(computed):.0f} ms, from {computed.min():.0f} to {computed.max():.0f}")
    assert np.quantile(latency, 0.25) <= 10 * MEANT


def test_a_burst_of_moves_ends_at_the_last_one(tab):
    """Dragging sends many moves; what is shown in the end is the place where the slider stands."""
    expected = moved(tab, "params", 9)
    moved(tab, "params", 3)
    for stop in range(3, 10):
        tab.run(MOVE, "params", stop)
    tab.wait(READY_AT, "params", "9")
    tab.wait("return " + f"document.querySelector('.headline').textContent === {expected['headline']!r}")


def test_the_kernel_moves_the_sliders_too(tab):
    moved(tab, "risk", 3)
    code = "explorer.places = {**explorer.places, 'risk': 8}"
    tab.run("const [code] = arguments; const panel = window.jupyterapp.shell.currentWidget;"
            "panel.sessionContext.session.kernel.requestExecute({code})", code)  # fmt: skip
    tab.wait(READY_AT, "risk", "8")


def test_nothing_was_complained_about(tab):
    severe = [entry["message"] for entry in tab.log("browser") if entry["level"] == "SEVERE"]
    assert [message for message in severe if "explorer" in message or "anywidget" in message] == []
