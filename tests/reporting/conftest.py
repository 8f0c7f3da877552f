import numpy as np
import pytest

import bayeskisl.inference
from bayeskisl.decision import Decision, decide, verify
from bayeskisl.reporting import report
from tests.decision.conftest import fit  # noqa: F401
from tests.decision.hand_made import HandMadeFit, amount_curves, extrapolate


@pytest.fixture(scope="session")
def answered():
    """A decision and its verification, made once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bayeskisl.inference, "extrapolate", extrapolate)
        ahead = decide(HandMadeFit(), 98_304, sensitivity=False)
        ahead.data.attrs["created"] = "2026-11-28T12:00:00+00:00"  # the same in every process
        return ahead, verify(ahead, target_runs())


@pytest.fixture
def decision(fit, answered):  # noqa: F811
    return Decision(answered[0].data.copy(deep=True))


@pytest.fixture
def verification(answered):
    return answered[1]


@pytest.fixture
def plain_figures(monkeypatch):
    """Pages without pictures, whose drawing takes most of the time."""
    monkeypatch.setattr("bayeskisl.reporting.page.data_uri", lambda figure: "data:,")
    monkeypatch.setattr("bayeskisl.reporting.page.packed_figures", lambda *figures: "")
    monkeypatch.setattr("bayeskisl.reporting.page.write_figure", lambda figure, path: path)


@pytest.fixture(scope="session")
def report_path(answered, made_once):
    """A complete report, written once."""

    def write(folder):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(bayeskisl.inference, "extrapolate", extrapolate)
            report(HandMadeFit(), *answered, folder / "deep" / "report.html", figures_dir=folder / "figures")

    return made_once("report", write) / "deep" / "report.html"


def target_runs():
    return amount_curves((98_304,), (1000, 1400, 2000, 2800, 4000), rng=np.random.default_rng(1))
