"""The rolling origin: what is asked, of whom, and how it is scored. Two small sweeps, previews alone."""

import json

import numpy as np
import polars as pl
import pytest
import xarray as xr
from typer.testing import CliRunner

pytest.importorskip("pymc")

from bayeskisl.curves import save_curves
from bayeskisl.decision import Backtest, backtest, measure_collapse
from bayeskisl.errors import InputError
from bayeskisl.inference import simulate
from bayeskisl.intervals import interval_score
from bayeskisl.reporting import plot_backtest

SIZES = [6_144, 12_288, 24_576, 49_152, 98_304]
TRUTH = {"intercept": np.log(100), "exponent": 0.7, "tau": 0.02, "sigma_run": 0.05, "steepness_intercept": np.log(6),
         "steepness_scatter": 0.02, "lapse_intercept": -6.0}  # fmt: skip


@pytest.fixture(scope="module")
def curves():
    design = {"params": SIZES, "facts": [60, 150, 375, 940, 2350], "tokens": 614_400, "seeds": 1}
    return simulate("power", design, TRUTH, seed=3)


@pytest.fixture(scope="module")
def found(curves):
    return backtest(curves, "power", method="preview")


def test_every_larger_size_is_predicted_from_every_number_of_sizes(found):
    asked = found.table.select("fitted_sizes", "largest", "params").rows()
    assert asked == [(3, SIZES[2], SIZES[3]), (3, SIZES[2], SIZES[4]), (4, SIZES[3], SIZES[4])]
    assert found.table["horizon"].to_list() == [2.0, 4.0, 2.0]


def test_the_measured_point_is_that_of_the_cell_s_own_counts(found, curves):
    for row in found.table.iter_rows(named=True):
        own = curves.isel(run=np.flatnonzero(curves.params.values == row["params"]))
        measured = measure_collapse(own)
        assert row["measured"] == pytest.approx(measured.median, rel=1e-6)
        assert (row["measured_low"], row["measured_high"]) == pytest.approx((measured.low, measured.high), rel=1e-6)


def test_scores_and_factors_are_those_of_the_logs(found):
    for row in found.table.iter_rows(named=True):
        low, median, high, truth = np.log([row[name] for name in ("low", "median", "high", "measured")])
        assert row["score"] == pytest.approx(interval_score(low, high, truth, 0.9))
        assert row["width"] == pytest.approx(np.exp(high - low))
        assert row["factor"] == pytest.approx(np.exp(median - truth))
        assert row["verdict"] == ("hit" if low <= truth <= high else "miss")
        assert row["proportional_score"] == pytest.approx(20 * abs(np.log(row["proportional"]) - truth))


def test_the_rules_know_the_measured_sizes_and_no_more(found, curves):
    largest = curves.isel(run=np.flatnonzero(curves.params.values == SIZES[2]))
    first = found.table.row(0, named=True)
    assert first["proportional"] == pytest.approx(2 * measure_collapse(largest).median, rel=1e-6)


def test_a_power_law_is_predicted_and_a_failed_gate_is_told(found):
    assert found.table["factor"].to_numpy() == pytest.approx(1, abs=0.35)
    assert not found.table["gate"].any()
    assert all("preview" in reasons for reasons in found.table["gate_reasons"])


def test_horizons_end_at_their_multiples(found):
    summary = found.by_horizon
    assert summary["horizon"].to_list() == ["up to 2x", "2x to 4x"]
    assert summary["forecasts"].to_list() == summary["failed_gates"].to_list() == [2, 1]
    at_two = found.table.filter(pl.col("horizon") == 2)
    assert summary["score"][0] == pytest.approx(at_two["score"].mean())
    assert summary["covered"][0] == pytest.approx((at_two["verdict"] == "hit").mean())


