"""The default law on curves of a known truth: a law that saturates, and one that goes on as a power."""

import numpy as np
import pytest

from bayeskisl import fit, predict, regime, simulate
from bayeskisl.errors import InputError
from bayeskisl.inference import regime_sentence
from bayeskisl.laws import load_law
from bayeskisl.laws.limits import LEAST_EXPOSURES

SIZES, LEVELS = [6_144, 9_600, 13_824, 24_576], [60, 120, 240, 480, 960, 1_920, 3_840]
TRUTH = {
    "intercept": np.log(120.0), "exponent": 0.8, "turn": 0.0, "bits_per_parameter": 2.0, "tau": 0.05, "sigma_run": 0.08,
    "steepness_intercept": np.log(6.0), "concentration": 400.0,
}  # fmt: skip


@pytest.fixture(scope="module", params=[1.0, 60.0], ids=["power", "saturating"])
def simulated(request):
    design = {"params": SIZES, "facts": LEVELS, "seeds": 2}
    truth = TRUTH | {"minimum_exposures": request.param}
    return simulate("limits", design, truth, seed=3), truth


@pytest.fixture(scope="module")
def fitted(simulated):
    return fit(simulated[0], draws=600, tune=400, chains=2, retry=False, throw=False)


def test_it_is_the_default_and_needs_no_rival(fitted):
    assert fitted.law.name == "limits"
    assert fitted.weights == {"limits": 1.0}


def test_the_prediction_holds_the_truth_ten_times_further(simulated, fitted):
    _, truth = simulated
    size, reference = 245_760, np.exp(np.mean(np.log(SIZES)))
    learning = 120 * (size / reference) ** -0.8
    sharpness = load_law("limits").priors.sharpness.median
    minimum = LEAST_EXPOSURES + truth["minimum_exposures"]
    at_target = (learning**sharpness + minimum**sharpness) ** (1 / sharpness)
    found = predict(fitted, size, throw=False)["critical_exposures"]
    low, high = np.quantile(found.values, [0.025, 0.975])
    assert low < at_target < high
    assert high / low < 20


def test_collapse_points_rise_with_size(fitted):
    medians = [float(predict(fitted, size, throw=False)["collapse"].median()) for size in (2e4, 2e5, 2e6, 2e7)]
    assert (np.diff(medians) > 0).all()


def test_what_it_names_is_in_the_posterior(fitted):
    for name in ("minimum_exposures", "bits_per_parameter", "turn", "coefficients"):
        assert np.isfinite(fitted.posterior[name]).all()
    assert {f"{name}[infused]" for name in ("minimum_exposures", "bits_per_parameter", "turn")} <= set(
        fitted.summary().index
    )


def test_the_regime_names_what_binds(fitted):
    """A minimum never binds at the smallest size, and comes nearer as size grows."""
    found = regime(fitted)
    np.testing.assert_allclose(found["probability"].sum("limit"), 1)
    minimum = found["probability"].sel(limit="minimum").values
    assert minimum[0] < 0.02
    assert minimum[-1] == minimum.max() < 0.3
    assert regime_sentence(found).endswith(".")


def test_bits_per_parameter_are_those_of_the_facts_at_the_half_point(simulated, fitted):
    curves, found = simulated[0], regime(fitted)
    supply = float((curves["exposures"] * curves["facts"])[0])
    facts = supply / found["exposures"]
    bits = 20.0 if found.attrs["bits_source"] == "unknown" else -1.25 * np.log2(float(curves["guessing"][0, 0]))
    np.testing.assert_allclose(found["bits_per_parameter"], facts * bits / found["params"], rtol=1e-6)
    np.testing.assert_allclose(found["tokens_per_parameter"], found["tokens"] / found["params"])


def test_a_regime_is_that_of_a_group_of_the_curves(fitted):
    with pytest.raises(InputError, match="a group among infused"):
        regime(fitted, group="background")
