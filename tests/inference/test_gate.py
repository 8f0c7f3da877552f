import numpy as np
import pytest
import xarray as xr

from bayeskisl.curves import cell_table
from bayeskisl.errors import GateError
from bayeskisl.inference import Gate, fit
from bayeskisl.inference.gate import examine, seed_correlation


@pytest.fixture
def judged(fitted):
    """Posterior, statistics, curves and cells of runs, to be broken."""
    stats = fitted.tree["sample_stats"].to_dataset()
    return fitted.posterior.copy(deep=True), stats.copy(deep=True), fitted.curves, cell_table(fitted.curves)[1]


def test_a_sound_posterior_passes(fitted, judged):
    gate = examine(*judged)
    assert gate.passed, gate.reasons
    assert gate.reasons == ()
    assert gate == fitted.gate
    assert gate.rhat <= 1.01
    assert min(gate.ess_bulk, gate.ess_tail) >= 400
    assert gate.divergences < 0.001


def test_chains_that_disagree_fail(judged):
    judged[0]["tau"][0] *= 3
    gate = examine(*judged)
    assert not gate.passed
    assert "R-hat of tau[infused]" in gate.reasons[0]
    with pytest.raises(GateError, match=r"R-hat of tau\[infused\].*chains disagree.*throw=False"):
        gate.raise_if_failed("collapse")


def test_too_few_draws_to_compare_chains_are_said_to_be_too_few(judged):
    posterior, stats, *rest = judged
    (first, *_) = examine(posterior.isel(draw=[0]), stats.isel(draw=[0]), *rest).reasons
    assert "is nan" in first
    assert "the draws are too few to tell" in first
    assert "disagree" not in first


def test_divergences_fail(judged):
    judged[1]["diverging"][0, :100] = True
    (reason,) = examine(*judged).reasons
    assert "100 of 4,000 draws diverged" in reason


def stuck(judged, times):
    """The same draws, of which tau moves once in so many."""
    draws = judged[0]["tau"].values
    judged[0]["tau"] = judged[0]["tau"].copy(data=np.repeat(draws[:, ::times], times, axis=1)[:, : draws.shape[1]])
    return examine(*judged)


def test_draws_that_hardly_move_fail(judged):
    gate = stuck(judged, 100)
    assert any("ESS of tau[infused]" in reason for reason in gate.reasons)
    assert gate.outcome == "failed"


def test_a_test_that_is_missed_by_little_leaves_a_posterior_to_be_used_with_care(judged):
    gate = stuck(judged, 16)
    assert gate.outcome == "passed with care"
    assert gate.reasons == ()
    assert any("bulk ESS of tau[infused]" in each and "at least 400" in each for each in gate.shortfalls)
    assert gate.wants_draws
    assert Gate.from_dict(gate.to_dict()) == gate
    old = {key: value for key, value in gate.to_dict().items() if key != "shortfalls"}
    assert Gate.from_dict(old).shortfalls == ()


def test_a_few_divergences_are_a_caution(judged):
    judged[1]["diverging"][0, :10] = True
    gate = examine(*judged)
    assert gate.passed
    assert "10 of 4,000 draws diverged" in gate.shortfalls[0]


def test_a_single_size_is_not_judged_by_what_it_leaves_to_the_prior(judged):
    posterior, stats, curves, cells = judged
    posterior["tau"][0] *= 3
    one = curves.assign_coords(params=("run", np.full(curves.sizes["run"], 6_144)))
    assert examine(posterior, stats, one, cells).passed


def test_too_few_draws_fail_with_the_numbers(curves):
    with pytest.raises(GateError, match=r"'limits' may not be used: .*ESS of .* \(at least 400\).*more draws"):
        fit(curves, rivals=(), draws=50, tune=100, chains=2, retry=False)


def test_a_failed_posterior_can_be_handed_over_labelled(curves):
    handed = fit(curves, rivals=(), draws=50, tune=100, chains=2, retry=False, throw=False)
    assert not handed.gate.passed
    assert "GATE FAILED" in repr(handed)


def seeds(effects: np.ndarray, curves: xr.Dataset) -> tuple[float, float, float]:
    posterior = xr.Dataset(
        {
            "run_effect": (("chain", "draw", "run", "group"), effects[None, None, :, None]),
            "sigma_run": (("chain", "draw", "group"), np.ones((1, 1, 1))),
        }
    )
    return seed_correlation(posterior, curves, cell_table(curves)[1])


def test_independent_seeds_do_not_correlate(curves):
    correlation, p_value, pairs = seeds(np.random.default_rng(0).normal(size=curves.sizes["run"]), curves)
    assert abs(correlation) < 0.5
    assert p_value > 0.01
    assert 8 < pairs <= 32


def test_shared_misfit_correlates(curves):
    by_level = dict(zip(np.unique(curves["facts"]), np.random.default_rng(0).normal(size=8), strict=True))
    shared = np.array([by_level[facts] for facts in curves["facts"].values])
    correlation, p_value, _ = seeds(shared, curves)
    assert correlation == pytest.approx(1)
    assert p_value < 0.01


def test_one_seed_has_no_pairs(curves):
    alone = curves.isel(run=curves["seed"].values == 0)
    correlation, _, pairs = seeds(np.ones(alone.sizes["run"]), alone)
    assert np.isnan(correlation)
    assert pairs == 0


def test_a_gate_round_trips():
    gate = Gate(False, ("one", "two"), 1.2, 30.0, 40.0, 0.1, float("nan"), float("nan"), 0.0)
    assert Gate.from_dict(gate.to_dict()).to_dict() == gate.to_dict()
