"""Costs from records, from FLOPs, and budgets as people write them."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from bayeskisl.budgets import amount, worth_in
from bayeskisl.curves import load_curves
from bayeskisl.design import Budget, Costs, Run, read_budget
from bayeskisl.design.costs import costs_for
from bayeskisl.errors import InputError
from bayeskisl.inference.simulate import design_curves
from bayeskisl.sweeping import load_sweep, run_sweep
from bayeskisl.sweeping.device_peaks import PEAKS


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
        ("$2,000", Budget(2000.0, "dollars")),
        ("2000 usd", Budget(2000.0, "dollars")),
        ("1.5e3$", Budget(1500.0, "dollars")),
        ("5 thousand hours", Budget(1.8e7, "device-seconds")),
        ("4,900 device-hours", Budget(1.764e7, "device-seconds")),
        ("$2 million", Budget(2e6, "dollars")),
        ("20k usd", Budget(20_000.0, "dollars")),
    ],
)
def test_budgets(text, expected):
    assert read_budget(text) == expected


@pytest.mark.parametrize(
    "text", ["", "$", "$2h", "-5", "0", "2x", "h", "1e", "nan", "inf", "2m", "2 millions", "50%h", "2\nh h"]
)
def test_what_is_no_budget(text):
    with pytest.raises(InputError, match="a budget such as"):
        read_budget(text)


@pytest.mark.parametrize("text", ["1,000", "1000", "1_000", 1e3])
def test_a_plain_worth_is_in_the_unit_of_the_costs(text):
    assert worth_in(text, "FLOP") == 1_000
    with pytest.raises(InputError, match="an amount in FLOP"):
        worth_in(f"{text}s", "FLOP")


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


def test_a_device_hour_is_its_peak_times_its_utilisation():
    run = Run(1e9, 2e10, 5.0, 2)
    seconds = Costs.on_device("h100", 0.4).of(run)
    assert seconds == pytest.approx(2 * 6 * 1e9 * 2e10 / (0.4 * 9.89e14))
    assert Costs.on_device("H100").of(run) == seconds
    assert Costs.on_device("9.89e14").of(run) == seconds
    assert Costs.on_device("H100 PCIe").of(run) == pytest.approx(seconds * PEAKS["h100"] / PEAKS["h100-pcie"])
    assert Costs.on_device("b200").of(run) < seconds < Costs.on_device("a100").of(run)
    assert Costs.on_device("h100").source == "6 N D at 40 % of the 989T FLOP/s of h100"


@pytest.mark.parametrize(("device", "utilisation", "message"), [
    ("h99", 0.4, "a device among a100"), ("-1", 0.4, "a device among"), ("h100", 0.0, "share of the peak"),
    ("h100", 40.0, "share of the peak"),
])  # fmt: skip
def test_a_device_that_is_none_is_refused(device, utilisation, message):
    with pytest.raises(InputError, match=message):
        Costs.on_device(device, utilisation)


def test_a_price_makes_dollars_of_hours():
    hourly, run = Costs.on_device("h100"), Run(1e9, 2e10, 5.0)
    priced = hourly.priced(2.5)
    assert priced.of(run) == pytest.approx(2.5 * hourly.of(run) / 3600)
    assert costs_for(read_budget("4h"), priced) == (Budget(10.0, "dollars"), priced)
    assert costs_for(read_budget("$7"), priced) == (Budget(7.0, "dollars"), priced)
    for costs, price in ((Costs.of_flops(), 2.0), (hourly, 0.0), (hourly, np.inf)):
        with pytest.raises(InputError, match=r"per (device-)?hour"):
            costs.priced(price)


@pytest.mark.parametrize("budget", ["2h", "$2000"])
def test_a_budget_without_costs_of_its_unit_is_refused(budget):
    for costs in (None, Costs.of_flops()):
        with pytest.raises(InputError, match="costs beside a budget in"):
            costs_for(read_budget(budget), costs)


def test_a_budget_in_flop_needs_no_costs():
    assert costs_for(read_budget("1e18flop"), None) == (Budget(1e18, "FLOP"), Costs.of_flops())
    with pytest.raises(InputError, match="got costs in device-seconds; give the budget in the unit of the costs"):
        costs_for(read_budget("1e18flop"), Costs.on_device("h100"))


TABLE = pd.DataFrame({"params": ["70M", "160M", "410M"], "tokens": "10B", "GPU hours": [9.0, 16.0, 50.0]})


def test_the_sizes_of_a_table_cost_what_it_states():
    costs = Costs.of_table(TABLE)
    assert costs.unit == "device-seconds"
    for params, hours in ((70e6, 9.0), (160e6, 16.0), (410e6, 50.0)):
        assert costs.of(Run(params, 1e10, 5.0)) == pytest.approx(3600 * hours)
        assert costs.of(Run(params, 2e10, 5.0, 3)) == pytest.approx(6 * 3600 * hours)


def test_costs_between_and_beyond_the_sizes_of_a_table_grow_with_the_size():
    costs = Costs.of_table(TABLE)
    along = [costs.of(Run(params, 1e10, 5.0)) for params in np.geomspace(3e7, 5e9, 40)]
    assert all(smaller < larger for smaller, larger in pairwise(along))
    assert costs.of(Run(4.1e9, 1e10, 5.0)) == pytest.approx(10 * 50 * 3600, rel=0.2)


def test_one_size_of_a_table_costs_in_proportion_to_size():
    costs = Costs.of_table({"params": [1e9], "tokens": [2e10], "dollars": [100.0]})
    assert costs.unit == "dollars"
    assert costs.of(Run(2e9, 1e10, 5.0)) == pytest.approx(100.0)


def test_a_table_may_name_runs_and_leave_out_the_only_token_budget():
    curves = design_curves(params=[1_000, 8_000], tokens=[30_000], facts=[10, 20], seeds=1)
    names = [str(name) for name in curves["run"].values]
    by_run = Costs.of_table({"run": names, "flop": np.where(curves["params"].values < 5_000, 1.0, 6.0)}, curves)
    by_size = Costs.of_table({"params": [1_000, 8_000], "flop": [1.0, 6.0]}, curves)
    for params in (1_000, 3_000, 8_000):
        run = Run(params, 30_000, 5.0)
        assert by_run.of(run) == pytest.approx(by_size.of(run), rel=1e-6)


@pytest.mark.parametrize(("table", "message"), [
    ({"params": [1e9], "tokens": [1e9]}, "one column of costs"),
    ({"params": [1e9], "tokens": [1e9], "hours": [1], "usd": [1]}, "one column of costs"),
    ({"params": [1e9], "hours": [1]}, "a column tokens"),
    ({"tokens": [1e9], "hours": [1]}, "a column params"),
    ({"params": [1e9], "tokens": [1e9], "hours": ["many"]}, "a positive number"),
    ({"params": [1e9], "tokens": [1e9], "hours": [-1]}, "a positive number"),
    ({"params": ["big"], "tokens": [1e9], "hours": [1]}, "a positive whole number"),
])  # fmt: skip
def test_a_table_without_costs_is_one_sentence(table, message):
    with pytest.raises(InputError, match=message):
        Costs.of_table(table)


def test_a_run_that_the_curves_lack_is_named():
    curves = design_curves(params=[1_000], tokens=[30_000], facts=[10], seeds=1)
    with pytest.raises(InputError, match="got nobody"):
        Costs.of_table({"run": ["nobody"], "hours": [1.0]}, curves)


def test_amounts_are_in_the_unit_of_a_person():
    assert amount(12.34, "device-seconds") == "12.3 device-seconds"
    assert amount(1.764e7, "device-seconds", of=1.8e7) == "4,900 of 5,000 device-hours"
    assert amount(3.2e20, "FLOP", of=1e21) == "3.2e+20 of 1e+21 FLOP"
    assert amount(1249.0, "dollars") == "$1,250"
    assert amount(999.9, "dollars") == "$1,000"


def test_costs_by_tokens_of_any_name_are_no_costs_of_a_run():
    sizes, hours = [3_456, 24_576], [0.1, 0.5]
    for name in ("tokens", "train_tokens", "Total tokens", "D"):
        assert not Costs.of_table({"params": sizes, name: [1e9, 1e9], "hours": hours}).per_run
    assert Costs.of_table({"params": sizes, "hours": hours}, load_curves("desk-amount").isel(run=[0, 1])).per_run
