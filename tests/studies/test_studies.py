"""The tables from made-up simulations, and both studies end to end at the smallest size."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import norm

from studies.calibration import CONTROLS, EXACT, calibration_table, calibration_trials
from studies.coverage import MIXTURE, ORACLE, TODAY, coverage_table, coverage_trials
from studies.simulated.worlds import WORLDS

QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)


def forecast(pit, centre=0.0, sd=1.0):
    return {"pit": pit, "quantiles": norm.ppf(QUANTILES, centre, sd).tolist()}


def coverage_row(pit, gate=True):
    at = {
        "truth": float(norm.ppf(pit)),
        "admissible_pit": pit,
        "weights": {"power": 1.0},
        "forecasts": {MIXTURE: forecast(pit), ORACLE: forecast(pit), TODAY: forecast(pit, sd=0.5)},
    }
    return {"sizes": 4, "gate": gate, "oracle_gate": True, "targets": {"10": at, "100": at}}


@pytest.fixture
def law():
    from bayeskisl.laws import load_law

    return load_law("collapse")


def coverage_of(tmp_path, law, rows):
    trials = coverage_trials(tmp_path, WORLDS["power-1"], law)
    list(trials.run(len(rows), lambda numbers: [rows[n] for n in numbers]))
    return coverage_table(trials)


def test_coverage_counts_what_the_intervals_hold(tmp_path, law):
    pits = (np.arange(200) + 0.5) / 200
    table = coverage_of(tmp_path, law, [coverage_row(pit) for pit in pits])
    mixture = table.row(by_predicate=(pl.col("forecaster") == MIXTURE) & (pl.col("target") == 10), named=True)
    assert (mixture["covers_50"], mixture["covers_80"], mixture["covers_90"]) == (0.5, 0.8, 0.9)
    assert (mixture["short_at_5"], mixture["short_at_10"], mixture["short_at_25"]) == (0.05, 0.1, 0.25)
    assert mixture["over_oracle"] == 1
    assert mixture["width"] == pytest.approx(2 * norm.ppf(0.95))


def test_a_failed_gate_covers_nothing(tmp_path, law):
    table = coverage_of(tmp_path, law, [coverage_row(0.5), coverage_row(0.5, gate=False)])
    mixture, oracle = (
        table.row(by_predicate=(pl.col("forecaster") == name) & (pl.col("target") == 10), named=True)
        for name in (MIXTURE, ORACLE)
    )
    assert (mixture["covers_90"], mixture["failed_gates"]) == (0.5, 1)
    assert (oracle["covers_90"], oracle["failed_gates"]) == (1.0, 0)


def test_the_interval_score_prices_a_miss(tmp_path, law):
    narrow = coverage_of(tmp_path, law, [coverage_row(0.999)]).filter(pl.col("forecaster") == TODAY)
    low, high = norm.ppf([0.05, 0.95], scale=0.5)
    assert narrow["score"][0] == pytest.approx(high - low + 20 * (norm.ppf(0.999) - high))


def calibration_of(tmp_path, law, transforms):
    trials = calibration_trials(tmp_path, law)
    rows = [{"gate": True, **{key: {"theta": u} for key in ("exact", *CONTROLS)}} for u in transforms]
    list(trials.run(len(rows), lambda numbers: [rows[n] for n in numbers]))
    return calibration_table([trials]).filter(pl.col("posterior") == "exact").row(0, named=True)


def test_an_exact_posterior_passes_and_a_narrow_one_is_found_out(tmp_path, law):
    """theta ~ N(0, 1), y ~ N(theta, 1): the posterior is N(y/2, 1/2)."""
    rng = np.random.default_rng(1)
    theta = rng.standard_normal(300)
    centre = (theta + rng.standard_normal(300)) / 2
    exact = norm.cdf(theta, centre, np.sqrt(1 / 2))
    narrow = norm.cdf(theta, centre, np.sqrt(1 / 4))
    assert not calibration_of(tmp_path / "exact", law, exact)["rejected"]
    assert calibration_of(tmp_path / "narrow", law, narrow)["rejected"]


def test_one_error_rate_holds_over_all_laws(tmp_path, law):
    """Thirty calibrated quantities of each law pass, and the narrow one of each is found out."""
    rng, studies = np.random.default_rng(2), []
    for name in ("collapse", "power"):
        trials = calibration_trials(tmp_path, law.model_copy(update={"name": name}))
        values = {f"theta {i}": rng.random(200) for i in range(30)} | {"narrow": 0.5 + 0.8 * (rng.random(200) - 0.5)}
        rows = [
            {"gate": True, **{key: {label: each[n] for label, each in values.items()} for key in (EXACT, *CONTROLS)}}
            for n in range(200)
        ]
        list(trials.run(200, lambda numbers, rows=rows: [rows[n] for n in numbers]))
        studies.append(trials)
    exact = calibration_table(studies).filter(pl.col("posterior") == EXACT)
    assert exact.height == 62
    assert exact.filter(pl.col("rejected"))["quantity"].to_list() == ["narrow", "narrow"]


@pytest.mark.slow
def test_both_studies_run_and_resume(tmp_path):
    from studies.calibration import prove_calibration
    from studies.coverage import prove_coverage

    told = []
    coverage = prove_coverage(tmp_path / "coverage", worlds=["power-1"], count=2, tell=lambda *said: told.append(said))
    assert told[-1] == ("power-1", 2, 2)
    assert (tmp_path / "coverage" / "coverage.csv").is_file()
    assert set(coverage["forecaster"]) == {MIXTURE, ORACLE, TODAY, "limits"}
    assert coverage["covers_90"].is_between(0, 1).all()
    calibration = prove_calibration(tmp_path / "calibration", laws=["collapse", "none"], count=2)
    assert set(calibration["posterior"]) == {"exact", *CONTROLS}
    exact = set(calibration.filter(law="collapse", posterior="exact")["quantity"])
    assert {"log likelihood", "threshold at the target", "optimum between sizes", "tau[infused]"} <= exact
    assert not set(calibration.filter(law="none", posterior="exact")["quantity"]) & {"optimum at the target"}
    told.clear()
    again = prove_coverage(tmp_path / "coverage", worlds=["power-1"], count=2, tell=lambda *said: told.append(said))
    assert not told
    assert again.equals(coverage)
