"""What the demo decides by itself: which stages are done, and where the target is trained."""

import numpy as np
import xarray as xr

from bayeskisl.sweeping import load_sweep
from bayeskisl.workflow import verification_sweep
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


def test_the_target_is_trained_at_quantiles_of_its_prediction():
    spec = load_sweep("demo")
    prediction = xr.Dataset({"collapse": (("chain", "draw"), np.geomspace(500, 2000, 401)[None]), "choice": 501.4})
    target = verification_sweep(spec, prediction, 64, (0.05, 0.5, 0.95), 2)
    assert target.levels == (501, 536, 1000, 1866)
    assert {run.params for run in target.runs()} == {98_304}
    assert target.tokens == spec.tokens, "what was held fixed stays fixed"
    assert target == verification_sweep(spec, prediction, 64, (0.05, 0.5, 0.95), 2)
    assert not {run.identity for run in target.runs()} & {run.identity for run in spec.runs()}


def test_the_demo_never_trains_the_target_before_predicting_it():
    assert 64 not in load_sweep("demo").widths
    assert 32 not in load_sweep("demo-reduced").widths
