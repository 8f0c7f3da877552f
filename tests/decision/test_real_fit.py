"""The whole way on simulated curves: inference and decision agree on what they hand over."""

import numpy as np
import pytest

from bayeskisl.decision import collapse_along_sizes, measure_collapse, predict, prediction_summary, verify
from bayeskisl.inference import fit, load_fit, simulate

LEVELS = [62, 125, 250, 354, 500, 707, 1000, 2000]
TRUTH = {
    "intercept": np.log(260),
    "exponent": 0.7,
    "curvature": 0.0,
    "tau": 0.03,
    "sigma_run": 0.05,
    "concentration": 1_000.0,
    "steepness_intercept": np.log(7),
    "steepness_exponent": 0.2,
    "steepness_scatter": 0.03,
    "lapse_intercept": -5.0,
    "lapse_scatter": 0.3,
    "floor_excess": 0.001,
}


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    curves = simulate("collapse", {"params": [6144, 13824, 24576, 38400], "facts": LEVELS}, truth=TRUTH, seed=1)
    return load_fit(fit(curves, throw=False).save(tmp_path_factory.mktemp("fit") / "fit.nc"))


@pytest.mark.slow
def test_a_real_fit_is_predicted_from_and_verified(real):
    ahead = predict(real, 98_304, throw=False)
    reference = np.exp(np.log([6144, 13824, 24576, 38400]).mean())
    log_threshold = TRUTH["intercept"] - 0.7 * np.log(98_304 / reference)
    at_target = {**TRUTH, "intercept": log_threshold}
    runs = simulate("collapse", {"params": [98_304], "facts": [1000, 1400, 2000, 2800, 4000]}, truth=at_target, seed=2)
    runs = runs.assign_coords(run=[f"target {i}" for i in range(runs.sizes["run"])])
    assert verify(ahead, runs).verdict == "hit"
    assert prediction_summary(ahead)["laws"].keys() == real.weights.keys()


@pytest.mark.slow
def test_both_ways_to_measure_a_trained_size_agree(real):
    """The hierarchical posterior of one cell and that cell's own measurement, on the same runs."""
    runs = real.curves.isel(run=np.flatnonzero(real.curves.params == 13_824))
    own, shared = measure_collapse(runs), real.posterior["collapse"].isel(cell=1).median()
    assert own.median == pytest.approx(float(shared), rel=0.05)


@pytest.mark.slow
def test_the_funnel_passes_through_the_sizes_that_were_trained(real):
    funnel = collapse_along_sizes(real, [6144, 13824, 24576, 38400])
    trained = real.posterior["collapse"].median(("chain", "draw")).values[:, 0]
    for law in funnel["law"].values:
        low, _, high = funnel.sel(law=law).transpose("quantile", "params").values
        assert ((low < trained) & (trained < high)).all()
