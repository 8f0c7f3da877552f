import numpy as np
import pytest

import bayeskisl.inference
from bayeskisl.decision import decide, verify
from bayeskisl.reporting import report
from tests.decision.conftest import fit  # noqa: F401
from tests.decision.hand_made import HandMadeFit, amount_curves, extrapolate


@pytest.fixture
def decision(fit):  # noqa: F811
    return decide(fit, 98_304, sensitivity=False)


@pytest.fixture
def verification(decision):
    return verify(decision, target_runs())


@pytest.fixture(scope="package")
def report_path(tmp_path_factory):
    """A complete report, written once."""
    folder, made = tmp_path_factory.mktemp("page"), HandMadeFit()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bayeskisl.inference, "extrapolate", extrapolate)
        ahead = decide(made, 98_304, sensitivity=False)
        checked = verify(ahead, target_runs())
        return report(made, ahead, checked, folder / "deep" / "report.html", figures_dir=folder / "figures")


def target_runs():
    return amount_curves((98_304,), (1000, 1400, 2000, 2800, 4000), rng=np.random.default_rng(1))
