"""Published tables (Gu et al., arXiv 2505.18091) as the model reads them."""

import numpy as np
import polars as pl
import pytest

from bayeskisl import schema
from bayeskisl.laws import load_law
from bayeskisl.shipped import shipped_folder
from studies.published import _curves, _with_seeds


def test_three_runs_have_the_mean_and_the_deviation_that_are_reported():
    reported = pl.DataFrame({"ratio": [0.3, 0.4], "accuracy_percent": [7.3, 40.4], "accuracy_sd_percent": [2.8, 3.1]})
    runs = _with_seeds(reported.with_columns(seeds=pl.lit(3)))
    by_ratio = runs.group_by("ratio").agg(
        mean=pl.col("accuracy_percent").mean(), sd=pl.col("accuracy_percent").std(), runs=pl.col("seed").n_unique()
    )
    assert by_ratio.sort("ratio").rows() == [pytest.approx((0.3, 7.3, 2.8, 3)), pytest.approx((0.4, 40.4, 3.1, 3))]


@pytest.mark.parametrize(("table", "runs"), [("collapse", 5), ("onset", 24)])
def test_tables_are_read_with_the_assumed_number_of_probes(table, runs):
    curves = _curves(table, 700)
    assert curves.sizes[schema.RUN] == runs
    assert (curves[schema.PROBED] == 700).all()


def test_the_priors_are_those_of_power_but_for_what_the_file_explains():
    power, own = load_law("power"), load_law(shipped_folder("data") / "literature" / "law.toml")
    differing = {name for name, prior in own.priors if prior != getattr(power.priors, name)}
    assert differing == {"sigma_run", "steepness", "asymmetry", "lapse", "concentration"}


@pytest.mark.slow
def test_the_cliff_and_the_onset_are_where_the_tables_have_them(tmp_path):
    from studies.published import prove_published

    told = []
    points, checks = prove_published(tmp_path, probes=(1000,), tell=lambda *said: told.append(said))
    cliff = points.row(by_predicate=(pl.col("table") == "collapse") & (pl.col("law") == "published"), named=True)
    assert cliff["gate"]
    assert 640_000 < cliff["low"] < 800_000
    assert 720_000 < cliff["high"] < 900_000
    onset = checks.filter((pl.col("table") == "onset") & (pl.col("law") == "published"))
    assert onset.height == 8
    assert onset["inside"].all()
    at_cliff = checks.filter((pl.col("law") == "published") & pl.col("level").is_in([640_000.0, 800_000.0]))
    assert at_cliff["inside"].to_list() == [True, True]
    assert told[-1] == ("onset", 2, 2)
    assert np.array_equal(pl.read_csv(tmp_path / "published_points.csv")["gate"], points["gate"])
