"""Many posteriors, each as if it were alone; and previews, which say that they are."""

import numpy as np
import pytest
import xarray as xr

from bayeskisl.decision import predict
from bayeskisl.errors import GateError, InputError
from bayeskisl.inference import fit, fit_many, load_fit, simulate

SHORT = {"draws": 40, "tune": 200, "chains": 2}
DESIGN = {"params": [6144, 13824, 24576], "facts": [60, 120, 250, 500, 1000], "seeds": 1}


@pytest.fixture(scope="module")
def sweeps():
    return [simulate("collapse", DESIGN, seed=seed) for seed in (1, 2)]


@pytest.fixture(scope="module")
def fleet(sweeps):
    told = []
    return fit_many(sweeps, **SHORT, seed=5, workers=2, progress=told.append), told


def test_each_posterior_is_what_fit_makes_of_its_seed(sweeps, fleet):
    for curves, one in zip(sweeps, fleet[0], strict=True):
        alone = fit(curves, rivals=[], **SHORT, seed=int(one.tree.attrs["seed"]), retry=False, throw=False)
        xr.testing.assert_identical(one.posterior, alone.posterior)
        assert one.gate.to_dict() == alone.gate.to_dict()


def test_nothing_depends_on_the_other_sweeps_or_on_the_workers(sweeps, fleet):
    (first,) = fit_many(sweeps[:1], **SHORT, seed=5, workers=1)
    xr.testing.assert_identical(first.posterior, fleet[0][0].posterior)


def test_a_failed_gate_stops_nothing_and_each_is_told(fleet):
    fits, told = fleet
    assert [one.gate.passed for one in fits] == [False, False]  # 80 draws are too few
    assert sorted(line for line in told if line.startswith("posterior")) == [
        "posterior 1 of 2: failed its gate",
        "posterior 2 of 2: failed its gate",
    ]


def test_a_failed_gate_is_sampled_again_where_that_is_asked(sweeps):
    (once,) = fit_many(sweeps[:1], **SHORT, seed=5)
    (again,) = fit_many(sweeps[:1], **SHORT, seed=5, retry=True)
    assert again.gate.ess_bulk > once.gate.ess_bulk  # three times as long, every third draw kept


def test_a_light_fit_is_saved_and_read(fleet, tmp_path):
    one = fleet[0][0]
    assert not {"posterior_predictive", "log_likelihood"} & set(one.tree.children)
    again = load_fit(one.save(tmp_path / "light.nc"))
    xr.testing.assert_identical(again.posterior, one.posterior)


def test_broken_curves_are_named_before_anything_is_sampled(sweeps):
    with pytest.raises(InputError):
        fit_many([sweeps[0], sweeps[1].drop_vars("recalled")], **SHORT)


def test_a_preview_says_so_wherever_it_is_seen(sweeps, tmp_path):
    preview = fit(sweeps[0], method="preview")
    for one in (preview, load_fit(preview.save(tmp_path / "preview.nc"))):
        assert (one.is_preview, one.gate.passed) == (True, False)
        assert "preview" in one.gate.reasons[0]
        assert one.warnings[0].code == "preview"
        assert "PREVIEW" in repr(one)
        assert "preview of a fit" in one._repr_html_()
        assert one.summary().index.name == "preview"
    with pytest.raises(GateError, match="preview"):
        predict(preview, params=98_304)
    ahead = predict(preview, params=98_304, throw=False)
    assert "preview" in ahead.attrs["warnings"]
    assert np.isfinite(ahead["collapse"].median())


def test_an_unknown_method_is_refused(sweeps):
    with pytest.raises(InputError, match="a method among nuts, preview, got 'laplace'"):
        fit(sweeps[0], method="laplace")
