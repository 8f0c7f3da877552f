"""The whole way with another trainer's own parts, from an exported sweep to a decision.

Llamas are trained by the Trainer of Hugging Face and probed by lm-evaluation-harness. Three minutes of one core.
"""

import os
import subprocess
import sys

import numpy as np
import pytest

import bayeskisl as bk
from studies.simulated.text_sweep import write_sweep
from tests.sweeping.hf_driver import __file__ as DRIVER

pytest.importorskip("transformers", reason="the extra hf is not installed")
pytest.importorskip("lm_eval", reason="the extra hf is not installed")
pytest.importorskip("accelerate", reason="the extra hf is not installed")

LEVELS = (40, 100, 240)
OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}


def run(command, folder):
    out = subprocess.run(command, cwd=folder, env={**os.environ, **OFFLINE, "PYTHON": sys.executable},
                         capture_output=True, text=True)  # fmt: skip
    assert out.returncode == 0, out.stdout[-3000:] + out.stderr[-3000:]


@pytest.mark.slow
def test_from_a_trainer_of_ones_own_to_a_decision(tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    cache.mkdir(mode=0o700)
    monkeypatch.setenv("BAYESKISL_CACHE", str(cache))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    spec = write_sweep(tmp_path, steps=400, levels=LEVELS, documents=3000, heldout=1)
    exported = bk.export_sweep(spec, tmp_path / "out")
    first, *others = (each.name for each in exported.runs)
    run(["bash", "launch/run.sh", first], exported.folder)  # by the commands that users run
    run([sys.executable, DRIVER, str(exported.folder), *others], tmp_path)  # the others in one process

    curves = bk.curves_from_table(bk.read_exported(exported.folder, exported.folder / "results"))
    assert curves.attrs["axis"] == "amount"
    assert curves.sizes["run"] == len(exported.runs) == 2 * len(LEVELS)
    recall = (curves["recalled"] / curves["probed"]).sel(group="infused")
    small, large = (recall.where(curves["params"] == params, drop=True) for params in (6144, 24576))
    assert small.max() > 0.9
    assert small.min() < 0.1
    assert float(large.mean()) > float(small.mean()) + 0.1  # four times the parameters keep more facts
    chosen = bk.curves_from_table(bk.read_exported(exported.folder, exported.folder / "results", "choice"))
    kept = (chosen["recalled"] / chosen["probed"]).sel(group="infused")
    assert float(np.corrcoef(kept, recall)[0, 1]) > 0.7  # choosing among four follows the exact recall

    fit = bk.fit(curves.sel(group=["infused"]), rivals=[], seed=0)
    decision = bk.decide(fit, bk.Target(98_304))
    assert 10 < float(decision.data["choice"]) < 5_000
