"""The forecasts that ship: records are what their hashes say, and the table is made from them."""

import json
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from bayeskisl.curves import load_curves
from bayeskisl.decision import measure_collapse
from bayeskisl.errors import InputError
from studies.forecasts import forecast_table

ROOT = Path(__file__).parents[2]
FORECASTS = ROOT / "data" / "forecasts"


@pytest.fixture(scope="module")
def table():
    return forecast_table(FORECASTS)


def test_the_table_that_ships_is_made_from_the_records(table):
    shipped = pl.read_csv(ROOT / "data" / "proof" / "forecasts" / "forecasts.csv")
    shipped = shipped.with_columns(pl.col("note").fill_null(""))
    assert_frame_equal(table, shipped, check_dtypes=False, abs_tol=2e-4, rel_tol=1e-3)


def test_every_forecast_on_record_has_the_sweep_that_trained_its_target(table):
    for path in FORECASTS.glob("*/forecast.json"):
        assert (path.parent / "target.toml").is_file()
    assert set(table["record"]) > {"LOG.md"}


def test_hits_and_misses_are_counted_alike(table):
    first = table.filter(record="LOG.md")
    assert first["hit"].to_list() == [True, True, False, True, False, True, True]
    scored = table.filter((pl.col("record") != "LOG.md") & (pl.col("note") == ""))
    assert (scored["interval_score"] > 0).all()
    assert scored["proportional"].null_count() == 0


def test_a_bound_outside_of_the_interval_is_a_miss(table):
    """All runs of the target lie beyond the half-point: there is no score, and no doubt either."""
    (row,) = table.filter(pl.col("what") == "memory-dose, background").iter_rows(named=True)
    assert (row["hit"], row["interval_score"]) == (False, None)
    assert row["measured_high"] < row["low"]


def test_the_outcome_of_a_recommendation_lies_between_the_levels_on_both_sides(table):
    rows = {row["what"]: row for row in table.iter_rows(named=True) if row["recommended"]}
    short = rows["memory-budget, infused"]  # 86 % are kept at 4,500 facts, 7 % at 6,000
    assert (short["least_kept"], short["most_kept"]) == pytest.approx((0.07, 0.864), abs=2e-3)
    assert short["held"] is False
    kept = rows["desk-ratio, background"]
    assert 0.9 < kept["least_kept"] < kept["most_kept"] < 1
    assert kept["held"] is True
    assert rows["memory-amount, infused"]["held"] is None  # every run has more facts than were recommended


def test_a_record_that_was_changed_is_refused(tmp_path):
    source = next(FORECASTS.glob("*desk-replay*"))
    folder = tmp_path / source.name
    folder.mkdir()
    record = json.loads((source / "forecast.json").read_text())
    record["quantities"]["collapse of a cell, the mean of many runs"]["quantiles"]["0.5"] = 0.5
    (folder / "forecast.json").write_text(json.dumps(record))
    (folder / "curves.nc").write_bytes((source / "curves.nc").read_bytes())
    (tmp_path / "log.csv").write_bytes((FORECASTS / "log.csv").read_bytes())
    with pytest.raises(InputError, match="a record as it was written, got one that was changed later"):
        forecast_table(tmp_path)


def test_the_forecast_along_a_dose_holds_at_the_rate_that_learns(table):
    (row,) = table.filter(pl.col("what") == "memory-dose, background").iter_rows(named=True)
    measured = measure_collapse(load_curves(ROOT / "data" / "rates" / "memory-dose-98304.nc"))
    assert row["low"] < measured.low < measured.high < row["high"]
