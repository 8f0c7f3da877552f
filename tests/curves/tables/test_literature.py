"""Published numbers load like any other table (Gu et al., arXiv 2505.18091); nothing is fitted."""

import re

import numpy as np
import polars as pl
import pytest

from bayeskisl.curves import TableError, curves_from_table, describe_import
from bayeskisl.curves.tables.read import read_table
from bayeskisl.errors import InputError
from bayeskisl.shipped import shipped_folder

FOLDER = shipped_folder("data") / "literature"
PROBES = 1000  # not published


def test_the_collapse_of_410m():
    curves = curves_from_table(FOLDER / "phase-transition-collapse.csv", probed=PROBES)
    assert curves.attrs["axis"] == "amount"
    assert curves.facts.values.tolist() == [320_000, 640_000, 720_000, 800_000, 1_280_000]
    assert (curves.recalled / curves.probed).values[:, 0].tolist() == [0.941, 0.749, 0.708, 0, 0]
    # its own column says 200, 100, 89, 80, 50
    np.testing.assert_allclose(curves.exposures, [200, 100, 88.9, 80, 50], rtol=1e-3)
    assert set(curves.tokens_per_fact.values) == {100}


def test_the_onset_of_70m():
    deviation = {"standard_error": "accuracy_sd_percent / 100 / sqrt(seeds)", "tokens_per_fact": 100}
    curves = curves_from_table(FOLDER / "phase-transition-onset.csv", deviation, probed=PROBES)
    assert curves.attrs["axis"] == "ratio"
    assert curves.ratio.values.tolist() == [0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45]
    shares = (curves.recalled / curves.probed).values[:, 0]
    np.testing.assert_allclose(100 * shares, [0.4, 0.4, 0.4, 0.8, 7.3, 27.5, 40.4, 58.1], atol=0.1)  # whole counts
    assert curves.probed.values[-1, 0] == round(0.581 * 0.419 / (0.031 / np.sqrt(3)) ** 2)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.csv")), ids=lambda path: path.stem)
def test_every_table_names_its_source_and_is_whole(path):
    assert re.match(r"# arXiv \d{4}\.\d{5}\b", path.read_text(encoding="utf-8"))
    rows = pl.read_csv(path, comment_prefix="#")
    assert rows.height >= 1
    if "quantity" in rows.columns:
        assert rows["value"].dtype.is_numeric()
        assert rows["quantity"].null_count() == rows["value"].null_count() == 0
        assert not rows.is_duplicated().any()


def test_repeats_in_hubble():
    curves = curves_from_table(
        FOLDER / "hubble-exposures.csv", {"domain": "attribute"}, where="task = 'yago_hubble_full_prefix_gen'"
    )
    assert curves.attrs["axis"] == "frequency"
    assert sorted(set(curves.exposures.values.round())) == [1, 4, 16, 64, 256]
    assert len(set(curves.domain.values)) == 7
    assert curves.sizes["run"] == 7 * 5 * 4


# Tables that may not ship, where a checkout of them lies beside the repository
SHARED = FOLDER.parents[2] / "shared" / "data"


@pytest.mark.skipif(not (SHARED / "in-weight-amount.csv").is_file(), reason="the table may not ship")
def test_in_weight_recall():
    curves = curves_from_table(SHARED / "in-weight-amount.csv", {"ratio": 1})
    assert (curves.attrs["axis"], curves.sizes["run"]) == ("amount", 1200)
    assert set(curves.ratio.values) == {1}
    assert curves.guessing.values.mean() == pytest.approx(0.0394, abs=1e-4)
    assert (curves.total_params > curves.params).all()


@pytest.mark.skipif(not (SHARED / "finetune-amount.csv").is_file(), reason="the table may not ship")
def test_fine_tuning():
    fields = {
        "recalled.infused": "recall_correct", "probed.infused": "recall_probed",
        "recalled.background": "hellaswag_correct", "probed.background": "hellaswag_n",
    }  # fmt: skip
    curves = curves_from_table(
        SHARED / "finetune-amount.csv", fields, guessing={"background": 0.25}, ignore=["exposures_per_fact"]
    )
    assert (curves.attrs["axis"], curves.sizes["run"]) == ("amount", 20)
    assert sorted(set(curves.facts.values)) == [500, 1000, 5000, 10_000, 50_000]


@pytest.mark.parametrize("name", ["phase-transition-collapse", "phase-transition-onset"])
def test_a_number_of_probes_is_not_invented(name):
    with pytest.raises(TableError, match="expected a denominator for accuracy"):
        curves_from_table(FOLDER / f"{name}.csv")
    assert "arXiv 2505.18091" in (FOLDER / f"{name}.csv").read_text().splitlines()[0]


def test_what_controls_recall_is_the_guessing_rate():
    """Nationalities are right nine times in ten where nothing was infused."""
    rows = "task = 'yago_hubble_full_prefix_no_suffix' and attribute = 'nationality'"
    silent = curves_from_table(FOLDER / "hubble-exposures.csv", where=rows)
    assert "recall 0.91 of their facts: that is taken as the guessing rate" in describe_import(silent)
    assert silent["guessing"].values.max() == pytest.approx(0.914, abs=0.001)
    stated = curves_from_table(FOLDER / "hubble-exposures.csv", {"guessing": 0.8}, where=rows)
    assert "of their facts" not in describe_import(stated)
    assert stated["guessing"].values.max() == 0.8


def test_each_domain_has_the_guessing_rate_of_its_own_controls():
    rows = "task = 'yago_hubble_full_prefix_no_suffix'"
    curves = curves_from_table(FOLDER / "hubble-exposures.csv", {"domain": "attribute"}, where=rows)
    assert "0.02 to 0.91 of their facts: that is taken as the guessing rate of each domain" in describe_import(curves)
    of_domain = curves["guessing"].isel(group=0).groupby("domain")
    assert (of_domain.max() == of_domain.min()).all()
    assert of_domain.max().sel(domain="nationality").item() == pytest.approx(0.914, abs=0.001)


def test_a_shipped_table_is_read_by_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert len(read_table("three-sizes")) == 36
    by_name = read_table("phase-transition-onset")
    assert by_name.columns == read_table("phase-transition-onset.csv").columns
    (tmp_path / "phase-transition-onset.csv").write_text("a,b\n1,2\n")
    assert read_table("phase-transition-onset.csv").columns != by_name.columns, "a file of the user's own comes first"
    with pytest.raises(InputError, match="no such file"):
        read_table("phase-transition")
