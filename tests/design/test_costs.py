"""Costs from records, from FLOPs, and budgets as people write them."""

import numpy as np
import pytest

from bayeskisl.design import Budget, Costs, Run, read_budget
from bayeskisl.errors import InputError
from bayeskisl.sweeping import load_sweep, run_sweep


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("600", Budget(600.0, "device-seconds")),
        (600, Budget(600.0, "device-seconds")),
        ("20min", Budget(1200.0, "device-seconds")),
        ("2h", Budget(7200.0, "device-seconds")),
        ("0.5 d", Budget(43200.0, "device-seconds")),
        ("1e18flop", Budget(1e18, "FLOP")),
        ("2.5E+3 FLOP", Budget(2500.0, "FLOP")),
    ],
)
def test_budgets(text, expected):
    assert read_budget(text) == expected


@pytest.mark.parametrize("text", ["", "-5", "0", "2x", "h", "1e", "nan", "inf"])
def test_what_is_no_budget(text):
    with pytest.raises(InputError, match="a budget such as"):
        read_budget(text)


def test_measured_costs_are_recovered_from_noisy_times():
    rng = np.random.default_rng(0)
    params, tokens = np.tile([3e3, 2e4, 1e5, 4e5], 20), np.repeat([3e5, 6e5], 40)
    seconds = tokens * (2e-6 + 1e-10 * params) * np.exp(0.1 * rng.standard_normal(80))
    costs = Costs.measured(params, tokens, seconds)
    assert costs.per_token == pytest.approx(2e-6, rel=0.1)
    assert costs.per_token_and_param == pytest.approx(1e-10, rel=0.1)
    assert costs.of(Run(1e5, 6e5, 100.0, 2)) == pytest.approx(2 * 6e5 * 1.2e-5, rel=0.1)


def test_a_term_that_would_be_negative_is_zero():
    params, tokens = np.array([1e3, 1e4, 1e5]), np.full(3, 1e6)
    costs = Costs.measured(params, tokens, np.array([5.0, 4.0, 3.0]))
    assert costs.per_token_and_param == 0
    assert costs.per_token > 0


def test_flops_are_six_per_parameter_and_token():
    assert Costs.of_flops().of(Run(1e9, 2e10, 5.0)) == 6 * 1e9 * 2e10


def test_costs_of_a_real_folder(tmp_path):
    spec = tmp_path / "tiny.toml"
    spec.write_text('axis = "amount"\nladder = "smoke"\nwidths = [8]\ntokens = 7680\nlevels = [4, 8]\n')
    assert load_sweep(spec).runs()
    run_sweep(spec, tmp_path / "out", workers=1)
    costs = Costs.of_records(tmp_path / "out")
    assert costs.unit == "device-seconds"
    assert costs.source == "2 timed runs"
    assert 0 < costs.of(Run(24 * 64, 7680, 4.0)) < 600


def test_a_folder_without_times(tmp_path):
    with pytest.raises(InputError, match="a folder with records of a sweep"):
        Costs.of_records(tmp_path)