def test_a_measurement_that_is_a_bound_is_not_scored(curves):
    low_levels = curves.isel(run=np.flatnonzero((curves.params < 90_000) | (curves.facts < 200)))
    row = backtest(low_levels, "power", first=4, method="preview").table.row(0, named=True)
    assert (row["bound"], row["verdict"]) == ("at least", "undecided")
    assert np.isnan([row["score"], row["factor"], row["power_law_score"]]).all()
    assert row["measured_high"] == np.inf


def test_a_rising_group_has_an_onset():
    levels = [0.01, 0.03, 0.1, 0.3, 0.6, 0.9]
    design = {"axis": "ratio", "params": SIZES[:4], "facts": 250, "ratio": levels, "tokens": 614_400, "seeds": 1}
    found = backtest(simulate("power", design, TRUTH, seed=5), "power", method="preview")
    assert found.data.attrs["half_point"] == "onset"
    assert found.table["factor"].to_numpy() == pytest.approx(1, abs=0.5)
    assert ((found.table["low"] < found.table["median"]) & (found.table["median"] < found.table["high"])).all()


def test_it_is_written_whole_and_as_a_table(found, tmp_path):
    assert (
        pl.read_csv(found.save(tmp_path / "new" / "found.csv"))["params"].to_list() == found.table["params"].to_list()
    )
    kept = xr.load_dataset(found.save(tmp_path / "found.nc"), engine="h5netcdf")
    assert kept.attrs["law"] == "power"
    assert {"law_sha256", "records_sha256", "created", "seed"} <= set(kept.attrs)
    json.dumps(found.to_dict(), allow_nan=False)


def test_the_figure_shows_every_prediction(found):
    from bayeskisl.reporting import plot_backtest

    left, right = plot_backtest(found).axes
    assert sum(len(lines.get_segments()) for lines in left.collections) == len(found.table)
    assert next(line.get_label() for line in right.lines) == "law 'power'"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"first": 5}, "3 sizes to fit and one more to predict, got 5 of 5"),
        ({"first": 2}, "got 2 of 5"),
        ({"sizes": [6_144, 7]}, "expected sizes among 6,144, .*, got 7"),
        ({"group": "background"}, "expected a probe group among infused, got 'background'"),
        ({"law": "none"}, "expected a law that falls, got 'none'"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(curves, options, said):
    with pytest.raises(InputError, match=said):
        backtest(curves, **options)


def test_the_command_prints_eighty_columns(curves, found, tmp_path, monkeypatch):
    from bayeskisl import decision
    from bayeskisl.cli.app import app

    monkeypatch.setattr(decision, "backtest", lambda *_, **asked: found)
    path = save_curves(curves, tmp_path / "curves.nc")
    files = ["--out", str(tmp_path / "found.csv"), "--figure", str(tmp_path / "found.png")]
    result = CliRunner().invoke(app, ["backtest", str(path), *files])
    assert result.exit_code == 0, result.output
    assert "2x to 4x" in result.output
    assert "failed its gate" in result.output
    assert max(map(len, result.output.splitlines())) <= 80
    assert (tmp_path / "found.csv").is_file()
    assert (tmp_path / "found.png").is_file()
    said = json.loads(CliRunner().invoke(app, ["backtest", str(path), "--json"]).stdout)
    assert len(said["forecasts"]) == 3


def test_bounds_alone_are_no_figure_and_a_rule_without_a_number_no_point(found):
    bounds = Backtest(found.data.assign(bound=("forecast", ["at least"] * 3)))
    with pytest.raises(InputError, match="expected a measured half-point, got bounds alone"):
        plot_backtest(bounds)
    some = found.data["horizon"].values > 3
    silent = Backtest(found.data.assign(proportional_factor=found.data.proportional_factor.where(~some)))
    left, right = plot_backtest(silent).axes
    assert len(right.lines[1].get_xdata()) == len(right.lines[0].get_xdata()) - 1
    assert left.get_title("left") == "Predicted collapse point over the measured one"


def test_a_back_test_is_shown_in_one_line(found):
    assert repr(found).startswith("<Back-test of the law 'power': 3 predictions, ")
    assert len(repr(found)) < 100
