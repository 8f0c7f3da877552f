"""Pages are made of findings and of nothing else."""

from pathlib import Path

import pytest

from bayeskisl.inference import load_fit
from studies.results.overview import BESIDE, index_page
from studies.results.pages import load_findings, with_weights
from studies.results.text import page

ROOT = Path(__file__).parents[3]
FINDINGS = load_findings(ROOT / "data" / "results")
PAGES = ROOT / "docs" / "results"


@pytest.mark.parametrize("found", FINDINGS, ids=lambda found: found["sweep"])
def test_a_page_is_what_its_findings_say(found):
    assert (PAGES / f"{found['sweep']}.md").read_text(encoding="utf-8") == page(found)
    drawn = ("curves", "collapse", "decision")
    assert all((PAGES / "figures" / f"{found['sweep']}-{what}.png").is_file() for what in drawn)


def test_the_figure_of_a_page_has_the_weights_of_its_table():
    fit = load_fit("desk-four")
    weighted = with_weights(fit, {"limits": 0.64, "power": 0.36})
    assert weighted.weights == {"limits": 0.64, "power": 0.36}
    assert fit.weights == {"limits": 1.0}


def test_the_overview_lists_every_page_and_no_other():
    text = (PAGES / "index.md").read_text(encoding="utf-8")
    assert text == index_page(FINDINGS, [name for name in BESIDE if (PAGES / f"{name}.md").is_file()])
    assert all(f"[{found['sweep']}]({found['sweep']}.md)" in text for found in FINDINGS)


def test_a_page_does_not_hide_that_its_target_was_trained_and_missed():
    said = (PAGES / "memory-amount.md").read_text(encoding="utf-8")
    assert "Measured afterwards: 9,460 facts (8,070 to 10,300), a **miss**" in said
    index = (PAGES / "index.md").read_text(encoding="utf-8")
    assert index.count("**miss**, 4 times larger") == 4
