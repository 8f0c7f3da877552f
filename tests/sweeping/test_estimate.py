"""What a sweep will cost, before anything is spent."""

from dataclasses import replace

import pytest
from typer.testing import CliRunner

from bayeskisl.cli.app import app
from bayeskisl.errors import InputError
from bayeskisl.sweeping import NamedDevice, Replicates, Tune, estimate, estimate_sweep
from tests.sweeping.conftest import SMOKE

RUNS = 2 * 4 * 2  # sizes, levels with the refined one, seeds
TOKENS = RUNS * 15_360


def test_a_named_speed_is_divided_into_the_tokens(smoke):
    estimate = estimate_sweep(smoke, device=NamedDevice(tokens_per_second=1000.0))
    assert sum(size.runs for size in estimate.sizes) == RUNS
    assert sum(size.tokens for size in estimate.sizes) == TOKENS
    assert estimate.seconds == pytest.approx(TOKENS / 1000)
    assert estimate.cost(price=36.0) == pytest.approx(TOKENS / 1000 / 100)


def test_the_stage_that_finds_rates_counts(smoke):
    tuned = replace(smoke, tune=Tune(rates=(1e-3, 1e-2, 1e-1), tokens=7_680, seeds=(0, 1), levels=(8.0,)))
    estimate = estimate_sweep(tuned, device=NamedDevice(tokens_per_second=1000.0))
    assert sum(size.runs for size in estimate.sizes) == RUNS + 2 * 3 * 2  # widths, rates, seeds
    assert sum(size.tokens for size in estimate.sizes) == TOKENS + 12 * 7_680


def test_replicates_are_not_refined_and_a_width_without_runs_costs_nothing(smoke):
    more = (Replicates(levels=(16.0,), seeds=(5, 6, 7, 8), widths=(8,)),)
    device = NamedDevice(tokens_per_second=1000.0)
    small, large = estimate_sweep(replace(smoke, replicates=more), device=device).sizes
    assert (small.runs, large.runs) == (RUNS // 2 + 4, RUNS // 2)
    assert small.tokens == (RUNS // 2 + 4) * 15_360
    (only,) = estimate_sweep(replace(smoke, levels=(), refine=None, replicates=more), device=device).sizes
    assert (only.width, only.runs) == (8, 4)


def test_a_utilisation_of_a_peak_is_divided_into_the_flops(smoke):
    estimate = estimate_sweep(smoke, device=NamedDevice(utilisation=0.4, peak=1e12), workers=2)
    flops = 4 / 3 * sum(run.flops for run in smoke.runs())
    assert estimate.device_seconds == pytest.approx(flops / 4e11, rel=1e-4)
    assert estimate.seconds == pytest.approx(flops / 8e11, rel=1e-4)


@pytest.mark.parametrize(
    "told", [{}, {"utilisation": 0.4}, {"peak": 1e12}, {"utilisation": 1.4, "peak": 1e12},
             {"tokens_per_second": 1.0, "utilisation": 0.4, "peak": 1e12}]
)  # fmt: skip
def test_a_device_is_told_in_one_way(told):
    with pytest.raises(InputError, match=r"expected either tokens/s, or a utilisation in \(0, 1\] with a peak, got"):
        NamedDevice(**told)


def test_this_device_is_calibrated(smoke):
    estimate = estimate_sweep(smoke, workers=1)
    assert all(size.tokens_per_second > 0 and size.memory > 0 for size in estimate.sizes)


def test_what_takes_too_long_is_timed_on_a_part_or_extrapolated(smoke, monkeypatch):
    timed, measured = [], {"speed": 1e9}

    def speed(stack, device, compiled):
        timed.append(stack)
        return measured["speed"]

    monkeypatch.setattr(estimate, "measured_speed", speed)
    assert {size.timed for size in estimate_sweep(smoke, workers=1).sizes} == {"steps"}
    monkeypatch.setattr(estimate, "_SLOW_CORE", 5e5)  # a step of the smallest size takes longer than there is time
    measured["speed"] = 1.0
    first, *others = estimate_sweep(smoke, workers=1).sizes
    assert first.timed == "part"
    assert len(timed[-1].runs) == 1
    assert timed[-1].runs[0].training.batch < smoke.ladder.training.batch
    assert all(size.timed == "no" for size in others)
    speeds = [size.tokens_per_second * size.flops / size.tokens for size in (first, *others)]
    assert speeds == pytest.approx([speeds[0]] * len(speeds))


def test_a_size_that_does_not_fit_is_estimated_all_the_same(smoke, monkeypatch):
    monkeypatch.setattr(estimate, "device_memory", lambda device: 1000)
    monkeypatch.setattr(estimate, "measured_speed", lambda stack, device, compiled: 1000.0)
    assert all(size.parts == 0 and size.seconds > 0 for size in estimate_sweep(smoke, workers=1).sizes)


def test_the_command_prints_the_cost(tmp_path):
    spec = tmp_path / "smoke.toml"
    spec.write_text(SMOKE)
    options = ["--utilisation", "0.4", "--peak", "1e9", "--price", "2"]
    said = CliRunner().invoke(app, ["sweep", "estimate", str(spec), *options])
    assert said.exit_code == 0
    assert "with 1 worker(s), refinement and tuning counted in full" in said.output
    assert "at 2 per device-hour" in said.output
