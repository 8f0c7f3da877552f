"""What the demo decides by itself: which stages are done, and where the target is trained."""

import numpy as np
import pytest
import xarray as xr

from bayeskisl.decision import Decision
from bayeskisl.errors import InputError
from bayeskisl.sweeping import load_sweep
from bayeskisl.workflow import demo, verification_sweep
from bayeskisl.workflow.stages import Stages


def test_a_stage_is_done_only_with_its_output_and_its_inputs(tmp_path):
    stages, output = Stages(tmp_path), tmp_path / "fit.nc"
    assert not stages.is_done(output, "records")
    output.write_text("fit")
    assert not stages.is_done(output, "records")
    stages.done(output, "records")
    assert Stages(tmp_path).is_done(output, "records")
    assert not stages.is_done(output, "other records")
    output.unlink()
    assert not stages.is_done(output, "records")


def test_a_damaged_ledger_means_that_nothing_is_done(tmp_path):
    (tmp_path / "stages.json").write_text('{"fit.nc": ')
    (tmp_path / "fit.nc").write_text("fit")
    assert not Stages(tmp_path).is_done(tmp_path / "fit.nc", "records")


def decided(collapse, choice, best=np.nan):
    return Decision(
        xr.Dataset({"collapse": (("chain", "draw"), collapse[None]), "choice": choice, "risk_neutral_choice": best})
    )


def test_the_target_is_trained_at_quantiles_of_its_prediction():
    spec = load_sweep("demo")
    decision = decided(np.geomspace(500, 2000, 401), 501.4)
    target = verification_sweep(spec, decision, 64, (0.05, 0.5, 0.95), 2)
    assert target.levels == (501, 536, 1000, 1866)
    assert {run.params for run in target.runs()} == {98_304}
    assert target.tokens == spec.tokens, "what was held fixed stays fixed"
    assert target == verification_sweep(spec, decision, 64, (0.05, 0.5, 0.95), 2)
    assert not {run.identity for run in target.runs()} & {run.identity for run in spec.runs()}


@pytest.mark.parametrize("name", ["demo-dose", "demo-dose-reduced"])
def test_a_dose_is_trained_at_its_choices_and_well_below_them(name):
    spec = load_sweep(name)
    target = verification_sweep(spec, decided(np.linspace(0.8, 0.95, 401), 0.81, 0.78), 64, (0.5,), 2)
    assert target.levels == (0.39, 0.78, 0.81, 0.875)
    at_an_end = verification_sweep(spec, decided(np.linspace(0.9, 1.0, 401), 0.9), 64, (0.99,), 2)
    assert at_an_end.levels == (0.9, 0.98)


def test_the_demo_never_trains_the_target_before_predicting_it():
    assert 64 not in load_sweep("demo").widths
    assert 32 not in load_sweep("demo-reduced").widths
    assert 64 not in load_sweep("demo-dose").widths
    assert 48 not in load_sweep("demo-dose-reduced").widths


def test_an_unknown_experiment_is_refused(tmp_path):
    with pytest.raises(InputError, match="experiment: expected an experiment among amount, dose"):
        demo(tmp_path, experiment="ratio")
