"""Which law wins on whose data: the truths are what they say, and the table counts what was recorded."""

import json

import numpy as np
import pytest
import xarray as xr

pytest.importorskip("pymc")

from bayeskisl.errors import InputError
from studies import rivals
from studies.rivals import prove_rivals


def critical_exposures(truth, sizes):
    curves = rivals._sweep(truth, sizes, 0, 0)
    known = xr.Dataset.from_dict(json.loads(curves.attrs["truth"]))
    return known["critical_exposures"].values.ravel()


@pytest.mark.parametrize("truth", rivals.TRUTHS)
def test_a_truth_is_the_same_line_whatever_sizes_are_swept(truth, monkeypatch):
    monkeypatch.setattr(rivals, "_COMMON", {**rivals._COMMON, "tau": 0.0})
    few, many = critical_exposures(truth, 4), critical_exposures(truth, 7)
    np.testing.assert_allclose(many[:4], few, rtol=1e-9)
    assert few[2] == pytest.approx(rivals._EXPOSURES, rel=1e-3)  # the reference size
    assert (np.diff(many) < 0).all()


def test_the_table_counts_wins_and_who_was_told_apart(tmp_path, monkeypatch):
    monkeypatch.setattr(rivals, "TRUTHS", {"power": {"exponent": 0.7}, "capacity": {}})
    trials = rivals.rival_trials(tmp_path, "power", 4)
    records = [
        {"best": "power", "unseparated": [], "weights": {"power": 0.9, "capacity": 0.1}, "failed": []},
        {"best": "power", "unseparated": ["capacity"], "weights": {"power": 0.6, "capacity": 0.4}, "failed": []},
        {"best": "capacity", "unseparated": ["power"], "weights": {"power": 1.0}, "failed": ["capacity"]},
        {"best": "power", "unseparated": [], "weights": {"power": 0.9, "capacity": 0.1}, "failed": []},
    ]
    list(trials.run(4, lambda numbers: [records[number] for number in numbers]))
    power, capacity = rivals.rival_table([trials]).iter_rows(named=True)
    assert power == {"truth": "power", "sizes": 4, "law": "power", "sweeps": 4, "wins": 0.75,
                     "weight": pytest.approx(0.85), "told_apart": 0.0, "failed_gates": 0.0}  # fmt: skip
    assert capacity == {"truth": "power", "sizes": 4, "law": "capacity", "sweeps": 4, "wins": 0.25,
                        "weight": pytest.approx(0.15), "told_apart": 0.5, "failed_gates": 0.25}  # fmt: skip


def test_an_unknown_truth_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"expected a truth among power, .* got 'linear'"):
        prove_rivals(tmp_path, truths=["linear"])


@pytest.mark.slow
def test_a_power_of_less_than_one_is_not_taken_for_a_capacity(monkeypatch):
    """Over sizes that span a factor of 64, and with the law that made the data among the rivals."""
    monkeypatch.setattr(rivals, "TRUTHS", {"power": {"exponent": 0.7}, "capacity": {}})
    (contest,) = rivals.simulate_contests("power", 7, [0])
    assert contest["best"] == "power"
    assert contest["unseparated"] == []
    assert contest["weights"]["power"] > 0.8
