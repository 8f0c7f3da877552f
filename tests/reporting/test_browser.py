"""The report in a real browser: it opens without an error and asks the network for nothing."""

import time

import pytest

from tests.reporting.browser import BROWSER, DRIVER, browser

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (BROWSER and DRIVER), reason="no chromium with its chromedriver on this machine"),
]


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


def test_every_figure_is_shown_in_light_and_dark(tab):
    tab.set_color_scheme("light")
    light = images_of(tab)
    tab.set_color_scheme("dark")
    patience = time.monotonic() + 10  # a browser picks the other source when it has a moment
    while light & images_of(tab) and time.monotonic() < patience:
        time.sleep(0.1)
    assert not light & images_of(tab)
    assert tab.log("browser") == []


def images_of(tab):
    """What is shown at present, each as its source, once it is decoded."""
    images = tab.run(
        "return Promise.all([...document.images].map(i => i.decode().catch(() => 0)))"
        ".then(() => [...document.images].map(i => [i.naturalWidth, i.currentSrc]))"
    )
    assert all(width > 100 for width, _ in images)
    return {address for _, address in images}


def test_text_stands_out_from_the_page_in_light_and_dark(tab):
    """Contrast of at least 4.5, WCAG 2.2 success criterion 1.4.3."""
    for scheme in ("light", "dark"):
        tab.set_color_scheme(scheme)
        colors = tab.run(
            "const of = e => getComputedStyle(e); return [...document.querySelectorAll('p, td, th, li, figcaption')]"
            ".map(e => [of(e).color, of(e.closest('.answer, .tile') || document.body).backgroundColor])"
        )
        assert min(contrast(text, paper) for text, paper in colors) >= 4.5


def test_nothing_is_wider_than_a_telephone(tab):
    tab.ask("POST", "window/rect", {"width": 500, "height": 900})
    assert tab.run("return document.documentElement.scrollWidth <= window.innerWidth")


def contrast(first, second):
    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(color):
    """Relative luminance of ``rgb(r, g, b)``."""
    parts = [int(part) / 255 for part in color[color.index("(") + 1 : -1].split(",")[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
