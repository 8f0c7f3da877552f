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


def test_divergences_fail(judged):
    judged[1]["diverging"][0, :100] = True
    (reason,) = examine(*judged).reasons
    assert "100 of 4,000 draws diverged" in reason


def test_sticky_draws_fail(judged):
    judged[0]["tau"] = judged[0]["tau"].copy(data=np.repeat(judged[0]["tau"].values[:, ::20], 20, axis=1))
    assert any("ESS of tau[infused]" in reason for reason in examine(*judged).reasons)


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
