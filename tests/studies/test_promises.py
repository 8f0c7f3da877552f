"""Promised against realised widths: the table says how far off, and how often the bands hold."""

import json

import pytest

from studies.promises import promise_table
from studies.simulated.trials import Trials

STUDY = {"study": "promises"}


def purchase(promised, realised, band):
    return {"promised": promised, "realised": realised, "band": band}


@pytest.fixture
def trials(tmp_path):
    rows = [{"number": 0, "purchases": [purchase(1.0, 1.1, [0.8, 1.3]), purchase(0.5, 0.45, [0.4, 0.6])]},
            {"number": 1, "purchases": [purchase(1.0, 2.0, [0.8, 1.3])]},
            {"number": 2, "purchases": []}]  # fmt: skip
    path = tmp_path / "promises.jsonl"
    path.write_text("\n".join(map(json.dumps, [STUDY, *rows])) + "\n")
    return Trials(path, STUDY)


def test_ratios_and_bands_are_counted_over_purchases(trials):
    (row,) = promise_table(trials).to_dicts()
    assert row["purchases"] == 3
    assert row["mean_ratio"] == pytest.approx((1.1 + 0.9 + 2.0) / 3)
    assert row["median"] == pytest.approx(1.1)
    assert row["bands_hold"] == pytest.approx(2 / 3)


def test_no_purchases_are_no_numbers(tmp_path):
    (row,) = promise_table(Trials(tmp_path / "none.jsonl", STUDY)).to_dicts()
    assert row["purchases"] == 0
    assert row["mean_ratio"] is None
