"""The report in a real browser: it opens without an error and asks the network for nothing."""

import time

import pytest

from tests.reporting.browser import BROWSER, DRIVER, browser

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (BROWSER and DRIVER), reason="no chromium with its chromedriver on this machine"),
]


INTERACTIVE = (
    "const figures = [...document.querySelectorAll('figure')];"
    "return figures.every(f => f.classList.contains('drawn') && f.querySelector('.plot .main-svg'))"
)


@pytest.fixture(scope="module")
def tab(report_path):
    with browser() as opened:
        opened.open(report_path)
        yield opened


def test_opens_without_a_console_message_or_a_request(tab):
    assert tab.log("browser") == []
    requests = tab.requests()
    assert any(address.startswith("file:") and address.endswith("report.html") for address in requests)
    assert [address for address in requests if not address.startswith(("file:", "data:"))] == []


def test_figures_become_interactive_when_the_page_is_at_rest(tab):
    tab.wait(INTERACTIVE)
    assert tab.run("return [...document.querySelectorAll('figure picture')].every(p => p.offsetHeight === 0)")
    assert tab.log("browser") == []
    assert [address for address in tab.requests() if not address.startswith(("file:", "data:", "blob:"))] == []


def test_the_pointer_reads_values_off(tab):
    said = tab.run(
        "const plot = document.querySelector('.plot'); const curve = plot.data.findIndex(t => t.mode === 'lines' && "
        "t.name?.startsWith('keeps less than half')); Plotly.Fx.hover(plot, [{curveNumber: curve, pointNumber: 10}]);"
        "return [...plot.querySelectorAll('.hoverlayer text')].map(t => t.textContent).join(' ')"
    )
    assert "keeps less than half" in said
    assert "infused facts:" in said


def test_an_entry_of_the_legend_hides_what_it_names(tab):
    hidden = (
        "return document.querySelectorAll('.plot')[1].data.filter(t => t.visible === 'legendonly')"
        ".map(t => t.legendgroup)"
    )
    assert tab.run(hidden) == []
    tab.run(
        "const entry = document.querySelectorAll('.plot')[1].querySelector('.legendtoggle');"
        "for (const kind of ['mousedown', 'mouseup']) entry.dispatchEvent(new MouseEvent(kind, {bubbles: true}))"
    )
    tab.wait(hidden.replace("map(t => t.legendgroup)", "length > 1"))
    assert len(set(tab.run(hidden))) == 1


def test_a_key_turns_a_figure_into_a_picture_and_back(tab):
    tab.run("document.querySelector('.controls button').focus()")
    for drawn, words in ((False, "Zoom and read values"), (True, "Show as a picture")):
        tab.press("\ue007")  # enter
        tab.wait("return document.querySelector('figure').classList.contains('drawn') === arguments[0]", drawn)
        assert tab.run("return document.querySelector('.controls button').textContent") == words


def test_paper_shows_pictures(tab):
    tab.ask("POST", "goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {"media": "print"}})
    shown = "return [...document.querySelectorAll('figure')].map(f => [f.querySelector('img').offsetHeight > 100, " \
            "f.querySelector('.plot').offsetHeight, f.querySelector('.controls').offsetHeight])"  # fmt: skip
    assert tab.run(shown) == [[True, 0, 0]] * 4
    tab.ask("POST", "goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {"media": "screen"}})


def test_every_figure_is_shown_in_light_and_dark(tab):
    papers = []
    for scheme in ("light", "dark"):
        tab.set_color_scheme(scheme)
        tab.wait("return document.querySelector('.plot')._fullLayout.paper_bgcolor !== arguments[0]", *papers or [""])
        papers.append(tab.run("return document.querySelector('.plot')._fullLayout.paper_bgcolor"))
    assert papers == ["#ffffff", "#16191d"]
    assert tab.log("browser") == []


def test_every_picture_is_shown_in_light_and_dark(tab):
    tab.run("document.querySelectorAll('figure').forEach(f => f.classList.remove('drawn'))")
    for scheme, source in (("light", "i.src"), ("dark", "i.previousElementSibling.srcset")):
        tab.set_color_scheme(scheme)
        tab.wait(f"return [...document.images].every(i => i.currentSrc === {source} && i.naturalWidth > 100)")
    assert tab.log("browser") == []


def test_text_stands_out_from_the_page_in_light_and_dark(tab):
    """Contrast of at least 4.5, WCAG 2.2 success criterion 1.4.3."""
    for scheme in ("light", "dark"):
        tab.set_color_scheme(scheme)
        colors = tab.run(
            "const of = e => getComputedStyle(e); return [...document.querySelectorAll("
            "'main :is(p, td, th, li, figcaption)')]"
            ".map(e => [of(e).color, of(e.closest('.answer, .tile') || document.body).backgroundColor])"
        )
        assert [pair for pair in colors if contrast(*pair) < 4.5] == []


def test_nothing_is_wider_than_a_telephone(tab):
    tab.ask("POST", "window/rect", {"width": 500, "height": 900})
    assert tab.run("return document.documentElement.scrollWidth <= window.innerWidth")


def test_a_telephone_gets_pictures_first(tab, report_path):
    tab.ask("POST", "window/rect", {"width": 500, "height": 900})
    tab.open(report_path)
    time.sleep(1)
    assert tab.run("return document.querySelectorAll('figure.drawn').length") == 0
    assert tab.run("return document.querySelectorAll('figure.live .controls button').length") == 4


def contrast(first, second):
    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(color):
    """Relative luminance of ``rgb(r, g, b)``."""
    parts = [int(part) / 255 for part in color[color.index("(") + 1 : -1].split(",")[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
