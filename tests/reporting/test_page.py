import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

import bayeskisl.inference
from bayeskisl.decision import decide
from bayeskisl.errors import InputError
from bayeskisl.laws import load_law
from bayeskisl.reporting import plot_collapse, report
from bayeskisl.reporting.assessment import assessment_rows
from bayeskisl.reporting.contents import no_warning
from bayeskisl.reporting.numbers import three_digits
from tests.decision.hand_made import FAILED, HandMadeFit, amount_curves, extrapolate

VOID = {"meta", "link", "img", "source", "br"}
MARKUP = '<script>alert("x")</script>'


class Page(HTMLParser):
    """Tags, attributes and text of a page; complains about tags that do not match."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.said = [], [], ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.said += data if not self.open or self.open[-1] not in ("style", "script") else ""

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture(scope="module")
def page(report_path):
    return Page(report_path.read_text(encoding="utf-8"))


def test_contains_the_numbers_of_the_decision(page, decision, verification):
    for value in (decision.choice.value, verification.measured.median):
        assert three_digits(value, down=value == decision.choice.value) in page.said
    for word in ("98,304", "hit", "power", "0.25", "held fixed".capitalize(), "passed", "bayeskisl decide fit.nc"):
        assert word in page.said


def test_answer_comes_first_and_headings_are_in_order(page):
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert page.said.index("The answer") < page.said.index("The evidence") < page.said.index("The checks")


def test_loads_nothing(report_path, page):
    addresses = [attrs.get(name) for _, attrs in page.tags for name in ("src", "href", "srcset", "action", "data")]
    assert all(address.startswith(("data:", "#")) for address in addresses if address)
    assert not re.search(r"url\(|@import|https?://", report_path.read_text(encoding="utf-8"))
    assert {attrs.get("type") for attrs in page.all("script")} == {None, "text/plain"}


def test_every_image_is_described_and_there_in_light_and_dark(page):
    assert len(page.all("img")) == len(page.all("source")) == 4
    assert all(len(image["alt"]) > 20 for image in page.all("img"))


def test_is_small_and_figures_lie_beside_it(report_path):
    figures = report_path.parents[1] / "figures"
    assert report_path.stat().st_size < 6_000_000
    assert sorted(p.name for p in figures.iterdir()) == ["collapse.png", "decision.png", "retention.png", "risk.png"]
    assert [p.name for p in report_path.parent.iterdir()] == ["report.html"]


def test_same_input_same_page(fit, answered, report_path, tmp_path):
    # a layout is improved by a step whenever its figure is drawn, and files of figures are drawings too
    again = report(fit, *answered, tmp_path / "again.html", figures_dir=tmp_path / "figures")
    assert again.read_bytes() == report_path.read_bytes()


def test_markup_is_inert(fit, decision, plain_figures, tmp_path):
    fit.curves.attrs["title"] = MARKUP
    fit.law = load_law("collapse").model_copy(update={"title": MARKUP})
    decision.data.attrs["law_sha256"] = fit.law.sha256
    decision.data.attrs["held_fixed"] = '{"ratio<img src=x onerror=alert(1)>": 0.5}'
    decision.data.attrs["warnings"] = '[{"code": "</li>", "message": "<b>bold</b>"}]'
    page = Page(report(fit, decision, out=tmp_path / "report.html").read_text(encoding="utf-8"))
    assert MARKUP in page.said  # as text
    assert len(page.all("script")) == 2
    assert page.all("b") == []
    assert len(page.all("img")) == 4


def test_without_a_prediction_it_shows_the_sizes(fit, plain_figures, tmp_path):
    page = Page(report(fit, out=tmp_path / "report.html").read_text(encoding="utf-8"))
    assert "Nothing was predicted" in page.said
    assert len(page.all("img")) == 2


def test_code_is_marked_as_code(page):
    assert "`" not in page.said
    assert "(facts= for yours)" in page.said
    assert page.all("code")


def test_a_page_without_warnings_says_so_beside_its_verdict(decision):
    assert no_warning(None) == no_warning(decision) == "No warning was raised."
    careful = decide(HandMadeFit(curves=amount_curves(levels=(62, 80, 100))), 98_304, sensitivity=False)
    assert no_warning(careful) == "No warning was raised beside the reason of the verdict."


def test_the_record_names_the_numbers_of_each_prior(fit, decision):
    stated = dict(assessment_rows(fit, decision))["priors"]
    assert "critical exposures: median 150, log sd 1.5; " in stated
    assert "exponent of params: mean " in stated


def test_a_failed_gate_is_said_at_the_answer(monkeypatch, plain_figures, tmp_path):
    monkeypatch.setattr(bayeskisl.inference, "extrapolate", extrapolate)
    failed = HandMadeFit(gate=FAILED)
    page = Page(
        report(failed, decide(failed, 98_304, throw=False, sensitivity=False), out=tmp_path / "r.html").read_text(
            "utf-8"
        )
    )
    assert page.said.index("failed its gate") < page.said.index("The evidence")
    assert "R-hat of tau is 1.2" in page.said


def test_commands_and_paths_keep_their_spaces(fit, decision, plain_figures, tmp_path):
    fit.tree.attrs["domain"] = "law 5 %"
    text = report(fit, decision, out=tmp_path / "my report 5 %.md").read_text(encoding="utf-8")
    assert "](my%20report%205%20%25-figures/risk.png)" in text
    assert "--domain 'law 5 %'" in text
    assert "10\N{NO-BREAK SPACE}% that a new run" in text


def test_a_decision_from_another_fit_is_refused(fit, tmp_path):
    other = HandMadeFit(curves=fit.curves.isel(run=slice(None, None, 2)))
    decision = decide(other, 98_304, sensitivity=False)
    with pytest.raises(InputError, match="decision: expected an answer from this fit, got one from"):
        report(fit, decision, out=tmp_path / "report.md")
    with pytest.raises(InputError, match="an answer from this fit"):
        plot_collapse(fit, decision)
    under_another_law = decision.data.assign_attrs(
        fitted_runs=decide(fit, 98_304, sensitivity=False).data.attrs["fitted_runs"], law_sha256="0" * 64
    )
    with pytest.raises(InputError, match="one under another law"):
        plot_collapse(fit, under_another_law)
