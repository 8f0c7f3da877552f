"""Every experiment, in one code path: recovered, within its range, through the gate."""

import numpy as np
import pytest

from bayeskisl.inference import fit, simulate
from tests.inference.conftest import LEVELS, SIZES, TRUTH

RATIOS = [0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95]
BACKGROUND = {"background_facts": 150, "background_share": 0.3}
DESIGNS = {
    "amount, two groups": {"facts": LEVELS, "groups": ("infused", "infused_heldout")},
    "amount, two budgets": {"facts": LEVELS, "tokens": [600_000, 1_843_200], "seeds": 1},
    "ratio": {"axis": "ratio", "facts": 150, "ratio": RATIOS, "groups": ("infused", "background"), "seeds": 1,
              **BACKGROUND},
    "one size": {"params": [13_824], "facts": LEVELS},
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("design", DESIGNS.values(), ids=DESIGNS)
def test_recovered_through_the_gate(design):
    curves = simulate("collapse", {"params": SIZES, **design}, TRUTH | {"exponent": 0.6}, seed=2)
    fitted = fit(curves, rivals=())
    error = np.log(fitted.posterior["critical_exposures"]) - np.log(fitted.truth["critical_exposures"])
    spread = error.std(("chain", "draw"))
    assert float(abs(error.mean(("chain", "draw")) / spread).max()) < 4
    if curves.attrs["axis"] == "ratio":
        for name, group in (("collapse", "background"), ("onset", "infused")):
            values = fitted.posterior[name].sel(group=group)
            assert float(values.min()) >= 0
            assert float(values.max()) <= 1
    if "tokens" in design:
        assert list(fitted.posterior["covariate"].values) == ["params", "tokens"]


OWN_TRUTH = {
    "collapse": {"exponent": 0.6, "curvature": 0.1, "asymmetry": 0.4},
    "saturating": {"intercept": np.log(60.0), "exponent": 1.0, "minimum_exposures": 20.0},
    "softmin": {"intercept": np.log(60.0), "exponent": 1.0, "minimum_exposures": 20.0, "sharpness": 2.0},
    "capacity": {"exponent": 1.0},
    "logistic": {"exponent": 0.6, "curvature": 0.1},
}


@pytest.mark.slow
@pytest.mark.parametrize("law", OWN_TRUTH)
def test_every_law_recovers_its_own_truth(law):
    sizes = [3456, 6144, 13_824, 24_576, 55_296, 98_304]
    truth = {name: value for name, value in TRUTH.items() if name not in ("exponent", "curvature")} | OWN_TRUTH[law]
    curves = simulate(law, {"params": sizes, "facts": LEVELS, "seeds": 1}, truth, seed=4)
    fitted = fit(curves, law, rivals=(), draws=1500)
    error = np.log(fitted.posterior["critical_exposures"]) - np.log(fitted.truth["critical_exposures"])
    assert float(abs(error.mean(("chain", "draw")) / error.std(("chain", "draw"))).max()) < 4
    table = fitted.summary()
    of_law = table[
        table.index.str.startswith(("intercept", "exponent", "minimum_exposures", "sharpness", "tau", "asymmetry"))
    ]
    assert of_law["covered"].mean() >= 0.5
