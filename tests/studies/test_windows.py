"""Short ladders: which sizes predict which, and how their coverage is counted."""

import numpy as np
import polars as pl
import pytest

pytest.importorskip("pymc")

from bayeskisl.inference import simulate
from bayeskisl.laws import load_law
from studies.windows import coverage_by_window, windows

SIZES = [6_144, 12_288, 24_576, 49_152, 98_304]
TRUTH = {"intercept": np.log(100), "exponent": 0.7, "tau": 0.02, "sigma_run": 0.05, "steepness_intercept": np.log(6),
         "steepness_scatter": 0.02, "lapse_intercept": -6.0}  # fmt: skip


def test_each_window_predicts_all_larger_sizes_and_knows_no_others():
    design = {"params": SIZES, "facts": [60, 150, 375, 940, 2350], "tokens": 614_400, "seeds": 1}
    told = []
    found = windows(simulate("power", design, TRUTH, seed=3), load_law("power"), 3, lambda *each: told.append(each),
                    method="preview")  # fmt: skip
    asked = found.select("smallest", "largest", "params").rows()
    assert asked == [(SIZES[0], SIZES[2], SIZES[3]), (SIZES[0], SIZES[2], SIZES[4]), (SIZES[1], SIZES[3], SIZES[4])]
    assert set(found["fitted_sizes"]) == {3}
    assert told[-1] == ("3 sizes", 2, 2)
    ratio = found["proportional"] / found["proportional"][0]
    assert ratio[1] == pytest.approx(SIZES[4] / SIZES[3])  # both from the largest size of the same window


def test_coverage_counts_what_was_measured():
    cases = (1.5, "", "hit"), (2.0, "", "miss"), (2.0, "below", "undecided"), (16.0, "", "hit")
    rows = [
        {"fitted_sizes": 3, "smallest": 1.0, "horizon": horizon, "bound": bound, "verdict": verdict, "width": 2.0,
         "factor": 1.1, "proportional_factor": 0.5, "power_law_factor": 1.0}
        for horizon, bound, verdict in cases
    ]  # fmt: skip
    near, far = coverage_by_window(pl.DataFrame(rows)).iter_rows(named=True)
    assert (near["distance"], near["asked"], near["held"]) == ("up to 2 times", 2, 1)
    assert (far["distance"], far["held"], far["proportional"]) == ("beyond", 1, pytest.approx(2.0))
