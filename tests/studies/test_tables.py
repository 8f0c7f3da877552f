"""Tables of the documentation are those of the studies."""

from pathlib import Path

import polars as pl
import pytest

from bayeskisl.errors import InputError
from studies.tables import TABLES, with_tables

ROOT = Path(__file__).parents[2]
PROOF = ROOT / "data" / "proof"
PAGES = ["docs/how-far-can-you-trust-it.md"]


@pytest.mark.parametrize("page", PAGES)
def test_pages_say_what_the_studies_found(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    assert "<!-- table: " in text
    assert with_tables(text, PROOF) == text, f"make it anew: python -m studies.tables {page}"


def test_a_number_that_changed_changes_the_page(tmp_path):
    (tmp_path / "calibration").mkdir()
    table = pl.read_csv(PROOF / "calibration" / "calibration.csv")
    table.with_columns(failed_gates=pl.lit(77)).write_csv(tmp_path / "calibration" / "calibration.csv")
    text = (ROOT / PAGES[0]).read_text(encoding="utf-8")
    only = (
        "<!-- table: calibration" + text.split("<!-- table: calibration")[1].split("<!-- end -->")[0] + "<!-- end -->"
    )
    assert "| 77 of 300 |" in with_tables(only, tmp_path)
    assert "| 77 of 300 |" not in only


def test_rivals_are_told_by_who_made_the_data():
    rows = [
        {"truth": "power", "sizes": 4, "law": law, "sweeps": 8, "wins": wins, "weight": 0.5, "told_apart": 0.125,
         "failed_gates": 0.0}
        for law, wins in (("power", 0.75), ("collapse", 0.25))
    ]  # fmt: skip
    head, row = TABLES["rivals"](pl.DataFrame(rows))
    assert head[-2:] == ["'power'", "'collapse'"]
    assert row == ["'power'", "4", "8", "75 %, 0.50, 12 %", "25 %, 0.50, 12 %"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<!-- table: covrage -->\n<!-- end -->", "a table among coverage, .* got 'covrage'"),
        ("<!-- table: coverage -->\n<!-- end -->", "coverage.csv: expected a table of the study, got no such file"),
    ],
)
def test_what_is_not_there_is_named(text, said, tmp_path):
    with pytest.raises(InputError, match=said):
        with_tables(text, tmp_path)
